//! `client_secret_jwt`: an assertion with an HMAC by the secret, so that the secret itself is never sent.

use aws_lc_rs::hmac;

use super::assertion::{self, AssertionContext};
use super::{Form, RequestAuth};
use crate::oidc::errors::Error;
use crate::secret::Secret;

/// The shortest secret for HS256 (RFC 7518 3.2).
pub(super) const MIN_SECRET_BYTES: usize = 32;

pub(super) fn authenticate(
    form: &mut Form,
    client_id: &str,
    secret: &Secret,
    context: &AssertionContext<'_>,
) -> Result<RequestAuth, Error> {
    let sign = |message: &[u8]| Ok(hs256(secret.expose().as_bytes(), message));
    let mut auth = assertion::authenticate(form, client_id, context, "HS256", None, sign)?;
    auth.secrets.push(secret.clone());
    Ok(auth)
}

fn hs256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, message).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    /// The example of RFC 7515 A.1.
    #[test]
    fn the_hmac_is_that_of_the_rfc() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                       eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
        let signature = BASE64URL_NOPAD.encode(&hs256(&key, message.as_bytes()));
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }
}
