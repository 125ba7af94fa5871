//! The functions that expressions can call, read once from the table in `functions.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::types::{Type, split_list};

/// One way to call a function.
#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) is_method: bool,
    /// For a method the first is what it is called on.
    pub(crate) arguments: Vec<Type>,
    pub(crate) result: Type,
    /// The minor version of Kubernetes that introduced it, if that is later than 1.28.
    pub(crate) since: u16,
}

static FUNCTIONS: LazyLock<BTreeMap<&str, Vec<Overload>>> = LazyLock::new(|| {
    include_str!("functions.txt")
        .lines()
        .filter_map(read_line)
        .collect()
});

/// Returns the overloads of a function, or `None` if there is no such function.
pub(crate) fn overloads(name: &str) -> Option<&'static [Overload]> {
    FUNCTIONS.get(name).map(Vec::as_slice)
}

fn read_line(line: &'static str) -> Option<(&'static str, Vec<Overload>)> {
    if line.starts_with('#') {
        return None;
    }
    let (name, rest) = line.split_once(' ')?;
    Some((name, rest.split("; ").filter_map(read_overload).collect()))
}

fn read_overload(text: &str) -> Option<Overload> {
    let (text, since) = match text.split_once(" @") {
        Some((text, since)) => (text, since.parse().ok()?),
        None => (text, 0),
    };
    let (is_method, text) = match text.strip_prefix('.') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (arguments, result) = text.strip_prefix('(')?.split_once(") ").map(|_| {
        let end = closing(text);
        (&text[1..end], text[end + 1..].trim())
    })?;
    Some(Overload {
        is_method,
        arguments: split_list(arguments).into_iter().map(Type::parse).collect(),
        result: Type::parse(result),
        since,
    })
}

/// Returns where the parenthesis closes that the text begins with.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return at,
            b')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_table_is_read() {
        let lines = include_str!("functions.txt")
            .lines()
            .filter(|line| !line.starts_with('#'));
        assert_eq!(FUNCTIONS.len(), lines.count());
        let all = FUNCTIONS.values().map(Vec::len).sum::<usize>();
        assert!(
            FUNCTIONS.values().all(|overloads| !overloads.is_empty()) && all > 300,
            "{all}"
        );
        let set = &overloads("sets.contains").unwrap()[0];
        assert_eq!(
            (set.arguments[1].to_string().as_str(), set.since),
            ("list(T)", 29)
        );
    }
}
