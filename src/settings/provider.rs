//! The settings of the provider: issuer, client, scopes, parameters.

use url::Url;

use super::list::{parse_list, parse_pairs, parse_scopes};
use super::{ClientAuth, Error, Issuer};
use crate::cli::{PkceChoice, ProtectionChoice, ProviderArgs};
use crate::environment::Environment;
use crate::untrusted_text::UntrustedText;

/// The provider, and the client that is registered there.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: Issuer,
    /// The issuer comes from a cluster's entry in the kubeconfig, so it is less trusted than one of the user's entry.
    pub(crate) named_by_cluster: bool,
    pub(crate) client_id: String,
    pub(crate) client_auth: ClientAuth,
    /// The account to sign in with, if a person has several at the provider.
    pub(crate) account: Option<String>,
    pub(crate) scopes: Scopes,
    /// The services that the tokens are for (RFC 8707), as given.
    pub(crate) resources: Vec<String>,
    pub(crate) pkce: Pkce,
    pub(crate) dpop: Dpop,
    pub(crate) par: Par,
    pub(crate) token: TokenKind,
    /// Headers for every request to the provider.
    pub(crate) headers: Vec<(String, String)>,
    /// Extra parameters for the authorization request, as given.
    pub(crate) extra_parameters: Vec<(String, String)>,
}

/// Parameters that bind the response to this request. With another value the sign-in fails, or somebody else can complete it.
pub(crate) const RESERVED_PARAMETERS: [&str; 11] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "nonce",
    "redirect_uri",
    // A request object (RFC 9101) replaces all other parameters. With another response mode the listener cannot read the response.
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// Who named the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// The command line, a variable, or the user's entry in the kubeconfig.
    User,
    /// A cluster's entry in the kubeconfig.
    Cluster,
}

/// Which token the API server gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Id,
    Access,
}

impl TokenKind {
    /// Returns its name in texts for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "ID token",
            Self::Access => "access token",
        }
    }
}

/// Whether the authorization request has a PKCE challenge (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pkce {
    S256,
    /// `--oidc-pkce-method=no`. A warning is printed.
    Off,
}

/// Whether requests for tokens prove a key that the tokens are bound to (RFC 9449).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dpop {
    /// Where the provider announces it, or refuses a request without.
    Auto,
    /// Bearer tokens are refused.
    Always,
    Never,
}

/// Whether the authorization request is pushed to the provider (RFC 9126).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Par {
    /// Where the metadata demand it, or the provider refuses a request that was not pushed.
    Auto,
    Always,
    Never,
}

/// Scopes to request: `openid` and the extra ones in their order, without duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes {
    all: Vec<String>,
    /// The scopes come from an extra parameter `scope`, so nothing is added to them.
    is_exact: bool,
}

