//! The format of a record, and when its token is used or refreshed.

use proptest::prelude::*;

use super::*;
use crate::clock::at;
use crate::properties;

pub(crate) fn record(issued_at: i64, expires_at: i64) -> Record {
    Record::new(
        Identity {
            issuer: "https://i".into(),
            client_id: "c".into(),
            account: None,
        },
        Secret::new("h.p.s"),
        at(issued_at),
        at(expires_at),
        Some(Secret::new("refresh")),
        "openid".into(),
        InitialIdToken::with_subject("00u1".into()),
    )
}

#[test]
fn a_token_is_usable_until_ten_seconds_before_its_expiry_or_half_its_lifetime() {
    let hour = record(0, 3600);
    assert!(hour.is_usable(at(3589)) && !hour.is_usable(at(3590)));
    let short = record(0, 6);
    assert!(short.is_usable(at(2)) && !short.is_usable(at(3)));
    assert!(!record(0, 0).is_usable(at(0)));
}

#[test]
fn a_background_refresh_is_due_in_the_last_quarter_or_two_minutes_and_never_in_the_first_half() {
    let hour = record(0, 3600);
    assert!(!hour.is_refresh_due(at(2699)) && hour.is_refresh_due(at(2700)));
    let five_minutes = record(0, 300);
    assert!(!five_minutes.is_refresh_due(at(179)) && five_minutes.is_refresh_due(at(180)));
    let minute = record(0, 60);
    assert!(!minute.is_refresh_due(at(29)) && minute.is_refresh_due(at(30)));
}

