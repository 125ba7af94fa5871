//! Whether the certificates of an issuer can be read. It looks at their frame alone: nothing here decides about trust.

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// Returns why the API server cannot use the PEM text, if it is not empty.
pub(super) fn fault(pem: &str) -> Option<String> {
    if pem.is_empty() {
        return None;
    }
    let certificates = certificates(pem);
    if certificates.is_empty() {
        return Some("data does not contain any valid RSA or ECDSA certificates".to_owned());
    }
    let broken = certificates.iter().any(|der| !has_frame_of_certificate(der));
    broken.then(|| "x509: malformed certificate".to_owned())
}

/// Returns the content of each block that can be decoded. Others are skipped, and so are those with headers.
fn certificates(pem: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = pem;
    while let Some(begin) = rest.find(BEGIN) {
        rest = &rest[begin + BEGIN.len()..];
        let Some(end) = rest.find(END) else { break };
        let (body, after) = rest.split_at(end);
        let compact: String = body.split_whitespace().collect();
        if let Ok(der) = data_encoding::BASE64.decode(compact.as_bytes()) {
            found.push(der);
        }
        rest = after;
    }
    found
}

/// Whether the bytes are a sequence of two sequences and a bit string, as a certificate is (RFC 5280, section 4.1).
fn has_frame_of_certificate(der: &[u8]) -> bool {
    let Some((SEQUENCE, mut rest, [])) = element(der) else {
        return false;
    };
    for wanted in [SEQUENCE, SEQUENCE, BIT_STRING] {
        match element(rest) {
            Some((tag, content, after)) if tag == wanted && !content.is_empty() => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

/// Returns tag and content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let size = usize::from(first & 0x7f);
        let bytes = rest.get(..size).filter(|bytes| bytes.len() <= 4)?;
        length = bytes
            .iter()
            .fold(0, |length, &byte| (length << 8) | usize::from(byte));
        rest = &rest[size..];
    }
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_certificate_is_refused_and_one_with_is_not() {
        let wrap = |body: &str| format!("{BEGIN}\n{body}\n{END}\n");
        let none = "data does not contain any valid RSA or ECDSA certificates";
        let frame = data_encoding::BASE64.encode(&[0x30, 10, 0x30, 1, 1, 0x30, 1, 1, 0x03, 2, 0, 1]);
        for (pem, fault_text) in [
            (String::new(), None),
            ("abc".to_owned(), Some(none)),
            (format!("{BEGIN}\nabc"), Some(none)),
            (wrap("?"), Some(none)),
            (wrap("YWJj"), Some("x509: malformed certificate")),
            (wrap(&frame), None),
        ] {
            assert_eq!(fault(&pem).as_deref(), fault_text, "{pem}");
        }
    }
}
