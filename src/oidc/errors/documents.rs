//! Errors in the provider's documents: the discovery document and the key set.

use super::is_at_okta;
use crate::catalogue::Id;
use crate::files;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("{url} answered with {what}, not with a JSON object")]
    NotObject { url: UntrustedText, what: &'static str },
    #[error("the discovery document is of issuer `{returned}`, not of `{configured}`")]
    IssuerMismatch {
        configured: UntrustedText,
        returned: UntrustedText,
    },
    #[error("the discovery document at {url} cannot be used: {why}")]
    Metadata { url: UntrustedText, why: UntrustedText },
    #[error("the provider has no device authorization endpoint")]
    NoDeviceEndpoint,
    #[error("the provider has no endpoint for pushed authorization requests")]
    NoPushedRequestEndpoint,
    /// It refused a request because it was not pushed.
    #[error("the provider takes only pushed authorization requests, and announces no endpoint for them")]
    PushDemandedWithoutEndpoint,
    #[error("the key set at {url} cannot be used: {why}")]
    KeySet { url: UntrustedText, why: UntrustedText },
}

impl DocumentError {
    pub(in crate::oidc) fn hint(&self) -> String {
        let hint = match self {
            Self::IssuerMismatch { configured, returned } => return issuer_hint(configured, returned),
            Self::NotObject { .. } => {
                "check --oidc-issuer-url and the proxy in front of it; the provider has to send its documents as JSON objects"
            }
            Self::Metadata { .. } => {
                "check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect \
                 rules"
            }
            Self::NoDeviceEndpoint => {
                "use another --grant-type, or enable device authorization at the provider"
            }
            Self::NoPushedRequestEndpoint => {
                "leave out --oidc-par=always; if the provider takes no other requests, ask whoever runs it: its discovery document needs \
                 `pushed_authorization_request_endpoint`"
            }
            Self::PushDemandedWithoutEndpoint => {
                "ask whoever runs the provider: its discovery document needs `pushed_authorization_request_endpoint`, or the app must not \
                 require pushed authorization requests (PAR)"
            }
            Self::KeySet { .. } => {
                "ask whoever runs the provider; its documents break the OpenID Connect rules"
            }
        };
        hint.to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::NotObject { .. } => Id::NOT_A_PROVIDER,
            Self::IssuerMismatch { .. } => Id::ISSUER_MISMATCH,
            Self::Metadata { .. } | Self::KeySet { .. } => Id::PROVIDER_ANSWER_INVALID,
            Self::NoDeviceEndpoint => Id::DEVICE_CODE_UNSUPPORTED,
            Self::NoPushedRequestEndpoint | Self::PushDemandedWithoutEndpoint => {
                Id::PUSHED_REQUESTS_UNSUPPORTED
            }
        }
    }

    /// Whether other callers that wait for the same provider fail in the same way.
    pub(super) fn is_shared_by_waiters(&self) -> bool {
        match self {
            Self::NotObject { .. }
            | Self::IssuerMismatch { .. }
            | Self::Metadata { .. }
            | Self::KeySet { .. } => true,
            Self::NoDeviceEndpoint | Self::NoPushedRequestEndpoint | Self::PushDemandedWithoutEndpoint => {
                false
            }
        }
    }

    /// Whether the cached metadata of the provider may be out of date.
    pub(super) fn may_mean_stale_metadata(&self) -> bool {
        match self {
            // The endpoint may be new.
            Self::NotObject { .. } | Self::PushDemandedWithoutEndpoint => true,
            Self::IssuerMismatch { .. }
            | Self::Metadata { .. }
            | Self::NoDeviceEndpoint
            | Self::NoPushedRequestEndpoint
            | Self::KeySet { .. } => false,
        }
    }
}

fn issuer_hint(configured: &UntrustedText, returned: &UntrustedText) -> String {
    if returned.as_str().contains('{') {
        return "the provider serves several tenants at this address: use the issuer with your own tenant's id in it, here and in \
                the API server"
            .to_owned();
    }
    // The provider's text becomes part of a command line that a person types.
    let flag = format!("--oidc-issuer-url={}", files::quoted(returned.as_str()));
    if configured.as_str().trim_end_matches('/') == returned.as_str().trim_end_matches('/') {
        return format!("only the slash at the end differs: use {flag} here and in the API server");
    }
    let change = if is_at_okta(configured) || is_at_okta(returned) {
        ", or set the issuer of the authorization server at Okta (Security > API) to this URL"
    } else {
        ", if that is the provider you mean"
    };
    format!("use {flag} here and in the API server{change}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(configured: &str, returned: &str) -> String {
        issuer_hint(&UntrustedText::new(configured), &UntrustedText::new(returned))
    }

    #[test]
    fn an_issuer_that_differs_is_explained_by_what_differs() {
        assert!(issuer("https://i", "https://i/").contains("only the slash"));
        let tenants = "https://login.microsoftonline.com/{tenantid}/v2.0";
        assert!(
            issuer("https://login.microsoftonline.com/common/v2.0", tenants).contains("your own tenant's id")
        );
        assert!(issuer("https://login.example.com", "https://x.okta.com").contains("at Okta"));
        assert!(!issuer("https://login.example.com", "https://other.example.com").contains("Okta"));
    }

    /// It is the provider's text, and a person types it.
    #[test]
    fn an_issuer_to_be_typed_is_one_word_for_the_shell() {
        for (returned, typed) in [
            (
                "https://o.example/x",
                "--oidc-issuer-url=https://o.example/x here",
            ),
            (
                "https://o.example/x;touch a",
                "--oidc-issuer-url='https://o.example/x;touch a' here",
            ),
            (
                "https://o.example/$(id)`id`",
                "--oidc-issuer-url='https://o.example/$(id)`id`' here",
            ),
            ("https://i;id/", "--oidc-issuer-url='https://i;id/' here"),
        ] {
            let hint = issuer("https://i;id", returned);
            assert!(hint.contains(typed), "{hint}");
        }
    }
}
