//! `private_key_jwt`: an assertion that is signed with the client's private key.

use super::assertion::{self, Addressee};
use super::private_key::PrivateKey;
use super::{Form, Proof};
use crate::oidc::errors::Error;

pub(super) fn proof(
    form: &mut Form,
    client_id: &str,
    key: &PrivateKey,
    addressee: &Addressee<'_>,
) -> Result<Proof, Error> {
    let sign = |message: &[u8]| key.sign(message);
    assertion::proof(form, client_id, addressee, key.algorithm(), key.id(), sign)
}
