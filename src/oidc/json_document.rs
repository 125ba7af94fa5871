//! Whether a body is a JSON object, and what it is instead. Pure.

use url::Url;

use super::answer::shown;
use super::error::Error;
use crate::foreign_text::ForeignText;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn start(body: &[u8]) -> &[u8] {
    body.strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(body)
        .trim_ascii_start()
}

/// Whether a body is a page, whatever its content type says.
pub(super) fn is_page(body: &[u8]) -> bool {
    start(body).starts_with(b"<")
}

/// A page's title, or how another text begins.
pub(super) fn title(body: &[u8]) -> Option<ForeignText> {
    let text = String::from_utf8_lossy(start(body));
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

/// The JSON object in a body, without a byte order mark (RFC 8259 8.1 lets a reader ignore it).
pub(super) fn object(url: &Url, body: Vec<u8>) -> Result<Vec<u8>, Error> {
    let what = match start(&body).first() {
        Some(b'{') => {
            return Ok(match body.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) => rest.to_vec(),
                None => body,
            });
        }
        None => "nothing",
        Some(b'[') => "a JSON list",
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
    fn a_body_that_is_no_object_is_named() {
        let url = Url::parse("https://i/.well-known/openid-configuration").unwrap();
        let read = |body: &str| object(&url, body.as_bytes().to_vec()).map_err(|error| error.to_string());
        assert_eq!(read("\u{feff}{}"), Ok(b"{}".to_vec()));
        assert_eq!(read(" {}"), Ok(b" {}".to_vec()));
        for (body, what) in [
            ("", "nothing"),
            (" \n", "nothing"),
            ("[{}]", "a JSON list"),
            ("null", "no JSON object"),
        ] {
            assert!(read(body).unwrap_err().contains(what), "{body}");
        }
    }
}
