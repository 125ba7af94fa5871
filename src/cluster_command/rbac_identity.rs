//! Who asks: a name by flags, the owner of a token or a session by the mapping of its claims, or whom the API server says that kubectl is.

use std::path::Path;

use serde_json::{Map, Value};

use super::command_line::FileArg;
use super::error::Error;
use super::init::inspect_args;
use super::rbac_args::{IdentityArgs, PolicyArgs};
use super::rbac_error::RbacError;
use super::{rbac_live, source};
use crate::cluster::authn::{self, Form};
use crate::cluster::check::{self, Login};
use crate::cluster::description::{Description, PlatformName};
use crate::command::token_owner;
use crate::files;
use crate::invocation::Invocation;
use crate::rbac::policy::request::User;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// Returns the user, with the groups that an API server adds. `named` is the one whom what was typed names, such as a refusal.
///
/// # Errors
/// If nobody is named, or a token has no user.
pub(super) fn user(
    args: &IdentityArgs,
    policy: &PolicyArgs,
    named: Option<User>,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<User, Error> {
    let found = if let Some(name) = &args.user {
        User {
            name: name.clone(),
            groups: Vec::new(),
        }
    } else if args.token.is_some() || args.session || (policy.context.is_some() && !policy.files.is_empty()) {
        of_token(args, policy, invocation, ui).map_err(|error| RbacError::Identity(Box::new(error)))?
    } else if let Some(named) = named {
        named
    } else if policy.files.is_empty() {
        of_kubectl(policy, ui)?
    } else {
        return Err(Error::NobodyNamed);
    };
    let groups = [found.groups, args.groups.clone()].concat();
    Ok(User::with_implicit_groups(&found.name, &groups))
}

/// Returns the user that an API server makes of a token, by the configuration or the description that is named.
fn of_token(
    args: &IdentityArgs,
    policy: &PolicyArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<User, Error> {
    let inspect = inspect_args(
        policy.context.as_deref(),
        policy.kubeconfig.as_deref(),
        args.token.as_deref(),
    )?;
    let owner = token_owner(inspect, invocation, ui).map_err(|error| Error::Token(Box::new(error)))?;
    let login = log_in(args.authentication_config.as_deref(), &owner.claims, ui)?;
    match login {
        Login::Accepted { user, .. } => Ok(User {
            name: user.name,
            groups: user.groups,
        }),
        Login::Refused { reason, .. } | Login::Unknown { reason, .. } => {
            Err(RbacError::NoUserOfToken(UntrustedText::new(&reason).to_string()).into())
        }
    }
}

/// Returns whom the API server says that kubectl is.
fn of_kubectl(policy: &PolicyArgs, ui: Ui) -> Result<User, Error> {
    ui.step(|| "asking the API server who you are, by kubectl".to_owned());
    let identity = rbac_live::kubectl(policy).who_am_i_within(rbac_live::TIME);
    let identity = identity.map_err(RbacError::Live)?;
    Ok(User {
        name: identity.username,
        groups: identity.groups,
    })
}

fn log_in(file: Option<&Path>, claims: &Map<String, Value>, ui: Ui) -> Result<Login, Error> {
    if let Some(path) = file {
        let bytes = files::read_named(path).map_err(RbacError::AuthenticationConfig)?;
        let text = String::from_utf8_lossy(&bytes);
        if let Some(login) = check::log_in(&text, claims) {
            return Ok(login);
        }
    }
    let file = FileArg {
        file: file.map(Path::to_owned),
    };
    let description = source::read(&file, ui)?;
    let login = configuration(&description).and_then(|text| check::log_in(&text, claims));
    let refused = "the description makes no configuration that an API server accepts";
    Ok(login.ok_or_else(|| RbacError::NoUserOfToken(refused.to_owned()))?)
}

/// Returns the configuration that `cluster authn` prints.
fn configuration(description: &Description) -> Option<String> {
    let form = Some(Form::Configuration);
    let output = authn::generate(description, PlatformName::Config, form).ok()?;
    Some(output.files.first()?.content.clone())
}
