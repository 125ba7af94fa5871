//! What is told of a sign-in that brought no refresh token. Pure.

use super::acquire::Settings;
use crate::settings::Grant;

/// Where the scopes are chosen, and so where they can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeSource {
    /// The flags of the user's entry, or variables.
    Arguments,
    /// A cluster's config in the kubeconfig.
    ClusterConfig,
    /// A kubeconfig's `auth-provider` entry.
    AuthProvider,
    /// A parameter of the authorization request, beside which no others count.
    Parameter,
}

/// What the cure depends on.
#[derive(Clone, Copy)]
struct Case {
    /// `offline_access` was asked for.
    asked: bool,
    okta: bool,
    source: ScopeSource,
    /// There is an authorization request, to which parameters can be added.
    has_browser: bool,
}

impl Settings<'_> {
    pub(super) fn no_refresh_token(&self) -> String {
        let mut scopes = self.provider.scopes.iter();
        remark(Case {
            asked: scopes.any(|scope| scope == "offline_access"),
            okta: self.provider.issuer.is_okta(),
            source: match self.provider.extra_parameter("scope") {
                Some(_) => ScopeSource::Parameter,
                None => self.scopes_from,
            },
            has_browser: matches!(self.login.grant, Grant::Browser | Grant::Keyboard),
        })
    }
}

fn remark(case: Case) -> String {
    if case.asked {
        return format!(
            "the provider sent no refresh token, though it was asked for offline_access, so you sign in again when this token ends; {}",
            allowed(case)
        );
    }
    let app = if case.okta {
        " (the app at Okta also needs the grant type Refresh Token)"
    } else {
        ""
    };
    format!(
        "the provider sent no refresh token, so you sign in again when this token ends; to change that, {}{app}",
        asked(case)
    )
}

/// Where `offline_access` is asked for.
fn asked(case: Case) -> &'static str {
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

/// OpenID Connect Core 11: a provider may want the person's consent each time.
fn allowed(case: Case) -> &'static str {
    if case.okta {
        "the app needs the grant type Refresh Token (Okta > the app > General)"
    } else if case.has_browser {
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

    /// Asked for, Okta's, whose scopes, with a browser; what is named.
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
    fn the_remark_names_what_can_be_changed_there() {
        for (asked, okta, source, has_browser, named) in CASES {
            let told = remark(Case {
                asked,
                okta,
                source,
                has_browser,
            });
            assert!(told.contains(named), "{told}");
            assert_eq!(told.contains("Okta"), okta, "{told}");
            let has_flag = told.contains("--oidc-extra-scope");
            assert_eq!(has_flag, !asked && source == Arguments, "{told}");
            assert_eq!(
                told.contains("prompt=consent"),
                asked && !okta && has_browser,
                "{told}"
            );
        }
    }
}
