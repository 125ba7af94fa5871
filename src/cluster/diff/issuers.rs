//! Issuers that come and go, and what changes between the API server and an issuer: audiences, keys, algorithms.

use super::source::Source;
use super::{Change, Difference, Subject, names, rules};
use crate::cluster::check::{Jwt, Settings};

pub(super) fn compare(old: &Settings, new: &Settings) -> Difference {
    let mut difference = Difference::default();
    let (before, after) = (&old.configuration.jwt, &new.configuration.jwt);
    let mut seen = Vec::new();
    for jwt in before {
        let url = &jwt.issuer.url;
        let same = after.iter().find(|other| other.issuer.url == *url);
        let similar = || {
            let is_free = |other: &&Jwt| !before.iter().any(|jwt| jwt.issuer.url == other.issuer.url);
            after
                .iter()
                .filter(is_free)
                .find(|other| spelling(url, &other.issuer.url).is_some())
        };
        let Some(other) = same.or_else(similar) else {
            difference.changes.push(gone(jwt));
            continue;
        };
        seen.push(&other.issuer.url);
        difference.changes.extend(renamed(url, &other.issuer.url));
        difference.changes.extend(audiences(jwt, other));
        difference.changes.extend(keys(jwt, other));
        difference.changes.extend(names::compare(jwt, other));
        difference.changes.extend(rules::compare(jwt, other));
        difference.notes.extend(authority_file(old, new));
        algorithms(old, new, &other.issuer.url, &mut difference);
    }
    let come = after.iter().filter(|jwt| !seen.contains(&&jwt.issuer.url));
    difference.changes.extend(come.map(comes));
    difference
}

/// Says how two issuers differ that are most likely meant to be the same.
fn spelling(a: &str, b: &str) -> Option<&'static str> {
    if a == b {
        None
    } else if a.trim_end_matches('/') == b.trim_end_matches('/') {
        Some("by a slash at its end")
    } else if a.eq_ignore_ascii_case(b) {
        Some("by upper and lower case")
    } else {
        None
    }
}

fn renamed(from: &str, to: &str) -> Option<Change> {
    let difference = spelling(from, to)?;
    let change = Change::new(to, Subject::Issuer, format!("the issuer changes {difference}"))
        .between(from, to)
        .with_effect(
            "the API server compares `iss` of a token byte for byte, so one of the two accepts nobody",
        )
        .locking_out(format!("everybody whose token has the issuer {from}"));
    Some(change)
}

fn gone(jwt: &Jwt) -> Change {
    let url = &jwt.issuer.url;
    Change::new(
        url,
        Subject::Issuer,
        format!("the issuer goes, with {}", clients(jwt)),
    )
    .between(whom(jwt), "none")
    .locking_out("everybody of this issuer")
}

fn comes(jwt: &Jwt) -> Change {
    let url = &jwt.issuer.url;
    let mut change = Change::new(
        url,
        Subject::Issuer,
        format!("the issuer comes, with {}", clients(jwt)),
    )
    .between("none", whom(jwt))
    .with_effect("people of this issuer can sign in");
    let rules = jwt.claim_rules.len() + jwt.user_rules.len();
    match rules {
        0 => {}
        1 => change = change.with_effect("1 rule refuses some of them"),
        rules => change = change.with_effect(format!("{rules} rules refuse some of them")),
    }
    change
}

fn clients(jwt: &Jwt) -> String {
    let audiences = &jwt.issuer.audiences;
    let word = if audiences.len() == 1 {
        "the client id"
    } else {
        "the client ids"
    };
    format!("{word} {}", quoted(audiences))
}

fn whom(jwt: &Jwt) -> String {
    let username = Source::of_username(&jwt.username).shown();
    let groups = Source::of_groups(&jwt.groups).shown();
    format!("username: {username}; groups: {groups}")
}

fn quoted(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    texts.join(", ")
}

