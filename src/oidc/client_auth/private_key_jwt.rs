//! `private_key_jwt`: an assertion that is signed with the client's private key.

use super::assertion::{self, AssertionContext};
use super::private_key::PrivateKey;
use super::{Form, RequestAuth};
use crate::oidc::errors::Error;

pub(super) fn authenticate(
    form: &mut Form,
    client_id: &str,
    key: &PrivateKey,
    context: &AssertionContext<'_>,
) -> Result<RequestAuth, Error> {
    let sign = |message: &[u8]| key.sign(message);
    assertion::authenticate(form, client_id, context, key.algorithm(), key.id(), sign)
}
