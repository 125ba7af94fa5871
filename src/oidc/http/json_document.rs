//! Whether a body is a JSON document, and what it is instead. Pure.

use url::Url;

use crate::oidc::errors::Error;
use crate::oidc::http::response::shown;
use crate::oidc::json::trimmed;
use crate::untrusted_text::UntrustedText;

/// Whether a body is a page, whatever its content type says.
pub(in crate::oidc) fn is_page(body: &[u8]) -> bool {
    trimmed(body).starts_with(b"<")
}

/// A page's title as a browser shows it, or how another text begins.
pub(in crate::oidc) fn title(body: &[u8]) -> Option<UntrustedText> {
    let text = String::from_utf8_lossy(trimmed(body));
    let title = title_element(&text).map_or_else(
        || UntrustedText::with_limit(&text, 200),
        |title| {
            // Decoded first: a character reference can stand for what is to be taken out.
            let decoded = html_escape::decode_html_entities(title);
            let words: Vec<&str> = decoded.split_whitespace().collect();
            UntrustedText::with_limit(&words.join(" "), 120)
        },
    );
    (!title.as_str().is_empty()).then_some(title)
}

/// What is in the first title element that is not in a comment.
fn title_element(text: &str) -> Option<&str> {
    // Of the same length: only ASCII changes.
    let lower = text.to_ascii_lowercase();
    let mut at = 0;
    loop {
        at += lower.get(at..)?.find('<')?;
        let rest = lower.get(at..)?;
        if rest.starts_with("<!--") {
            at += rest.find("-->")?;
        } else if let Some(attributes) = rest.strip_prefix("<title")
            && attributes.starts_with(|c: char| c.is_ascii_whitespace() || "/>".contains(c))
        {
            let begin = at + "<title".len() + end_of_tag(attributes)?;
            let end = begin + lower.get(begin..)?.find("</title")?;
            return text.get(begin..end);
        } else {
            at += 1;
        }
    }
}

/// Where a tag has ended: a value in quotes may have a `>` in it.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in attributes.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '>' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The JSON object in a body, or the list, which a key set may be, without what stands around it.
pub(in crate::oidc) fn document(url: &Url, body: &[u8]) -> Result<Vec<u8>, Error> {
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
        assert_eq!(found(page).unwrap(), "Sign in[31m to Wi-Fi");
        assert_eq!(found("<p>no title</p>").unwrap(), "<p>no title</p>");
        assert_eq!(found("Bad gateway").unwrap(), "Bad gateway");
        // Lower case may be of another length in bytes, but not for ASCII.
        assert_eq!(found("<title>\u{130}x</title>").unwrap(), "\u{130}x");
        assert_eq!(found("<title></title>"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_title_reads_as_a_browser_shows_it() {
        let found = |body: &str| title(body.as_bytes()).map(|title| title.as_str().to_owned());
        for (page, shown) in [
            (
                "<title>Sign in &amp; go &#39;on&#x27; &eacute;</title>",
                "Sign in & go 'on' é",
            ),
            (
                "<title lang=\"de\">\r\n\tAnmelden\n\t\tbei  uns\r\n</title>",
                "Anmelden bei uns",
            ),
            ("<TITLE\nDATA-A=\"a>b\">X</TITLE>", "X"),
            ("<title data-a='\">'>X</title >", "X"),
            ("<titles>no</titles><title>X</title>", "X"),
            ("<html><!-- <title>old</title> --><title>new</title>", "new"),
            // Once: a page about entities shows one.
            ("<title>&amp;lt;</title>", "&lt;"),
            (
                "<title>AT&T & us &nosuch; &#1114112;</title>",
                "AT&T & us &nosuch; &#1114112;",
            ),
            // What is harmful only after decoding; a reference to a control character stays one.
            (
                "<title>a&#27;[31mb&#x202e;c&#8203;&#xa;d&nbsp;e</title>",
                "a&#27;[31mbc d e",
            ),
            ("<title>&#32;&#10;</title>", "<none>"),
            // Of another page, nothing is decoded.
            ("<p>a &amp; b", "<p>a &amp; b"),
        ] {
            assert_eq!(found(page).as_deref().unwrap_or("<none>"), shown, "{page}");
        }
        let long = format!("<title>{}</title>", "&amp;".repeat(121));
        assert_eq!(found(&long).unwrap(), format!("{}…", "&".repeat(120)));
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
