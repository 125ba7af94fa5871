//! Parses what a person pastes: the address at which the browser ended, in any form, or only the authorization code. Pure.
//!
//! An address must contain our `state` (rule G4). An address that was broken into several lines is joined again.

use std::time::{Duration, Instant};

use crate::oidc::errors::Error;
use crate::oidc::errors::login::LoginError;
use crate::oidc::errors::paste::PasteRefusal;
use crate::oidc::errors::token::TokenError;
use crate::oidc::loopback::authorization_response::{
    AuthorizationResult, CallbackExpectation, Parameters, constant_time_eq,
};
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::secret::Secret;

/// The lines of one paste arrive within this time of each other. A person needs longer to paste again.
const MAX_LINE_GAP: Duration = Duration::from_secs(2);

/// Reads pasted lines. It keeps lines that are not valid yet, because the rest of the paste may follow.
#[derive(Debug, Default)]
pub(in crate::oidc) struct PasteReader {
    incomplete: Option<(Secret, Instant)>,
}

/// What a person pasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum PasteKind {
    Code,
    Address,
}

impl PasteKind {
    pub(in crate::oidc) fn of(line: &str) -> Self {
        let line = clean(line);
        if has_parameters(&line) || is_address(&line) {
            Self::Address
        } else {
            Self::Code
        }
    }

    /// Returns the error for a pasted code that the provider refused.
    ///
    /// A code without an address has no `state`, so the pasted text may not be this login's code at all. With an address the `state` was
    /// verified, so the code is the right one unless it was damaged when it was copied.
    pub(in crate::oidc) fn explain_error(self, error: Error) -> Error {
        match error {
            Error::Token(TokenError::Refused(refusal)) if refusal.is_invalid_grant() => match self {
                Self::Code => TokenError::PastedCodeRefused(refusal).into(),
                Self::Address => TokenError::PastedAddressRefused(refusal).into(),
            },
            error => error,
        }
    }
}

impl PasteReader {
    /// Reads one more line.
    ///
    /// A line that is a complete response is used without the lines before it. A line that starts with an address is not joined to them.
    pub(in crate::oidc) fn read_line(
        &mut self,
        line: &str,
        expected: &CallbackExpectation,
        now: Instant,
    ) -> AuthorizationResult {
        let incomplete = self.incomplete.take();
        let before = incomplete.filter(|(_, at)| now.duration_since(*at) < MAX_LINE_GAP);
        let is_one_word = is_one_word(line);
        let line = clean(line);
        let from_line = parse_paste(&line, is_one_word, expected);
        let is_address_part = has_parameters(&line) || is_address(&line);
        if is_address_part && refusal(&from_line).is_none() {
            return from_line;
        }
        let before = before.filter(|_| !starts_with_address(&line));
        let joined = before.map(|(before, _)| format!("{}{line}", before.expose()));
        let from_joined = joined
            .as_deref()
            .map(|joined| parse_paste(joined, true, expected));
        let response = match from_joined {
            // A line that continues the previous one is not a code.
            Some(response) if !is_address_part || refusal(&response).is_none() => response,
            _ => from_line,
        };
        let may_continue = joined.is_some() || is_address_part;
        if may_continue && refusal(&response).is_some_and(|refusal| refusal != PasteRefusal::Empty) {
            self.incomplete = Some((Secret::new(joined.unwrap_or(line)), now));
        }
        response
    }
}

/// Returns why the text is not accepted, if it is not.
fn refusal(response: &AuthorizationResult) -> Option<PasteRefusal> {
    response.as_ref().err().and_then(Error::paste_refusal)
}

/// Parses a cleaned text. `is_one_word` says whether it had no inner spaces before it was cleaned.
fn parse_paste(text: &str, is_one_word: bool, expected: &CallbackExpectation) -> AuthorizationResult {
    let refused = |refusal| Err(LoginError::PasteRefused(refusal).into());
    if text.is_empty() {
        return refused(PasteRefusal::Empty);
    }
    let pairs = parameters(text);
    let Ok(parameters) = Parameters::read(&pairs) else {
        return refused(PasteRefusal::RepeatedParameter);
    };
    let is_response = parameters.code.is_some() || parameters.error.is_some();
    match parameters.state {
        Some(state) if !constant_time_eq(state, expected.state.expose()) => {
            refused(PasteRefusal::OtherSignIn)
        }
        Some(_) if !is_response && pairs.iter().any(|(name, _)| name == "response_type") => {
            refused(PasteRefusal::RequestAddress)
        }
        Some(_) if !is_response => refused(PasteRefusal::NoCode),
        Some(_) if expected.defence == MixUpDefence::DistinctRedirectUri && path(text) != expected.path => {
            refused(PasteRefusal::OtherRedirect)
        }
        Some(_) => parameters.response(expected).map_err(Error::from),
        None if is_response => refused(PasteRefusal::NoState),
        None if is_address(text) => refused(PasteRefusal::AddressWithoutCode),
        None if !is_one_word => refused(PasteRefusal::Spaces),
        None if expected.defence.requires_address() => refused(PasteRefusal::CodeAlone),
        None => parse_code(text).map_or_else(|| refused(PasteRefusal::Characters), Ok),
    }
}

