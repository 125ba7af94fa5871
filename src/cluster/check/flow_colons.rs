//! Puts scalars such as `okta:` in `{prefix: okta:}` into quotes. The API server's reader of YAML 1.1 takes them for texts, and newer readers refuse
//! them.

/// Returns the text with quotes around such scalars, or `None` if there is none. Lines stay the same.
pub(super) fn quoted(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut out: Vec<char> = Vec::with_capacity(letters.len());
    let (mut depth, mut quote, mut start, mut changed) = (0_usize, None, None, false);
    for (at, &letter) in letters.iter().enumerate() {
        if let Some(open) = quote {
            out.push(letter);
            let is_escaped = open == '"' && at > 0 && letters[at - 1] == '\\';
            if letter == open && !is_escaped {
                quote = None;
            }
            continue;
        }
        match letter {
            '"' | '\'' if start.is_none() => quote = Some(letter),
            '{' | '[' if start.is_none() || depth > 0 => (depth, start) = (depth + 1, None),
            '}' | ']' | ',' if depth > 0 => {
                if let Some(from) = start.take().filter(|_| at > 0 && letters[at - 1] == ':') {
                    out.insert(from, '\'');
                    out.push('\'');
                    changed = true;
                }
                depth -= usize::from(letter != ',');
            }
            ':' if letters.get(at + 1).is_none_or(|next| next.is_whitespace()) => start = None,
            '\n' => start = None,
            '-' if start.is_none() && letters.get(at + 1) == Some(&' ') => {}
            other if !other.is_whitespace() && start.is_none() => start = Some(out.len()),
            _ => {}
        }
        out.push(letter);
    }
    changed.then(|| out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_scalars_in_brackets_that_end_with_a_colon_get_quotes() {
        for (text, wanted) in [
            ("a: {b: c:}", Some("a: {b: 'c:'}")),
            ("a: {b: c:, d: [e:, f]}", Some("a: {b: 'c:', d: ['e:', f]}")),
            ("a: {b: 'c:', d: \"e:}\"}", None),
            ("a: {b: https://c}", None),
            ("a: don't\nb: {c: d:}", Some("a: don't\nb: {c: 'd:'}")),
            ("a: b:\n", None),
        ] {
            assert_eq!(quoted(text).as_deref(), wanted, "{text}");
        }
    }
}
