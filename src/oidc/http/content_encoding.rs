//! Decodes an HTTP body according to its `Content-Encoding`. Pure.
//!
//! kubesesame requests no encoding, but object stores often contain documents that were compressed with gzip, and always send them so.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use url::Url;
use zeroize::Zeroizing;

use crate::oidc::errors::network::NetworkError;
use crate::oidc::http::response::shown;
use crate::untrusted_text::UntrustedText;

/// Decodes a body. The result may have at most `limit` bytes. If the server reports a failure (a redirect, HTTP 429, or a status from 500
/// on) with a body that cannot be decoded, the result is empty, so that the status is reported and not the encoding.
pub(in crate::oidc) fn decode_body(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: Vec<u8>,
    limit: usize,
) -> Result<Vec<u8>, NetworkError> {
    let encodings = encodings(headers);
    if encodings.is_empty() || body.is_empty() {
        return Ok(body);
    }
    let body = Zeroizing::new(body);
    let decoded = is_gzip(&encodings).then(|| gunzip(&body, limit).ok()).flatten();
    match decoded {
        Some(body) if body.len() > limit => Err(NetworkError::ResponseTooLarge {
            url: shown(url),
            limit,
        }),
        Some(body) => Ok(body),
        None if !(status.is_success() || status.is_client_error()) => Ok(Vec::new()),
        None if status == StatusCode::TOO_MANY_REQUESTS => Ok(Vec::new()),
        None => Err(content_encoding_error(url, status, headers)),
    }
}

/// Returns the error of a body that cannot be decoded. Of the response it quotes only the encoding in these headers.
pub(in crate::oidc) fn content_encoding_error(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> NetworkError {
    let encodings = encodings(headers);
    let why = if is_gzip(&encodings) {
        "its gzip is broken".to_owned()
    } else {
        format!(
            "kubesesame does not read the content encoding `{}`",
            encodings.join(", ")
        )
    };
    NetworkError::ContentEncoding {
        url: shown(url),
        status: status.as_u16(),
        why: UntrustedText::with_limit(&why, 120),
    }
}

/// RFC 9110 8.4.1.3: `x-gzip` is the same encoding.
fn is_gzip(encodings: &[String]) -> bool {
    matches!(encodings, [one] if one == "gzip" || one == "x-gzip")
}

/// Returns the encodings in the order in which they were applied, in lower case, without `identity`.
fn encodings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let names = texts.flat_map(|text| {
        let names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        names
    });
    names
        .filter(|name| !name.is_empty() && name != "identity")
        .collect()
}

/// Decompresses a body, up to one byte more than the limit.
fn gunzip(body: &[u8], limit: usize) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let max_bytes = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(max_bytes)
        .read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use oauth2::http::HeaderValue;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(status: u16, encoding: &str, body: &[u8]) -> Result<Vec<u8>, String> {
        let url = Url::parse("https://i/x").unwrap();
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_str(encoding).unwrap())]);
        let status = StatusCode::from_u16(status).unwrap();
        decode_body(&url, status, &headers, body.to_vec(), 100).map_err(|error| error.to_string())
    }

    #[test]
    fn gzip_is_decoded_and_every_other_encoding_is_named() {
        for encoding in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
            assert_eq!(
                read(200, encoding, &gzip(b"{}")),
                Ok(b"{}".to_vec()),
                "{encoding}"
            );
        }
        for encoding in ["", "identity"] {
            assert_eq!(read(200, encoding, b"{}"), Ok(b"{}".to_vec()), "{encoding}");
        }
        // RFC 1952 2.2: a file may have several members.
        let two = [gzip(b"{"), gzip(b"}")].concat();
        assert_eq!(read(200, "gzip", &two), Ok(b"{}".to_vec()));
        for (status, encoding) in [(200, "br"), (400, "zstd"), (200, "gzip, gzip")] {
            let error = read(status, encoding, b"x").unwrap_err();
            assert!(error.contains(&format!("`{encoding}`")), "{error}");
            assert!(error.contains(&format!("HTTP {status}")), "{error}");
        }
        assert!(read(200, "gzip", b"{}").unwrap_err().contains("gzip is broken"));
        assert_eq!(read(204, "gzip", b""), Ok(Vec::new()));
        for status in [302, 429, 503] {
            assert_eq!(read(status, "br", b"x"), Ok(Vec::new()), "{status}");
        }
    }

    #[test]
    fn the_limit_applies_to_the_decoded_body() {
        assert_eq!(read(200, "gzip", &gzip(&[b' '; 100])).unwrap().len(), 100);
        let error = read(200, "gzip", &gzip(&[b' '; 101])).unwrap_err();
        assert!(error.contains("more than 100 bytes"), "{error}");
    }
}
