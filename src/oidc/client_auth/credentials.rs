//! What the client authenticates with, read from its source once per call that asks the provider for something.

use super::Method;
use super::client_secret_jwt::MIN_SECRET_BYTES;
use super::private_key::PrivateKey;
use super::secret_loader::{load_bytes, load_secret};
use crate::oidc::errors::setup::SetupError;
use crate::oidc::event::Interaction;
use crate::secret::Secret;
use crate::settings::{ClientAuthMethod, PrivateKeySource, SecretSource};

/// A method with the secret or the key itself.
#[derive(Debug)]
pub(in crate::oidc) enum Credentials {
    None,
    /// No method was chosen: it is sent in the header or in the form, whichever the provider accepts.
    SecretBasicOrPost(Secret),
    SecretBasic(Secret),
    SecretPost(Secret),
    SecretJwt(Secret),
    PrivateKeyJwt(Box<PrivateKey>),
}

/// The method of a request.
#[derive(Debug)]
pub(in crate::oidc) enum MethodChoice<'a> {
    Fixed(Method<'a>),
    /// The secret, whose placement has to be found.
    BasicOrPost(&'a Secret),
}

impl Credentials {
    /// # Errors
    /// If the secret or the key cannot be read, or cannot be used with its method.
    pub(in crate::oidc) fn read(
        method: &ClientAuthMethod,
        interaction: Interaction<'_>,
    ) -> Result<Self, SetupError> {
        let secret = |source: &SecretSource| load_secret(source, interaction);
        Ok(match method {
            ClientAuthMethod::None => Self::None,
            ClientAuthMethod::SecretBasicOrPost(source) => Self::SecretBasicOrPost(secret(source)?),
            ClientAuthMethod::SecretBasic(source) => Self::SecretBasic(secret(source)?),
            ClientAuthMethod::SecretPost(source) => Self::SecretPost(secret(source)?),
            ClientAuthMethod::SecretJwt(source) => {
                let secret = secret(source)?;
                if secret.expose().len() < MIN_SECRET_BYTES {
                    return Err(SetupError::SecretTooShort(source.flag()));
                }
                Self::SecretJwt(secret)
            }
            ClientAuthMethod::PrivateKeyJwt(key) => {
                Self::PrivateKeyJwt(Box::new(read_key(key, interaction)?))
            }
        })
    }

    /// Whether requests have a client assertion, which names an audience.
    pub(in crate::oidc) fn uses_client_assertion(&self) -> bool {
        matches!(self, Self::SecretJwt(_) | Self::PrivateKeyJwt(_))
    }

    pub(in crate::oidc) fn method(&self) -> MethodChoice<'_> {
        MethodChoice::Fixed(match self {
            Self::SecretBasicOrPost(secret) => return MethodChoice::BasicOrPost(secret),
            Self::None => Method::None,
            Self::SecretBasic(secret) => Method::SecretBasic(secret),
            Self::SecretPost(secret) => Method::SecretPost(secret),
            Self::SecretJwt(secret) => Method::SecretJwt(secret),
            Self::PrivateKeyJwt(key) => Method::PrivateKeyJwt(key),
        })
    }
}

fn read_key(key: &PrivateKeySource, interaction: Interaction<'_>) -> Result<PrivateKey, SetupError> {
    let bytes = load_bytes(&key.source, interaction)?;
    PrivateKey::parse(&bytes, key.key_id.as_deref()).map_err(|fault| SetupError::PrivateKey {
        flag: key.source.flag(),
        fault,
    })
}
