//! The rules. Each file has a rule as expressions, and as a function.

pub(super) mod required_groups;
pub(super) mod root_pods;
pub(super) mod secret_deletion;

use super::identities::Person;
use crate::cluster::authn::cel_text;

/// Writes texts as a list of CEL.
pub(super) fn cel_list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| cel_text(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// Whether the person who asks is in one of these groups, as an expression. The field is absent for somebody without groups.
fn cel_is_member(groups: &[String]) -> String {
    let groups = cel_list(groups);
    format!("request.userInfo.?groups.orValue([]).exists(group, group in {groups})")
}

fn is_member(groups: &[String], person: &Person) -> bool {
    person.groups.iter().any(|group| groups.contains(group))
}

/// Returns groups as a message names them.
fn named(groups: &[String]) -> String {
    match groups {
        [group] => format!("the group {group}"),
        groups => format!("one of the groups {}", groups.join(", ")),
    }
}
