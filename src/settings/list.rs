//! Flags that hold several values, read as pflag reads them.

use super::Error;
use crate::untrusted_text::UntrustedText;

/// Reads values of a list as pflag's `StringSlice` does: each is a line of CSV, so that a cell may stand in double quotes.
///
/// More is taken than pflag takes: spaces around a cell, several lines, and empty cells, which count for nothing.
///
/// # Errors
/// If the quotes of a value do not pair up, which pflag refuses too: what was meant cannot be told.
pub(crate) fn list(flag: &'static str, texts: &[String]) -> Result<Vec<String>, Error> {
    let mut cells = Vec::new();
    for text in texts {
        let refused = || Error::NotList(flag, UntrustedText::with_limit(text, 80));
        if text.matches('"').count() % 2 != 0 {
            return Err(refused());
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        for record in reader.records() {
            let record = record.map_err(|_| refused())?;
            cells.extend(record.iter().map(|cell| unquoted(cell.trim()).to_owned()));
        }
        if cells.iter().any(|cell| cell.contains('"')) {
            return Err(refused());
        }
    }
    cells.retain(|cell| !cell.is_empty());
    Ok(cells)
}

/// The reader takes the quotes off a cell that begins with one; here a space stood before it.
fn unquoted(cell: &str) -> &str {
    let inner = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
    inner.map_or(cell, str::trim)
}

/// Reads values of `--oidc-extra-scope`: a cell with spaces is several scopes, as it is in the request (RFC 6749, section 3.3).
pub(crate) fn scopes(texts: &[String]) -> Result<Vec<String>, Error> {
    let cells = list("oidc-extra-scope", texts)?;
    let scopes = cells.iter().flat_map(|cell| cell.split_ascii_whitespace());
    Ok(scopes.map(str::to_owned).collect())
}

/// Reads `NAME=VALUE` as pflag does: text with one equals sign is one pair, with several it is a line of CSV with a pair
/// in each cell. A name that comes twice counts as it came last.
pub(crate) fn pairs(flag: &'static str, texts: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for text in texts {
        // What stands behind a name may be a secret.
        let name = text.split([':', ' ']).next().unwrap_or_default();
        let refused = || Error::NotPairs(flag, UntrustedText::with_limit(name, 60));
        let cells = match text.matches('=').count() {
            0 => return Err(refused()),
            1 => vec![text.trim_matches('"').to_owned()],
            _ => {
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(text.as_bytes());
                let record = reader.records().next().and_then(Result::ok).ok_or_else(refused)?;
                record.iter().map(str::to_owned).collect()
            }
        };
        for cell in cells {
            let (name, value) = cell.split_once('=').ok_or_else(refused)?;
            pairs.retain(|(known, _)| known != name);
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    pairs.sort();
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Option<String> {
        let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
        list("f", &texts).ok().map(|cells| cells.join("|"))
    }

    #[test]
    fn a_list_is_csv_with_or_without_quotes() {
        for (texts, cells) in [
            (&["a"][..], "a"),
            (&["a,b", "c"], "a|b|c"),
            (&["\"a\""], "a"),
            (&["\"a\",\"b\""], "a|b"),
            (&["a,\"b\"", "\"c\""], "a|b|c"),
            // What pflag leaves in one cell stays in one.
            (&["\"a,b\""], "a,b"),
            (&["\"a b\""], "a b"),
            // What pflag refuses, or takes for a part of the value, though it is plain what was meant.
            (&["a, b"], "a|b"),
            (&["\"a\", \"b c\""], "a|b c"),
            (&[" \" a \" "], "a"),
            (&["a\nb\n", "\"c\"\r\nd"], "a|b|c|d"),
            (&["", ",", "\"\"", "a,,b,"], "a|b"),
        ] {
            assert_eq!(read(texts).as_deref(), Some(cells), "{texts:?}");
        }
    }

    #[test]
    fn a_list_whose_quotes_do_not_pair_up_is_refused() {
        for text in [
            "\"a",
            "a\"",
            "a,\"b",
            "a\"b\"",
            "\"a\" \"b\"",
            "\\\"a\\\"",
            "\"a\"\"b\"",
        ] {
            assert_eq!(read(&[text]), None, "{text}");
        }
    }

    #[test]
    fn scopes_are_separated_by_commas_spaces_and_lines() {
        let texts = ["\"email profile\"", "groups,offline_access", "a\tb\nc"].map(str::to_owned);
        assert_eq!(
            scopes(&texts).unwrap().join("|"),
            "email|profile|groups|offline_access|a|b|c"
        );
    }

    #[test]
    fn pairs_are_read_as_pflag_reads_them() {
        let read = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
            let pairs = pairs("f", &texts).map_err(|_| ())?;
            Ok(pairs
                .into_iter()
                .map(|(name, value)| format!("{name}:{value}"))
                .collect::<Vec<_>>()
                .join(" "))
        };
        assert_eq!(
            read(&["ttl=86400", "reauth=false"]),
            Ok("reauth:false ttl:86400".to_owned())
        );
        assert_eq!(read(&["a=1,2"]), Ok("a:1,2".to_owned()));
        assert_eq!(read(&["a=1,b=2"]), Ok("a:1 b:2".to_owned()));
        assert_eq!(read(&["\"a=x,y\",b=p=q"]), Ok("a:x,y b:p=q".to_owned()));
        assert_eq!(read(&["a=1", "a=2"]), Ok("a:2".to_owned()));
        assert_eq!(read(&["nonsense"]), Err(()));
        assert_eq!(read(&["a=1,b=2,c"]), Err(()));
    }
}
