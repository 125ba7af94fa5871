//! What a person pastes: the address that the browser ended on in any form, or the code alone. Pure.
//!
//! An address has to show our state (rule G4). One that was broken over several lines is put together again.

use std::time::{Duration, Instant};

use crate::oidc::errors::Error;
use crate::oidc::loopback::authorization_response::{Answer, CallbackExpectation, Parameters, same};
use crate::oidc::loopback::mix_up::Defence;
use crate::secret::Secret;

/// Lines of one paste come together; a person needs longer for the next.
const SAME_PASTE: Duration = Duration::from_secs(2);

/// The lines that were pasted and refused a moment ago, in case that the rest follows.
#[derive(Debug, Default)]
pub(in crate::oidc) struct Pasted {
    unfinished: Option<(Secret, Instant)>,
}

/// What a person pasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Form {
    Code,
    Address,
}

impl Form {
    pub(in crate::oidc) fn of(line: &str) -> Self {
        let line = cleaned(line);
        if has_parameters(&line) || is_address(&line) {
            Self::Address
        } else {
            Self::Code
        }
    }

    /// Of a code that was pasted alone no state shows whose it is: a provider that refuses it most likely refuses another text.
    /// With a state it is the right one, but for what copying did to it.
    pub(in crate::oidc) fn explained(self, error: Error) -> Error {
        match (error, self) {
            (Error::OAuth(refusal), Self::Code) if refusal.refuses_the_grant() => {
                Error::PastedCodeRefused(refusal)
            }
            (Error::OAuth(refusal), Self::Address) if refusal.refuses_the_grant() => {
                Error::PastedAddressRefused(refusal)
            }
            (error, _) => error,
        }
    }
}

impl Pasted {
    /// Reads one more line. A full answer alone counts, whatever came before; so does an address that begins anew.
    pub(in crate::oidc) fn line(
        &mut self,
        line: &str,
        expected: &CallbackExpectation,
        now: Instant,
    ) -> Answer {
        let unfinished = self.unfinished.take();
        let before = unfinished.filter(|(_, at)| now.duration_since(*at) < SAME_PASTE);
        let is_one_word = is_one_word(line);
        let line = cleaned(line);
        let alone = pasted(&line, is_one_word, expected);
        let is_addressed = has_parameters(&line) || is_address(&line);
        if is_addressed && !matches!(alone, Err(Error::Pasted(_))) {
            return alone;
        }
        let before = before.filter(|_| !begins_anew(&line));
        let whole = before.map(|(before, _)| format!("{}{line}", before.expose()));
        let joined = whole.as_deref().map(|whole| pasted(whole, true, expected));
        let answer = match joined {
            // The rest of the line before is no code.
            Some(joined) if !is_addressed || !matches!(joined, Err(Error::Pasted(_))) => joined,
            _ => alone,
        };
        let is_part = whole.is_some() || is_addressed;
        if is_part && matches!(answer, Err(Error::Pasted(why)) if why != EMPTY) {
            self.unfinished = Some((Secret::new(whole.unwrap_or(line)), now));
        }
        answer
    }
}

const EMPTY: &str = "it is empty";
pub(in crate::oidc) const CODE_ALONE: &str = "a code alone does not show which provider it is from, and the cluster's entry chose the issuer: paste the whole address";
const OTHER_REDIRECT: &str =
    "it is not the redirect URI of the issuer that the cluster's entry chose, and may be of another provider";

/// Reads a whole text; `is_one_word` before spaces were taken away.
fn pasted(text: &str, is_one_word: bool, expected: &CallbackExpectation) -> Answer {
    if text.is_empty() {
        return Err(Error::Pasted(EMPTY));
    }
    let pairs = parameters(text);
    let parameters = Parameters::read(&pairs).map_err(|_| Error::Pasted("a parameter occurs twice"))?;
    let is_answer = parameters.code.is_some() || parameters.error.is_some();
    match parameters.state {
        Some(state) if !same(state, expected.state.expose()) => {
            Err(Error::Pasted("it is of another sign-in"))
        }
        Some(_) if !is_answer && pairs.iter().any(|(name, _)| name == "response_type") => {
            Err(Error::Pasted("it is the address to open in a browser"))
        }
        Some(_) if !is_answer => Err(Error::Pasted("it has no code")),
        Some(_) if expected.defence == Defence::OwnRedirect && path(text) != expected.path => {
            Err(Error::Pasted(OTHER_REDIRECT))
        }
        Some(_) => parameters.answer(expected),
        None if is_answer => Err(Error::Pasted(
            "its `state` is missing, so that it is not all of the address",
        )),
        None if is_address(text) => Err(Error::Pasted("it is an address without a code")),
        None if !is_one_word => Err(Error::Pasted("a code has no spaces in it")),
        None if expected.defence.needs_address() => Err(Error::Pasted(CODE_ALONE)),
        None => code(text),
    }
}

/// Of an address, from the first slash after the host on.
fn path(text: &str) -> &str {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let start = after_scheme.find('/').unwrap_or(after_scheme.len());
    &after_scheme[start..]
}

