//! What the client authenticates with, read from its files once per call that asks the provider for something.

use zeroize::Zeroizing;

use super::Method;
use super::client_secret_jwt::MIN_SECRET_BYTES;
use super::private_key::PrivateKey;
use crate::files;
use crate::oidc::errors::setup::SetupError;
use crate::oidc::event::{Interaction, LogEvent};
use crate::secret::Secret;
use crate::settings::{ClientAuthMethod, PRIVATE_KEY_FILE, PrivateKeyFile, SecretSource};

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
        let secret = |source: &SecretSource| {
            if let SecretSource::File { path, .. } = source {
                interaction.log(LogEvent::FileRead(path));
            }
            load_secret(source)
        };
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
            ClientAuthMethod::PrivateKeyJwt(file) => {
                interaction.log(LogEvent::FileRead(&file.path));
                Self::PrivateKeyJwt(Box::new(read_key(file)?))
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

/// Reads a secret from its source. Line ends after it do not belong to it.
pub(in crate::oidc) fn load_secret(source: &SecretSource) -> Result<Secret, SetupError> {
    let (path, flag) = match source {
        SecretSource::Inline(secret) => return Ok(secret.clone()),
        SecretSource::File { path, flag } => (path, *flag),
    };
    let bytes = files::read_secret(path).map_err(|source| SetupError::FlagFile { flag, source })?;
    let text = String::from_utf8(bytes).map_err(|_| SetupError::SecretNotText(flag))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(SetupError::SecretNotText(flag)),
        text => Ok(Secret::new(text)),
    }
}

fn read_key(file: &PrivateKeyFile) -> Result<PrivateKey, SetupError> {
    let bytes = files::read_secret(&file.path).map_err(|source| SetupError::FlagFile {
        flag: PRIVATE_KEY_FILE,
        source,
    })?;
    let bytes = Zeroizing::new(bytes);
    PrivateKey::parse(&bytes, file.key_id.as_deref()).map_err(SetupError::PrivateKey)
}
