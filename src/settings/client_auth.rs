//! How the client authenticates at the provider (OpenID Connect Core 9).
//!
//! Checks that a method has what it needs. Secrets and keys are read from their sources when they are needed, not here.

use url::Url;

use super::{Error, SecretSource};
use crate::cli::{ClientAuthChoice, ProviderArgs};
use crate::environment::Environment;
use crate::untrusted_text::UntrustedText;

const METHOD: &str = "oidc-client-auth-method";
const SECRET_FILE: &str = "oidc-client-secret-file";
/// The flag that names the file of the private key, without dashes.
pub(crate) const PRIVATE_KEY_FILE: &str = "oidc-client-private-key-file";
const PRIVATE_KEY_COMMAND: &str = "oidc-client-private-key-command";
const KEY_ID: &str = "oidc-client-key-id";
/// The flag of the audience, without dashes.
pub(crate) const AUDIENCE: &str = "oidc-client-auth-audience";

/// The authentication of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientAuth {
    pub(crate) method: ClientAuthMethod,
    /// Who an assertion is for.
    pub(crate) audience: Audience,
}

/// The method, with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientAuthMethod {
    /// A public client.
    None,
    /// The secret is sent in the header or in the form, whichever the provider accepts.
    SecretBasicOrPost(SecretSource),
    SecretBasic(SecretSource),
    SecretPost(SecretSource),
    SecretJwt(SecretSource),
    PrivateKeyJwt(PrivateKeySource),
}

/// Where a private key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrivateKeySource {
    pub(crate) source: SecretSource,
    /// The name that the provider knows the key by. `None`: the one that is in the key, if there is one.
    pub(crate) key_id: Option<String>,
}

/// The `aud` of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The endpoint that is called, as Okta demands.
    Endpoint,
    Issuer,
    Fixed(String),
}

impl ClientAuth {
    /// A client that does not authenticate.
    pub(crate) const NONE: Self = Self {
        method: ClientAuthMethod::None,
        audience: Audience::Endpoint,
    };

    /// # Errors
    /// If a method lacks its secret or its key, or if it is unclear which of the two counts.
    pub(super) fn new(args: &ProviderArgs, environment: &Environment) -> Result<Self, Error> {
        let command = |flag, text: &Option<String>| SecretSource::command(flag, text.as_deref(), environment);
        let secret = SecretSource::only([
            SecretSource::inline("oidc-client-secret", args.oidc_client_secret.as_deref()),
            SecretSource::file(SECRET_FILE, args.oidc_client_secret_file.as_deref(), environment),
            command("oidc-client-secret-command", &args.oidc_client_secret_command)?,
            SecretSource::keyring(
                "oidc-client-secret-keyring",
                args.oidc_client_secret_keyring.as_deref(),
            )?,
        ])?;
        let key_file = args.oidc_client_private_key_file.as_deref();
        let key = SecretSource::only([
            SecretSource::file(PRIVATE_KEY_FILE, key_file, environment),
            command(PRIVATE_KEY_COMMAND, &args.oidc_client_private_key_command)?,
        ])?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let key_id = given(&args.oidc_client_key_id);
        if key_id.is_some() && key.is_none() {
            return Err(Error::FlagNeeds(KEY_ID, None, PRIVATE_KEY_FILE));
        }
        let key = key.map(|source| PrivateKeySource { source, key_id });
        Ok(Self {
            method: ClientAuthMethod::new(args.oidc_client_auth_method, secret, key)?,
            audience: Audience::new(given(&args.oidc_client_auth_audience).as_deref())?,
        })
    }
}

impl ClientAuthMethod {
    /// Whether another program is asked for the secret or the key.
    pub(crate) fn asks_program(&self) -> bool {
        match self {
            Self::None => false,
            Self::SecretBasicOrPost(source)
            | Self::SecretBasic(source)
            | Self::SecretPost(source)
            | Self::SecretJwt(source) => source.asks_program(),
            Self::PrivateKeyJwt(key) => key.source.asks_program(),
        }
    }

