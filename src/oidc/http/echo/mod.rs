//! What a provider sends back of what was sent to it: secrets are cut out of an answer before anything of it is shown or kept.
//!
//! Pure. An answer is decoded first, since encoders differ in what they escape (`&` in Go, `/` in PHP, everything beyond ASCII
//! elsewhere), and each text of it is searched for the secret in every spelling.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::oidc::errors::oauth_error::is_known_code;
use crate::oidc::http::response::form_with_error;
use crate::oidc::json;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// Shorter ones are found in any text, and are no secrets.
const MIN_SECRET_LEN: usize = 4;

/// Of a text within an answer no more is kept, in bytes: 300 characters at most are shown, and a code has fewer.
const MAX_TEXT: usize = 4 * 1024;
/// Of a body that is no JSON and no form; the title of a page may follow a long style sheet.
const MAX_BODY: usize = 256 * 1024;

/// So many characters of a secret in a row are cut out wherever its rest is. What is compared at each place of a text is bounded by it,
/// however long a secret the provider has issued.
const TELLING_PREFIX: usize = 64;

/// So many characters before the end of a text, where the rest may be cut off, are taken for a secret.
const TELLING_END: usize = 8;

/// What an error of ours shows of an answer's headers.
const SHOWN_HEADERS: [&str; 4] = [
    "content-encoding",
    "content-type",
    "location",
    "x-okta-request-id",
];

/// Longest character reference that is read, in bytes, with its ampersand and semicolon.
const MAX_REFERENCE: usize = 12;

/// The same body with an ellipsis in the place of each secret, and long texts in it cut.
pub(in crate::oidc) fn without(body: &[u8], secrets: &[&str]) -> Vec<u8> {
    let spellings = Spellings::of(secrets);
    if spellings.0.is_empty() {
        return body.to_vec();
    }
    if let Some(mut value) = json::value(body) {
        cut_out_of(&mut value, &spellings);
        return value.to_string().into_bytes();
    }
    if let Some(pairs) = form_with_error(body) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, text) in pairs {
            form.append_pair(&name, &spellings.cut_out(&text, MAX_TEXT));
        }
        return form.finish().into_bytes();
    }
    spellings
        .cut_out(&String::from_utf8_lossy(body), MAX_BODY)
        .into_bytes()
}

/// The same headers without the secrets in those that are shown.
pub(in crate::oidc) fn headers_without(headers: &HeaderMap, secrets: &[&str]) -> HeaderMap {
    let spellings = Spellings::of(secrets);
    let mut filtered = headers.clone();
    for (name, value) in &mut filtered {
        if !SHOWN_HEADERS.contains(&name.as_str()) {
            continue;
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        let kept = spellings.cut_out(&text, MAX_TEXT);
        // A header is ASCII.
        if let (true, Ok(kept)) = (kept != text, HeaderValue::from_str(&kept.replace('…', "..."))) {
            *value = kept;
        }
    }
    filtered
}

/// The same text without the secrets, one of which may be cut off at its end.
pub(in crate::oidc) fn text_without(text: &UntrustedText, secrets: &[&str]) -> UntrustedText {
    UntrustedText::new(&Spellings::of(secrets).cut_out(text.as_str(), MAX_TEXT))
}

/// The secrets in a header that is sent: its value and, where that names a scheme (RFC 9110 11.4), what follows the scheme; of
/// `Basic` the password too.
pub(in crate::oidc) fn secrets_of_header(value: &str) -> Vec<Secret> {
    let mut secrets = vec![Secret::new(value)];
    let Some((scheme, credentials)) = value.trim().split_once(' ') else {
        return secrets;
    };
    let is_scheme = |known: &&str| scheme.eq_ignore_ascii_case(known);
    if ["bearer", "basic", "token", "dpop", "apikey"]
        .iter()
        .any(is_scheme)
    {
        secrets.push(Secret::new(credentials.trim()));
    }
    if is_scheme(&"basic") {
        let decoded = BASE64.decode(credentials.trim().as_bytes()).unwrap_or_default();
        let decoded = Secret::new(String::from_utf8(decoded).unwrap_or_default());
        let password = decoded.expose().split_once(':').map(|(_, password)| password);
        secrets.extend(password.map(Secret::new));
    }
    secrets
}

fn cut_out_of(value: &mut Value, secrets: &Spellings) {
    match value {
        Value::String(text) => *text = secrets.cut_out(text, MAX_TEXT),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| cut_out_of(entry, secrets)),
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(_, member)| cut_out_of(member, secrets)),
        _ => (),
    }
}

