//! `rbac explain`: all ways that allow a request, or what is nearest to it and the smallest change.

use serde_json::{Value, json};

use super::error::Error;
use super::rbac_args::ExplainArgs;
use super::rbac_can::{MASTERS_REASON, decisions, exit_code, headline, request_value};
use super::rbac_objects::{binding_text, binding_value, plain_rule, role_value, rule_text};
use super::rbac_policy::{Asked, ask};
use super::rbac_text::push_line;
use super::{rbac_near, rbac_text};
use crate::cli::OutputFormat;
use crate::invocation::Invocation;
use crate::rbac::explain::{Change, Path, change, nearest, paths, refusals};
use crate::rbac::policy::evaluate::{Decision, subject_text};
use crate::rbac::policy::request::{Request, User};
use crate::structured::document;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;
use crate::wrapped_text::wrapped;

/// How many rules that nearly allow a request are shown.
const NEAREST_LIMIT: usize = 5;
/// How many ways that allow a request are shown to a person.
const SHOWN_PATHS: usize = 20;

pub(super) const NOT_MODELLED: &str =
    "RBAC alone was judged: not Node, webhook and cloud authorizers, and not admission";

/// Returns the exit code.
///
/// # Errors
/// What keeps it from being judged.
pub(super) fn run(args: &ExplainArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    let asked = ask(&args.question, invocation, ui)?;
    let decisions = decisions(&asked);
    let change = needed_change(&asked, &decisions).map(|change| Needed {
        applier: applier_verdict(&asked, args, &change),
        change,
    });
    let text = if let Some(format) = args.question.output.format {
        document(&value(&asked, &decisions, change.as_ref()), format)
    } else {
        for note in &asked.notes {
            ui.note(&format!("note: {note}"));
        }
        text(&asked, &decisions, change.as_ref())
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    Ok(exit_code(&decisions))
}

/// A change, and whether the person who is to apply it may.
struct Needed {
    change: Change,
    /// Why the API server would refuse it, empty if it would not. `None` if nobody is named.
    applier: Option<(User, Vec<String>)>,
}

fn applier_verdict(asked: &Asked, args: &ExplainArgs, change: &Change) -> Option<(User, Vec<String>)> {
    let applier = User::with_implicit_groups(args.applier.as_ref()?, &args.applier_group);
    let refusals = refusals(&asked.source.policy, &applier, &change.objects);
    Some((applier, refusals))
}

fn needed_change(asked: &Asked, decisions: &[Decision]) -> Option<Change> {
    let requests = asked.requests.iter().zip(decisions);
    let refused: Vec<Request> = requests
        .filter(|(_, decision)| !decision.is_allowed)
        .map(|(request, _)| request.clone())
        .collect();
    (!refused.is_empty()).then(|| change(&asked.source.policy, &asked.user, &refused))
}

fn text(asked: &Asked, decisions: &[Decision], change: Option<&Needed>) -> String {
    let mut text = String::new();
    for (request, decision) in asked.requests.iter().zip(decisions) {
        text += &headline(asked, request, decision.is_allowed);
        if asked.user.is_master() {
            push_line(&mut text, MASTERS_REASON, 2, 2);
        } else if decision.is_allowed {
            text += &allowed_text(asked, request);
        } else {
            text += &refused_text(asked, request, decision);
        }
        text.push('\n');
    }
    let groups = format!("groups: {}", rbac_text::list(&asked.user.groups));
    push_line(&mut text, &groups, 0, 2);
    if let Some(change) = change {
        text += &change_text(&change.change);
        text += &applier_text(change);
    }
    push_line(&mut text, NOT_MODELLED, 0, 0);
    text
}

fn allowed_text(asked: &Asked, request: &Request) -> String {
    let paths = paths(&asked.source.policy, &asked.user, request);
    let mut text = String::new();
    for (number, path) in paths.iter().take(SHOWN_PATHS).enumerate() {
        let line = rule_text(&asked.source, path.role, path.rule);
        let by = format!(
            "by {} to {}",
            binding_text(&asked.source, path.binding),
            subject_text(&asked.source.policy, path.binding, path.subject)
        );
        let indent = rbac_text::push_numbered(&mut text, number + 1, &line);
        push_line(&mut text, &by, indent, indent);
    }
    if paths.len() > SHOWN_PATHS {
        let more = format!("and {} more; all: --output=json", paths.len() - SHOWN_PATHS);
        push_line(&mut text, &more, 2, 2);
    }
    text
}

fn refused_text(asked: &Asked, request: &Request, decision: &Decision) -> String {
    let mut text = String::new();
    if !decision.reason.is_empty() {
        push_line(&mut text, &decision.reason, 2, 2);
    }
    let nearest = nearest(&asked.source.policy, &asked.user, request, NEAREST_LIMIT);
    if nearest.is_empty() {
        return text + "  no rule is near to it\n";
    }
    text += "  nearest rules:\n";
    for (number, near) in nearest.iter().enumerate() {
        text += &rbac_near::text(asked, request, near, number + 1);
    }
    text
}

fn change_text(change: &Change) -> String {
    let mut text = "\nsmallest change, which opens nothing else:\n".to_owned();
    let objects: Vec<String> = change
        .objects
        .iter()
        .map(|object| document(object, OutputFormat::Yaml))
        .collect();
    text += &objects.join("---\n");
    text.push('\n');
    if let Some(existing) = &change.existing {
        let more = match existing.more_rights {
            Some(0) => "has this right alone, so it can be bound instead".to_owned(),
            Some(count) => {
                format!("allows it too, with {count} other rights, which a binding of it opens as well")
            }
            None => "allows it too, with rights by `*`, which a binding of it opens as well".to_owned(),
        };
        push_line(
            &mut text,
            &format!("{} {more}", rbac_text::shown(&existing.name)),
            0,
            2,
        );
    }
    text
}

fn applier_text(needed: &Needed) -> String {
    let Some((applier, refusals)) = &needed.applier else {
        let who = "Whoever applies it needs these rights, or `escalate` and `bind` on the role. --applier=USER says whether a user may.";
        return format!("{}\n", wrapped(who, 0, 0));
    };
    let applier = rbac_text::shown(&applier.name);
    if refusals.is_empty() {
        return format!("{}\n", wrapped(&format!("{applier} may apply it."), 0, 0));
    }
    let mut text = format!("{}\n", wrapped(&format!("{applier} may not apply it:"), 0, 2));
    for line in refusals.iter().flat_map(|refusal| refusal.lines()) {
        push_line(&mut text, line, 2, 4);
    }
    text
}

fn value(asked: &Asked, decisions: &[Decision], change: Option<&Needed>) -> Value {
    let requests = asked.requests.iter().zip(decisions).map(|(request, decision)| {
        let mut value = request_value(request);
        value["allowed"] = json!(decision.is_allowed);
        value["reason"] = json!(decision.reason);
        if decision.is_allowed {
            let paths = paths(&asked.source.policy, &asked.user, request);
            value["paths"] = paths.iter().map(|path| path_value(asked, path)).collect();
        } else {
            let nearest = nearest(&asked.source.policy, &asked.user, request, NEAREST_LIMIT);
            value["nearest"] = nearest
                .iter()
                .map(|near| rbac_near::value(asked, request, near))
                .collect();
        }
        value
    });
    let requests: Vec<Value> = requests.collect();
    let mut value = json!({
        "allowed": decisions.iter().all(|decision| decision.is_allowed),
        "user": asked.user.name,
        "groups": asked.user.groups,
        "requests": requests,
        "notes": asked.notes,
        "limits": NOT_MODELLED,
    });
    if let Some(change) = change {
        value["smallestChange"] = json!(change.change.objects);
        if let Some((applier, refusals)) = &change.applier {
            value["applier"] =
                json!({"user": applier.name, "allowed": refusals.is_empty(), "refusals": refusals});
        }
    }
    value
}

fn path_value(asked: &Asked, path: &Path<'_>) -> Value {
    json!({
        "binding": binding_value(&asked.source, path.binding),
        "subject": subject_text(&asked.source.policy, path.binding, path.subject),
        "role": role_value(&asked.source, path.role),
        "rule": path.rule + 1,
        "content": plain_rule(&asked.source, path.role, path.rule),
    })
}