impl Provider {
    /// # Errors
    /// The first flag that is missing or cannot be used.
    pub(crate) fn new(
        args: ProviderArgs,
        named_by: NamedBy,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let issuer = args
            .oidc_issuer_url
            .clone()
            .filter(|text| !text.is_empty())
            .ok_or(Error::IssuerMissing)?;
        let issuer = Issuer::parse(issuer)?;
        let client_id = args
            .oidc_client_id
            .clone()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Error::ClientIdMissing {
                at_okta: issuer.is_okta(),
            })?;
        let client_auth = ClientAuth::new(&args, environment)?;
        let provider = Self {
            issuer,
            named_by_cluster: named_by == NamedBy::Cluster,
            client_id,
            client_auth,
            account: args.account.filter(|account| !account.is_empty()),
            scopes: Scopes::new(&args.oidc_extra_scope)?,
            resources: parse_resources(&args.oidc_resource)?,
            pkce: match args.oidc_pkce_method {
                PkceChoice::No if args.oidc_use_pkce != Some(true) => Pkce::Off,
                PkceChoice::Auto | PkceChoice::S256 | PkceChoice::No => Pkce::S256,
            },
            dpop: match args.oidc_dpop {
                ProtectionChoice::Auto => Dpop::Auto,
                ProtectionChoice::Always => Dpop::Always,
                ProtectionChoice::Never => Dpop::Never,
            },
            par: match args.oidc_par {
                ProtectionChoice::Auto => Par::Auto,
                ProtectionChoice::Always => Par::Always,
                ProtectionChoice::Never => Par::Never,
            },
            token: if args.oidc_use_access_token == Some(true) {
                TokenKind::Access
            } else {
                TokenKind::Id
            },
            headers: parse_pairs("oidc-request-header", &args.oidc_request_header)?,
            extra_parameters: Vec::new(),
        };
        provider.with_extra_parameters(&args.oidc_auth_request_extra_params)
    }

    /// Returns a provider whose documents alone are read: nobody signs in, and there may be no client.
    ///
    /// # Errors
    /// If a header cannot be used.
    pub(crate) fn for_documents(issuer: Issuer, args: &ProviderArgs) -> Result<Self, Error> {
        Ok(Self {
            issuer,
            named_by_cluster: false,
            client_id: args.oidc_client_id.clone().unwrap_or_default(),
            client_auth: ClientAuth::NONE,
            account: None,
            scopes: Scopes::new(&[])?,
            resources: Vec::new(),
            pkce: Pkce::S256,
            dpop: Dpop::Never,
            par: Par::Never,
            token: TokenKind::Id,
            headers: parse_pairs("oidc-request-header", &args.oidc_request_header)?,
            extra_parameters: Vec::new(),
        })
    }

    /// Returns a provider with a client of which only the id is known, such as that of a stored session.
    pub(crate) fn public_client(issuer: Issuer, client_id: String) -> Self {
        Self {
            issuer,
            named_by_cluster: false,
            client_id,
            client_auth: ClientAuth::NONE,
            account: None,
            scopes: Scopes::exactly(""),
            resources: Vec::new(),
            pkce: Pkce::S256,
            dpop: Dpop::Auto,
            par: Par::Auto,
            token: TokenKind::Id,
            headers: Vec::new(),
            extra_parameters: Vec::new(),
        }
    }

    /// Returns the provider with these extra parameters.
    ///
    /// # Errors
    /// If a text is not `NAME=VALUE`, or names one of [`RESERVED_PARAMETERS`].
    pub(crate) fn with_extra_parameters(mut self, texts: &[String]) -> Result<Self, Error> {
        self.extra_parameters = parse_pairs("oidc-auth-request-extra-params", texts)?;
        let mut names = self.extra_parameters.iter().map(|(name, _)| name.as_str());
        if let Some(name) = names.find(|name| RESERVED_PARAMETERS.contains(name)) {
            return Err(Error::ReservedParameter(UntrustedText::new(name)));
        }
        if let Some(scopes) = self.extra_parameter("scope") {
            self.scopes = Scopes::exactly(scopes);
        }
        Ok(self)
    }

    /// Returns the value of an extra parameter.
    pub(crate) fn extra_parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.extra_parameters.iter();
        let found = parameters.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the parameters that an authorization request has in addition to those of the protocol: the extra ones, and kubesesame's
    /// own unless an extra one replaces them.
    pub(crate) fn authorization_parameters(&self) -> Vec<(&str, &str)> {
        let own = [
            // Google issues a refresh token only with this parameter. Other providers ignore it.
            ("access_type", Some("offline")),
            ("login_hint", self.account.as_deref()),
        ];
        let own = own
            .into_iter()
            .filter(|(name, _)| self.extra_parameter(name).is_none())
            .filter_map(|(name, value)| Some((name, value?)));
        own.chain(self.extra_parameters_without_scope()).collect()
    }

    /// Returns the extra parameters without `scope`, which is in [`Provider::scopes`].
    pub(crate) fn extra_parameters_without_scope(&self) -> impl Iterator<Item = (&str, &str)> {
        let extra = self.extra_parameters.iter().filter(|(name, _)| name != "scope");
        extra.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the provider with one more scope.
    pub(crate) fn with_scope(&self, scope: &str) -> Self {
        let mut provider = self.clone();
        provider.scopes.add(scope);
        provider
    }
}

/// Checks resource indicators: each is an absolute URI without a fragment (RFC 8707 2). They are sent as given, without duplicates.
fn parse_resources(texts: &[String]) -> Result<Vec<String>, Error> {
    let mut resources = Vec::new();
    for text in parse_list("oidc-resource", texts)? {
        let refused = |why| Error::Resource(UntrustedText::new(&text), why);
        if !text.chars().all(|c| c.is_ascii_graphic()) || Url::parse(&text).is_err() {
            return Err(refused("is no absolute URI"));
        }
        if text.contains('#') {
            return Err(refused("has a fragment"));
        }
        if !resources.contains(&text) {
            resources.push(text);
        }
    }
    Ok(resources)
}

impl Scopes {
    pub(crate) fn new(extras: &[String]) -> Result<Self, Error> {
        let mut all = Self {
            all: vec!["openid".to_owned()],
            is_exact: false,
        };
        for scope in parse_scopes(extras)? {
            all.add(&scope);
        }
        Ok(all)
    }

    /// The scopes of an extra parameter `scope`, exactly as given.
    fn exactly(text: &str) -> Self {
        let mut scopes = Self {
            all: Vec::new(),
            is_exact: false,
        };
        text.split(' ').for_each(|scope| scopes.add(scope));
        scopes.is_exact = true;
        scopes
    }

    fn add(&mut self, scope: &str) {
        if !self.is_exact && !scope.is_empty() && !self.iter().any(|known| known == scope) {
            self.all.push(scope.to_owned());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// Returns the value of the parameter `scope`.
    pub(crate) fn joined(&self) -> String {
        self.all.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        let parse = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
            parse_resources(&texts).map_err(|error| error.to_string())
        };
        let both = ["https://api.example.com/k8s?x=1", "urn:example:k8s"];
        assert_eq!(parse(&both).unwrap(), both);
        assert_eq!(parse(&["urn:b,urn:a", "urn:b", ""]).unwrap(), ["urn:b", "urn:a"]);
        for (text, words) in [
            ("api.example.com", "is no absolute URI"),
            ("/k8s", "is no absolute URI"),
            ("https://api.example.com/a b", "is no absolute URI"),
            ("https://api.example.com/\u{1b}[2J", "is no absolute URI"),
            ("https://api.example.com/#k8s", "has a fragment"),
        ] {
            assert!(parse(&[text]).unwrap_err().contains(words), "{text}");
        }
    }

    #[test]
    fn scopes_have_no_duplicates() {
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
