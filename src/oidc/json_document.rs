//! Whether a body is a JSON document, and what it is instead. Pure.

use url::Url;

use super::answer::shown;
use super::error::Error;
use super::json::trimmed;
use crate::foreign_text::ForeignText;

/// Whether a body is a page, whatever its content type says.
pub(super) fn is_page(body: &[u8]) -> bool {
    trimmed(body).starts_with(b"<")
}

/// A page's title, or how another text begins.
pub(super) fn title(body: &[u8]) -> Option<ForeignText> {
    let text = String::from_utf8_lossy(trimmed(body));
    let lower = text.to_ascii_lowercase();
    let between = || {
        let open = lower.find("<title")?;
        let begin = open + lower.get(open..)?.find('>')? + 1;
        let end = begin + lower.get(begin..)?.find("</title")?;
        Some(ForeignText::with_limit(text.get(begin..end)?.trim(), 120))
    };
    let title = between().unwrap_or_else(|| ForeignText::with_limit(&text, 200));
    (!title.as_str().is_empty()).then_some(title)
}

/// The JSON object in a body, or the list, which a key set may be, without what stands around it.
pub(super) fn document(url: &Url, body: &[u8]) -> Result<Vec<u8>, Error> {
    let body = trimmed(body);
    let what = match body.first() {
        Some(b'{' | b'[') => return Ok(body.to_vec()),
        None => "nothing",
        Some(_) => "no JSON object",
    };
    Err(Error::NoDocument {
        url: shown(url),
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_cut_out_of_a_page_and_made_harmless() {
        let found = |body: &str| title(body.as_bytes()).map(|title| title.as_str().to_owned());
        let page = "<!DOCTYPE html><html><TITLE lang=en>\n Sign in\x1b[31m to\n Wi-Fi </TITLE></html>";
        assert!(is_page(page.as_bytes()));
        assert_eq!(found(page).unwrap(), "Sign in[31m to  Wi-Fi");
        assert_eq!(found("<p>no title</p>").unwrap(), "<p>no title</p>");
        assert_eq!(found("Bad gateway").unwrap(), "Bad gateway");
        // Lower case may be of another length in bytes, but not for ASCII.
        assert_eq!(found("<title>\u{130}x</title>").unwrap(), "\u{130}x");
        assert_eq!(found("<title></title>"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_body_that_is_no_document_is_named() {
        let url = Url::parse("https://i/.well-known/openid-configuration").unwrap();
        let read = |body: &str| document(&url, body.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(read("\u{feff}{}"), Ok(b"{}".to_vec()));
        assert_eq!(read(" {}\0"), Ok(b"{}".to_vec()));
        assert_eq!(read("[{}]"), Ok(b"[{}]".to_vec()), "it may be a key set");
        for (body, what) in [
            ("", "nothing"),
            (" \n", "nothing"),
            ("\0", "nothing"),
            ("null", "no JSON object"),
        ] {
            assert!(read(body).unwrap_err().contains(what), "{body}");
        }
    }
}
