//! A unified diff of a kubeconfig without its secrets.
//!
//! Secrets are masked before the texts are compared, so context lines have none either. Characters that could move the cursor are
//! replaced. The diff is for people, not for `patch`.
//!
//! Takes nearly linear time: lines that occur once in each text are matched first (patience diff), and Myers' algorithm runs only
//! on short parts between them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::Hash;

use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

use super::mask::masked;
use crate::untrusted_text::{UntrustedText, harmless_lines};

/// Unchanged lines that are shown around a change.
const CONTEXT_LINES: usize = 3;
/// At most this many lines are compared by Myers' algorithm, which takes quadratic time. More are shown as replaced.
const MAX_MYERS_LINES: usize = 1000;

/// Returns the diff between two texts of a file after masking; empty if only masked parts differ. `after` describes the new text in
/// the header.
pub(crate) fn unified_diff((path, after): (&str, &str), old: &str, new: &str) -> String {
    let (old, new) = (masked(old), masked(new));
    let (old, new) = (harmless_lines(&old), harmless_lines(&new));
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let groups = group_diff_ops(changes(&old, &new), CONTEXT_LINES);
    let mut unified_diff = String::new();
    let path = UntrustedText::new(path);
    // Writing to a string cannot fail.
    for (number, ops) in groups.iter().filter(|ops| !ops.is_empty()).enumerate() {
        if number == 0 {
            let _ = writeln!(unified_diff, "--- {path}\n+++ {path} ({after})");
        }
        let _ = writeln!(unified_diff, "{}", UnifiedHunkHeader::new(ops));
        for change in ops.iter().flat_map(|op| op.iter_changes(&old, &new)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let line = change.value();
            let end = if line.ends_with('\n') {
                ""
            } else {
                "\n\\ No newline at end of file\n"
            };
            let _ = write!(unified_diff, "{sign}{line}{end}");
        }
    }
    unified_diff
}

/// Returns the operations that turn the old lines into the new ones.
fn changes<T: Eq + Hash + Ord>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    let mut ops = Ops::default();
    for (old_end, new_end) in anchors(old, new).into_iter().chain([(old.len(), new.len())]) {
        let (old_gap, new_gap) = (&old[ops.old..old_end], &new[ops.new..new_end]);
        let equal = |(a, b): &(&T, &T)| a == b;
        let head = old_gap.iter().zip(new_gap).take_while(equal).count();
        let (old_gap, new_gap) = (&old_gap[head..], &new_gap[head..]);
        let tail = old_gap
            .iter()
            .rev()
            .zip(new_gap.iter().rev())
            .take_while(equal)
            .count();
        ops.equal(head);
        ops.gap(&old_gap[..old_gap.len() - tail], &new_gap[..new_gap.len() - tail]);
        // Adds the anchor line itself, which the last gap does not have.
        ops.equal(tail + usize::from(old_end < old.len() || new_end < new.len()));
    }
    ops.done
}

#[derive(Default)]
struct Ops {
    done: Vec<DiffOp>,
    /// The numbers of lines that `done` covers.
    old: usize,
    new: usize,
}

impl Ops {
    fn equal(&mut self, len: usize) {
        if len == 0 {
            return;
        }
        if let Some(DiffOp::Equal { len: before, .. }) = self.done.last_mut() {
            *before += len;
        } else {
            self.done.push(DiffOp::Equal {
                old_index: self.old,
                new_index: self.new,
                len,
            });
        }
        self.old += len;
        self.new += len;
    }

    fn change(&mut self, old_len: usize, new_len: usize) {
        let (old_index, new_index) = (self.old, self.new);
        self.done.push(match (old_len, new_len) {
            (0, 0) => return,
            (_, 0) => DiffOp::Delete {
                old_index,
                old_len,
                new_index,
            },
            (0, _) => DiffOp::Insert {
                old_index,
                new_index,
                new_len,
            },
            _ => DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            },
        });
        self.old += old_len;
        self.new += new_len;
    }

    /// Adds lines between two anchors, without the equal lines at their start and end.
    fn gap<T: Eq + Hash + Ord>(&mut self, old: &[T], new: &[T]) {
        if old.len() + new.len() > MAX_MYERS_LINES {
            return self.change(old.len(), new.len());
        }
        for op in capture_diff_slices(Algorithm::Myers, old, new) {
            match op {
                DiffOp::Equal { len, .. } => self.equal(len),
                _ => self.change(op.old_range().len(), op.new_range().len()),
            }
        }
    }
}

/// Returns the positions of lines that occur once on each side: the largest set that has the same order on both.
fn anchors<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let mut occurrences: HashMap<&T, [Occurrence; 2]> = HashMap::new();
    for (side, lines) in [old, new].into_iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let occurrence = &mut occurrences.entry(line).or_default()[side];
            *occurrence = match occurrence {
                Occurrence::Never => Occurrence::Once(at),
                Occurrence::Once(_) | Occurrence::Repeated => Occurrence::Repeated,
            };
        }
    }
    let pairs: Vec<(usize, usize)> = old
        .iter()
        .filter_map(|line| match occurrences.get(line)? {
            [Occurrence::Once(old), Occurrence::Once(new)] => Some((*old, *new)),
            _ => None,
        })
        .collect();
    longest_increasing_subsequence(&pairs)
}

