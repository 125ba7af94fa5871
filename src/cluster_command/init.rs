//! `cluster init`: writes a description, of flags, a session's token, or what a person types at a terminal.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::command_line::InitArgs;
use super::error::Error;
use super::flags::{self, IssuerSource};
use super::{discovery, source};
use crate::cli::{Cli, Command, InspectArgs, TokenCommand};
use crate::cluster::description::{Description, RawDescription, Role};
use crate::command::{TokenOwner, token_owner};
use crate::environment::Terminal;
use crate::invocation::Invocation;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;
use crate::{files, kubeconfig};

/// # Errors
/// If there is no issuer, or the file cannot be written.
pub(super) fn run(args: &InitArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let (source, claims) = issuer_source(args, invocation, ui)?;
    let raw = flags::description(source, &args.issuer, &args.groups, &args.platform)?;
    Description::of(&raw).map_err(|fault| Error::Description { file: None, fault })?;
    if !args.offline {
        discovery::compare(&raw.issuers[0], args.issuer.certificate_authority.as_deref(), ui)?;
    }
    let text = document(&raw, claims.as_ref());
    if args.file == Path::new("-") {
        return Ui::information(&text).map_err(Error::Output);
    }
    files::write_new(&args.file, text.as_bytes()).map_err(|source| Error::Write { flag: "file", source })?;
    ui.note(&format!(
        "wrote {}; next: kubesesame cluster authn, kubesesame rbac generate",
        files::shown(&args.file)
    ));
    Ok(())
}

/// Returns the issuer, and the claims of the token that it is from.
fn issuer_source(
    args: &InitArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<(IssuerSource, Option<Map<String, Value>>), Error> {
    if let Some(url) = &args.issuer.oidc_issuer_url {
        let source = IssuerSource {
            url: url.clone(),
            client_ids: args.issuer.oidc_client_id.clone(),
            certificate_authority: source::certificate_authority(&args.issuer)?,
        };
        return Ok((source, None));
    }
    let is_named = args.token_file.is_some() || args.context.is_some();
    match owner(args, invocation, ui) {
        Ok((source, claims)) => Ok((source, Some(claims))),
        Err(error) if is_named => Err(error),
        Err(_) if invocation.environment.terminal() == Terminal::Ours => Ok((asked(args)?, None)),
        Err(error) => Err(Error::NoIssuer(Box::new(error))),
    }
}

fn owner(
    args: &InitArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<(IssuerSource, Map<String, Value>), Error> {
    let TokenOwner {
        issuer,
        client_id,
        claims,
        source,
    } = token_owner(
        inspect_args(args.context.as_deref(), None, args.token_file.as_deref())?,
        invocation,
        ui,
    )
    .map_err(|error| Error::Token(Box::new(error)))?;
    let audience = match claims.get("aud") {
        Some(Value::String(audience)) => Some(audience.clone()),
        Some(Value::Array(audiences)) => audiences.first().and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let (Some(url), Some(client_id)) = (issuer, client_id.or(audience)) else {
        return Err(Error::TokenWithoutIssuer);
    };
    ui.note(&format!(
        "issuer, client id and claims are from {}",
        UntrustedText::new(&source)
    ));
    let source = IssuerSource {
        url,
        client_ids: vec![client_id],
        certificate_authority: source::certificate_authority(&args.issuer)?,
    };
    Ok((source, claims))
}

/// Returns the arguments of `token inspect` that mean the same token.
pub(super) fn inspect_args(
    context: Option<&str>,
    kubeconfig: Option<&Path>,
    file: Option<&Path>,
) -> Result<InspectArgs, Error> {
    let mut words = vec!["token".to_owned(), "inspect".to_owned()];
    words.extend(context.map(|context| format!("--context={context}")));
    words.extend(kubeconfig.map(|path| format!("--kubeconfig={}", path.to_string_lossy())));
    if let Some(file) = file {
        words.extend(["--".to_owned(), file.to_string_lossy().into_owned()]);
    }
    match Cli::parse_entry(&words).map(|cli| cli.command) {
        Ok(Command::Token(token)) => {
            let TokenCommand::Inspect(args) = token.command;
            Ok(*args)
        }
        Ok(_) | Err(_) => Err(Error::TokenWithoutIssuer),
    }
}

fn asked(args: &InitArgs) -> Result<IssuerSource, Error> {
    let ask = |prompt: &'static str| {
        let answer = Ui::ask(prompt, None).map_err(Error::Stdin)?;
        Ok::<_, Error>(answer.expose().trim().to_owned())
    };
    Ok(IssuerSource {
        url: ask("Issuer URL: ")?,
        client_ids: vec![ask("Client id: ")?],
        certificate_authority: source::certificate_authority(&args.issuer)?,
    })
}

/// Writes a description in the order in which people read it, with what is still to be decided in comments.
fn document(raw: &RawDescription, claims: Option<&Map<String, Value>>) -> String {
    let value = json!(raw);
    let part = |name: &str| {
        let value = value.get(name).filter(|value| !value.is_null())?;
        Some(kubeconfig::yaml(&json!({ name: value })))
    };
    let mut text = String::from(
        "# Who may use this cluster. Made by: kubesesame cluster init\n\
         # The fields: docs/kubesesame.schema.json. Next: kubesesame cluster authn, kubesesame rbac generate\n",
    );
    for name in ["apiVersion", "kind", "cluster", "platform"] {
        text += &part(name).unwrap_or_default();
    }
    if raw.platform.is_none() {
        text += "# platform:\n#   name: kubeadm\n#   kubernetes: \"1.34\"\n";
    }
    text += &part("issuers").unwrap_or_default();
    match part("groups") {
        Some(groups) => text += &groups,
        None => text += &suggested_groups(raw, claims),
    }
    text
}

/// Returns the groups of the token as comments: what each may do is for a person to decide.
fn suggested_groups(raw: &RawDescription, claims: Option<&Map<String, Value>>) -> String {
    let claim = raw.issuers[0].groups.as_ref().map(|groups| groups.claim.as_str());
    let of_token = claims.zip(claim).and_then(|(claims, claim)| claims.get(claim));
    let names: Vec<&str> = match of_token {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name],
        _ => Vec::new(),
    };
    let names = if names.is_empty() {
        vec!["YOUR-GROUP"]
    } else {
        names
    };
    let roles = Role::NAMES.join(", ");
    let mut text = format!("# What the members of a group may do: {roles}\n# groups:\n");
    for name in names {
        let entry = kubeconfig::yaml(
            &json!([{ "name": name, "role": "developer", "namespaces": ["YOUR-NAMESPACE"] }]),
        );
        text.extend(entry.lines().map(|line| format!("# {line}\n")));
    }
    text
}
