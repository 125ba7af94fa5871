//! Errors of settings, each with its hint.

use url::Url;

use super::issuer::is_dotted_localhost;
use super::mistaken_issuer::MistakenIssuer;
use crate::catalogue::Id;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("--oidc-issuer-url is missing")]
    IssuerMissing,
    #[error("--oidc-issuer-url `{0}` is not a URL")]
    IssuerNotUrl(UntrustedText, #[source] NotUrl),
    #[error("--oidc-issuer-url `{0}` still has the placeholder `{1}`")]
    IssuerPlaceholder(UntrustedText, UntrustedText),
    #[error("--oidc-issuer-url `{0}` is not https")]
    IssuerNotHttps(UntrustedText),
    #[error("--oidc-issuer-url `{0}` has a {1}, which an issuer cannot have")]
    IssuerHas(UntrustedText, &'static str),
    #[error("--oidc-issuer-url `{0}` {what}", what = .1.what)]
    IssuerMistaken(UntrustedText, MistakenIssuer),
    /// Flags without dashes that `setup` needs.
    #[error("{} {} missing", dashed(.0), if .0.len() == 1 { "is" } else { "are" })]
    SetupIncomplete(Vec<&'static str>),
    /// What was given for the client id, and what it is.
    #[error("--oidc-client-id `{0}` {1}")]
    ClientIdMistaken(UntrustedText, &'static str),
    /// The first flag needs the second one.
    #[error("--{0} needs --{1} where nobody can be asked")]
    NobodyToAsk(&'static str, &'static str),
    /// A secret of this flag would be in a kubeconfig.
    #[error("--{0} would be written into a kubeconfig, where it is no secret")]
    SecretInKubeconfig(&'static str),
    #[error("--oidc-client-id is missing")]
    ClientIdMissing {
        /// Whether the issuer is Okta's, for the hint.
        at_okta: bool,
    },
    /// A flag that neither the command line nor the cluster's config has. The second text is the hint.
    #[error("--{0} is missing")]
    ClusterConfig(&'static str, &'static str),
    #[error("--oidc-redirect-url `{0}` cannot be listened on: {1}")]
    RedirectUrl(UntrustedText, &'static str),
    #[error("--oidc-resource `{0}` {1}")]
    Resource(UntrustedText, &'static str),
    #[error("--local-server-cert and --local-server-key belong together, and one of them is missing")]
    IncompleteCallbackTls,
    #[error("--listen-address `{0}` is not HOST:PORT")]
    ListenAddress(UntrustedText),
    #[error("--browser-command `{0}` cannot be split into words")]
    BrowserCommand(UntrustedText),
    /// Without a text if that may be a secret.
    #[error("{} is not NAME=VALUE", value_of(.0, .1.as_ref()))]
    NotPairs(&'static str, Option<UntrustedText>),
    /// The text may have a secret in it.
    #[error("--{0} cannot be split into words")]
    SecretCommand(&'static str),
    #[error("--{0} `{1}` is not SERVICE/ACCOUNT")]
    SecretKeyring(&'static str, UntrustedText),
    #[error("--{0} `{1}` is not a list: its quotes do not pair up")]
    NotList(&'static str, UntrustedText),
    #[error("--oidc-auth-request-extra-params cannot set `{0}`, which belongs to each sign-in alone")]
    ReservedParameter(UntrustedText),
    #[error("--open-url-after-authentication `{0}` is no http or https URL")]
    PostLoginUrl(UntrustedText),
    #[error("--oidc-redirect-url-hostname `{0}` is no host name")]
    RedirectHost(UntrustedText),
    #[error("--{} and --{} are both there", .0[0], .0[1])]
    SecretAndFile([&'static str; 2]),
    /// A flag, without dashes, with the value that counts, and the flag that it needs.
    #[error("--{0}{value} needs --{2}", value = .1.map(|value| format!("={value}")).unwrap_or_default())]
    FlagNeeds(&'static str, Option<&'static str>, &'static str),
    #[error("--oidc-client-auth-audience `{0}` is neither `endpoint` nor `issuer` nor a URL")]
    ClientAuthAudience(UntrustedText),
    #[error("--account is there, and --grant-type is `client-credentials`")]
    AccountWithoutPerson,
    #[error("--account and --username are two people: `{0}` and `{1}`")]
    AccountMismatch(UntrustedText, UntrustedText),
    /// A flag, without dashes, that says whose session it is, beside an entry that says so too.
    #[error("--{0} and a kubeconfig's entry are both named")]
    FlagOfEntry(String),
    /// Flags, with dashes, that make another session than that of the entry.
    #[error("with {0} the session is not the one that kubectl uses for this entry")]
    OtherSession(String),
    #[error("there is no home directory to keep sessions in")]
    NoHome,
}

fn dashed(flags: &[&str]) -> String {
    let flags: Vec<String> = flags.iter().map(|flag| format!("--{flag}")).collect();
    flags.join(" and ")
}

fn value_of(flag: &str, text: Option<&UntrustedText>) -> String {
    match text {
        Some(text) => format!("--{flag} `{text}`"),
        None => format!("a value of --{flag}"),
    }
}

/// Why a text is not a URL.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotUrl {
    #[error("it does not begin with https://")]
    NoScheme,
    #[error(transparent)]
    Other(url::ParseError),
}

impl From<url::ParseError> for NotUrl {
    fn from(error: url::ParseError) -> Self {
        match error {
            // Its own text is about a base URL, which no setting has.
            url::ParseError::RelativeUrlWithoutBase => Self::NoScheme,
            other => Self::Other(other),
        }
    }
}

const AUDIENCE_HINT: &str = "leave it out for Okta; else give what the provider's documentation names as the audience (`aud`) of a \
    client assertion";

const SETUP_EXAMPLE: &str = "for example: kubesesame setup \
    --oidc-issuer-url=https://example.okta.com/oauth2/default --oidc-client-id=0oa1b2c3d4e5f6g7h8i9; the provider's console \
    shows both, and at a terminal setup asks for them";

const REDIRECT_HINT: &str = "register http://localhost:8000 at the provider and leave the flag out, or give the http URL that is registered";
const RESOURCE_HINT: &str = "give it as the provider names the service, without a fragment: for example --oidc-resource=https://api.example.com";

impl Error {
    /// Returns the flags, without dashes, whose values cannot be used.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        match self {
            Self::IssuerMissing
            | Self::ClientIdMissing { .. }
            | Self::SetupIncomplete(_)
            | Self::ClientIdMistaken(..)
            | Self::NobodyToAsk(..)
            | Self::ClusterConfig(..)
            | Self::FlagOfEntry(_)
            | Self::OtherSession(_)
            | Self::NoHome => vec![],
            Self::IssuerNotUrl(..)
            | Self::IssuerPlaceholder(..)
            | Self::IssuerNotHttps(_)
            | Self::IssuerMistaken(..)
            | Self::IssuerHas(..) => vec!["oidc-issuer-url"],
            Self::RedirectUrl(..) => vec!["oidc-redirect-url"],
            Self::Resource(..) => vec!["oidc-resource"],
            Self::IncompleteCallbackTls => vec!["local-server-cert", "local-server-key"],
            Self::ListenAddress(_) => vec!["listen-address"],
            Self::BrowserCommand(_) => vec!["browser-command"],
            Self::NotPairs(flag, _)
            | Self::NotList(flag, _)
            | Self::SecretCommand(flag)
            | Self::SecretKeyring(flag, _)
            | Self::SecretInKubeconfig(flag)
            | Self::FlagNeeds(flag, ..) => vec![*flag],
            Self::ReservedParameter(_) => vec!["oidc-auth-request-extra-params"],
            Self::PostLoginUrl(_) => vec!["open-url-after-authentication"],
            Self::RedirectHost(_) => vec!["oidc-redirect-url-hostname"],
            Self::SecretAndFile(flags) => flags.to_vec(),
            Self::ClientAuthAudience(_) => vec!["oidc-client-auth-audience"],
            Self::AccountWithoutPerson => vec!["account", "grant-type"],
            Self::AccountMismatch(..) => vec!["account", "username"],
        }
    }

    /// Returns what the reader can do about the error.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::IssuerMissing
            | Self::IssuerPlaceholder(..)
            | Self::IssuerNotUrl(..)
            | Self::IssuerNotHttps(_)
            | Self::IssuerHas(..) => self.issuer_hint(),
            Self::IssuerMistaken(_, mistaken) => format!("use --oidc-issuer-url={}", mistaken.issuer),
            Self::SetupIncomplete(_) | Self::ClientIdMistaken(..) => SETUP_EXAMPLE.to_owned(),
            Self::NobodyToAsk(_, flag) => format!("add --{flag}, or run it at a terminal"),
            Self::SecretInKubeconfig("oidc-client-secret") => {
                "use --oidc-client-secret-file, or better an app that needs no secret (native, with PKCE)".to_owned()
            }
            Self::SecretInKubeconfig(_) => {
                "other people need an app without a secret (native, with PKCE)".to_owned()
            }
            Self::ClientIdMissing { at_okta: true } => {
                "it is on the General tab of the app in Okta's admin console".to_owned()
            }
            Self::ClientIdMissing { at_okta: false } => {
                "it is the name that the provider gave the app for kubectl, and an audience that the API server accepts"
                    .to_owned()
            }
            Self::ClusterConfig(_, hint) => (*hint).to_owned(),
            Self::RedirectUrl(..) => REDIRECT_HINT.to_owned(),
            Self::Resource(..) => RESOURCE_HINT.to_owned(),
            Self::IncompleteCallbackTls => "give both, or neither".to_owned(),
            Self::ListenAddress(_) => "for example --listen-address=127.0.0.1:8000".to_owned(),
            Self::SecretKeyring(flag, _) => {
                format!("name an item by its service and its account, for example --{flag}=okta/kubectl")
            }
            Self::BrowserCommand(_) | Self::SecretCommand(_) => "close the quotes; words are split as a shell would".to_owned(),
            Self::NotPairs(flag, _) => format!("for example --{flag}=name=value"),
            Self::NotList(flag, _) => {
                let example = match *flag {
                    "listen-address" => "127.0.0.1:8000,127.0.0.1:18000",
                    _ => "email,groups",
                };
                format!("a list needs no quotes: for example --{flag}={example}")
            }
            Self::ReservedParameter(name) => match name.as_str() {
                "redirect_uri" => "use --oidc-redirect-url".to_owned(),
                "client_id" => "use --oidc-client-id".to_owned(),
                "code_challenge" | "code_challenge_method" => "use --oidc-pkce-method".to_owned(),
                _ => "leave it out".to_owned(),
            },
            Self::PostLoginUrl(_) => {
                "for example --open-url-after-authentication=https://example.com/welcome".to_owned()
            }
            Self::RedirectHost(_) => "use --oidc-redirect-url=http://HOST:PORT".to_owned(),
            Self::SecretAndFile(_) | Self::AccountWithoutPerson | Self::AccountMismatch(..) => {
                "leave one of them out".to_owned()
            }
            Self::FlagNeeds(flag, _, needed) => format!("add --{needed}, or leave --{flag} out"),
            Self::ClientAuthAudience(_) => AUDIENCE_HINT.to_owned(),
            Self::FlagOfEntry(_) => {
                "name an entry (--context, --user, --kubeconfig), whose settings are used, or name the provider by flags".to_owned()
            }
            Self::OtherSession(_) => "leave them out, or put them into the entry's `args`".to_owned(),
            Self::NoHome => "set HOME, or say where with --token-cache-dir".to_owned(),
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::IssuerMissing => Id::ISSUER_MISSING,
            Self::SetupIncomplete(flags) if flags.contains(&"oidc-issuer-url") => Id::ISSUER_MISSING,
            Self::SetupIncomplete(_) | Self::ClientIdMistaken(..) | Self::ClientIdMissing { .. } => {
                Id::CLIENT_ID_MISSING
            }
            Self::IssuerNotUrl(..)
            | Self::IssuerPlaceholder(..)
            | Self::IssuerNotHttps(_)
            | Self::IssuerHas(..)
            | Self::IssuerMistaken(..) => Id::ISSUER_INVALID,
            Self::NobodyToAsk(..) => Id::NOT_CONFIRMED,
            Self::SecretInKubeconfig(_) => Id::SECRET_IN_KUBECONFIG,
            Self::ClusterConfig(..) => Id::CLUSTER_CONFIG_INVALID,
            Self::RedirectUrl(..)
            | Self::Resource(..)
            | Self::ListenAddress(_)
            | Self::BrowserCommand(_)
            | Self::SecretCommand(_)
            | Self::SecretKeyring(..)
            | Self::NotPairs(..)
            | Self::NotList(..)
            | Self::ReservedParameter(_)
            | Self::PostLoginUrl(_)
            | Self::RedirectHost(_)
            | Self::ClientAuthAudience(_) => Id::SETTING_INVALID,
            Self::IncompleteCallbackTls
            | Self::SecretAndFile(_)
            | Self::AccountWithoutPerson
            | Self::AccountMismatch(..)
            | Self::FlagOfEntry(_)
            | Self::OtherSession(_)
            | Self::FlagNeeds(..) => Id::FLAGS_CONTRADICT,
            Self::NoHome => Id::STORAGE_UNUSABLE,
        }
    }

    fn issuer_hint(&self) -> String {
        match self {
            Self::IssuerMissing => "give the issuer that the API server trusts, for example \
                 --oidc-issuer-url=https://example.okta.com/oauth2/default"
                .to_owned(),
            Self::IssuerPlaceholder(_, placeholder) if placeholder.as_str().starts_with('$') => {
                "nothing expands variables in the args of a kubeconfig: write the issuer itself, or leave the flag out and set \
                 KUBESESAME_OIDC_ISSUER_URL"
                    .to_owned()
            }
            Self::IssuerPlaceholder(_, placeholder) => format!(
                "put the value of your organization in place of {placeholder}; the API server's own issuer URL has it"
            ),
            Self::IssuerNotUrl(text, _) if text.as_str().starts_with(['"', '\'']) => {
                "leave the quotes out; in YAML they enclose the whole argument: \"--oidc-issuer-url=https://…\"".to_owned()
            }
            Self::IssuerNotHttps(text)
                if Url::parse(text.as_str()).is_ok_and(|url| is_dotted_localhost(&url)) =>
            {
                "write localhost without the dot at its end: with it, DNS may be asked, and so the network".to_owned()
            }
            Self::IssuerHas(_, "query" | "fragment" | "user name or password") => {
                "give the issuer alone, not the address of its discovery document or of a \
                 page; it is the `iss` of the tokens"
                    .to_owned()
            }
            _ => {
                "give the issuer as the provider spells it, starting with https:// (http only for 127.0.0.1, \
                 [::1] and localhost)"
                    .to_owned()
            }
        }
    }
}