/// How often a line occurs on one side.
#[derive(Default)]
enum Occurrence {
    #[default]
    Never,
    Once(usize),
    Repeated,
}

/// Returns the longest subsequence of pairs whose second numbers increase (patience sorting). Their first numbers increase already.
fn longest_increasing_subsequence(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // `ends` has, for each length, the index of the pair with the lowest second number that ends such a subsequence. `before` has,
    // for each pair, the index of its predecessor.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; pairs.len()];
    for (at, (_, new)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *new);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut rising = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        rising.push(pairs[at]);
        next = before[at];
    }
    rising.reverse();
    rising
}

#[cfg(test)]
mod tests {
    use super::super::counted::{Counted, comparisons};
    use super::*;

    #[test]
    fn a_diff_shows_no_secret() {
        let old = "# my secret is HIDE1\nusers:\n- name: a\n  user:\n    token: HIDE2\n    exec:\n      args: [--oidc-client-secret=HIDE3, --password, \"HIDE4\", '--oidc-request-header=Authorization=HIDE5']\n      env: [{name: A_TOKEN, value: HIDE6}]\n    auth-provider:\n      config:\n        client-secret: |\n          HIDE7\n        id-token: HIDE8\n        refresh-token: # eyJHIDE9\n          HIDE10\n    username: b\n";
        let diff = unified_diff(("f", "new"), old, &old.replace("username: b", "username: c"));
        let all = unified_diff(("f", "new"), "", old);
        for text in [&diff, &all] {
            assert!(!text.contains("HIDE"), "{text}");
        }
        assert!(diff.contains("-    username: b\n+    username: c\n"), "{diff}");
        assert!(all.contains("--oidc-client-secret=[secret]"), "{all}");
    }

    #[test]
    fn a_diff_has_no_control_characters() {
        let diff = unified_diff(("f\u{1b}", "new"), "kind: 1\r\n", "kind: \"\u{9b}\u{202e}2\"\r\n");
        assert!(!diff.contains(['\r', '\u{9b}', '\u{1b}', '\u{202e}']), "{diff:?}");
        assert_eq!(unified_diff(("f", "new"), "token: a\n", "token: b\n"), "");
    }

    #[test]
    fn a_missing_newline_at_the_end_is_shown() {
        let diff = unified_diff(("f", "new"), "kind: a\nkind: b", "kind: a\nkind: c\n");
        assert_eq!(
            diff,
            "--- f\n+++ f (new)\n@@ -1,2 +1,2 @@\n kind: a\n-kind: b\n\\ No newline at end of file\n+kind: c\n"
        );
    }

    /// Checks that the changes cover both sides without gaps.
    fn check(old: &[u32], new: &[u32]) {
        let (mut old_at, mut new_at) = (0, 0);
        let ops = changes(old, new);
        for op in &ops {
            assert_eq!(
                (op.old_range().start, op.new_range().start),
                (old_at, new_at),
                "{ops:?}"
            );
            if let DiffOp::Equal { .. } = op {
                assert_eq!(old[op.old_range()], new[op.new_range()]);
            }
            (old_at, new_at) = (op.old_range().end, op.new_range().end);
        }
        assert_eq!((old_at, new_at), (old.len(), new.len()));
    }

    #[test]
    fn changes_rebuild_both_sides() {
        for (old, new) in [
            (&[][..], &[][..]),
            (&[1], &[]),
            (&[], &[1, 1]),
            (&[1, 2, 3], &[1, 2, 3]),
            (&[1, 2, 3, 4, 5], &[5, 1, 2, 9, 4]),
            (&[7, 7, 1, 7, 7], &[7, 1, 7, 7, 7, 7]),
            (&[1, 7, 7, 2, 8, 3], &[1, 7, 2, 8, 8, 3, 3]),
        ] {
            check(old, new);
            check(new, old);
        }
        // All pairs of some short texts, and two long texts without a common line.
        for number in 0_u32..4_096 {
            let word = |at: u32| (number >> at) & 3;
            check(
                &[word(0), word(2), word(4), word(6)],
                &[word(4), word(8), word(10), word(1)],
            );
        }
        let (evens, odds): (Vec<u32>, Vec<u32>) = (0..3_000).partition(|number| number % 2 == 0);
        check(&evens, &odds);
    }

    #[test]
    fn comparisons_grow_linearly_with_the_lines() {
        // The cases: unique and common lines around a changed one; no line in common; all lines of a side equal.
        type Lines = fn(u32) -> Vec<u32>;
        let cases: [(Lines, Lines); 3] = [
            (
                |user| vec![user + 100, 4, 1, 2, 3],
                |user| vec![user + 100, 5, 1, 2, 3],
            ),
            (|user| vec![user], |user| vec![user + 1_000_000]),
            (|_| vec![1], |_| vec![2]),
        ];
        for (old, new) in cases {
            let of = |users: u32| {
                let lines = |of: Lines| -> Vec<Counted> { (0..users).flat_map(of).map(Counted).collect() };
                let (old, new) = (lines(old), lines(new));
                comparisons(|| drop(changes(&old, &new)))
            };
            let (once, twice) = (of(2_000), of(4_000));
            // The random hash seed changes the count a little. Quadratic time would quadruple it.
            assert!(twice <= once * 5 / 2 + 100, "{once}, {twice}");
            assert!(once <= 2_000 * 60, "{once}");
        }
    }
}
