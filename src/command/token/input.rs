//! Where the token comes from: a file or standard input, in any of the wrappings in which people find tokens.
//!
//! A token is never read from the command line, where every user of the machine can see it, and never repeated in an error.

use std::io;
use std::path::Path;

use serde_json::Value;

use crate::catalogue::Id;
use crate::files;
use crate::secret::Secret;
use crate::ui::{StdinText, Ui};
use crate::untrusted_text::looks_like_token;

/// The largest input. An API server accepts no longer token.
const MAX_BYTES: usize = 1024 * 1024;

/// The sources in texts for people.
const STDIN: &str = "standard input";
const FILE: &str = "the file";

/// Why there is no token to inspect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the argument is a token, and not the name of a file with one")]
    TokenOnCommandLine,
    #[error(transparent)]
    File(files::Error),
    #[error("standard input cannot be read")]
    Stdin(#[source] io::Error),
    #[error("{0} is empty, so there is no token in it")]
    Empty(&'static str),
    #[error("{0} is larger than {MAX_BYTES} bytes, so it is no token that an API server accepts")]
    TooLarge(&'static str),
    #[error("{0} is JSON without a token in it (`status.token` of an ExecCredential)")]
    NoTokenInJson(&'static str),
    #[error("there is no session of these settings")]
    NoSession,
    #[error("the session of these settings cannot be used: {0}")]
    CorruptSession(&'static str),
    #[error("--token-cache-storage=none keeps no session whose token could be shown")]
    NoStorage,
    #[error("the user of the kubeconfig has no `id-token` in its `auth-provider`")]
    NoStoredToken,
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::TokenOnCommandLine => {
                "other users of this machine can see the arguments of a command, so take the token as no longer secret if they are not \
                 trusted; pass it by a file (token inspect FILE) or a pipe (… | kubesesame token inspect -)"
            }
            Self::File(error) if is_missing(error) => "the argument is the name of a file with the token; - is standard input",
            Self::File(_) => "make the file readable, or pass its content by a pipe: kubesesame token inspect - < FILE",
            Self::Stdin(error) if error.kind() == io::ErrorKind::InvalidData => {
                "a terminal cuts a line at 4095 characters: put the token in a file, or pass it by a pipe"
            }
            Self::Stdin(_) => "pass the token by a pipe, or put it in a file: kubesesame token inspect FILE",
            Self::Empty(_) => "look at the command that was to write the token there",
            Self::TooLarge(_) => "an API server accepts at most 1 MiB of headers; look at what is in it",
            Self::NoTokenInJson(_) => "pass what get-token prints, or the token alone",
            Self::NoSession | Self::CorruptSession(_) => {
                "run kubectl or kubesesame get-token with the same flags to sign in, or pass a token by a file or a pipe"
            }
            Self::NoStorage => "leave the flag out, or: kubesesame get-token … | kubesesame token inspect -",
            Self::NoStoredToken => "sign in with: kubesesame (without a command)",
        }
        .to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::TokenOnCommandLine => Id::TOKEN_ON_COMMAND_LINE,
            Self::File(_) | Self::Stdin(_) | Self::Empty(_) | Self::TooLarge(_) | Self::NoTokenInJson(_) => {
                Id::TOKEN_NOT_GIVEN
            }
            Self::NoSession | Self::CorruptSession(_) | Self::NoStoredToken => Id::NOT_SIGNED_IN,
            Self::NoStorage => Id::FLAGS_CONTRADICT,
        }
    }

    /// Whether the command line is wrong.
    pub(crate) fn is_usage_error(&self) -> bool {
        matches!(self, Self::TokenOnCommandLine | Self::NoStorage)
    }
}

fn is_missing(error: &files::Error) -> bool {
    matches!(error, files::Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Reads a token from a file, or from standard input if the file is `-`.
pub(super) fn read(path: &Path, ui: Ui) -> Result<Secret, Error> {
    if path == Path::new("-") {
        let bytes = match ui.stdin_text("Token: ", MAX_BYTES).map_err(Error::Stdin)? {
            StdinText::Whole(bytes) => bytes,
            StdinText::TooLong => return Err(Error::TooLarge(STDIN)),
        };
        return unwrap(&bytes, STDIN);
    }
    let bytes = files::read_named(path).map_err(|error| {
        if is_unlike_file_name(path) {
            Error::TokenOnCommandLine
        } else {
            Error::File(error)
        }
    })?;
    let bytes = zeroize::Zeroizing::new(bytes);
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge(FILE));
    }
    unwrap(&bytes, FILE)
}

/// Whether an argument that is no file is most likely a token, so that it must not be repeated in an error.
fn is_unlike_file_name(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let is_name = text.contains(['/', '\\']) || path.extension().is_some_and(|extension| extension.len() < 6);
    looks_like_token(&text)
        || text.to_ascii_lowercase().starts_with("bearer ")
        || (text.len() >= 32 && !is_name)
}

/// Takes the token out of what is around it: white space, quotes, `Authorization: Bearer`, an ExecCredential.
fn unwrap(bytes: &[u8], name: &'static str) -> Result<Secret, Error> {
    let text = zeroize::Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let bare = bare(&text);
    if bare.starts_with('{') {
        let json = serde_json::from_str::<Value>(bare).ok();
        if let Some(json) = json {
            let token = json.pointer("/status/token").and_then(Value::as_str);
            let token = token.map(self::bare).filter(|token| !token.is_empty());
            return token.map(Secret::new).ok_or(Error::NoTokenInJson(name));
        }
    }
    if bare.is_empty() {
        return Err(Error::Empty(name));
    }
    Ok(Secret::new(bare))
}

/// Returns a text without white space, quotes and the name of the scheme (RFC 6750 2.1) around it.
fn bare(mut text: &str) -> &str {
    loop {
        let mut next = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
        for quote in ['"', '\'', '`'] {
            next = next
                .strip_prefix(quote)
                .map_or(next, |inside| inside.strip_suffix(quote).unwrap_or(inside));
        }
        for prefix in ["authorization:", "bearer "] {
            let start = next.get(..prefix.len());
            if start.is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
                next = &next[prefix.len()..];
            }
        }
        if next.eq_ignore_ascii_case("bearer") {
            return "";
        }
        if next == text {
            return text;
        }
        text = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_out_of_what_is_around_it() {
        for text in [
            "a.b.c",
            " a.b.c\r\n",
            "\u{feff}a.b.c\n",
            "\"a.b.c\"",
            "'a.b.c'\n",
            "Bearer a.b.c",
            "bearer  a.b.c ",
            "Authorization: Bearer a.b.c\n",
            "\"Authorization: Bearer a.b.c\"",
            "\"Bearer 'a.b.c'\"",
            "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a.b.c\"}}\n",
            "{\"status\":{\"token\":\"Bearer a.b.c\"}}",
        ] {
            assert_eq!(
                unwrap(text.as_bytes(), "it").unwrap().expose(),
                "a.b.c",
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_argument_that_is_a_token_is_not_taken_for_the_name_of_a_file() {
        let is_token = |text: &str| is_unlike_file_name(Path::new(text));
        assert!(is_token("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.c2ln"));
        assert!(is_token("00aBcDeFgHiJkLmNoPqRsTuVwXyZ012345") && is_token("Bearer abc"));
        assert!(!is_token("token.txt") && !is_token("the-token-of-the-cluster-in-frankfurt.txt"));
        assert!(!is_token("/run/user/1000/a-directory-with-a-long-name/token") && !is_token("token"));
    }

    #[test]
    fn an_input_without_a_token_is_an_error() {
        for text in ["", " \n", "\"\"", "Bearer \n", "\u{feff}"] {
            assert!(
                matches!(unwrap(text.as_bytes(), "it"), Err(Error::Empty("it"))),
                "{text:?}"
            );
        }
        for text in [
            "{}",
            "{\"status\":{}}",
            "{\"status\":{\"token\":5}}",
            "{\"status\":{\"token\":\" \"}}",
        ] {
            assert!(
                matches!(unwrap(text.as_bytes(), "it"), Err(Error::NoTokenInJson("it"))),
                "{text:?}"
            );
        }
        // It is shown as what it is: no token.
        assert_eq!(unwrap(b"{broken", "it").unwrap().expose(), "{broken");
        assert_eq!(unwrap(b"\xff", "it").unwrap().expose(), "\u{fffd}");
    }
}
