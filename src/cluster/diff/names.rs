//! Changes of the names that people have: user name, groups, UID, extra values.

use super::source::Source;
use super::{Change, Subject};
use crate::cluster::check::{Jwt, Mapping};

/// Claims that each ID token has (OpenID Connect Core 2).
const ALWAYS_THERE: [&str; 3] = ["iss", "sub", "aud"];

pub(super) fn compare(old: &Jwt, new: &Jwt) -> Vec<Change> {
    let issuer = &new.issuer.url;
    let mut changes = Vec::new();
    changes.extend(username(issuer, &old.username, &new.username));
    changes.extend(groups(issuer, &old.groups, &new.groups));
    changes.extend(uid(issuer, &old.uid, &new.uid));
    changes.extend(extra(old, new));
    changes
}

fn username(issuer: &str, old: &Mapping, new: &Mapping) -> Option<Change> {
    let (before, after) = (Source::of_username(old), Source::of_username(new));
    if before == after {
        return (old.claim != new.claim)
            .then(|| email_check(issuer, old, new))
            .flatten();
    }
    let mut change = match (before.claim(), after.claim()) {
        (Some(from), Some(to)) if from != to => {
            let text = format!("the username changes from claim `{from}` to claim `{to}`");
            let effect = format!(
                "every user of this issuer gets another name; bindings to names of the old form ({}) reach nobody",
                before.shown()
            );
            Change::new(issuer, Subject::Username, text).with_effect(effect)
        }
        (Some(_), Some(_)) => prefix_change(issuer, Subject::Username, "user names", &before, &after)
            .with_effect("every user of this issuer gets another name"),
        (_, _) => {
            let effect = match (before.prefix(), after.prefix()) {
                (Some(from), Some(to)) if from != to && !from.is_empty() && !to.starts_with(from) => format!(
                    "every user of this issuer gets another name; bindings to names that begin with `{from}` reach nobody"
                ),
                _ => "users of this issuer may get other names; what becomes of one is said with --token"
                    .to_owned(),
            };
            Change::new(issuer, Subject::Username, "the source of the username changes").with_effect(effect)
        }
    };
    change = change.between(before.shown(), after.shown());
    if let Some(claim) = after.claim().filter(|claim| before.claim() != Some(claim)) {
        change = with_claim(change, claim);
        if claim == "email" && new.claim == "email" {
            change = change.locking_out(
                "people whose address is not verified (`email_verified` is there, and not true)",
            );
        }
    }
    if opens(&before, &after) {
        change = change.with_effect(
            "nothing keeps names such as `system:admin` of the provider out, unless a rule does",
        );
    }
    Some(change)
}

/// The API server looks at `email_verified` by itself only for a mapping by the claim.
fn email_check(issuer: &str, old: &Mapping, new: &Mapping) -> Option<Change> {
    let by_claim = |mapping: &Mapping| mapping.claim == "email";
    if by_claim(old) == by_claim(new) {
        return None;
    }
    let text = "the same names, by a claim in place of an expression or the other way round";
    let change = Change::new(issuer, Subject::Username, text).between(shown_mapping(old), shown_mapping(new));
    Some(if by_claim(new) {
        change.locking_out("people whose address is not verified (`email_verified` is there, and not true)")
    } else {
        change.with_effect("the API server no longer looks at `email_verified` by itself; the rules have to")
    })
}

fn shown_mapping(mapping: &Mapping) -> String {
    if mapping.claim.is_empty() {
        format!("expression `{}`", mapping.expression)
    } else {
        format!("claim `{}`", mapping.claim)
    }
}

/// Whether names can begin with `system:` now, and could not before.
fn opens(before: &Source, after: &Source) -> bool {
    let lets_in = |source: &Source| {
        source
            .prefix()
            .is_some_and(|prefix| "system:".starts_with(prefix))
    };
    lets_in(after) && !lets_in(before)
}

fn prefix_change(issuer: &str, subject: Subject, what: &str, before: &Source, after: &Source) -> Change {
    let shown = |source: &Source| match source.prefix() {
        None | Some("") => "no prefix".to_owned(),
        Some(prefix) => format!("`{prefix}`"),
    };
    let text = format!(
        "the prefix of {what} changes from {} to {}",
        shown(before),
        shown(after)
    );
    let effect = match before.prefix() {
        None | Some("") => format!("bindings to {what} without the prefix reach nobody of this issuer"),
        Some(prefix) => format!("bindings to {what} that begin with `{prefix}` reach nobody"),
    };
    Change::new(issuer, subject, text).with_effect(effect)
}

