//! Tabs where the API server's reader of YAML 1.1 takes none, and newer readers do: before a node of a block, and in lines between nodes.

/// What the API server says of such a tab.
pub(super) const FAULT: &str = "found character that cannot start any token";

/// The lines of a text, and up to which one they were looked at.
pub(super) struct Tabs<'a> {
    lines: Vec<&'a str>,
    seen: usize,
}

impl<'a> Tabs<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            lines: text.split('\n').collect(),
            seen: 0,
        }
    }

    /// Returns the first line between the last event and one that begins in line `start`, in which there is such a tab. Lines count from 1.
    pub(super) fn between(&mut self, start: usize, end: usize, is_flow: bool) -> Option<usize> {
        let first = self.seen + 1;
        self.seen = self.seen.max(end);
        if is_flow {
            return None;
        }
        (first..start).find(|at| {
            let line = self.lines.get(at - 1);
            line.is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'))
        })
    }

    /// The same for the lines after the last event.
    pub(super) fn rest(&mut self) -> Option<usize> {
        self.between(self.lines.len() + 1, 0, false)
    }

    /// Whether there is such a tab before a node of a block, which begins after `column` characters of a line.
    pub(super) fn is_before(&self, line: usize, column: usize) -> bool {
        let Some(line) = self
            .lines
            .get(line.wrapping_sub(1))
            .filter(|line| line.contains('\t'))
        else {
            return false;
        };
        let end = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        let before = line[..end].trim_end_matches([' ', '\t']);
        let is_indicator = before
            .strip_suffix(['-', '?'])
            .is_some_and(|rest| rest.is_empty() || rest.ends_with([' ', '\t']));
        line[before.len()..end].contains('\t') && (before.is_empty() || is_indicator)
    }
}
