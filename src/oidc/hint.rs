//! What to do about each failure of this room.
//!
//! One match, so that a new failure cannot be left without a thought; the words for a provider's own errors are `diagnose`'s.

use super::error::Error;
use crate::diagnose;
use crate::foreign_text::ForeignText;

impl Error {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::AuthorityFile(_)
            | Self::AuthorityNotPem { .. }
            | Self::Client(_)
            | Self::RequestHeader(_)
            | Self::OtherAccount { .. }
            | Self::FlagFile { .. }
            | Self::LocalServer { .. }
            | Self::SecretNotText(_)
            | Self::Internal(_) => {
                self.setup_hint()
            }
            Self::Unreachable { .. }
            | Self::UnknownHost { .. }
            | Self::Timeout { .. }
            | Self::Untrusted { .. }
            | Self::RateLimited { .. }
            | Self::Refused { .. }
            | Self::NotJson { .. }
            | Self::AnswerTooLarge { .. }
            | Self::Redirected { .. } => Some(self.network_hint()),
            Self::IssuerMismatch { .. } | Self::Discovery { .. } | Self::Keys { .. } => Some(self.provider_hint()),
            Self::NoAddress(taken) => Some(taken.hint()),
            Self::PromptImpossible(_)
            | Self::Prompt(_)
            | Self::NoDeviceEndpoint
            | Self::DeviceExpired
            | Self::Pasted(_)
            | Self::NothingPasted { .. } => Some(self.by_hand_hint().to_owned()),
            Self::LoginImpossible => {
                Some("sign in once at a terminal or where there is a browser, or use --grant-type=device-code".to_owned())
            }
            Self::Unattended { redirect_uri, .. } => Some(format!(
                "run the command again and finish in the browser; if it shows \"400 Bad Request\", add \
                 {redirect_uri} to the app's sign-in redirect URIs, to the letter"
            )),
            Self::TooManyStrangers(_) => {
                Some("see what asks there, or use another port with --listen-address".to_owned())
            }
            Self::SignInRefused(error) | Self::OAuth(error) => Some(diagnose::hint(
                error.error.as_str(),
                error.description.as_ref().map_or("", ForeignText::as_str),
            )),
            Self::AnswerIssuer { .. } | Self::AnswerIssuerMissing | Self::AnswerMalformed(_) => Some(
                "run the command again; if it comes back, something between browser and provider changes answers"
                    .to_owned(),
            ),
            Self::TokenAnswer { .. } | Self::TokenType(_) => {
                Some("ask whoever runs the provider; at Okta, quote the request id (-v shows it)".to_owned())
            }
            Self::NoIdToken => Some(
                "the scope `openid` must be granted (at Okta, look at the access policy's rule); a program that signs in for \
                 itself needs --oidc-use-access-token"
                    .to_owned(),
            ),
            Self::NoLifetime => {
                Some("leave --oidc-use-access-token out: the cluster needs a token that says when it ends".to_owned())
            }
            Self::IdToken { source, clock_ahead } => Some(source.hint(*clock_ahead)),
        }
    }

    fn by_hand_hint(&self) -> &'static str {
        match self {
            Self::PromptImpossible(_) => {
                "run kubectl in a terminal, with `interactiveMode: IfAvailable` in the kubeconfig; or use another \
                 --grant-type"
            }
            Self::NoDeviceEndpoint => {
                "use another --grant-type, or enable device authorization at the provider"
            }
            Self::DeviceExpired => "run the command again, and sign in while it waits",
            Self::Pasted(_) | Self::NothingPasted { .. } => {
                "paste the code alone, or the whole address that the browser ended on, of this sign-in"
            }
            _ => "run kubectl in a terminal",
        }
    }

    fn setup_hint(&self) -> Option<String> {
        match self {
            Self::AuthorityFile(_) => {
                Some("--certificate-authority takes the path of a PEM file that you can read".to_owned())
            }
            Self::AuthorityNotPem { .. } => Some(
                "give the certificate that signed the provider's, as PEM (-----BEGIN CERTIFICATE-----)"
                    .to_owned(),
            ),
            Self::OtherAccount { .. } => Some(
                "sign out at the provider in your browser and try again, or give the other name with --account"
                    .to_owned(),
            ),
            Self::LocalServer { .. } => Some(
                "both are PEM files, and the key is the certificate's; `mkcert localhost` makes a pair that browsers here trust"
                    .to_owned(),
            ),
            Self::FlagFile { flag, source } => Some(source.hint_for(flag)),
            Self::SecretNotText(_) => Some("put the secret into it, and nothing else".to_owned()),
            Self::RequestHeader(_) => Some("for example --oidc-request-header=X-Tenant=blue".to_owned()),
            Self::Client(_) => Some(
                "install the system's certificates (package ca-certificates), or name one with \
                 --certificate-authority"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn network_hint(&self) -> String {
        match self {
            Self::Unreachable { .. } => "check the network, VPN and proxy (HTTPS_PROXY)".to_owned(),
            Self::UnknownHost { .. } => {
                "check --oidc-issuer-url for a typo, then the network and VPN".to_owned()
            }
            Self::Timeout { .. } => "check the network, VPN and proxy".to_owned(),
            Self::Untrusted { .. } => {
                "if your company checks TLS traffic or the provider has a certificate of its \
                 own, name the authority with --certificate-authority; also check this machine's clock"
                    .to_owned()
            }
            Self::RateLimited {
                until: Some(until), ..
            } => {
                format!("try again after {}", crate::clock::rfc3339(*until))
            }
            Self::RateLimited { .. } => "try again in a minute".to_owned(),
            Self::Refused { status: 404, .. } => "check --oidc-issuer-url for a typo (at Okta, `default` in \
                 /oauth2/default may not exist; without it the issuer is https://YOUR-ORG.okta.com)"
                .to_owned(),
            Self::NotJson { .. } => {
                "something else answers there: a wrong --oidc-issuer-url, a proxy, or a captive \
                 portal"
                    .to_owned()
            }
            Self::Redirected { .. } => {
                "give the issuer that it redirects to, if that is what your cluster trusts".to_owned()
            }
            _ => "try again later".to_owned(),
        }
    }

    fn provider_hint(&self) -> String {
        match self {
            Self::IssuerMismatch { configured, returned } => {
                let slash =
                    configured.as_str().trim_end_matches('/') == returned.as_str().trim_end_matches('/');
                if slash {
                    format!(
                        "only the slash at the end differs: use --oidc-issuer-url={returned} here and in the API server"
                    )
                } else {
                    format!(
                        "use --oidc-issuer-url={returned} here and in the API server, or set the issuer of the \
                         authorization server at Okta (Security > API) to this URL"
                    )
                }
            }
            _ => "ask whoever runs the provider; its documents break the OpenID Connect rules".to_owned(),
        }
    }
}
