//! Finds the JSON document in a body, or describes what the body is instead. Pure.

use url::Url;

use crate::oidc::errors::documents::DocumentError;
use crate::oidc::http::response::shown;
use crate::oidc::json::trimmed;
use crate::untrusted_text::UntrustedText;

/// Whether a body looks like HTML, regardless of its content type.
pub(in crate::oidc) fn is_html(body: &[u8]) -> bool {
    trimmed(body).starts_with(b"<")
}

/// Returns a summary of a body for a message: the title of an HTML page as a browser shows it, or the beginning of any other text.
pub(in crate::oidc) fn summary(body: &[u8]) -> Option<UntrustedText> {
    let text = String::from_utf8_lossy(trimmed(body));
    let summary = title_element(&text).map_or_else(
        || UntrustedText::with_limit(&text, 200),
        |title| {
            // Decoded before `UntrustedText` removes harmful characters, because a character reference can stand for one.
            let decoded = decode_references(title);
            let words: Vec<&str> = decoded.split_whitespace().collect();
            UntrustedText::with_limit(&words.join(" "), 120)
        },
    );
    (!summary.as_str().is_empty()).then_some(summary)
}

/// Returns the content of the first title element that is not in a comment.
fn title_element(text: &str) -> Option<&str> {
    // Only ASCII letters change, so the positions are the same.
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

/// Decodes the character references that pages of UTF-8 need: the numbers, and the names that XML 1.0 (section 4.6) has too.
///
/// Others stay as they are. A table of all 2,125 names of HTML would be relocated at each start of the program: 17 pages of memory that
/// only the title of a foreign page ever needs.
fn decode_references(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let reference = piece
            .split_once(';')
            .and_then(|(name, rest)| Some((referenced(name)?, rest)));
        if let Some((character, rest)) = reference {
            decoded.push(character);
            decoded.push_str(rest);
        } else {
            decoded.push('&');
            decoded.push_str(piece);
        }
    }
    decoded
}

fn referenced(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = match hexadecimal {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?).filter(|c| !c.is_control() || c.is_whitespace())
        }
    }
}

/// Returns the position after the end of a tag. A quoted attribute value may contain a `>`.
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

/// Returns the JSON object in a body, or the JSON list, which a key set may be, without white space and other padding around it.
pub(in crate::oidc) fn document_text(url: &Url, body: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let body = trimmed(body);
    let what = match body.first() {
        Some(b'{' | b'[') => return Ok(body.to_vec()),
        None => "nothing",
        Some(_) => "no JSON object",
    };
    Err(DocumentError::NotObject {
        url: shown(url),
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_of_a_page_is_found_and_made_harmless() {
        let found = |body: &str| summary(body.as_bytes()).map(|title| title.as_str().to_owned());
        let page = "<!DOCTYPE html><html><TITLE lang=en>\n Sign in\x1b[31m to\n Wi-Fi </TITLE></html>";
        assert!(is_html(page.as_bytes()));
        assert_eq!(found(page).unwrap(), "Sign in[31m to Wi-Fi");
        assert_eq!(found("<p>no title</p>").unwrap(), "<p>no title</p>");
        assert_eq!(found("Bad gateway").unwrap(), "Bad gateway");
        // The lower case of a character that is not ASCII may have another length.
        assert_eq!(found("<title>\u{130}x</title>").unwrap(), "\u{130}x");
        assert_eq!(found("<title></title>"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_title_is_decoded_like_in_a_browser() {
        let found = |body: &str| summary(body.as_bytes()).map(|title| title.as_str().to_owned());
        for (page, shown) in [
            (
                "<title>Sign in &amp; go &#39;on&#x27; &#233;</title>",
                "Sign in & go 'on' é",
            ),
            (
                "<title lang=\"de\">\r\n\tAnmelden\n\t\tbei  uns\r\n</title>",
                "Anmelden bei uns",
            ),
            ("<TITLE\nDATA-A=\"a>b\">X</TITLE>", "X"),
            (
                "<title>&lt;&quot;&apos;&gt;&nbsp;R&D &amp;amp; &eacute; &#x110000; &;</title>",
                "<\"'> R&D &amp; &eacute; &#x110000; &;",
            ),
            ("<title data-a='\">'>X</title >", "X"),
            ("<titles>no</titles><title>X</title>", "X"),
            ("<html><!-- <title>old</title> --><title>new</title>", "new"),
            // Decoded once.
            ("<title>&amp;lt;</title>", "&lt;"),
            (
                "<title>AT&T & us &nosuch; &#1114112;</title>",
                "AT&T & us &nosuch; &#1114112;",
            ),
            // Characters that are harmful only after decoding. A reference to a control character is not decoded.
            (
                "<title>a&#27;[31mb&#x202e;c&#8203;&#xa;d&nbsp;e</title>",
                "a&#27;[31mbc d e",
            ),
            ("<title>&#32;&#10;</title>", "<none>"),
            // A page without a title is not decoded.
            ("<p>a &amp; b", "<p>a &amp; b"),
        ] {
            assert_eq!(found(page).as_deref().unwrap_or("<none>"), shown, "{page}");
        }
        let long = format!("<title>{}</title>", "&amp;".repeat(121));
        assert_eq!(found(&long).unwrap(), format!("{}…", "&".repeat(120)));
    }

    #[test]
    fn a_body_that_is_no_document_is_described() {
        let url = Url::parse("https://i/.well-known/openid-configuration").unwrap();
        let read = |body: &str| document_text(&url, body.as_bytes()).map_err(|error| error.to_string());
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
