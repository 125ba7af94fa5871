//! Removes secrets that a provider repeats in its response, before any part of the response is shown or stored.
//!
//! Pure. A response is decoded first, because encoders differ in what they escape (Go escapes `&`, PHP escapes `/`, others escape
//! everything that is not ASCII). Then each text in it is searched for every encoding of the secrets.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::errors::oauth_error::is_known_code;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::LoggedHeader;
use crate::oidc::http::response::form_with_error;
use crate::oidc::json;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// Shorter secrets are not removed: they occur in any text.
const MIN_SECRET_BYTES: usize = 4;

/// Longer texts of a response are shortened. At most 300 characters are shown, and an error code is shorter.
const MAX_TEXT_BYTES: usize = 4 * 1024;
/// So much of the texts of a JSON document or a form is searched, those of the outermost object first. What a provider says of an error is
/// shorter, and one whose answers are large and almost have the secrets must not keep the processor busy.
const MAX_SEARCHED_BYTES: usize = 64 * 1024;
/// A longer body that is neither JSON nor a form is shortened. The title of a page may follow a long style sheet.
const MAX_POST_RESPONSE_BYTES: usize = 256 * 1024;

/// So many characters from the start of a secret are removed even if its rest does not follow: a provider may repeat a part of it. What else
/// begins with the same ones, such as another token with the same header, may go with it.
const TELLING_PREFIX_CHARS: usize = 16;

/// The number of matching characters that count as the beginning of a secret whose rest was cut off: at the end of a text, or if only the last
/// character is missing.
const MIN_CUT_OFF_CHARS: usize = 8;

/// The headers that error messages quote.
const SHOWN_HEADERS: [&str; 5] = [
    "content-encoding",
    "content-type",
    "location",
    "www-authenticate",
    "x-okta-request-id",
];

/// The headers whose values are in the log. The others may have cookies, credentials, codes or tokens.
const LOGGED_HEADERS: [&str; 20] = [
    "accept",
    "age",
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expires",
    "retry-after",
    "server",
    "transfer-encoding",
    "user-agent",
    "via",
    "x-cache",
    "x-okta-request-id",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-request-id",
];
/// The most headers of a message that are in the log.
const MAX_LOGGED_HEADERS: usize = 64;

/// Returns headers for the log: the names, and those values that are known to be no secret. Secrets that a provider repeats in a name or a
/// value are removed.
pub(in crate::oidc) fn logged_headers(headers: &HeaderMap, secrets: &[&str]) -> Vec<LoggedHeader> {
    let own = secrets;
    let secrets = EncodedSecrets::new(secrets);
    let logged = headers.iter().take(MAX_LOGGED_HEADERS).map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let is_known = LOGGED_HEADERS.contains(&name.as_str());
        let value = is_known.then(|| UntrustedText::with_limit(&secrets.redact(&value, MAX_TEXT_BYTES), 120));
        // A name arrives in lower case.
        let repeats = own.iter().any(|secret| has_text(name.as_str(), secret));
        let name = if repeats { "…" } else { name.as_str() };
        (name.to_owned(), value)
    });
    logged.collect()
}

/// Whether a text has another one in it, in upper or lower case.
fn has_text(text: &str, part: &str) -> bool {
    let mut windows = text.as_bytes().windows(part.len().max(1));
    windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// The longest HTML character reference that is decoded, including `&` and `;`.
const MAX_REFERENCE_BYTES: usize = 12;

/// Returns the body with each secret replaced by an ellipsis, and with long texts shortened.
pub(in crate::oidc) fn redact_body(body: &[u8], secrets: &[&str]) -> Vec<u8> {
    let secrets = EncodedSecrets::new(secrets);
    if secrets.0.is_empty() {
        return body.to_vec();
    }
    if let Some(mut value) = json::value(body) {
        redact_value(&mut value, &mut Searched::new(&secrets));
        return value.to_string().into_bytes();
    }
    if let Some(pairs) = form_with_error(body) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let mut searched = Searched::new(&secrets);
        for (name, text) in pairs {
            form.append_pair(&name, &searched.redact(&text));
        }
        return form.finish().into_bytes();
    }
    secrets
        .redact(&String::from_utf8_lossy(body), MAX_POST_RESPONSE_BYTES)
        .into_bytes()
}