fn with_claim(change: Change, claim: &str) -> Change {
    if ALWAYS_THERE.contains(&claim) {
        return change;
    }
    change.locking_out(format!("people whose token has no claim `{claim}`"))
}

fn groups(issuer: &str, old: &Mapping, new: &Mapping) -> Option<Change> {
    let (before, after) = (Source::of_groups(old), Source::of_groups(new));
    if before == after {
        return None;
    }
    let subject = Subject::Groups;
    let change = match (&before, &after) {
        (Source::Absent, _) => Change::new(issuer, subject, "groups come")
            .with_effect("people get the groups of their token, and what bindings give to these"),
        (_, Source::Absent) => Change::new(issuer, subject, "groups go").with_effect(
            "people of this issuer have no groups any more; bindings to groups of this issuer reach nobody",
        ),
        (Source::Claim { claim: from, .. }, Source::Claim { claim: to, .. }) if from == to => {
            prefix_change(issuer, subject, "groups", &before, &after)
        }
        (Source::Claim { claim: from, .. }, Source::Claim { claim: to, .. }) => {
            let text = format!("groups change from claim `{from}` to claim `{to}`");
            let prefix = (before.prefix() != after.prefix())
                .then(|| prefix_change(issuer, subject, "groups", &before, &after).effects);
            let mut change = Change::new(issuer, subject, text).with_effect(format!(
                "people have the groups of `{to}`; without that claim they have none"
            ));
            change.effects.extend(prefix.into_iter().flatten());
            change
        }
        (_, _) => {
            let change = Change::new(issuer, subject, "the source of the groups changes")
                .with_effect("people may have other groups; what becomes of one is said with --token");
            match (before.prefix(), after.prefix()) {
                (Some(from), Some(to)) if from != to => {
                    let effects = prefix_change(issuer, subject, "groups", &before, &after).effects;
                    effects.into_iter().fold(change, Change::with_effect)
                }
                _ => change,
            }
        }
    };
    let change = change.between(before.shown(), after.shown());
    Some(if opens(&before, &after) {
        change.with_effect(
            "a group `system:masters` of the provider may do everything, unless a rule keeps it out",
        )
    } else {
        change
    })
}

fn uid(issuer: &str, old: &Mapping, new: &Mapping) -> Option<Change> {
    let shown = |mapping: &Mapping| match (mapping.claim.as_str(), mapping.expression.as_str()) {
        ("", "") => "none".to_owned(),
        ("", expression) => format!("expression `{expression}`"),
        (claim, _) => format!("claim `{claim}`"),
    };
    let (before, after) = (shown(old), shown(new));
    if before == after {
        return None;
    }
    let change = Change::new(issuer, Subject::Uid, "the UID changes")
        .between(before, after)
        .with_effect(
            "people keep their rights, since RBAC does not look at it; the audit log has another UID",
        );
    Some(match new.claim.as_str() {
        "" => change,
        claim => with_claim(change, claim),
    })
}

fn extra(old: &Jwt, new: &Jwt) -> Vec<Change> {
    let value = |jwt: &Jwt, key: &str| {
        let mut all = jwt.extra.iter();
        all.find(|extra| extra.key == key)
            .map(|extra| extra.value_expression.clone())
    };
    let mut keys: Vec<&str> = Vec::new();
    for extra in old.extra.iter().chain(&new.extra) {
        if !keys.contains(&extra.key.as_str()) {
            keys.push(&extra.key);
        }
    }
    let shown = |value: Option<String>| value.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    let mut changes = Vec::new();
    for key in keys {
        let (before, after) = (value(old, key), value(new, key));
        if before == after {
            continue;
        }
        let is_new_expression = after.is_some();
        let mut change = Change::new(&new.issuer.url, Subject::Extra, format!("the extra value `{key}` changes"))
            .between(shown(before), shown(after))
            .with_effect("people keep their names; what admission policies, webhooks and the audit log see of them changes");
        if is_new_expression {
            change = change.with_effect("a token for which the expression fails is refused");
        }
        changes.push(change);
    }
    changes
}
