//! File owners that a user namespace does not map (`user_namespaces(7)`).
//!
//! In a sandbox that maps only one user, the files of all other users, also of root, have the owner `nobody`. Then the owner of an ancestor
//! directory is unknown, and the only check is whether others may write to it.

use std::fs;

/// Whether this user id is the overflow id, which all users get that the namespace of this process does not map.
#[expect(clippy::disallowed_methods, reason = "files of the system, not of a person")]
pub(super) fn is_unmapped(uid: u32) -> bool {
    let read = |path: &str| fs::read_to_string(path).ok();
    let Some(map) = read("/proc/self/uid_map") else {
        return false;
    };
    let overflow = read("/proc/sys/kernel/overflowuid").and_then(|text| text.trim().parse().ok());
    is_overflow_id(uid, overflow.unwrap_or(65534), &map)
}

/// `map` has a line for each range: the first id inside, the first id outside, and the count.
fn is_overflow_id(uid: u32, overflow: u32, map: &str) -> bool {
    let mut ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (first, _, count) = (numbers.next()?.ok()?, numbers.next()?, numbers.next()?.ok()?);
        Some(first..first.saturating_add(count))
    });
    uid == overflow && !ranges.any(|range| range.contains(&u64::from(uid)))
}

#[cfg(test)]
mod tests {
    use super::is_overflow_id;

    #[test]
    fn the_overflow_id_counts_only_if_no_user_is_mapped_to_it() {
        let sandbox = "      1000       1000          1\n";
        let container = "0 100000 1000\n1000 1000 1\n";
        for (uid, map, expected) in [
            (65534, sandbox, true),
            (65534, container, true),
            (65534, "0 1000 1\n", true),
            (65534, "", true),
            (1001, sandbox, false),
            (0, sandbox, false),
            (65534, "0 0 4294967295\n", false),
            (65534, "0 100000 65536\n", false),
        ] {
            assert_eq!(is_overflow_id(uid, 65534, map), expected, "{uid} {map:?}");
        }
        assert!(is_overflow_id(99, 99, sandbox) && !is_overflow_id(65534, 99, sandbox));
    }
}
