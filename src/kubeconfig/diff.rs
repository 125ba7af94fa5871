//! What a person sees of a change: a unified diff in which no secret can be read.
//!
//! Secrets are covered before the texts are compared, so that no context line shows one either. Characters that
//! could move the cursor are replaced. The diff is to be read, not to be applied.
//!
//! Takes linear time: lines that both texts have once are taken for the same, and only what lies between them is compared in every way.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::Hash;

use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

use super::mask::masked;
use crate::untrusted_text::{UntrustedText, harmless_lines};

/// Lines around a change.
const CONTEXT: usize = 3;
/// So many lines are compared with each other in every way; of more it is only said that they are others.
const MAX_GAP: usize = 1000;

/// Returns the difference between two texts of a file, without what is covered in both; nothing if nothing else differs.
pub(crate) fn unified((path, after): (&str, &str), old: &str, new: &str) -> String {
    let (old, new) = (masked(old), masked(new));
    let (old, new) = (harmless_lines(&old), harmless_lines(&new));
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let groups = group_diff_ops(changes(&old, &new), CONTEXT);
    let mut unified = String::new();
    let path = UntrustedText::new(path);
    // Writing to a string cannot fail.
    for (number, ops) in groups.iter().filter(|ops| !ops.is_empty()).enumerate() {
        if number == 0 {
            let _ = writeln!(unified, "--- {path}\n+++ {path} ({after})");
        }
        let _ = writeln!(unified, "{}", UnifiedHunkHeader::new(ops));
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
            let _ = write!(unified, "{sign}{line}{end}");
        }
    }
    unified
}

/// Returns how the old lines become the new ones.
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
        // The anchor itself, but at the end, where there is none.
        ops.equal(tail + usize::from(old_end < old.len() || new_end < new.len()));
    }
    ops.done
}

#[derive(Default)]
struct Ops {
    done: Vec<DiffOp>,
    /// How far the lines are dealt with.
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

    /// Lines of which the first differ, and the last.
    fn gap<T: Eq + Hash + Ord>(&mut self, old: &[T], new: &[T]) {
        if old.len() + new.len() > MAX_GAP {
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

/// Returns where lines stand that both sides have once, as many as stand in the same order on both.
fn anchors<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&T, [Place; 2]> = HashMap::new();
    for (side, lines) in [old, new].into_iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let place = &mut places.entry(line).or_default()[side];
            *place = match place {
                Place::Nowhere => Place::At(at),
                _ => Place::Several,
            };
        }
    }
    let pairs: Vec<(usize, usize)> = old
        .iter()
        .filter_map(|line| match places.get(line)? {
            [Place::At(old), Place::At(new)] => Some((*old, *new)),
            _ => None,
        })
        .collect();
    longest_rising(&pairs)
}

#[derive(Default)]
enum Place {
    #[default]
    Nowhere,
    At(usize),
    Several,
}

/// The longest part of the pairs whose second numbers rise, as their first ones do (patience sorting).
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair that ends such a part the lowest, and for each pair the one before it.
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
    fn no_secret_is_shown_wherever_it_stands() {
        let old = "# my secret is HIDE1\nusers:\n- name: a\n  user:\n    token: HIDE2\n    exec:\n      args: [--oidc-client-secret=HIDE3, --password, \"HIDE4\", '--oidc-request-header=Authorization=HIDE5']\n      env: [{name: A_TOKEN, value: HIDE6}]\n    auth-provider:\n      config:\n        client-secret: |\n          HIDE7\n        id-token: HIDE8\n        refresh-token: # eyJHIDE9\n          HIDE10\n    username: b\n";
        let diff = unified(("f", "new"), old, &old.replace("username: b", "username: c"));
        let all = unified(("f", "new"), "", old);
        for text in [&diff, &all] {
            assert!(!text.contains("HIDE"), "{text}");
        }
        assert!(diff.contains("-    username: b\n+    username: c\n"), "{diff}");
        assert!(all.contains("--oidc-client-secret=[secret]"), "{all}");
    }

    #[test]
    fn nothing_that_moves_the_cursor_is_shown() {
        let diff = unified(("f\u{1b}", "new"), "kind: 1\r\n", "kind: \"\u{9b}\u{202e}2\"\r\n");
        assert!(!diff.contains(['\r', '\u{9b}', '\u{1b}', '\u{202e}']), "{diff:?}");
        assert_eq!(unified(("f", "new"), "token: a\n", "token: b\n"), "");
    }

    #[test]
    fn a_line_without_an_end_is_told() {
        let diff = unified(("f", "new"), "kind: a\nkind: b", "kind: a\nkind: c\n");
        assert_eq!(
            diff,
            "--- f\n+++ f (new)\n@@ -1,2 +1,2 @@\n kind: a\n-kind: b\n\\ No newline at end of file\n+kind: c\n"
        );
    }

    /// Rebuilds both sides from the changes.
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
    fn changes_lead_from_one_side_to_the_other() {
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
        // Some 4,000 pairs of short texts of three words, and texts that have nothing in common.
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
    fn twice_the_lines_are_twice_the_comparisons() {
        // Names that stay with a line that changes and some that all users have; lines that are all others; lines that are all the same.
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
            // A hash map compares a few more or fewer from run to run; work in the square of the lines would be four times as much.
            assert!(twice <= once * 5 / 2 + 100, "{once}, {twice}");
            assert!(once <= 2_000 * 60, "{once}");
        }
    }
}
