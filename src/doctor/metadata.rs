//! Checks of what the discovery document announces against what the settings ask for.

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, Settings};
use super::provider::{names_secret, problem_of, reached, surveyed};
use crate::oidc::Announced;
use crate::settings::{ClientAuthMethod, Grant, PRIVATE_KEY_FILE, Pkce, TokenKind};
use crate::untrusted_text::UntrustedText;

const UNKNOWN: &str = "the provider's discovery document is not known";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "endpoints",
        about: "The discovery document has the endpoints that the grant needs, and the address of the keys.",
        fix: "Choose another `--grant-type`, or ask whoever runs the provider.",
        run: endpoints,
    },
    Check {
        name: "grant-type",
        about: "The provider announces the grant (`grant_types_supported`). Whether the app may use it is another question, which only a \
                sign-in answers.",
        fix: "Choose another `--grant-type`. At Okta, also allow the grant in the app and in the access policy's rule.",
        run: grant_type,
    },
    Check {
        name: "pkce",
        about: "The provider announces PKCE with S256 (`code_challenge_methods_supported`), and it is not switched off.",
        fix: "Leave out `--oidc-pkce-method=no`. If the provider does not know PKCE, ask whoever runs it to update it.",
        run: pkce,
    },
    Check {
        name: "scopes",
        about: "The provider announces the scopes that are asked for (`scopes_supported`). Okta does not list scopes of your own that are hidden \
                from the metadata, so a scope that is missing is a warning.",
        fix: "Correct the scope, or create it at the provider. At Okta the access policy's rule has to allow it, too.",
        run: scopes,
    },
    Check {
        name: "client-auth",
        about: "The way in which the app proves who it is fits what the provider announces (`token_endpoint_auth_methods_supported`), and the \
                file with the secret can be read.",
        fix: "A native app needs no secret. For a web app give `--oidc-client-secret-file`.",
        run: client_auth,
    },
    Check {
        name: "signing-algorithm",
        about: "ID tokens are signed with RS256 (`id_token_signing_alg_values_supported`), which is all that an API server accepts by default.",
        fix: "Set the app to RS256, or the API server's flag `--oidc-signing-algs`.",
        run: signing_algorithm,
    },
];

/// Applies a check to the settings and what the provider announces.
fn announced(facts: &Facts, check: impl FnOnce(&Settings, &Announced) -> Outcome) -> Outcome {
    match reached(facts) {
        Err(skipped) => skipped,
        Ok((settings, survey)) => match &survey.metadata {
            Ok(announced) => check(settings, announced),
            Err(_) => Outcome::Skipped(UNKNOWN),
        },
    }
}

fn endpoints(facts: &Facts) -> Outcome {
    announced(facts, |settings, announced| {
        let sign_in = &settings.sign_in;
        let of_grant = match sign_in.login.grant {
            Grant::Browser | Grant::Keyboard => &announced.authorization_endpoint_fault,
            Grant::Device => &announced.device_endpoint_fault,
            Grant::Password { .. } | Grant::ClientCredentials => &None,
        };
        let of_keys = match sign_in.provider.token {
            TokenKind::Id => &announced.keys_fault,
            TokenKind::Access => &None,
        };
        match of_grant.as_ref().or(of_keys.as_ref()) {
            None => Outcome::Passed("all that the grant needs".to_owned()),
            Some(fault) => Outcome::Failure(
                Fault::new(
                    "an endpoint is missing that the grant needs",
                    "choose another --grant-type, or ask whoever runs the provider",
                )
                .because(fault.clone()),
            ),
        }
    })
}

/// The value of `grant_type`, or of the entry in `grant_types_supported`.
fn grant_name(grant: &Grant) -> &'static str {
    match grant {
        Grant::Browser | Grant::Keyboard => "authorization_code",
        Grant::Device => "urn:ietf:params:oauth:grant-type:device_code",
        Grant::Password { .. } => "password",
        Grant::ClientCredentials => "client_credentials",
    }
}

fn grant_type(facts: &Facts) -> Outcome {
    announced(facts, |settings, announced| {
        let name = grant_name(&settings.sign_in.login.grant);
        match &announced.grant_types {
            // Okta's discovery document does not list it, and only its OAuth metadata does.
            Some(known) if !known.iter().any(|known| known == name) && name != "client_credentials" => {
                Outcome::Warning(Fault::new(
                    format!("the provider does not announce the grant `{name}`"),
                    "choose another --grant-type, or enable the grant at the provider",
                ))
            }
            Some(_) | None => Outcome::Passed(name.to_owned()),
        }
    })
}

