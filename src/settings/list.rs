//! Parses flags with several values as pflag does.

use super::Error;
use crate::untrusted_text::UntrustedText;

/// Parses the values of a list flag as pflag's `StringSlice` does: each value is a line of CSV, whose cells may have double quotes.
///
/// Accepts more than pflag: spaces around a cell, several lines, and empty cells, which are dropped.
///
/// # Errors
/// If the quotes of a value do not pair up. pflag refuses it too, since its meaning is ambiguous.
pub(crate) fn parse_list(flag: &'static str, texts: &[String]) -> Result<Vec<String>, Error> {
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

/// Removes the quotes of a cell after a space. The CSV reader removes them only at the very start of a cell.
fn unquoted(cell: &str) -> &str {
    let inner = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
    inner.map_or(cell, str::trim)
}

/// Parses the values of `--oidc-extra-scope`. A cell with spaces is several scopes, as in the request (RFC 6749, section 3.3).
///
/// # Errors
/// As for [`parse_list`].
pub(crate) fn parse_scopes(texts: &[String]) -> Result<Vec<String>, Error> {
    let cells = parse_list("oidc-extra-scope", texts)?;
    let scopes = cells.iter().flat_map(|cell| cell.split_ascii_whitespace());
    Ok(scopes.map(str::to_owned).collect())
}

/// Parses `NAME=VALUE` as pflag does. A text with one equals sign is one pair; a text with several is a line of CSV with a pair in
/// each cell. If a name is repeated, the last value counts.
///
/// # Errors
/// If a text or a cell has no equals sign.
pub(crate) fn parse_pairs(flag: &'static str, texts: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for text in texts {
        // The value may be a secret, so the error has only the name; of a header it has nothing, which may be a secret alone.
        let name = text.split([':', ' ']).next().unwrap_or_default();
        let shown = (flag != "oidc-request-header").then(|| UntrustedText::with_limit(name, 60));
        let refused = || Error::NotPairs(flag, shown.clone());
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
    use proptest::prelude::*;

    use super::*;
    use crate::properties;

    fn read(texts: &[&str]) -> Option<String> {
        let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
        parse_list("f", &texts).ok().map(|cells| cells.join("|"))
    }

    #[test]
    fn a_list_is_csv_with_or_without_quotes() {
        for (texts, cells) in [
            (&["a"][..], "a"),
            (&["a,b", "c"], "a|b|c"),
            (&["\"a\""], "a"),
            (&["\"a\",\"b\""], "a|b"),
            (&["a,\"b\"", "\"c\""], "a|b|c"),
            // One cell for pflag is one cell here.
            (&["\"a,b\""], "a,b"),
            (&["\"a b\""], "a b"),
            // pflag refuses these, or takes spaces and quotes for parts of the value.
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
            parse_scopes(&texts).unwrap().join("|"),
            "email|profile|groups|offline_access|a|b|c"
        );
    }

    /// A header without `=` may be a secret alone.
    #[test]
    fn the_error_about_a_header_has_no_part_of_its_value() {
        let error = |flag| {
            parse_pairs(flag, &["hunter2".to_owned()])
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("oidc-request-header"),
            "a value of --oidc-request-header is not NAME=VALUE"
        );
        assert_eq!(
            error("oidc-auth-request-extra-params"),
            "--oidc-auth-request-extra-params `hunter2` is not NAME=VALUE"
        );
    }

    #[test]
    fn pairs_are_read_as_pflag_reads_them() {
        let read = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
            let pairs = parse_pairs("f", &texts).map_err(|_| ())?;
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

    /// Writes cells as a program does that quotes where CSV needs it.
    fn line(cells: &[String]) -> String {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(Vec::new());
        writer.write_record(cells).unwrap();
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    proptest! {
        #![proptest_config(properties::config())]

        #[test]
        fn any_cells_are_read_as_they_were_written(cells in prop::collection::vec(properties::text(), 1..5)) {
            // No value of ours has quotes or spaces around it; a byte order mark in front is no part of a value.
            let plain = |cell: &String| cell.replace(['"', '\u{feff}'], "").trim().to_owned();
            let cells: Vec<String> = cells.iter().map(plain).collect();
            let kept: Vec<String> = cells.iter().filter(|cell| !cell.is_empty()).cloned().collect();
            prop_assert_eq!(parse_list("f", &[line(&cells)]).unwrap(), kept);
        }

        #[test]
        fn any_pairs_are_read_as_they_were_written(
            pairs in prop::collection::btree_map("[a-z_]{1,8}", properties::text().prop_map(|text| text.replace('"', "")), 2..5),
        ) {
            let cells: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assert_eq!(parse_pairs("f", &[line(&cells)]).unwrap(), pairs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_text_is_a_list_or_refused(text in properties::text()) {
            let texts = [text];
            drop(parse_list("f", &texts));
            drop(parse_scopes(&texts));
            drop(parse_pairs("f", &texts));
        }
    }
}
