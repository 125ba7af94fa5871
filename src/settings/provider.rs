//! The provider's side: issuer, client, scopes.

use super::list::{pairs, scopes};
use super::{Error, Issuer, SecretSource};
use crate::cli::ProviderArgs;
use crate::environment::Environment;
use crate::untrusted_text::UntrustedText;

/// The provider, and who we are to it.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: Issuer,
    /// A cluster's entry has named the issuer: a stranger's word.
    pub(crate) named_by_cluster: bool,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretSource>,
    /// Who is to sign in, where a person has several accounts at the provider.
    pub(crate) account: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) pkce: Pkce,
    pub(crate) token: TokenKind,
    /// For every request to the provider.
    pub(crate) headers: Vec<(String, String)>,
    /// For the authorization request, as they were given.
    pub(crate) extra_parameters: Vec<(String, String)>,
}

/// Parameters that bind the answer to us: another value would only be refused, or open the sign-in to others.
pub(crate) const OURS_ALONE: [&str; 10] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    // A request object (RFC 9101) replaces all the others, and another response mode brings the answer in another way.
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// Which token the API server is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Id,
    Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pkce {
    S256,
    /// The person's own wish; warned about.
    Off,
}

/// Scopes to ask for: `openid` and the extras as given, none twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes {
    all: Vec<String>,
    /// Given to the letter: neither `openid` nor anything else is added.
    exact: bool,
}

impl Provider {
    pub(crate) fn new(args: ProviderArgs) -> Result<Self, Error> {
        let issuer = args
            .oidc_issuer_url
            .filter(|text| !text.is_empty())
            .ok_or(Error::IssuerMissing)?;
        let issuer = Issuer::parse(issuer)?;
        let client_id = args
            .oidc_client_id
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Error::ClientIdMissing {
                at_okta: issuer.is_okta(),
            })?;
        let pkce = match args.oidc_pkce_method.as_str() {
            "auto" | "S256" => Pkce::S256,
            "no" => Pkce::Off,
            other => {
                return Err(Error::no_choice(
                    "oidc-pkce-method",
                    other,
                    &["auto", "S256", "no"],
                ));
            }
        };
        let provider = Self {
            issuer,
            named_by_cluster: false,
            client_id,
            client_secret: SecretSource::new(
                ["oidc-client-secret", "oidc-client-secret-file"],
                args.oidc_client_secret,
                args.oidc_client_secret_file,
            )?,
            account: args.account.filter(|account| !account.is_empty()),
            scopes: Scopes::new(&args.oidc_extra_scope)?,
            pkce: if args.oidc_use_pkce == Some(true) {
                Pkce::S256
            } else {
                pkce
            },
            token: if args.oidc_use_access_token == Some(true) {
                TokenKind::Access
            } else {
                TokenKind::Id
            },
            headers: pairs("oidc-request-header", &args.oidc_request_header)?,
            extra_parameters: Vec::new(),
        };
        provider.with_parameters(&args.oidc_auth_request_extra_params)
    }

    /// The same provider with these extra parameters.
    pub(crate) fn with_parameters(mut self, texts: &[String]) -> Result<Self, Error> {
        self.extra_parameters = pairs("oidc-auth-request-extra-params", texts)?;
        let mut names = self.extra_parameters.iter().map(|(name, _)| name.as_str());
        if let Some(name) = names.find(|name| OURS_ALONE.contains(name)) {
            return Err(Error::ReservedParameter(UntrustedText::new(name)));
        }
        if let Some(scopes) = self.extra_parameter("scope") {
            self.scopes = Scopes::exactly(scopes);
        }
        Ok(self)
    }

    /// Gives `~` in the secret's file name its meaning, as the shell does not do after an equals sign.
    pub(crate) fn expand_home(&mut self, environment: &Environment) {
        if let Some(secret) = &mut self.client_secret {
            secret.expand_home(environment);
        }
    }

    /// What was given for a parameter of the authorization request.
    pub(crate) fn extra_parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.extra_parameters.iter();
        let found = parameters.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What an authorization request has beside the parameters of the protocol: what was given, and ours where nothing was.
    pub(crate) fn authorization_parameters(&self) -> Vec<(&str, &str)> {
        let ours = [
            // Google gives a refresh token for nothing else; others do not know the name.
            ("access_type", Some("offline")),
            ("login_hint", self.account.as_deref()),
        ];
        let ours = ours
            .into_iter()
            .filter(|(name, _)| self.extra_parameter(name).is_none())
            .filter_map(|(name, value)| Some((name, value?)));
        ours.chain(self.given_parameters()).collect()
    }

    /// The extra parameters without those that have another place.
    pub(crate) fn given_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let given = self.extra_parameters.iter().filter(|(name, _)| name != "scope");
        given.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a secret was given on the command line or in a variable; headers count, since most of them hold one.
    pub(crate) fn has_inline_secret(&self) -> bool {
        matches!(self.client_secret, Some(SecretSource::Given(_))) || !self.headers.is_empty()
    }

    /// The same provider, asked for one more scope.
    pub(crate) fn with_scope(&self, scope: &str) -> Self {
        let mut provider = self.clone();
        provider.scopes.add(scope);
        provider
    }
}

impl Scopes {
    pub(crate) fn new(extras: &[String]) -> Result<Self, Error> {
        let mut all = Self {
            all: vec!["openid".to_owned()],
            exact: false,
        };
        for scope in scopes(extras)? {
            all.add(&scope);
        }
        Ok(all)
    }

    /// The parameter `scope` as it was given.
    fn exactly(text: &str) -> Self {
        let mut scopes = Self {
            all: Vec::new(),
            exact: false,
        };
        text.split(' ').for_each(|scope| scopes.add(scope));
        scopes.exact = true;
        scopes
    }

    fn add(&mut self, scope: &str) {
        if !self.exact && !scope.is_empty() && !self.iter().any(|known| known == scope) {
            self.all.push(scope.to_owned());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    pub(crate) fn joined(&self) -> String {
        self.all.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_come_once_in_every_spelling() {
        let scopes = |extras: &[&str]| {
            let extras: Vec<_> = extras.iter().map(|&extra| extra.to_owned()).collect();
            Scopes::new(&extras).unwrap()
        };
        assert_eq!(
            scopes(&["email offline_access,profile", "openid", "\"email\""]).joined(),
            "openid email offline_access profile"
        );
        assert_eq!(scopes(&[]).joined(), "openid");
    }
}
