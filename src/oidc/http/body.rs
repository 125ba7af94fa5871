//! Reads the body of a response within a limit.

use url::Url;

use crate::oidc::errors::network::NetworkError;
use crate::oidc::http::response::shown;

/// Reads a body of at most `max_bytes`.
pub(super) async fn read_body(
    response: &mut reqwest::Response,
    url: &Url,
    max_bytes: usize,
    failure: impl Fn(reqwest::Error) -> NetworkError,
) -> Result<Vec<u8>, NetworkError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(&failure)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(NetworkError::ResponseTooLarge {
                url: shown(url),
                limit: max_bytes,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