/// Returns the path of an address, starting at the first slash after the host.
fn path(text: &str) -> &str {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let start = after_scheme.find('/').unwrap_or(after_scheme.len());
    &after_scheme[start..]
}

/// Parses a code without an address. It must have only visible characters (RFC 6749 A.11). The syntax also allows spaces, but no provider
/// uses them.
fn parse_code(text: &str) -> Option<Secret> {
    let code = decode_code(text);
    code.chars()
        .all(|c| c.is_ascii_graphic())
        .then(|| Secret::new(code))
}

/// Whether the text has no spaces except at its start and end.
fn is_one_word(text: &str) -> bool {
    let text = without_paste_markers(text);
    text.split_whitespace().count() <= 1
}

fn without_paste_markers(text: &str) -> String {
    text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "")
}

/// Removes what is often copied together with an address: white space, quotes, the markers of a bracketed paste, and HTML escapes.
fn clean(text: &str) -> String {
    let text: String = without_paste_markers(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    let quotes = [
        '"', '\'', '`', '<', '>', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}',
    ];
    text.trim_matches(quotes).replace("&amp;", "&")
}

/// Returns the parameters of an address: those of its query, or those of its fragment if the query has no response parameter.
fn parameters(text: &str) -> Vec<(String, String)> {
    let read = |part: &str| -> Vec<(String, String)> {
        form_urlencoded::parse(part.as_bytes()).into_owned().collect()
    };
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let query = before.split_once('?').map_or(before, |(_, query)| query);
    let found = read(query);
    if found.iter().any(|(name, _)| is_response_parameter(name)) {
        found
    } else {
        read(fragment)
    }
}

fn is_response_parameter(name: &str) -> bool {
    matches!(name, "code" | "state" | "error")
}

fn has_parameters(text: &str) -> bool {
    parameters(text)
        .iter()
        .any(|(name, _)| is_response_parameter(name))
}

fn is_address(text: &str) -> bool {
    let loopback_starts = ["localhost", "127.0.0.1", "[::1]", "/"];
    text.contains("://") || text.contains('?') || loopback_starts.iter().any(|start| text.starts_with(start))
}

/// Whether the text starts with a scheme or a loopback host. Such a text does not continue an address of the line before.
fn starts_with_address(text: &str) -> bool {
    let has_scheme = text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let loopback_starts = ["localhost", "127.0.0.1", "[::1]"];
    has_scheme || loopback_starts.iter().any(|start| text.starts_with(start))
}

