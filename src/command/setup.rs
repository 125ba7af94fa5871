//! `setup`: one login that touches no session, and what follows from its claims.

use std::path::absolute;

use super::block_on;
use crate::cli::{ClusterArgs, SetupArgs};
use crate::clock;
use crate::cluster::{ClaimMapping, ClusterUser, username_prefix};
use crate::environment::Environment;
use crate::error::Error;
use crate::foreign_text::escaped_json;
use crate::kubeconfig::SetCredentials;
use crate::oidc::{self, Connection, Tokens};
use crate::settings::{Login, Provider, Trust};
use crate::ui::Ui;

pub(crate) fn run(args: SetupArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let mut line = set_credentials(&args);
    let redirect_url = args.provider.oidc_redirect_url.clone();
    let mut provider = Provider::new(args.provider)?;
    provider.expand_home(environment);
    let login = Login::new(
        &args.login,
        redirect_url,
        environment,
        environment.stdin_is_terminal,
    )?;
    let mut trust = Trust::new(args.tls);
    trust.expand_home(environment);
    let mapping = claim_mapping(args.cluster, provider.issuer.as_str());

    let (tokens, offline) = sign_in(&provider, &login, &trust, ui)?;
    if offline {
        line.arguments
            .push("--oidc-extra-scope=offline_access".to_owned());
    }
    let user = ClusterUser::new(&tokens.claims, &mapping);
    let claims = escaped_json(&serde_json::to_string_pretty(&tokens.claims).unwrap_or_default());
    Ui::result(&format!("Claims of the token:\n\n{claims}\n\n{user}\n{line}")).map_err(Error::Output)
}

/// Signs in with `offline_access`, and without it where that is refused; the flag says whether to write it.
fn sign_in(provider: &Provider, login: &Login, trust: &Trust, ui: Ui) -> Result<(Tokens, bool), Error> {
    let attempt = |provider: &Provider| -> Result<_, Error> {
        let connection = Connection::new(provider, trust, None, ui, clock::now)?;
        block_on(connection.login(login))
    };
    let offline = provider.with_scope("offline_access");
    let asked_for = provider.scopes == offline.scopes;
    let failure = match attempt(&offline)? {
        Ok(tokens) => {
            let useful = tokens.refresh_token.is_some();
            if !useful {
                ui.note("the provider sent no refresh token: the browser will open each time a token ends");
            }
            return Ok((tokens, useful && !asked_for));
        }
        Err(failure) if !asked_for && refuses_a_scope(&failure.error) => failure,
        Err(failure) => return Err(failure.error.into()),
    };
    ui.note(&format!(
        "trying again without the scope `offline_access`, since {}",
        failure.error
    ));
    let tokens = attempt(provider)?.map_err(|failure| failure.error)?;
    ui.note(
        "the provider refuses the scope `offline_access`, so the browser will open each time a token ends (at Okta: \
         enable the grant type Refresh Token on the app, and allow the scope in the access policy)",
    );
    Ok((tokens, false))
}

fn refuses_a_scope(error: &oidc::Error) -> bool {
    matches!(error, oidc::Error::SignInRefused(answer) if answer.refuses_a_scope())
}

fn claim_mapping(args: ClusterArgs, issuer: &str) -> ClaimMapping {
    ClaimMapping {
        username_prefix: username_prefix(args.username_prefix.as_deref(), &args.username_claim, issuer),
        username_claim: args.username_claim,
        groups_claim: args.groups_claim,
        groups_prefix: args.groups_prefix,
    }
}

/// Takes what was typed, since defaults may change and the kubeconfig should not freeze them.
fn set_credentials(args: &SetupArgs) -> SetCredentials {
    let (provider, login, tls) = (&args.provider, &args.login, &args.tls);
    let mut arguments = Vec::new();
    let mut add = |flag: &str, value: Option<&str>| {
        if let Some(value) = value {
            arguments.push(format!("--{flag}={value}"));
        }
    };
    add("oidc-issuer-url", provider.oidc_issuer_url.as_deref());
    add("oidc-client-id", provider.oidc_client_id.as_deref());
    let secret_file = provider.oidc_client_secret_file.as_deref().map(from_anywhere);
    add("oidc-client-secret-file", secret_file.as_deref());
    for scope in provider
        .oidc_extra_scope
        .iter()
        .flat_map(|text| text.split([',', ' ']))
    {
        add("oidc-extra-scope", Some(scope).filter(|scope| !scope.is_empty()));
    }
    add(
        "grant-type",
        Some(login.grant_type.as_str()).filter(|grant| *grant != "auto"),
    );
    add("username", login.username.as_deref());
    add("oidc-redirect-url", provider.oidc_redirect_url.as_deref());
    add(
        "oidc-pkce-method",
        Some(provider.oidc_pkce_method.as_str()).filter(|method| *method != "auto"),
    );
    for address in &login.listen_address {
        add("listen-address", Some(address));
    }
    add(
        "skip-open-browser",
        login.skip_open_browser.filter(|skip| *skip).map(|_| "true"),
    );
    add("browser-command", login.browser_command.as_deref());
    let timeout = login.authentication_timeout_sec.to_string();
    add(
        "authentication-timeout-sec",
        Some(timeout.as_str()).filter(|timeout| *timeout != "180"),
    );
    for file in &tls.certificate_authority {
        add("certificate-authority", Some(&from_anywhere(file)));
    }
    for data in &tls.certificate_authority_data {
        add("certificate-authority-data", Some(data));
    }
    add(
        "insecure-skip-tls-verify",
        tls.insecure_skip_tls_verify.filter(|skip| *skip).map(|_| "true"),
    );
    SetCredentials {
        arguments,
        has_secret: provider.oidc_client_secret.is_some(),
    }
}

/// kubectl runs us from any directory; a tilde is ours to expand.
fn from_anywhere(file: &str) -> String {
    let whole = absolute(file).ok().filter(|_| !file.starts_with('~'));
    whole
        .and_then(|path| path.into_os_string().into_string().ok())
        .unwrap_or_else(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign_text::ForeignText;

    fn refuses(error: &str, description: &str) -> bool {
        refuses_a_scope(&oidc::Error::SignInRefused(oidc::OAuthError {
            status: 0,
            error: ForeignText::new(error),
            description: Some(ForeignText::new(description)),
            request_id: None,
        }))
    }

    #[test]
    fn the_app_and_the_access_policy_refuse_a_scope_in_words_of_their_own() {
        assert!(refuses(
            "invalid_scope",
            "The requested scope is invalid, unknown, or malformed"
        ));
        assert!(refuses(
            "access_denied",
            "Some of the requested scopes were denied by the policy."
        ));
        assert!(!refuses(
            "access_denied",
            "User is not assigned to the client application."
        ));
    }
}