/// A code alone: visible characters (RFC 6749 A.11), and no space, which the syntax allows and no provider uses.
fn code(text: &str) -> Answer {
    let code = decoded(text);
    if code.chars().all(|c| c.is_ascii_graphic()) {
        Ok(Secret::new(code))
    } else {
        Err(Error::Pasted("it has characters that no code has"))
    }
}

/// Whether there is no space inside, apart from what comes along around.
fn is_one_word(text: &str) -> bool {
    let text = without_paste_marks(text);
    text.split_whitespace().count() <= 1
}

fn without_paste_marks(text: &str) -> String {
    text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "")
}

/// Takes away what comes along when an address is copied: spaces and line ends, quotes, the marks of a bracketed paste, HTML.
fn cleaned(text: &str) -> String {
    let text: String = without_paste_marks(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    let around = [
        '"', '\'', '`', '<', '>', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}',
    ];
    text.trim_matches(around).replace("&amp;", "&")
}

/// The parameters of an address: of its query, or of its fragment if the query has none of an answer.
fn parameters(text: &str) -> Vec<(String, String)> {
    let read = |part: &str| -> Vec<(String, String)> {
        form_urlencoded::parse(part.as_bytes()).into_owned().collect()
    };
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let query = before.split_once('?').map_or(before, |(_, query)| query);
    let found = read(query);
    if found.iter().any(|(name, _)| is_ours(name)) {
        found
    } else {
        read(fragment)
    }
}

fn is_ours(name: &str) -> bool {
    matches!(name, "code" | "state" | "error")
}

fn has_parameters(text: &str) -> bool {
    parameters(text).iter().any(|(name, _)| is_ours(name))
}

fn is_address(text: &str) -> bool {
    let here = ["localhost", "127.0.0.1", "[::1]", "/"];
    text.contains("://") || text.contains('?') || here.iter().any(|start| text.starts_with(start))
}

/// The start of an address, and so not the rest of one that was broken.
fn begins_anew(text: &str) -> bool {
    let has_scheme = text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let here = ["localhost", "127.0.0.1", "[::1]"];
    has_scheme || here.iter().any(|start| text.starts_with(start))
}

/// A code that was cut out of an address is still encoded (RFC 3986 2.1).
fn decoded(code: &str) -> String {
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
            defence: Defence::Unneeded,
        }
    }

    fn shown(answer: Answer) -> String {
        match answer {
            Ok(code) => format!("code {}", code.expose()),
            Err(error) => error.to_string(),
        }
    }

    fn read(text: &str) -> String {
        shown(Pasted::default().line(text, &expected(), Instant::now()))
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
    fn what_is_no_answer_of_this_sign_in_is_refused_with_the_reason() {
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
    fn an_address_that_was_broken_over_lines_is_put_together() {
        let whole = "http://localhost:8000/?code=abc&state=right";
        for first in 1..whole.len() - 1 {
            // A code that ends early looks whole, and a bare scheme is no address.
            if !whole.is_char_boundary(first) || first < 7 {
                continue;
            }
            let mut pasted = Pasted::default();
            let (start, end) = whole.split_at(first);
            let now = Instant::now();
            assert!(pasted.line(start, &expected(), now).is_err(), "{start}");
            assert_eq!(shown(pasted.line(end, &expected(), now)), "code abc", "{start}");
        }
        let mut pasted = Pasted::default();
        let now = Instant::now();
        for part in ["http://localhost:8000/", "?code=a", "b", "c&state=ri"] {
            assert!(pasted.line(part, &expected(), now).is_err());
        }
        assert_eq!(shown(pasted.line("ght", &expected(), now)), "code abc");
    }

    #[test]
    fn after_a_wrong_address_another_one_or_a_code_counts() {
        let wrong = "http://localhost:8000/?code=c&state=wrong";
        let without = "https://i/authorize";
        let now = Instant::now();
        for first in [wrong, without] {
            let mut pasted = Pasted::default();
            assert!(pasted.line(first, &expected(), now).is_err());
            let right = "http://localhost:8000/?code=d&state=right";
            assert_eq!(shown(pasted.line(right, &expected(), now)), "code d");
            assert!(pasted.line(first, &expected(), now).is_err());
            let later = now + SAME_PASTE;
            assert_eq!(shown(pasted.line("d", &expected(), later)), "code d");
        }
    }

    #[test]
    fn a_right_address_counts_at_once_after_a_wrong_one() {
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
                let mut pasted = Pasted::default();
                let now = Instant::now();
                assert!(pasted.line(first, &expected(), now).is_err(), "{first}");
                let read = shown(pasted.line(second, &expected(), now));
                assert_eq!(read, "code d", "{first} then {second}");
            }
        }
        // A second address that is wrong too is told for itself, and does not spoil the third.
        let mut pasted = Pasted::default();
        let now = Instant::now();
        for _ in 0..3 {
            let told = shown(pasted.line(wrong, &expected(), now));
            assert!(told.contains("another sign-in"), "{told}");
        }
        assert_eq!(shown(pasted.line(right, &expected(), now)), "code d");
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
        let mut pasted = Pasted::default();
        let now = Instant::now();
        assert!(pasted.line("garbage hello", &expected(), now).is_err());
        assert_eq!(shown(pasted.line("4/abc_x", &expected(), now)), "code 4/abc_x");
    }
}
