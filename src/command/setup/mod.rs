//! `setup`: signs in once, shows the claims of the token and what an API server makes of them, and what to put where.
//!
//! Stores no session. Changes a kubeconfig only with `--write`, after showing the difference. Owns the order of the steps; the verdicts
//! are in `cluster`, the texts in `screen`, the document for programs in `document`.

mod ask;
mod certificates;
mod claims_table;
mod document;
mod entry;
mod facts;
mod missing;
mod others;
mod screen;
mod sign_in;
mod target;
mod whoami_check;
mod write;

use std::time::{Duration, Instant};

use super::claim_mapping::claim_mapping;
use crate::cli::{OutputFormat, SetupArgs, SetupResultArgs};
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig::NewUser;
use crate::settings::{self, NamedBy, SignIn, Stdin};
use crate::structured;
use crate::ui::Ui;
use facts::{Person, SetupFacts};
use target::Target;
use whoami_check::Acceptance;

pub(crate) fn run(mut args: SetupArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    check_flags(&args, environment)?;
    missing::complete(&mut args.provider, &args.login, environment, ui)?;
    // Before the sign-in, which would be in vain if the kubeconfig cannot be used.
    let target = Target::of(&args.result, environment)?;
    let person = Person {
        has_secret: args.provider.oidc_client_secret.is_some(),
        has_headers: !args.provider.oidc_request_header.is_empty(),
        user: NewUser {
            name: args.result.user.clone(),
            arguments: entry::arguments(&args)?,
        },
    };
    if let Some(destination) = &args.result.kubeconfig_for_others {
        others::check(destination)?;
    }
    if args.result.write {
        write::check(&person.user, &target)?;
    }
    let patience = Duration::from_secs(args.login.authentication_timeout_sec);
    let stdin = Stdin::of_person(environment.terminal());
    let sign_in = SignIn::new(
        args.provider,
        NamedBy::User,
        &args.login,
        args.tls,
        stdin,
        environment,
    )?;
    let mapping = claim_mapping(&args.cluster, sign_in.provider.issuer.as_str());
    let signed_in = sign_in::sign_in(&sign_in, ui)?;
    let facts = SetupFacts::new(
        &sign_in,
        &mapping,
        signed_in,
        person,
        &target,
        args.result.platform,
    );
    if let Some(error) = facts.refusal() {
        return fail(&facts, args.result.output, error, ui);
    }
    if let Some(destination) = &args.result.kubeconfig_for_others {
        let text = others::kubeconfig(&facts, &target)?;
        if destination == others::STDOUT {
            return Ui::result(&text).map_err(Error::Output);
        }
        others::write(destination, &text, ui)?;
    }
    conclude(&facts, &target, &args.result, patience, ui)
}

/// Writes the kubeconfig if that is wanted, and prints the result.
fn conclude(
    facts: &SetupFacts<'_>,
    target: &Target,
    args: &SetupResultArgs,
    patience: Duration,
    ui: Ui,
) -> Result<(), Error> {
    let asks = args.write && !args.yes;
    if asks {
        // A person decides with this before them.
        ui.note(screen::what_was_found(facts).trim_end());
    }
    let is_written = args.write && {
        let deadline = Instant::now() + patience;
        write::write(facts, target, args.yes, deadline, ui)?
    };
    if is_written && whoami_check::ask_cluster(facts, target, patience, ui) == Acceptance::Refused {
        return fail(facts, args.output, Error::TokenRefused, ui);
    }
    let text = match args.output {
        Some(format) => document(facts, format),
        None if asks => screen::instructions(facts, is_written),
        None => screen::screen(facts, is_written),
    };
    Ui::result(&text).map_err(Error::Output)
}

/// Refuses flags that need a person or would give a secret away, before anybody signs in.
fn check_flags(args: &SetupArgs, environment: &Environment) -> Result<(), settings::Error> {
    let result = &args.result;
    if result.write && !result.yes && !environment.stdin_is_terminal {
        return Err(settings::Error::NobodyToAsk("write", "yes"));
    }
    let secrets = [
        (
            "oidc-client-secret",
            args.provider.oidc_client_secret.is_some(),
            true,
        ),
        (
            "oidc-client-secret-file",
            args.provider.oidc_client_secret_file.is_some(),
            false,
        ),
        (
            settings::PRIVATE_KEY_FILE,
            args.provider.oidc_client_private_key_file.is_some(),
            false,
        ),
        (
            "oidc-client-secret-command",
            args.provider.oidc_client_secret_command.is_some(),
            false,
        ),
        (
            "oidc-client-secret-keyring",
            args.provider.oidc_client_secret_keyring.is_some(),
            false,
        ),
        (
            "oidc-client-private-key-command",
            args.provider.oidc_client_private_key_command.is_some(),
            false,
        ),
    ];
    let is_shared = result.kubeconfig_for_others.is_some();
    let given_away = secrets
        .into_iter()
        .find(|(_, is_given, is_inline)| *is_given && (is_shared || (result.write && *is_inline)));
    match given_away {
        Some((flag, ..)) => Err(settings::Error::SecretInKubeconfig(flag)),
        None => Ok(()),
    }
}

/// Reports a token that the API server refuses. What was found goes to standard error, since there is no result; a document for programs
/// is the result of the check, and so goes to standard output.
fn fail(facts: &SetupFacts<'_>, output: Option<OutputFormat>, error: Error, ui: Ui) -> Result<(), Error> {
    match output {
        Some(format) => Ui::result(&document(facts, format)).map_err(Error::Output)?,
        None => ui.note(screen::what_was_found(facts).trim_end()),
    }
    Err(error)
}

fn document(facts: &SetupFacts<'_>, format: OutputFormat) -> String {
    structured::document(&document::document(facts), format)
}
