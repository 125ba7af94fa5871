//! `rbac can`: whether a policy allows a request.

use serde_json::{Value, json};

use super::error::Error;
use super::rbac_args::CanArgs;
use super::rbac_policy::{Asked, ask};
use super::{rbac_requests, rbac_text};
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::invocation::Invocation;
use crate::rbac::policy::evaluate::{Decision, decide};
use crate::rbac::policy::model::Policy;
use crate::rbac::policy::request::{Request, Target, User};
use crate::structured::document;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;
use crate::wrapped_text::wrapped;

/// The group whose members RBAC is not asked about.
pub(super) const MASTERS_REASON: &str = "a member of system:masters may do everything; RBAC is not asked";

/// Returns the exit code.
///
/// # Errors
/// What keeps it from being judged.
pub(super) fn run(args: &CanArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    if let Some(file) = &args.requests {
        return rbac_requests::run(args, file, invocation, ui);
    }
    let asked = ask(&args.question, invocation, ui)?;
    let decisions = decisions(&asked);
    let text = if let Some(format) = args.question.output.format {
        document(&value(&asked, &decisions), format)
    } else {
        for note in &asked.notes {
            ui.note(&format!("note: {note}"));
        }
        text(&asked, &decisions)
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    Ok(exit_code(&decisions))
}

pub(super) fn exit_code(decisions: &[Decision]) -> u8 {
    if decisions.iter().all(|decision| decision.is_allowed) {
        EXIT_SUCCESS
    } else {
        EXIT_FAILED
    }
}

/// Decides each request.
pub(super) fn decisions(asked: &Asked) -> Vec<Decision> {
    let requests = asked.requests.iter();
    requests
        .map(|request| decision(&asked.source.policy, &asked.user, request))
        .collect()
}

/// Decides a request. The API server asks RBAC last, and not about members of `system:masters`.
pub(super) fn decision(policy: &Policy, user: &User, request: &Request) -> Decision {
    if user.is_master() {
        return Decision {
            is_allowed: true,
            reason: String::new(),
        };
    }
    decide(policy, user, request)
}

fn text(asked: &Asked, decisions: &[Decision]) -> String {
    let mut text = String::new();
    for (request, decision) in asked.requests.iter().zip(decisions) {
        text += &headline(asked, request, decision.is_allowed);
        let reason = if asked.user.is_master() {
            MASTERS_REASON
        } else {
            &decision.reason
        };
        if !reason.is_empty() {
            rbac_text::push_line(&mut text, reason, 2, 2);
        }
    }
    text
}

pub(super) fn headline(asked: &Asked, request: &Request, is_allowed: bool) -> String {
    let (answer, verb) = if is_allowed {
        ("yes", "can")
    } else {
        ("no", "cannot")
    };
    let user = rbac_text::shown(&asked.user.name);
    let line = format!("{answer}: {user} {verb} {}", rbac_text::request(request));
    format!("{}\n", wrapped(&line, 0, 2))
}

fn value(asked: &Asked, decisions: &[Decision]) -> Value {
    let requests = asked.requests.iter().zip(decisions);
    let requests: Vec<Value> = requests
        .map(|(request, decision)| {
            let mut value = request_value(request);
            value["allowed"] = json!(decision.is_allowed);
            value["reason"] = json!(decision.reason);
            value
        })
        .collect();
    json!({
        "allowed": decisions.iter().all(|decision| decision.is_allowed),
        "user": asked.user.name,
        "groups": asked.user.groups,
        "requests": requests,
        "notes": asked.notes,
    })
}

/// Returns the attributes of a request, with the names of a `SubjectAccessReview`.
pub(super) fn request_value(request: &Request) -> Value {
    match &request.target {
        Target::Path(path) => json!({"verb": request.verb, "path": path}),
        Target::Resource(target) => json!({
            "verb": request.verb,
            "group": target.group,
            "resource": target.resource,
            "subresource": target.subresource,
            "name": target.name,
            "namespace": target.namespace,
        }),
    }
}
