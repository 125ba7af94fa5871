//! The provider's side: issuer, client, scopes.

use url::{Host, Url};

use super::{Error, SecretSource};
use crate::cli::ProviderArgs;
use crate::environment::Environment;
use crate::foreign_text::ForeignText;

/// The provider, and who we are to it.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: Issuer,
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
const OURS_ALONE: [&str; 7] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "response_type",
    "state",
];

/// The issuer's text as it was given: compared to the letter everywhere (OpenID Connect Discovery 4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    text: String,
    url: Url,
}

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
    /// `openid` was typed, and is not only there because a person signs in.
    asked_for_openid: bool,
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
            .ok_or(Error::ClientIdMissing)?;
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
            client_id,
            client_secret: SecretSource::new(
                ["oidc-client-secret", "oidc-client-secret-file"],
                args.oidc_client_secret,
                args.oidc_client_secret_file,
            )?,
            account: args.account.filter(|account| !account.is_empty()),
            scopes: Scopes::new(&args.oidc_extra_scope),
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
            return Err(Error::OursAlone(ForeignText::new(name)));
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

    /// The same provider, asked for one more scope.
    pub(crate) fn with_scope(&self, scope: &str) -> Self {
        let mut provider = self.clone();
        provider.scopes.add(scope);
        provider
    }
}

/// Reads `NAME=VALUE` as pflag does: text with one equals sign is one pair, with several it is a line of CSV with a pair
/// in each cell. A name that comes twice counts as it came last.
fn pairs(flag: &'static str, texts: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for text in texts {
        // What stands behind a name may be a secret.
        let name = text.split([':', ' ']).next().unwrap_or_default();
        let refused = || Error::NotPairs(flag, ForeignText::with_limit(name, 60));
        let cells = match text.matches('=').count() {
            0 => return Err(refused()),
            1 => vec![text.trim_matches('"').to_owned()],
            _ => {
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(text.as_bytes());
                let record = reader.records().next().and_then(Result::ok).ok_or_else(refused)?;
                record.iter().map(str::to_owned).collect()
            }
        };
        for cell in cells {
            let (name, value) = cell.split_once('=').ok_or_else(refused)?;
            pairs.retain(|(known, _)| known != name);
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    pairs.sort();
    Ok(pairs)
}

impl Issuer {
    fn parse(text: String) -> Result<Self, Error> {
        let shown = ForeignText::new(&text);
        let url = Url::parse(&text).map_err(|error| Error::IssuerNotUrl(shown.clone(), error))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(Error::IssuerNotHttps(shown));
        }
        let excess = [
            ("query", url.query().is_some()),
            ("fragment", url.fragment().is_some()),
            (
                "user name or password",
                !url.username().is_empty() || url.password().is_some(),
            ),
        ];
        if let Some((part, _)) = excess.into_iter().find(|(_, found)| *found) {
            return Err(Error::IssuerHas(shown, part));
        }
        Ok(Self { text, url })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the issuer is at one of Okta's own domains, so that texts may speak of Okta's console.
    pub(crate) fn is_okta(&self) -> bool {
        is_okta(&self.url)
    }
}

/// Whether a URL is at one of Okta's own domains.
pub(crate) fn is_okta(url: &Url) -> bool {
    const DOMAINS: [&str; 5] = [
        "okta.com",
        "oktapreview.com",
        "okta-emea.com",
        "okta-gov.com",
        "okta.mil",
    ];
    let host = url.host_str().unwrap_or_default();
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|organization| organization.ends_with('.'))
    })
}

/// Whether a URL stays on this machine, where http is no risk.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Scopes {
    /// Splits at commas and white space, since all three spellings live in kubeconfigs.
    fn new(extras: &[String]) -> Self {
        let mut scopes = Self {
            all: vec!["openid".to_owned()],
            asked_for_openid: false,
            exact: false,
        };
        for scope in extras.iter().flat_map(|text| text.split([',', ' ', '\t', '\n'])) {
            scopes.asked_for_openid |= scope == "openid";
            scopes.add(scope);
        }
        scopes
    }

    /// The parameter `scope` as it was given.
    fn exactly(text: &str) -> Self {
        let mut scopes = Self {
            all: Vec::new(),
            asked_for_openid: true,
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

    /// What was typed: a program that signs in for itself has no `openid` to ask for.
    pub(crate) fn typed(&self) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(|scope| *scope != "openid" || self.asked_for_openid)
    }

    pub(crate) fn joined(&self) -> String {
        self.all.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Result<Issuer, Error> {
        Issuer::parse(text.to_owned())
    }

    #[test]
    fn an_issuer_is_https_or_stays_on_this_machine() {
        assert!(issuer("https://example.okta.com/oauth2/default").is_ok());
        assert!(issuer("http://127.0.0.1:9000").is_ok());
        assert!(issuer("http://[::1]:9000/x").is_ok());
        assert!(issuer("http://localhost:9000").is_ok());
        assert!(matches!(
            issuer("http://localhost.example.com"),
            Err(Error::IssuerNotHttps(_))
        ));
        assert!(matches!(
            issuer("http://example.okta.com"),
            Err(Error::IssuerNotHttps(_))
        ));
        assert!(matches!(issuer("file:///etc"), Err(Error::IssuerNotHttps(_))));
        assert!(matches!(issuer("example.okta.com"), Err(Error::IssuerNotUrl(..))));
    }

    #[test]
    fn an_issuer_has_no_query_fragment_or_user() {
        for text in [
            "https://i/?a=b",
            "https://i/#x",
            "https://me@i/",
            "https://me:pw@i",
        ] {
            assert!(matches!(issuer(text), Err(Error::IssuerHas(..))), "{text}");
        }
    }

    #[test]
    fn an_issuer_keeps_its_spelling() {
        assert_eq!(
            issuer("https://Example.com:443/a/").unwrap().as_str(),
            "https://Example.com:443/a/"
        );
    }

    #[test]
    fn pairs_are_read_as_pflag_reads_them() {
        let read = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
            let pairs = pairs("f", &texts).map_err(|_| ())?;
            Ok(pairs
                .into_iter()
                .map(|(name, value)| format!("{name}:{value}"))
                .collect::<Vec<_>>()
                .join(" "))
        };
        assert_eq!(
            read(&["ttl=86400", "reauth=false"]),
            Ok("reauth:false ttl:86400".to_owned())
        );
        assert_eq!(read(&["a=1,2"]), Ok("a:1,2".to_owned()));
        assert_eq!(read(&["a=1,b=2"]), Ok("a:1 b:2".to_owned()));
        assert_eq!(read(&["\"a=x,y\",b=p=q"]), Ok("a:x,y b:p=q".to_owned()));
        assert_eq!(read(&["a=1", "a=2"]), Ok("a:2".to_owned()));
        assert_eq!(read(&["nonsense"]), Err(()));
        assert_eq!(read(&["a=1,b=2,c"]), Err(()));
    }

    #[test]
    fn scopes_come_once_in_every_spelling() {
        let typed = [
            "email offline_access,profile".to_owned(),
            "openid".into(),
            "email".into(),
        ];
        assert_eq!(
            Scopes::new(&typed).joined(),
            "openid email offline_access profile"
        );
        assert_eq!(Scopes::new(&[]).joined(), "openid");
        assert_eq!(
            Scopes::new(&["k8s".to_owned()]).typed().collect::<Vec<_>>(),
            ["k8s"]
        );
        assert_eq!(
            Scopes::new(&["k8s,openid".to_owned()])
                .typed()
                .collect::<Vec<_>>(),
            ["openid", "k8s"]
        );
    }
}
