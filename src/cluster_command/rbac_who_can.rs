//! `rbac who-can`: who may do something, and by which bindings.

use serde_json::{Value, json};

use super::error::Error;
use super::rbac_args::WhoCanArgs;
use super::rbac_can::request_value;
use super::rbac_explain::NOT_MODELLED;
use super::rbac_objects::{binding_text, binding_value, role_text, role_value};
use super::rbac_policy::{self, Source};
use super::rbac_text::{self, push_line};
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::rbac::policy::request::{MASTERS, Request};
use crate::rbac::question::Question;
use crate::rbac::who_can::{Grant, Holder, Who, WhoCan, who_can};
use crate::structured::document;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;

/// How many bindings of one subject are shown to a person.
const SHOWN_GRANTS: usize = 5;
/// How many of those who can a part of it are shown to a person.
const SHOWN_IN_PART: usize = 20;

const MASTERS_TEXT: &str = "members of system:masters may do everything, with and without a binding";

/// Returns the exit code: whether there is somebody for each request.
///
/// # Errors
/// What keeps it from being judged.
pub(super) fn run(args: &WhoCanArgs, ui: Ui) -> Result<u8, Error> {
    rbac_policy::check_stdin(&args.policy, &[rbac_policy::words_file(&args.words)])?;
    let words = rbac_policy::typed_words(&args.words, ui)?;
    let source = rbac_policy::read(&args.policy, ui)?;
    let question = rbac_policy::question(&args.words, &words, &source)?;
    let answers: Vec<(&Request, WhoCan<'_>)> = question
        .requests
        .iter()
        .map(|request| (request, who_can(&source.policy, request)))
        .collect();
    let text = if let Some(format) = args.output.format {
        document(&value(&source, &question, &answers), format)
    } else {
        for note in &question.notes {
            ui.note(&format!("note: {note}"));
        }
        text(&source, &answers)
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    let has_somebody = |(_, who): &(&Request, WhoCan<'_>)| who.whole.iter().any(counts);
    Ok(if answers.iter().all(has_somebody) {
        EXIT_SUCCESS
    } else {
        EXIT_FAILED
    })
}

/// Whether the policy decides about a subject.
fn counts(who: &Who<'_>) -> bool {
    who.holder != Holder::Group(MASTERS)
}

fn text(source: &Source, answers: &[(&Request, WhoCan<'_>)]) -> String {
    let mut text = String::new();
    for (request, who) in answers {
        let whole: Vec<&Who<'_>> = who.whole.iter().filter(|who| counts(who)).collect();
        let who_may = match whole.len() {
            0 => "nobody".to_owned(),
            1 => "1 subject".to_owned(),
            count => format!("{count} subjects"),
        };
        let line = format!("{who_may} can {}", rbac_text::request(request));
        push_line(&mut text, &line, 0, 2);
        for who in whole {
            push_who(&mut text, source, who);
        }
        if !who.part.is_empty() {
            push_line(
                &mut text,
                "in part, with some objects or in some namespaces only:",
                2,
                2,
            );
            for who in who.part.iter().take(SHOWN_IN_PART) {
                push_who(&mut text, source, who);
            }
            push_more(&mut text, who.part.len(), SHOWN_IN_PART, 2);
        }
        text.push('\n');
    }
    push_line(&mut text, MASTERS_TEXT, 0, 2);
    push_line(&mut text, NOT_MODELLED, 0, 0);
    text
}

fn push_who(text: &mut String, source: &Source, who: &Who<'_>) {
    let meaning = meaning(who.holder).map_or_else(String::new, |meaning| format!(": {meaning}"));
    push_line(text, &format!("{}{meaning}", holder_text(who.holder)), 2, 4);
    for grant in who.grants.iter().take(SHOWN_GRANTS) {
        push_line(text, &grant_text(source, grant), 4, 6);
    }
    push_more(text, who.grants.len(), SHOWN_GRANTS, 4);
}

fn push_more(text: &mut String, count: usize, shown: usize, indent: usize) {
    if count > shown {
        let more = format!("and {} more; all: --output=json", count - shown);
        push_line(text, &more, indent, indent);
    }
}

fn holder_text(holder: Holder<'_>) -> String {
    match holder {
        Holder::Group(name) => format!("Group \"{}\"", rbac_text::shown(name)),
        Holder::User(name) => format!("User \"{}\"", rbac_text::shown(name)),
        Holder::ServiceAccount { namespace, name } => format!(
            "ServiceAccount \"{}/{}\"",
            rbac_text::shown(name),
            rbac_text::shown(namespace)
        ),
    }
}

/// Returns who is in a group that the API server itself gives to people and programs.
fn meaning(holder: Holder<'_>) -> Option<String> {
    let Holder::Group(group) = holder else {
        return None;
    };
    match group {
        "system:authenticated" => Some("everybody who is signed in".to_owned()),
        "system:unauthenticated" => Some("everybody who is not signed in".to_owned()),
        "system:serviceaccounts" => Some("all service accounts".to_owned()),
        "system:nodes" => Some("all nodes".to_owned()),
        group => {
            let namespace = group.strip_prefix("system:serviceaccounts:")?;
            Some(format!("all service accounts of {}", rbac_text::shown(namespace)))
        }
    }
}

fn grant_text(source: &Source, grant: &Grant<'_>) -> String {
    let numbers: Vec<String> = grant.rules.iter().map(|rule| (rule + 1).to_string()).collect();
    let word = if numbers.len() == 1 { "rule" } else { "rules" };
    let mut text = format!(
        "by {} of {}, {word} {}",
        binding_text(source, grant.binding),
        role_text(source, grant.role),
        numbers.join(", ")
    );
    if !grant.names.is_empty() {
        text += ", named ";
        text += &rbac_text::list(&names(source, grant));
    }
    text
}

fn names(source: &Source, grant: &Grant<'_>) -> Vec<String> {
    let names = grant.names.iter();
    names.map(|name| source.policy.text(*name).to_owned()).collect()
}

fn value(source: &Source, question: &Question, answers: &[(&Request, WhoCan<'_>)]) -> Value {
    let all = |who: &[Who<'_>]| -> Vec<Value> { who.iter().map(|who| who_value(source, who)).collect() };
    let requests: Vec<Value> = answers
        .iter()
        .map(|(request, who)| {
            let mut value = request_value(request);
            value["subjects"] = json!(all(&who.whole));
            value["inPart"] = json!(all(&who.part));
            value
        })
        .collect();
    json!({
        "requests": requests,
        "notes": question.notes,
        "masters": MASTERS_TEXT,
        "limits": NOT_MODELLED,
    })
}

fn who_value(source: &Source, who: &Who<'_>) -> Value {
    let mut value = match who.holder {
        Holder::Group(name) => json!({"kind": "Group", "name": name}),
        Holder::User(name) => json!({"kind": "User", "name": name}),
        Holder::ServiceAccount { namespace, name } => {
            json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
        }
    };
    let grants = who.grants.iter().map(|grant| {
        let rules: Vec<usize> = grant.rules.iter().map(|rule| rule + 1).collect();
        let mut value = json!({
            "binding": binding_value(source, grant.binding),
            "role": role_value(source, grant.role),
            "rules": rules,
        });
        if !grant.names.is_empty() {
            value["names"] = json!(names(source, grant));
        }
        value
    });
    value["grants"] = grants.collect();
    value
}
