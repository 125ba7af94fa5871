//! `setup`: one login that touches no session, and what follows from its claims.

use super::block_on;
use crate::cli::SetupArgs;
use crate::clock;
use crate::cluster::{ClaimMapping, ClusterUser};
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig;
use crate::oidc::{self, Connection, Tokens};
use crate::settings::{Login, Provider, Trust};
use crate::ui::Ui;

pub(crate) fn run(args: SetupArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let arguments = kubeconfig::GetTokenLine::new(&args);
    let redirect_url = args.provider.oidc_redirect_url.clone();
    let provider = Provider::new(args.provider)?;
    let login = Login::new(&args.login, redirect_url, environment)?;
    let mut trust = Trust::new(args.tls);
    trust.expand_home(environment);
    let mapping = ClaimMapping::new(args.cluster, provider.issuer.as_str());

    let (tokens, offline) = sign_in(&provider, &login, &trust, ui)?;
    let user = ClusterUser::new(&tokens.claims.all, &mapping);
    let arguments = if offline {
        arguments.with_scope("offline_access")
    } else {
        arguments
    };
    let claims = serde_json::to_string_pretty(&tokens.claims.all).unwrap_or_default();
    Ui::result(&format!(
        "Claims of the ID token:\n\n{claims}\n\n{user}\n{arguments}"
    ))
    .map_err(Error::Output)
}

/// Signs in with `offline_access`, and without it where the provider refuses; the flag says whether to write it.
fn sign_in(provider: &Provider, login: &Login, trust: &Trust, ui: Ui) -> Result<(Tokens, bool), Error> {
    let attempt = |provider: &Provider| -> Result<_, Error> {
        let connection = Connection::new(provider, trust, None, ui, clock::now)?;
        block_on(connection.login(login))
    };
    let offline = provider.with_scope("offline_access");
    let asked_for = provider.scopes == offline.scopes;
    match attempt(&offline)? {
        Ok(tokens) => {
            let useful = tokens.refresh_token.is_some();
            if !useful {
                ui.note("the provider sent no refresh token: the browser will open each time a token ends");
            }
            Ok((tokens, useful && !asked_for))
        }
        Err(failure) if !asked_for && refuses_scope(&failure.error) => {
            ui.note(
                "the provider refuses the scope `offline_access`, so the browser will open each time a token ends \
                 (at Okta: enable the grant type Refresh Token on the app); signing in again without it",
            );
            attempt(provider)?
                .map(|tokens| (tokens, false))
                .map_err(|failure| failure.error.into())
        }
        Err(failure) => Err(failure.error.into()),
    }
}

fn refuses_scope(error: &oidc::Error) -> bool {
    matches!(error, oidc::Error::SignInRefused(answer) if answer.error.as_str() == "invalid_scope")
}