/// Returns the headers with the secrets removed from those that are shown.
pub(in crate::oidc) fn redact_headers(headers: &HeaderMap, secrets: &[&str]) -> HeaderMap {
    let secrets = EncodedSecrets::new(secrets);
    let mut filtered = headers.clone();
    for (name, value) in &mut filtered {
        if !SHOWN_HEADERS.contains(&name.as_str()) {
            continue;
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        let redacted = secrets.redact(&text, MAX_TEXT_BYTES);
        // A header value must be ASCII.
        if let (true, Ok(redacted)) = (
            redacted != text,
            HeaderValue::from_str(&redacted.replace('…', "...")),
        ) {
            *value = redacted;
        }
    }
    filtered
}

/// Returns the text without the secrets. A secret may be cut off at the end of the text.
pub(in crate::oidc) fn redact_text(text: &UntrustedText, secrets: &[&str]) -> UntrustedText {
    UntrustedText::new(&EncodedSecrets::new(secrets).redact(text.as_str(), MAX_TEXT_BYTES))
}

/// Returns a URL for messages, without the secrets that the provider may have put into it. What begins as the issuer does, or at its server, was
/// not chosen by the provider and stays as it is.
pub(in crate::oidc) fn redact_url(url: &Url, issuer: &Url, secrets: &[&str]) -> Url {
    let text = url.as_str();
    let scheme = format!("{}://", url.scheme());
    let known = [
        issuer.as_str().trim_end_matches('/'),
        &issuer.origin().ascii_serialization(),
    ];
    let rest = known
        .iter()
        .filter_map(|known| text.strip_prefix(known))
        .find(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        .or_else(|| text.strip_prefix(&scheme))
        .unwrap_or(text);
    let redacted = EncodedSecrets::new(secrets).redact(rest, MAX_TEXT_BYTES);
    if redacted == rest {
        return url.clone();
    }
    let known = text.strip_suffix(rest).unwrap_or_default();
    Url::parse(&format!("{known}{}", redacted.replace('…', "..."))).unwrap_or_else(|_| {
        let mut unknown = issuer.clone();
        unknown.set_path("...");
        unknown
    })
}

/// Returns the secrets in a request header: its value, and if the value names an authentication scheme (RFC 9110 11.4), also the
/// credentials after the scheme, and the password of `Basic`.
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

fn redact_value(value: &mut Value, searched: &mut Searched<'_>) {
    match value {
        Value::String(text) => *text = searched.redact(text),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| redact_value(entry, searched)),
        Value::Object(members) => {
            let (texts, others): (Vec<_>, Vec<_>) =
                members.values_mut().partition(|member| member.is_string());
            let members = texts.into_iter().chain(others);
            members.for_each(|member| redact_value(member, searched));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

/// The texts of one response.
struct Searched<'s> {
    secrets: &'s EncodedSecrets,
    left_bytes: usize,
}

impl<'s> Searched<'s> {
    fn new(secrets: &'s EncodedSecrets) -> Self {
        Self {
            secrets,
            left_bytes: MAX_SEARCHED_BYTES,
        }
    }

    /// Of what is not searched nothing is left.
    fn redact(&mut self, text: &str) -> String {
        if text.len() > self.left_bytes && self.left_bytes < MAX_TEXT_BYTES {
            self.left_bytes = 0;
            return "…".to_owned();
        }
        self.left_bytes = self.left_bytes.saturating_sub(text.len().min(MAX_TEXT_BYTES));
        self.secrets.redact(text, MAX_TEXT_BYTES)
    }
}

/// The secrets in the forms in which a response may repeat them: plain and in base64. Each form may also be escaped.
struct EncodedSecrets(Vec<Secret>);

impl EncodedSecrets {
    fn new(secrets: &[&str]) -> Self {
        let long_enough = secrets.iter().filter(|secret| secret.len() >= MIN_SECRET_BYTES);
        let forms = long_enough.flat_map(|secret| {
            [
                Secret::new(*secret),
                Secret::new(BASE64.encode(secret.as_bytes())),
                Secret::new(BASE64URL_NOPAD.encode(secret.as_bytes())),
            ]
        });
        Self(forms.collect())
    }

    /// Replaces the secrets in a text, also if some of their characters are escaped as in a URL, a form, JSON or HTML. Shortens the text to
    /// about `limit` bytes.
    fn redact(&self, text: &str, limit: usize) -> String {
        // An error code is never redacted, because it determines what the error means. A configured header may contain the same word.
        if is_known_code(text) {
            return text.to_owned();
        }
        let mut redacted = String::with_capacity(text.len().min(limit));
        let mut rest = text;
        while let Some(first) = rest.chars().next().filter(|_| redacted.len() < limit) {
            let after = self
                .0
                .iter()
                .filter_map(|secret| strip_secret(rest, secret.expose()));
            if let Some(after) = after.min_by_key(|after| after.len()) {
                redacted.push('…');
                rest = after;
            } else {
                redacted.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        redacted
    }
}

/// Removes a secret, or a recognizable part of it, from the start of a text. Returns `None` if the text does not start with it.
fn strip_secret<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    let mut rest = text;
    let mut characters = secret.chars().enumerate().peekable();
    while let Some((compared, wanted)) = characters.next() {
        let is_last = characters.peek().is_none();
        match strip_character(rest, wanted) {
            Some(after) => rest = after,
            None if compared >= MIN_CUT_OFF_CHARS && ["", "…", "..."].contains(&rest) => return Some(""),
            None if compared >= TELLING_PREFIX_CHARS || (compared >= MIN_CUT_OFF_CHARS && is_last) => break,
            None => return None,
        }
    }
    Some(rest)
}

/// Removes a character, in any encoding, from the start of a text.
fn strip_character(text: &str, wanted: char) -> Option<&str> {
    match text.as_bytes().first()? {
        b'%' => strip_percent_encoded(text, wanted),
        b'\\' => strip_json_escaped(text, wanted),
        b'&' => strip_html_reference(text, wanted),
        b'+' if wanted == ' ' => text.strip_prefix('+'),
        _ => None,
    }
    .or_else(|| text.strip_prefix(wanted))
}

/// Removes a percent-encoded character (RFC 3986 2.1). The hexadecimal digits may have either case.
fn strip_percent_encoded(text: &str, wanted: char) -> Option<&str> {
    let mut buffer = [0; 4];
    wanted
        .encode_utf8(&mut buffer)
        .bytes()
        .try_fold(text, |text, byte| {
            let text = text.strip_prefix('%')?;
            is_hex_of(text.get(..2)?, u32::from(byte)).then(|| text.get(2..))?
        })
}

/// Removes a character that is escaped as in JSON (RFC 8259 7).
fn strip_json_escaped(text: &str, wanted: char) -> Option<&str> {
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
                is_hex_of(text.get(..4)?, u32::from(*unit)).then(|| text.get(4..))?
            })
    })
}

/// Removes a character that is written as an HTML character reference, by name or number.
fn strip_html_reference(text: &str, wanted: char) -> Option<&str> {
    let end = text
        .bytes()
        .take(MAX_REFERENCE_BYTES)
        .position(|byte| byte == b';')?;
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

fn is_hex_of(digits: &str, wanted: u32) -> bool {
    u32::from_str_radix(digits, 16) == Ok(wanted)
}

/// Restores the error code. Redaction can damage it (a header secret `internal`), and it decides whether the session stays. It is a fixed
/// word and no secret.
pub(super) fn with_fault_code(redacted: Error, unredacted: Error) -> Error {
    match (redacted, unredacted) {
        (Error::Token(TokenError::Refused(redacted)), Error::Token(TokenError::Refused(unredacted)))
            if unredacted.is_server_fault() || unredacted.is_from_gateway() =>
        {
            TokenError::Refused(OAuthError {
                error: unredacted.error,
                ..redacted
            })
            .into()
        }
        (redacted, _) => redacted,
    }
}

#[cfg(test)]
mod tests;