/// Secrets as they may come back: plain and in base64, each of which may be escaped besides.
struct Spellings(Vec<Secret>);

impl Spellings {
    fn of(secrets: &[&str]) -> Self {
        let long_enough = secrets.iter().filter(|secret| secret.len() >= MIN_SECRET_LEN);
        let spelled = long_enough.flat_map(|secret| {
            [
                Secret::new(*secret),
                Secret::new(BASE64.encode(secret.as_bytes())),
                Secret::new(BASE64URL_NOPAD.encode(secret.as_bytes())),
            ]
        });
        Self(spelled.collect())
    }

    /// Cuts out what is escaped within the text too: as in a URL or a form, in JSON or in HTML, each character in its own way.
    /// The text ends after `limit` bytes, but for a secret that begins before.
    fn cut_out(&self, text: &str, limit: usize) -> String {
        // What an error means is decided by its code, and a header may have any word of one.
        if is_known_code(text) {
            return text.to_owned();
        }
        let mut kept = String::with_capacity(text.len().min(limit));
        let mut rest = text;
        while let Some(first) = rest.chars().next().filter(|_| kept.len() < limit) {
            let after = self
                .0
                .iter()
                .filter_map(|secret| after_spelling(rest, secret.expose()));
            if let Some(after) = after.min_by_key(|after| after.len()) {
                kept.push('…');
                rest = after;
            } else {
                kept.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        kept
    }
}

/// What follows the secret, or a telling part of it, if the text begins with that.
fn after_spelling<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    let mut rest = text;
    for (compared, wanted) in secret.chars().enumerate() {
        match after_character(rest, wanted) {
            Some(after) => rest = after,
            None if compared >= TELLING_PREFIX => break,
            None if compared >= TELLING_END && ["", "…"].contains(&rest) => return Some(""),
            None => return None,
        }
    }
    Some(rest)
}

fn after_character(text: &str, wanted: char) -> Option<&str> {
    match text.as_bytes().first()? {
        b'%' => after_percent(text, wanted),
        b'\\' => after_backslash(text, wanted),
        b'&' => after_reference(text, wanted),
        b'+' if wanted == ' ' => text.strip_prefix('+'),
        _ => None,
    }
    .or_else(|| text.strip_prefix(wanted))
}

/// RFC 3986 2.1: hexadecimal digits in either case.
fn after_percent(text: &str, wanted: char) -> Option<&str> {
    let mut buffer = [0; 4];
    wanted
        .encode_utf8(&mut buffer)
        .bytes()
        .try_fold(text, |text, byte| {
            let text = text.strip_prefix('%')?;
            is_hexadecimal(text.get(..2)?, u32::from(byte)).then(|| text.get(2..))?
        })
}

/// RFC 8259 7.
fn after_backslash(text: &str, wanted: char) -> Option<&str> {
    let escaped = text.strip_prefix('\\')?;
    let letter = match wanted {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        other => other,
    };
    escaped.strip_prefix(letter).or_else(|| {
        let mut units = [0; 2];
        wanted
            .encode_utf16(&mut units)
            .iter()
            .try_fold(text, |text, unit| {
                let text = text.strip_prefix("\\u")?;
                is_hexadecimal(text.get(..4)?, u32::from(*unit)).then(|| text.get(4..))?
            })
    })
}

/// A character reference of HTML, by name or number.
fn after_reference(text: &str, wanted: char) -> Option<&str> {
    let end = text.bytes().take(MAX_REFERENCE).position(|byte| byte == b';')?;
    let reference = text.get(1..end)?;
    let after = text.get(end + 1..)?;
    let named = match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    };
    let numbered = || {
        let number = reference.strip_prefix('#')?;
        let number = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        char::from_u32(number)
    };
    (named.or_else(numbered) == Some(wanted)).then_some(after)
}

fn is_hexadecimal(digits: &str, wanted: u32) -> bool {
    u32::from_str_radix(digits, 16) == Ok(wanted)
}

#[cfg(test)]
mod tests;
