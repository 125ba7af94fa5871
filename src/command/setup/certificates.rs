//! The certificates of a PEM file. Private keys are never copied.

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Returns the certificates of a text, each in its lines, and nothing else. `None` if there is none, or if the last is cut off.
pub(super) fn certificates(pem: &str) -> Option<String> {
    let mut found = String::new();
    let mut is_inside = false;
    for line in pem.lines().map(str::trim_end) {
        is_inside |= line == BEGIN;
        if is_inside {
            found += line;
            found.push('\n');
        }
        is_inside &= line != END;
    }
    (!found.is_empty() && !is_inside).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_passed_on() {
        let certificate = format!("{BEGIN}\nMIIB\n{END}\n");
        let key = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
        for (text, expected) in [
            (certificate.clone(), Some(certificate.clone())),
            (format!("{certificate}{key}"), Some(certificate.clone())),
            (
                format!("subject=x\r\n{key}{certificate}{certificate}"),
                Some(certificate.repeat(2)),
            ),
            (key.to_owned(), None),
            ("top secret".to_owned(), None),
            (format!("{BEGIN}\ncut"), None),
            (String::new(), None),
        ] {
            assert_eq!(certificates(&text), expected, "{text}");
        }
    }
}