    fn new(
        choice: ClientAuthChoice,
        secret: Option<SecretSource>,
        key: Option<PrivateKeySource>,
    ) -> Result<Self, Error> {
        let needs = |name, flag| Error::FlagNeeds(METHOD, Some(name), flag);
        let with_secret = |name, method: fn(SecretSource) -> Self, secret: Option<SecretSource>| {
            secret.map(method).ok_or_else(|| needs(name, SECRET_FILE))
        };
        match choice {
            ClientAuthChoice::Auto => match (secret, key) {
                (Some(secret), Some(key)) => Err(Error::SecretAndFile([secret.flag(), key.source.flag()])),
                (None, Some(key)) => Ok(Self::PrivateKeyJwt(key)),
                (Some(secret), None) => Ok(Self::SecretBasicOrPost(secret)),
                (None, None) => Ok(Self::None),
            },
            ClientAuthChoice::None => Ok(Self::None),
            ClientAuthChoice::SecretBasic => with_secret("client_secret_basic", Self::SecretBasic, secret),
            ClientAuthChoice::SecretPost => with_secret("client_secret_post", Self::SecretPost, secret),
            ClientAuthChoice::SecretJwt => with_secret("client_secret_jwt", Self::SecretJwt, secret),
            ClientAuthChoice::PrivateKeyJwt => key
                .map(Self::PrivateKeyJwt)
                .ok_or_else(|| needs("private_key_jwt", PRIVATE_KEY_FILE)),
        }
    }
}

impl Audience {
    fn new(text: Option<&str>) -> Result<Self, Error> {
        match text {
            None | Some("endpoint") => Ok(Self::Endpoint),
            Some("issuer") => Ok(Self::Issuer),
            // Sent as it is written: providers compare it byte for byte.
            Some(text) if Url::parse(text).is_ok() => Ok(Self::Fixed(text.to_owned())),
            Some(text) => Err(Error::ClientAuthAudience(UntrustedText::new(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn secret() -> SecretSource {
        SecretSource::Inline {
            secret: Secret::new("s"),
            flag: "oidc-client-secret",
        }
    }

    fn key() -> PrivateKeySource {
        PrivateKeySource {
            source: SecretSource::File {
                path: "k".into(),
                flag: PRIVATE_KEY_FILE,
            },
            key_id: None,
        }
    }

    #[test]
    fn a_method_has_what_it_needs() {
        use ClientAuthChoice as Choice;
        use ClientAuthMethod as Method;
        let table = [
            (Choice::Auto, false, false, Ok(Method::None)),
            (Choice::Auto, true, false, Ok(Method::SecretBasicOrPost(secret()))),
            (Choice::Auto, false, true, Ok(Method::PrivateKeyJwt(key()))),
            (
                Choice::Auto,
                true,
                true,
                Err("--oidc-client-secret and --oidc-client-private-key-file are both there"),
            ),
            (Choice::None, true, true, Ok(Method::None)),
            (Choice::SecretBasic, true, true, Ok(Method::SecretBasic(secret()))),
            (Choice::SecretPost, true, false, Ok(Method::SecretPost(secret()))),
            (Choice::SecretJwt, true, false, Ok(Method::SecretJwt(secret()))),
            (
                Choice::SecretJwt,
                false,
                true,
                Err("--oidc-client-auth-method=client_secret_jwt needs --oidc-client-secret-file"),
            ),
            (
                Choice::PrivateKeyJwt,
                true,
                true,
                Ok(Method::PrivateKeyJwt(key())),
            ),
            (
                Choice::PrivateKeyJwt,
                true,
                false,
                Err("--oidc-client-auth-method=private_key_jwt needs --oidc-client-private-key-file"),
            ),
        ];
        for (choice, has_secret, has_key, expected) in table {
            let method = ClientAuthMethod::new(choice, has_secret.then(secret), has_key.then(key));
            let method = method.map_err(|error| error.to_string());
            assert_eq!(
                method,
                expected.map_err(str::to_owned),
                "{choice:?} {has_secret} {has_key}"
            );
        }
    }

    #[test]
    fn an_audience_is_a_word_or_a_url() {
        let read = |text: &str| Audience::new(Some(text));
        assert_eq!(Audience::new(None).unwrap(), Audience::Endpoint);
        assert_eq!(read("endpoint").unwrap(), Audience::Endpoint);
        assert_eq!(read("issuer").unwrap(), Audience::Issuer);
        assert_eq!(
            read("https://I.example/a/").unwrap(),
            Audience::Fixed("https://I.example/a/".to_owned())
        );
        let error = read("token").unwrap_err().to_string();
        assert!(error.contains("`token`"), "{error}");
    }
}