/// Decodes a code that was copied from an address, where it is percent-encoded (RFC 3986 2.1).
fn decode_code(code: &str) -> String {
    let pair = format!("c={}", code.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .filter(|_| !code.contains('&'))
        .map_or_else(|| code.to_owned(), |(_, code)| code.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> CallbackExpectation {
        CallbackExpectation {
            authority: String::new(),
            path: String::new(),
            state: Secret::new("right"),
            issuer: "https://i".into(),
            iss_required: false,
            defence: MixUpDefence::NotNeeded,
        }
    }

    fn shown(response: AuthorizationResult) -> String {
        match response {
            Ok(code) => format!("code {}", code.expose()),
            Err(error) => error.to_string(),
        }
    }

    fn read(text: &str) -> String {
        shown(PasteReader::default().read_line(text, &expected(), Instant::now()))
    }

    #[test]
    fn an_address_is_taken_in_any_form() {
        for text in [
            "http://localhost:8000/?code=c%2F1&state=right",
            "http://localhost:8000/?code=c%2F1&state=right#x",
            "http://localhost:8000/#code=c%2F1&state=right",
            "http://localhost:8000/?x=y#code=c%2F1&state=right",
            "  \"http://localhost:8000/?code=c%2F1&state=right\"  ",
            "'localhost:8000/?state=right&code=c%2F1'",
            "<http://localhost:8000/?code=c%2F1&state=right>",
            "\u{1b}[200~http://localhost:8000/?code=c%2F1&state=right\u{1b}[201~",
            "http://localhost:8000/?code=c%2F1&amp;state=right",
            "http://localhost:8000/?code=c %2F1&sta te=right",
            "/?code=c%2F1&state=right",
            "?code=c%2F1&state=right",
            "code=c%2F1&state=right",
            "#code=c%2F1&state=right",
        ] {
            assert_eq!(read(text), "code c/1", "{text}");
        }
    }

    #[test]
    fn a_code_alone_is_taken_as_it_is_or_decoded() {
        assert_eq!(read("4/abc_x"), "code 4/abc_x");
        assert_eq!(read("4%2Fabc_x"), "code 4/abc_x");
        assert_eq!(read(" abc+d== \r"), "code abc+d==");
    }

    #[test]
    fn a_text_that_is_no_response_to_this_login_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "empty"),
            (" \t", "empty"),
            ("http://localhost:8000/?code=c&state=wrong", "another sign-in"),
            ("http://localhost:8000/?code=c", "`state` is missing"),
            ("http://localhost:8000/?state=right", "no code"),
            (
                "https://i/authorize?response_type=code&state=right",
                "address to open in a browser",
            ),
            ("http://localhost:8000/", "address without a code"),
            ("localhost:8000", "address without a code"),
            ("https://i/authorize?client_id=x", "address without a code"),
            ("http://x/?code=c&code=d&state=right", "twice"),
            ("http://x/?error=access_denied&state=right", "access_denied"),
        ] {
            assert!(read(text).contains(why), "{text}: {}", read(text));
        }
    }

    #[test]
    fn an_address_that_was_broken_into_lines_is_joined() {
        let whole = "http://localhost:8000/?code=abc&state=right";
        for first in 1..whole.len() - 1 {
            // A shortened code looks like a whole one, and a scheme alone is no address.
            if !whole.is_char_boundary(first) || first < 7 {
                continue;
            }
            let mut reader = PasteReader::default();
            let (start, end) = whole.split_at(first);
            let now = Instant::now();
            assert!(reader.read_line(start, &expected(), now).is_err(), "{start}");
            let text = shown(reader.read_line(end, &expected(), now));
            assert_eq!(text, "code abc", "{start}");
        }
        let mut reader = PasteReader::default();
        let now = Instant::now();
        for part in ["http://localhost:8000/", "?code=a", "b", "c&state=ri"] {
            assert!(reader.read_line(part, &expected(), now).is_err());
        }
        assert_eq!(shown(reader.read_line("ght", &expected(), now)), "code abc");
    }

    #[test]
    fn after_a_wrong_address_another_one_or_a_code_is_accepted() {
        let wrong = "http://localhost:8000/?code=c&state=wrong";
        let now = Instant::now();
        for first in [wrong, "https://i/authorize"] {
            let mut reader = PasteReader::default();
            assert!(reader.read_line(first, &expected(), now).is_err());
            let right = "http://localhost:8000/?code=d&state=right";
            assert_eq!(shown(reader.read_line(right, &expected(), now)), "code d");
            assert!(reader.read_line(first, &expected(), now).is_err());
            let later = now + MAX_LINE_GAP;
            assert_eq!(shown(reader.read_line("d", &expected(), later)), "code d");
        }
    }

    #[test]
    fn a_right_address_is_accepted_immediately_after_a_wrong_one() {
        let right = "http://localhost:8000/?code=d&state=right";
        let wrong = "http://localhost:8000/?code=c&state=wrong";
        for first in [
            wrong,
            "?code=c&state=wrong",
            "http://localhost:8000/?code=c",
            "http://localhost:8000/?error=x",
            "http://localhost:8000/?state=right",
            "http://localhost:8000/?code=c&state=",
            "http://localhost:8000/?code=",
            "http://localhost:8000/",
            "garbage hello",
        ] {
            for second in [
                right,
                "localhost:8000/?code=d&state=right",
                "127.0.0.1:8000/?code=d&state=right",
                "?code=d&state=right",
                "code=d&state=right",
            ] {
                let mut reader = PasteReader::default();
                let now = Instant::now();
                assert!(reader.read_line(first, &expected(), now).is_err(), "{first}");
                let read = shown(reader.read_line(second, &expected(), now));
                assert_eq!(read, "code d", "{first} then {second}");
            }
        }
        // A second wrong address is reported by itself, and does not affect the third.
        let mut reader = PasteReader::default();
        let now = Instant::now();
        for _ in 0..3 {
            let text = shown(reader.read_line(wrong, &expected(), now));
            assert!(text.contains("another sign-in"), "{text}");
        }
        assert_eq!(shown(reader.read_line(right, &expected(), now)), "code d");
    }

    #[test]
    fn a_sentence_is_no_code() {
        for (text, why) in [
            ("garbage hello", "spaces"),
            ("kubectl get pods", "spaces"),
            ("a\tb", "spaces"),
            ("\u{1b}[200~ls -l\u{1b}[201~", "spaces"),
            ("gr\u{fc}n", "characters"),
            ("4%2Fgr%C3%BCn", "characters"),
            ("a%20b", "characters"),
            ("a%0Ab", "characters"),
        ] {
            assert!(read(text).contains(why), "{text}: {}", read(text));
        }
        let mut reader = PasteReader::default();
        let now = Instant::now();
        assert!(reader.read_line("garbage hello", &expected(), now).is_err());
        assert_eq!(
            shown(reader.read_line("4/abc_x", &expected(), now)),
            "code 4/abc_x"
        );
    }
}
