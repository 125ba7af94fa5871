//! `client_secret_post`: the secret in the form (RFC 6749 2.3.1). The caller adds `client_id`.

use super::{Form, RequestAuth};
use crate::secret::Secret;

pub(super) fn authenticate(form: &mut Form, secret: &Secret) -> RequestAuth {
    form.add("client_secret", secret.expose());
    RequestAuth {
        secrets: vec![secret.clone()],
        ..RequestAuth::default()
    }
}
