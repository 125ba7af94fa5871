//! Authenticates the app of a request.
//!
//! An app is registered for one authentication method, and must use only that: a secret from a public client is refused like a
//! missing one from a confidential client.

use data_encoding::BASE64;
use form_urlencoded::parse;

use super::{
    CLIENT_ID, WEB_CLIENT_ID, assertion,
    behaviour::Behaviour,
    choices::ClientAuth,
    errors,
    exchange::{Answer, Asked},
    provider::Provider,
};

/// A registered app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum App {
    /// Public client; PKCE required.
    Native,
    /// Confidential client with a secret.
    Web,
}

impl App {
    pub(crate) fn by_id(id: &str) -> Option<Self> {
        match id {
            CLIENT_ID => Some(Self::Native),
            WEB_CLIENT_ID => Some(Self::Web),
            _ => None,
        }
    }

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Native => CLIENT_ID,
            Self::Web => WEB_CLIENT_ID,
        }
    }
}

/// How a request names its client.
enum Credentials {
    Basic { id: String, secret: String },
    Post { id: String, secret: String },
    Public { id: String },
    Assertion { jwt: String },
}

/// Returns the app of a request to the token, revocation or introspection endpoint.
pub(crate) fn authenticate(provider: &Provider, rules: &Behaviour, asked: &Asked) -> Result<App, Answer> {
    note_secrets(provider, asked);
    provider.note_secret(&rules.web_client_secret);
    let credentials = credentials(asked)?;
    if let Credentials::Assertion { jwt } = credentials {
        return assertion::check(provider, rules, asked, &jwt);
    }
    let (Credentials::Basic { id, .. }
    | Credentials::Post { id, .. }
    | Credentials::Public { id }
    | Credentials::Assertion { jwt: id }) = &credentials;
    let Some(app) = App::by_id(id) else {
        return Err(refused("Invalid value for 'client_id' parameter."));
    };
    match (app, credentials, rules.web_client_auth) {
        (App::Native, Credentials::Public { .. }, _) => Ok(app),
        (App::Web, Credentials::Public { .. }, _) => Err(refused("No client credentials found.")),
        (App::Web, Credentials::Basic { secret, .. }, ClientAuth::Either | ClientAuth::SecretBasic)
        | (App::Web, Credentials::Post { secret, .. }, ClientAuth::Either | ClientAuth::SecretPost) => {
            if secret == rules.web_client_secret {
                Ok(app)
            } else {
                Err(refused(
                    "The client secret supplied for a confidential client is invalid.",
                ))
            }
        }
        (App::Native | App::Web, _, _) => Err(refused(
            "Client authentication failed. Either the client or the client credentials are invalid.",
        )),
    }
}

fn credentials(asked: &Asked) -> Result<Credentials, Answer> {
    let header = asked.header("authorization");
    let secret = asked.form("client_secret");
    let assertion = asked.form("client_assertion");
    if [header, secret, assertion].iter().flatten().count() > 1 {
        return Err(errors::oauth(
            401,
            "invalid_request",
            "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization \
             header, credentials in the post body, or a client_assertion in the post body.",
        ));
    }
    if let Some(header) = header {
        return basic(header, asked.form("client_id"));
    }
    if let Some(jwt) = assertion {
        return Ok(Credentials::Assertion { jwt: jwt.to_owned() });
    }
    let Some(id) = asked.form("client_id").map(str::to_owned) else {
        return Err(refused("No client credentials found."));
    };
    Ok(match secret {
        Some(secret) => Credentials::Post {
            id,
            secret: secret.to_owned(),
        },
        None => Credentials::Public { id },
    })
}

fn basic(header: &str, form_id: Option<&str>) -> Result<Credentials, Answer> {
    let pair = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Basic"))
        .and_then(|(_, encoded)| BASE64.decode(encoded.trim().as_bytes()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
        return Err(refused(
            "Found Authentication header but was not valid client credentials.",
        ));
    };
    let id = form_decoded(id);
    if form_id.is_some_and(|form_id| form_id != id) {
        return Err(refused(
            "Client authentication failed. Either the client or the client credentials are invalid.",
        ));
    }
    Ok(Credentials::Basic {
        id,
        secret: form_decoded(secret),
    })
}

/// RFC 6749 2.3.1: id and secret are form-encoded inside Basic.
fn form_decoded(text: &str) -> String {
    match parse(format!("value={text}").as_bytes()).next() {
        Some((_, value)) => value.into_owned(),
        None => text.to_owned(),
    }
}

fn note_secrets(provider: &Provider, asked: &Asked) {
    for secret in [asked.form("client_secret"), asked.form("client_assertion")]
        .into_iter()
        .flatten()
    {
        provider.note_secret(secret);
    }
    if let Some((_, encoded)) = asked
        .header("authorization")
        .and_then(|header| header.split_once(' '))
    {
        provider.note_secret(encoded);
        if let Ok(Credentials::Basic { secret, .. }) = basic(&format!("Basic {encoded}"), None) {
            provider.note_secret(&secret);
        }
    }
}

pub(crate) fn refused(description: &str) -> Answer {
    errors::oauth(401, "invalid_client", description)
}
