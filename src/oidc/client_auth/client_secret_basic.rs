//! `client_secret_basic`: id and secret in the `Authorization` header (RFC 6749 2.3.1).

use data_encoding::BASE64;

use super::RequestAuth;
use super::form::query_escape;
use crate::secret::Secret;

pub(super) fn authenticate(client_id: &str, secret: &Secret) -> RequestAuth {
    // Both are form-encoded before they are joined.
    let escaped = query_escape(secret.expose());
    let joined = Secret::new(format!(
        "{}:{}",
        query_escape(client_id).expose(),
        escaped.expose()
    ));
    let encoded = Secret::new(BASE64.encode(joined.expose().as_bytes()));
    RequestAuth {
        header: Some(Secret::new(format!("Basic {}", encoded.expose()))),
        secrets: vec![secret.clone(), encoded],
        ..RequestAuth::default()
    }
}