fn pkce(facts: &Facts) -> Outcome {
    announced(facts, |settings, announced| {
        if settings.sign_in.provider.pkce == Pkce::Off {
            return Outcome::Warning(Fault::new(
                "--oidc-pkce-method=no: whoever catches the answer to a sign-in can use it",
                "leave the flag out; a provider that does not know PKCE ignores it",
            ));
        }
        match &announced.pkce_methods {
            Some(methods) if methods.iter().any(|method| method == "S256") => {
                Outcome::Passed("S256".to_owned())
            }
            Some(_) | None => Outcome::Warning(Fault::new(
                "the provider does not announce PKCE with S256, so it may ignore it",
                "ask whoever runs the provider; kubesesame sends it in any case",
            )),
        }
    })
}

fn scopes(facts: &Facts) -> Outcome {
    announced(facts, |settings, announced| {
        let wanted: Vec<&str> = settings.sign_in.provider.scopes.iter().collect();
        let Some(known) = &announced.scopes else {
            return Outcome::Passed(wanted.join(" "));
        };
        let missing = wanted
            .iter()
            .filter(|scope| !known.iter().any(|known| known == *scope));
        let missing: Vec<String> = missing
            .map(|scope| format!("`{}`", UntrustedText::with_limit(scope, 60)))
            .collect();
        if missing.is_empty() {
            return Outcome::Passed(UntrustedText::new(&wanted.join(" ")).to_string());
        }
        Outcome::Warning(Fault::new(
            format!("the provider does not announce {}", missing.join(", ")),
            "correct --oidc-extra-scope, or create the scope at the provider (at Okta it may exist and be hidden)",
        ))
    })
}

fn client_auth(facts: &Facts) -> Outcome {
    if let Ok((_, survey)) = surveyed(facts)
        && let Err(error) = &survey.metadata
        && names_secret(error)
    {
        let is_key = error.flag() == Some(PRIVATE_KEY_FILE);
        let what = if is_key {
            "the client's private key cannot be used"
        } else {
            "the client's secret cannot be read"
        };
        return Outcome::Failure(Fault::of(what, &problem_of(error)));
    }
    announced(facts, |settings, announced| {
        let (how, names) = used_methods(&settings.sign_in.provider.client_auth.method);
        let Some(methods) = &announced.token_auth_methods else {
            return Outcome::Passed(how.to_owned());
        };
        if names
            .iter()
            .any(|name| methods.iter().any(|method| method == name))
        {
            return Outcome::Passed(if names == ["none"] {
                "without a secret, as a native app".to_owned()
            } else {
                how.to_owned()
            });
        }
        Outcome::Warning(match names {
            ["none"] => Fault::new(
                "the provider does not announce that a client may do without a secret",
                "give --oidc-client-secret-file if the app has a secret",
            ),
            ["client_secret_jwt" | "private_key_jwt"] => Fault::new(
                format!("the provider does not announce the method {}", names[0]),
                "compare --oidc-client-auth-method with what the provider has for the app",
            ),
            _ => Fault::new(
                "the provider does not announce that a client may send a secret",
                "make the app a native one, and leave the secret out",
            ),
        })
    })
}

/// How the client proves who it is, and the names of the methods of which one has to be announced.
fn used_methods(method: &ClientAuthMethod) -> (&'static str, &'static [&'static str]) {
    match method {
        ClientAuthMethod::None => ("without a secret", &["none"]),
        ClientAuthMethod::SecretBasicOrPost(_) => {
            ("with a secret", &["client_secret_basic", "client_secret_post"])
        }
        ClientAuthMethod::SecretBasic(_) => ("with a secret", &["client_secret_basic"]),
        ClientAuthMethod::SecretPost(_) => ("with a secret", &["client_secret_post"]),
        ClientAuthMethod::SecretJwt(_) => ("signed with a secret", &["client_secret_jwt"]),
        ClientAuthMethod::PrivateKeyJwt(_) => ("signed with a key", &["private_key_jwt"]),
    }
}

fn signing_algorithm(facts: &Facts) -> Outcome {
    announced(facts, |settings, announced| {
        let Some(known) = &announced.signing_algorithms else {
            return Outcome::Passed("the provider does not say".to_owned());
        };
        if known.iter().any(|name| name == "RS256") || settings.sign_in.provider.token == TokenKind::Access {
            return Outcome::Passed("RS256".to_owned());
        }
        let names = UntrustedText::with_limit(&known.join(","), 60);
        Outcome::Warning(Fault::new(
            format!("the provider signs with {names}, and an API server accepts only RS256 by default"),
            format!("give the API server --oidc-signing-algs={names}, or set the app to RS256"),
        ))
    })
}