/// Some providers send an `iat` of 0 or that of the sign-in, and the API server takes it.
#[test]
fn the_life_of_a_token_is_counted_from_its_arrival_where_it_was_issued_long_before() {
    let arrived = 100_000;
    for (issued_at, life, stored, refresh_due) in [
        (arrived, 3600, None, 2700),
        (arrived - 60, 3600, None, 2685),
        (arrived - 61, 3600, Some(arrived), 2700),
        (arrived - 39_600, 3600, Some(arrived), 2700),
        (1, 3600, Some(arrived), 2700),
        (0, 3600, Some(arrived), 2700),
        (0, 60, Some(arrived), 30),
        (arrived + 290, 3600, None, 2773),
    ] {
        let expires_at = arrived + life;
        let record = record(issued_at, expires_at).received(at(arrived));
        assert_eq!(record.received_at, stored.map(at), "{issued_at}");
        assert_eq!(
            record.issued_at,
            at(issued_at),
            "it is compared with those of other records"
        );
        let due = arrived + refresh_due;
        assert!(!record.is_refresh_due(at(due - 1)), "{issued_at}");
        assert!(record.is_refresh_due(at(due)), "{issued_at}");
        assert_eq!(record.usable_until(), at(expires_at - 10), "{issued_at}");
        let read = Record::parse(&record.to_json().unwrap(), &record.identity);
        assert_eq!(read, Ok(record));
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let record = record(5, 50);
    assert_eq!(
        Record::parse(&record.to_json().unwrap(), &record.identity),
        Ok(record)
    );
}

#[test]
fn an_invalid_record_is_rejected_with_a_reason() {
    let record = record(5, 50);
    let json = record.to_json().unwrap();
    let other = Identity {
        issuer: "https://other".into(),
        client_id: "c".into(),
        account: None,
    };
    let reason = |bytes: &[u8], identity| Record::parse(bytes, identity).unwrap_err();
    assert_eq!(reason(&json, &other), "it belongs to another issuer or client");
    assert_eq!(reason(b"", &record.identity), "it is empty");
    assert_eq!(reason(&json[..json.len() / 2], &record.identity), "it is broken");
    assert_eq!(reason(b"\xff\x00\x9f", &record.identity), "it is broken");
    assert_eq!(
        reason(br#"{"version":2,"new":[]}"#, &record.identity),
        "a newer kubesesame wrote it"
    );
}

#[test]
fn a_record_with_an_account_matches_only_that_account() {
    let of = |account: Option<&str>| {
        let mut record = record(5, 50);
        record.identity.account = account.map(str::to_owned);
        record
    };
    for (written, wanted, accepted) in [
        (Some("alice"), Some("alice"), true),
        (Some("alice"), Some("bob"), false),
        (Some("alice"), None, false),
        // Written by a version that did not store the account.
        (None, Some("alice"), true),
        (None, None, true),
    ] {
        let json = of(written).to_json().unwrap();
        let result = Record::parse(&json, &of(wanted).identity);
        assert_eq!(result.is_ok(), accepted, "{written:?} {wanted:?}");
    }
}

/// A power loss can leave such a file if it was not yet synced.
#[test]
fn a_truncated_record_is_rejected() {
    let record = record(5, 50);
    let json = record.to_json().unwrap();
    for length in 0..json.len() {
        let mut zeros = json[..length].to_vec();
        assert!(Record::parse(&zeros, &record.identity).is_err(), "{length}");
        zeros.resize(json.len(), 0);
        assert!(
            Record::parse(&zeros, &record.identity).is_err(),
            "{length} and zeros"
        );
    }
}

#[test]
fn a_token_that_fits_no_header_counts_as_expired() {
    let mut record = record(5, 50);
    let is_good = |record: &Record| (record.is_usable(at(10)), record.is_unexpired(at(10)));
    assert_eq!(is_good(&record), (true, true));
    record.token = Secret::new("h.p\n.s");
    assert_eq!(is_good(&record), (false, false));
}

#[test]
fn a_time_of_zero_is_read_as_unknown() {
    let record = record(5, 50);
    let json = String::from_utf8(record.to_json().unwrap()).unwrap();
    let zeros = json.replace("\"issued_at\"", r#""received_at":0,"signed_in_at":0,"issued_at""#);
    assert_eq!(Record::parse(zeros.as_bytes(), &record.identity), Ok(record));
}

/// Users have files of the first version on disk.
#[test]
fn the_format_of_a_record_never_changes() {
    let json = String::from_utf8(record(5, 50).to_json().unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"version":1,"issuer":"https://i","client_id":"c","token":"h.p.s","issued_at":5,"expires_at":50,"refresh_token":"refresh","granted_scope":"openid","origin":{"subject":"00u1"}}"#
    );
}

#[test]
fn the_latest_record_was_stored_last_or_without_an_order_has_the_newest_token() {
    let of = |(signed_in_at, generation, issued_at): (Option<i64>, u64, i64)| Record {
        order: Order {
            signed_in_at: signed_in_at.map(at),
            generation,
        },
        ..record(issued_at, 50)
    };
    for (first, second, latest) in [
        ((None, 0, 5), (None, 0, 4), (None, 0, 5)),
        ((None, 0, 4), (None, 0, 5), (None, 0, 5)),
        // The clock of the provider's second machine is behind.
        ((Some(9), 1, 5), (Some(9), 2, 4), (Some(9), 2, 4)),
        ((Some(9), 2, 4), (Some(9), 1, 5), (Some(9), 2, 4)),
        ((None, 0, 5), (None, 1, 4), (None, 1, 4)),
        ((Some(9), 3, 4), (Some(9), 3, 5), (Some(9), 3, 5)),
        // A new login is later, even if the earlier session was refreshed more often.
        ((Some(9), 0, 5), (Some(7), 6, 5), (Some(9), 0, 5)),
        ((None, 6, 5), (Some(9), 0, 5), (Some(9), 0, 5)),
    ] {
        let found = Record::latest(Some(of(first)), Some(of(second))).unwrap();
        assert_eq!(found, of(latest));
    }
    let [mut home, mut elsewhere] = [record(5, 50), record(5, 50)];
    (home.granted_scope, elsewhere.granted_scope) = ("home".into(), "elsewhere".into());
    let tie = Record::latest(Some(home), Some(elsewhere)).unwrap();
    assert_eq!(tie.granted_scope, "elsewhere");
}

#[test]
fn a_record_stores_its_order_and_what_it_replaces() {
    let order = Order::default().for_new_login(at(7)).next();
    assert!(!is_pending(&record(5, 50).to_json().unwrap()));
    let record = Record {
        order,
        replaces: Some("hash".to_owned()),
        ..record(5, 50)
    };
    assert_eq!(
        Record::parse(&record.to_json().unwrap(), &record.identity),
        Ok(record.clone())
    );
    assert!(is_pending(&record.to_json().unwrap()));
}

#[test]
fn unknown_fields_of_a_record_are_ignored() {
    let record = record(5, 50);
    let mut value: serde_json::Value = serde_json::from_slice(&record.to_json().unwrap()).unwrap();
    value["later"] = 1.into();
    assert_eq!(
        Record::parse(value.to_string().as_bytes(), &record.identity),
        Ok(record)
    );
}

fn any_record() -> impl Strategy<Value = Record> {
    let identity = (
        properties::text(),
        properties::text(),
        prop::option::of(properties::text()),
    );
    let tokens = (properties::text(), prop::option::of(properties::text()));
    let time = || any::<i64>().prop_map(at);
    let known = || prop::option::of(time()).prop_map(known);
    let numbers = (time(), time(), known(), any::<u64>(), known());
    let texts = (
        properties::text(),
        properties::text(),
        prop::option::of(properties::text()),
    );
    let dpop = (properties::text(), prop::option::of(properties::text()));
    let proofs = (
        prop::option::of(properties::text()),
        prop::option::of(properties::text()),
        prop::option::of(dpop),
        prop::option::of(any::<u32>()),
    );
    (identity, tokens, numbers, texts, proofs).prop_map(|(identity, tokens, numbers, texts, proofs)| Record {
        identity: Identity {
            issuer: identity.0,
            client_id: identity.1,
            account: identity.2,
        },
        token: Secret::new(tokens.0),
        issued_at: numbers.0,
        expires_at: numbers.1,
        received_at: numbers.4,
        refresh_token: tokens.1.map(Secret::new),
        granted_scope: texts.0,
        initial_id_token: InitialIdToken::with_subject(texts.1),
        order: Order {
            signed_in_at: numbers.2,
            generation: numbers.3,
        },
        replaces: texts.2,
        token_endpoint: proofs.0,
        continuation_mac: proofs.1,
        step_up: proofs
            .3
            .and_then(|secs| StepUp::read(Some("phr urn:b"), Some(&secs.to_string()))),
        dpop: proofs.2.map(|(key, nonce)| DpopSession {
            key: Secret::new(key),
            nonce,
        }),
    })
}

/// What may be in the place of a record: any bytes, or a record that was cut off or changed in some places.
fn damaged_record() -> impl Strategy<Value = (Identity, Vec<u8>)> {
    let damage = (
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        prop::option::of(any::<prop::sample::Index>()),
    );
    let damaged = (any_record(), damage).prop_map(|(record, (changes, end))| {
        let mut bytes = record.to_json().unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let end = end.map_or(bytes.len(), |end| end.index(bytes.len()));
        bytes.truncate(end);
        (record.identity, bytes)
    });
    let garbage = (any_record(), properties::bytes()).prop_map(|(record, bytes)| (record.identity, bytes));
    prop_oneof![4 => damaged, 1 => garbage]
}

proptest! {
    #![proptest_config(properties::config())]

    #[test]
    fn any_record_is_read_as_it_was_written(record in any_record()) {
        prop_assert_eq!(Record::parse(&record.to_json().unwrap(), &record.identity), Ok(record));
    }

    /// And none that is read changes when it is written again.
    #[test]
    fn a_damaged_record_is_read_or_rejected((identity, bytes) in damaged_record()) {
        is_pending(&bytes);
        if let Ok(record) = Record::parse(&bytes, &identity) {
            prop_assert_eq!(Record::parse(&record.to_json().unwrap(), &identity), Ok(record));
        }
    }
}
