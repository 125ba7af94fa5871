//! `token inspect`: shows a token as far as it can be read, and what the API server makes of it.
//!
//! The report about a bad token is a result: it goes to standard output, and the exit code is 1, as with `openssl verify` and `kubectl auth
//! can-i`. This is the exception from the rule that standard output is empty unless the exit code is 0. The token itself is never printed.
//!
//! A token that somebody hands over names any issuer that its author likes. So an issuer is contacted only if the flags or the kubeconfig name
//! it, or if documents of it are cached, since this user has signed in there. `cluster` judges the token, `report` shows it.

mod entry;
mod input;
mod report;
mod signature;
mod subject;

pub(crate) use self::input::Error as TokenInputError;

use self::report::Inspection;
use self::signature::{SignatureResult, SignatureVerifier};
use self::subject::Subject;
use crate::cli::{InspectArgs, TokenArgs, TokenCommand};
use crate::cluster::{Form, ServerSettings, TokenFacts, TokenVerdict, judge_token};
use crate::command::claim_mapping::{claim_mapping, username_settings};
use crate::error::Error;
use crate::invocation::Invocation;
use crate::oidc::{InspectedToken, TokenForm};
use crate::structured;
use crate::ui::Ui;

pub(crate) fn run(args: TokenArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    match args.command {
        TokenCommand::Inspect(args) => inspect(*args, invocation, ui),
    }
}

/// The person of a session or a token, as far as the token says.
pub(crate) struct TokenOwner {
    /// The issuer that the entry or the token names.
    pub(crate) issuer: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) claims: serde_json::Map<String, serde_json::Value>,
    /// Where the token was read, for people.
    pub(crate) source: String,
}

/// Reads the token that these arguments mean, without judging it.
///
/// # Errors
/// If there is none.
pub(crate) fn token_owner(
    args: InspectArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<TokenOwner, Error> {
    let subject = Subject::find(args, invocation, ui)?;
    let token = InspectedToken::new(subject.token.clone());
    let provider = subject.provider(&token)?;
    let named = token.claims.get("iss").and_then(serde_json::Value::as_str);
    Ok(TokenOwner {
        issuer: provider
            .map(|provider| provider.issuer.as_str().to_owned())
            .or_else(|| named.map(str::to_owned)),
        client_id: subject.client_id,
        source: subject.source,
        claims: token.claims,
    })
}

fn inspect(args: InspectArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let (output, is_offline) = (args.output, args.offline == Some(true));
    let cluster = args.cluster.clone();
    let kubeconfig = args.kubeconfig.clone();
    let subject = Subject::find(args, invocation, ui)?;
    let token = InspectedToken::new(subject.token.clone());
    let provider = subject.provider(&token)?;
    let found_issuer = token.claims.get("iss").and_then(serde_json::Value::as_str);
    let flags_of_entry = found_issuer
        .filter(|_| provider.is_none())
        .and_then(|issuer| entry::flags_for_issuer(issuer, &kubeconfig, invocation.environment));
    let SignatureResult { signature, keys } = SignatureVerifier {
        trust: &subject.trust,
        cache_dir: subject.cache_dir.as_deref(),
        is_offline,
        flags_of_entry,
        now: invocation.started_at,
        ui,
    }
    .verify(&token, provider.as_ref())?;
    let issuer = provider
        .as_ref()
        .map(|provider| provider.issuer.as_str())
        .or(found_issuer);
    let mapping = claim_mapping(&cluster, issuer.unwrap_or_default());
    let facts = TokenFacts {
        form: form(&token.form),
        bytes: token.bytes(),
        algorithm: token.algorithm(),
        signature,
        claims: &token.claims,
        expires_at: token.time("exp"),
        not_before: token.time("nbf"),
        issued_at: token.time("iat"),
    };
    let judgement = judge_token(
        &facts,
        &ServerSettings {
            issuer: provider.as_ref().map(|provider| provider.issuer.as_str()),
            client_id: subject.client_id.as_deref(),
            mapping: &mapping,
            now: invocation.started_at,
        },
    );
    let inspection = Inspection {
        token: &token,
        source: &subject.source,
        judgement: &judgement,
        keys,
        username_settings: &username_settings(&cluster),
        now: invocation.started_at,
    };
    let report = match output {
        None => inspection.text(),
        Some(format) => structured::document(&inspection.value_for_programs(), format),
    };
    Ui::information(&report).map_err(Error::Output)?;
    match judgement.verdict {
        TokenVerdict::Accepted { .. } => Ok(()),
        TokenVerdict::Refused(_) | TokenVerdict::Unknown(_) => Err(Error::Negative),
    }
}

fn form(form: &TokenForm) -> Form<'_> {
    match form {
        TokenForm::Signed => Form::Signed,
        TokenForm::Encrypted => Form::Encrypted,
        TokenForm::Opaque => Form::Opaque,
        TokenForm::Broken(reason) => Form::Broken(reason),
        TokenForm::NoToken => Form::NoToken,
    }
}
