//! Tests of how long documents are cached, and under which name.

use super::*;
use crate::clock::at;

fn cached_secs(max_age_secs: Option<i64>) -> Option<i64> {
    CachedDocument::new(
        &Document {
            body: b"{}".to_vec(),
            max_age_secs,
        },
        at(1000),
    )
    .map(|cached| cached.until.secs_since(at(1000)))
}

/// The names of cache files depend on the key, so it must not change between versions.
#[test]
fn the_cache_key_has_a_fixed_text() {
    let issuer = Issuer::parse("https://a.example".to_owned()).unwrap();
    let authorities = vec![
        Authority::File("/ca.pem".into()),
        Authority::Data("QQ==".to_owned()),
    ];
    let trust = TlsTrust {
        authorities,
        insecure: false,
        wants_renegotiation: false,
    };
    let key = cache_key(&issuer, &trust);
    assert_eq!(key, b"https://a.example\0file /ca.pem\0data QQ==\0");
    assert_eq!(
        cache_name(&issuer, &trust),
        "e08902833581b963b04b0cf84a44cf44c0c946f762385229fa362b9a381bb397.provider.json"
    );
}

#[test]
fn a_document_is_cached_for_an_hour_by_default_and_a_day_at_most() {
    assert_eq!(cached_secs(None), Some(3600));
    assert_eq!(cached_secs(Some(60)), Some(60));
    assert_eq!(cached_secs(Some(3_832_304)), Some(86_400));
    assert_eq!(cached_secs(Some(0)), None);
}

#[test]
fn a_document_is_fresh_only_between_its_times() {
    let cached = CachedDocument {
        body: String::new(),
        fetched: at(10),
        until: at(20),
    };
    assert_eq!(
        [9, 10, 19, 20].map(|now| cached.is_fresh(at(now))),
        [false, true, true, false]
    );
}
