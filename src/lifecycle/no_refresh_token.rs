//! The note about a login that brought no refresh token. Pure.

use super::acquire::Settings;
use crate::settings::Grant;

/// Where the scopes are configured, and so where the user can change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeSource {
    /// The flags of the user's entry, or variables.
    Arguments,
    /// A cluster's config in the kubeconfig.
    ClusterConfig,
    /// A kubeconfig's `auth-provider` entry.
    AuthProvider,
    /// The parameter `scope` of the authorization request, which overrides the others.
    Parameter,
}

/// The facts that decide which fix the note names.
#[derive(Clone, Copy)]
struct Case {
    /// Whether the request had the scope `offline_access`.
    requested: bool,
    is_okta: bool,
    source: ScopeSource,
    /// Whether the grant has an authorization request, to which parameters can be added.
    has_authorization_request: bool,
}

impl Settings<'_> {
    pub(super) fn no_refresh_token_note(&self) -> String {
        let mut scopes = self.provider.scopes.iter();
        note_for(Case {
            requested: scopes.any(|scope| scope == "offline_access"),
            is_okta: self.provider.issuer.is_okta(),
            source: match self.provider.extra_parameter("scope") {
                Some(_) => ScopeSource::Parameter,
                None => self.scopes_from,
            },
            has_authorization_request: matches!(self.login.grant, Grant::Browser | Grant::Keyboard),
        })
    }
}

fn note_for(case: Case) -> String {
    if case.requested {
        return format!(
            "the provider sent no refresh token, though it was asked for offline_access, so you sign in again when this token ends; {}",
            how_to_allow(case)
        );
    }
    let app = if case.is_okta {
        " (the app at Okta also needs the grant type Refresh Token)"
    } else {
        ""
    };
    format!(
        "the provider sent no refresh token, so you sign in again when this token ends; to change that, {}{app}",
        how_to_request(case)
    )
}

/// How to request `offline_access`.
fn how_to_request(case: Case) -> &'static str {
    match case.source {
        ScopeSource::Parameter => "add offline_access to the `scope` in --oidc-auth-request-extra-params",
        ScopeSource::Arguments => "add --oidc-extra-scope=offline_access",
        ScopeSource::ClusterConfig => {
            "add offline_access to `oidc-extra-scope` in the cluster's config (in the kubeconfig: clusters > cluster > extensions > \
             client.authentication.k8s.io/exec), or ask whoever gave you the kubeconfig to"
        }
        ScopeSource::AuthProvider => {
            "add offline_access to `extra-scopes` in the `auth-provider` config of this user in the kubeconfig"
        }
    }
}

/// How to make the provider grant `offline_access`: it may require consent at each login (OpenID Connect Core 11).
fn how_to_allow(case: Case) -> &'static str {
    if case.is_okta {
        "the app needs the grant type Refresh Token (Okta > the app > General)"
    } else if case.has_authorization_request {
        "the provider may have to allow refresh tokens for this app, or want to be asked with \
         --oidc-auth-request-extra-params=prompt=consent"
    } else {
        "the provider may have to allow refresh tokens for this app"
    }
}

#[cfg(test)]
mod tests {
    use super::ScopeSource::{Arguments, AuthProvider, ClusterConfig, Parameter};
    use super::*;

    /// Whether `offline_access` was requested, whether the provider is Okta, the scopes' source, whether there is an authorization
    /// request, and a part of the note.
    const CASES: [(bool, bool, ScopeSource, bool, &str); 10] = [
        (
            false,
            false,
            Arguments,
            true,
            "add --oidc-extra-scope=offline_access",
        ),
        (
            false,
            true,
            Arguments,
            true,
            "add --oidc-extra-scope=offline_access",
        ),
        (
            false,
            false,
            Parameter,
            true,
            "in --oidc-auth-request-extra-params",
        ),
        (
            false,
            false,
            ClusterConfig,
            true,
            "`oidc-extra-scope` in the cluster's config",
        ),
        (
            false,
            true,
            ClusterConfig,
            false,
            "`oidc-extra-scope` in the cluster's config",
        ),
        (
            false,
            false,
            AuthProvider,
            true,
            "`extra-scopes` in the `auth-provider` config",
        ),
        (true, true, Arguments, true, "Okta > the app > General"),
        (true, true, ClusterConfig, true, "Okta > the app > General"),
        (true, false, Arguments, true, "extra-params=prompt=consent"),
        (
            true,
            false,
            ClusterConfig,
            false,
            "allow refresh tokens for this app",
        ),
    ];

    #[test]
    fn the_note_names_the_setting_that_the_user_can_change() {
        for (requested, is_okta, source, has_authorization_request, part) in CASES {
            let note = note_for(Case {
                requested,
                is_okta,
                source,
                has_authorization_request,
            });
            assert!(note.contains(part), "{note}");
            assert_eq!(note.contains("Okta"), is_okta, "{note}");
            let has_flag = note.contains("--oidc-extra-scope");
            assert_eq!(has_flag, !requested && source == Arguments, "{note}");
            assert_eq!(
                note.contains("prompt=consent"),
                requested && !is_okta && has_authorization_request,
                "{note}"
            );
        }
    }
}