fn audiences(old: &Jwt, new: &Jwt) -> Option<Change> {
    let (before, after) = (&old.issuer.audiences, &new.issuer.audiences);
    let missing = |of: &[String], list: &[String]| -> Vec<String> {
        of.iter()
            .filter(|audience| !list.contains(audience))
            .cloned()
            .collect()
    };
    let (gone, come) = (missing(before, after), missing(after, before));
    if gone.is_empty() && come.is_empty() {
        return None;
    }
    let text = match (gone.as_slice(), come.as_slice()) {
        ([], come) => format!("tokens with the audience {} are accepted too", quoted(come)),
        (gone, []) => format!("tokens with the audience {} are refused", quoted(gone)),
        (gone, come) => format!(
            "tokens have to have the audience {} in place of {}",
            quoted(come),
            quoted(gone)
        ),
    };
    let change = Change::new(&new.issuer.url, Subject::Audience, text).between(quoted(before), quoted(after));
    Some(if gone.is_empty() {
        change
    } else {
        change.locking_out(format!(
            "people whose tokens have the audience {} and none of {}",
            quoted(&gone),
            quoted(after)
        ))
    })
}

/// Whatever brings other keys can refuse every token. That cannot be told from the files.
fn keys(old: &Jwt, new: &Jwt) -> Vec<Change> {
    let (before, after) = (&old.issuer, &new.issuer);
    let shown = |url: &str| match url {
        "" => "the issuer's own address".to_owned(),
        url => url.to_owned(),
    };
    let mut changes = Vec::new();
    let mut change = |text: &str, from: String, to: String, effect: &str| {
        let change = Change::new(&after.url, Subject::Keys, text)
            .between(from, to)
            .with_effect(effect);
        changes.push(change);
    };
    if before.discovery_url != after.discovery_url {
        change(
            "the provider's keys are fetched from another address",
            shown(&before.discovery_url),
            shown(&after.discovery_url),
            "if it has other keys or is not reached, every token of this issuer is refused",
        );
    }
    if before.certificate_authority.trim() != after.certificate_authority.trim() {
        let authorities = |pem: &str| match pem.matches("-----BEGIN CERTIFICATE-----").count() {
            0 => "those of the system".to_owned(),
            1 => "1 certificate".to_owned(),
            count => format!("{count} certificates"),
        };
        change(
            "other certificate authorities are trusted for the provider's address",
            authorities(&before.certificate_authority),
            authorities(&after.certificate_authority),
            "if they have not signed the provider's certificate, the API server gets no keys, and every token of this issuer is refused",
        );
    }
    if before.egress_selector_type != after.egress_selector_type {
        let network = |name: &str| match name {
            "" => "none".to_owned(),
            name => name.to_owned(),
        };
        change(
            "the API server calls the provider by another network (egressSelectorType)",
            network(&before.egress_selector_type),
            network(&after.egress_selector_type),
            "if the provider is not reached there, every token of this issuer is refused",
        );
    }
    changes
}

fn authority_file(old: &Settings, new: &Settings) -> Option<String> {
    let (before, after) = (&old.authority_file, &new.authority_file);
    (before != after).then(|| {
        let shown = |file: &Option<String>| file.clone().unwrap_or_else(|| "none".to_owned());
        format!(
            "--oidc-ca-file is {} before and {} after; what is in the file is not known here",
            shown(before),
            shown(after)
        )
    })
}

fn algorithms(old: &Settings, new: &Settings, issuer: &str, difference: &mut Difference) {
    let (Some(before), Some(after)) = (&old.algorithms, &new.algorithms) else {
        return;
    };
    let list = |from: &std::collections::BTreeSet<String>, of: &std::collections::BTreeSet<String>| {
        from.difference(of).cloned().collect::<Vec<_>>()
    };
    let (gone, come) = (list(before, after), list(after, before));
    if !gone.is_empty() {
        let all: Vec<String> = after.iter().cloned().collect();
        let change = Change::new(
            issuer,
            Subject::Signature,
            format!("tokens signed with {} are refused", gone.join(", ")),
        )
        .with_effect(format!(
            "only {} is accepted; the provider's `alg` is in each token: kubesesame token inspect",
            all.join(", ")
        ))
        .locking_out(format!(
            "people whose tokens are signed with another algorithm than {}",
            all.join(", ")
        ));
        difference.changes.push(change);
    } else if !come.is_empty() {
        difference.notes.push(format!(
            "{issuer}: tokens signed with {} are accepted too",
            come.join(", ")
        ));
    }
}
