//! `client_secret_post`: the secret in the form (RFC 6749 2.3.1).

use super::{Form, Proof};
use crate::secret::Secret;

pub(super) fn proof(form: &mut Form, secret: &Secret) -> Proof {
    form.add("client_secret", secret.expose());
    Proof {
        header: None,
        secrets: vec![secret.clone()],
    }
}
