//! Formats a path for a message, and for a shell command.

use std::fmt::Write as _;
use std::path::Path;

use crate::untrusted_text::{UntrustedText, is_harmless};

/// Formats a path for a message. A file name may contain control characters, which are removed.
pub(crate) fn shown(path: &Path) -> UntrustedText {
    UntrustedText::new(&path.to_string_lossy())
}

/// Quotes a path, or another argument, for a shell. Control characters and bytes that are not UTF-8 are escaped in `$'…'`.
pub(crate) fn quoted(path: &(impl AsRef<Path> + ?Sized)) -> String {
    let path = path.as_ref();
    match path.to_str() {
        Some(text) if text.chars().all(is_harmless) => {
            shlex::try_quote(text).map_or_else(|_| text.to_owned(), |quoted| quoted.to_string())
        }
        _ => escaped(path.as_os_str().as_encoded_bytes()),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut escaped = "$'".to_owned();
    for byte in bytes {
        match byte {
            b'\\' | b'\'' => escaped.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => escaped.push(char::from(*byte)),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\{byte:03o}");
            }
        }
    }
    escaped + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_for_a_shell_and_harmless_at_a_terminal() {
        for (path, expected) in [
            ("/a/b.c", "/a/b.c"),
            ("/a b", "'/a b'"),
            ("/it's", "\"/it's\""),
            ("/ü", "/ü"),
            ("/a\u{1b}[2Jü'", "$'/a\\033[2J\\303\\274\\''"),
            ("/a\nb", "$'/a\\012b'"),
        ] {
            assert_eq!(
                quoted(Path::new(path)),
                expected.replace("/ü", &quoted_umlaut()),
                "{path:?}"
            );
        }
        assert_eq!(shown(Path::new("/a\u{1b}[2J\u{202e}b")).as_str(), "/a[2Jb");
    }

    /// The library quotes what is not ASCII.
    fn quoted_umlaut() -> String {
        shlex::try_quote("/ü").unwrap().to_string()
    }
}
