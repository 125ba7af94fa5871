//! `rbac list`: what one user may do, as a table, as a tree, or for a program.

use serde_json::{Value, json};

use super::error::Error;
use super::rbac_args::ListArgs;
use super::rbac_can::MASTERS_REASON;
use super::rbac_explain::NOT_MODELLED;
use super::rbac_objects::{binding_value, plain_rule, role_value};
use super::rbac_policy::{self, Source};
use super::rbac_text::{self, push_line};
use super::{rbac_identity, rbac_table, rbac_tree};
use crate::error::EXIT_SUCCESS;
use crate::invocation::Invocation;
use crate::rbac::policy::evaluate::subject_text;
use crate::rbac::policy::request::User;
use crate::rbac::question::default_note;
use crate::rbac::rights::{Applied, Place, applied, namespaces, review, table};
use crate::structured::document;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;

/// What is allowed in one place.
pub(super) struct Section<'a> {
    pub(super) place: Place<'a>,
    pub(super) applied: Vec<Applied<'a>>,
}

/// Returns the exit code.
///
/// # Errors
/// What keeps it from being listed.
pub(super) fn run(args: &ListArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    rbac_policy::check_stdin(&args.policy, &[args.identity.token.as_deref()])?;
    let source = rbac_policy::read(&args.policy, ui)?;
    let user = rbac_identity::user(&args.identity, &args.policy, None, invocation, ui)?;
    let sections = sections(args, &source, &user);
    let text = if let Some(format) = args.output.format {
        document(&value(&source, &user, &sections), format)
    } else {
        if args.namespace.is_none() && !args.all_namespaces {
            ui.note(&format!("note: {}", default_note(source.default_namespace())));
        }
        text(args, &source, &user, &sections)
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    Ok(EXIT_SUCCESS)
}

fn sections<'a>(args: &'a ListArgs, source: &'a Source, user: &User) -> Vec<Section<'a>> {
    let places = if args.all_namespaces {
        let namespaces = namespaces(&source.policy, user);
        let added = namespaces.into_iter().map(Place::Added);
        std::iter::once(Place::Everywhere).chain(added).collect()
    } else {
        let namespace = args.namespace.as_deref();
        let namespace = namespace.unwrap_or_else(|| source.default_namespace());
        vec![Place::Namespace(namespace)]
    };
    let section = |place| Section {
        place,
        applied: applied(&source.policy, user, place),
    };
    places.into_iter().map(section).collect()
}

fn text(args: &ListArgs, source: &Source, user: &User, sections: &[Section<'_>]) -> String {
    let mut text = String::new();
    let who = format!(
        "{} (groups: {})",
        rbac_text::shown(&user.name),
        rbac_text::list(&user.groups)
    );
    push_line(&mut text, &who, 0, 2);
    if user.is_master() {
        push_line(&mut text, MASTERS_REASON, 0, 2);
    }
    for section in sections {
        let place = match section.place {
            Place::Everywhere => "in all namespaces".to_owned(),
            Place::Namespace(namespace) => format!("in {}", rbac_text::shown(namespace)),
            Place::Added(namespace) => format!("in {}, besides", rbac_text::shown(namespace)),
        };
        text.push('\n');
        push_line(&mut text, &format!("{place}:"), 0, 2);
        if args.tree {
            rbac_tree::push(&mut text, source, &section.applied);
        } else {
            rbac_table::push(&mut text, &table(&source.policy, &section.applied));
        }
    }
    text.push('\n');
    push_line(&mut text, NOT_MODELLED, 0, 0);
    text
}

fn value(source: &Source, user: &User, sections: &[Section<'_>]) -> Value {
    let sections = sections.iter().map(|section| {
        let mut value = review(&source.policy, user, &section.applied, section.place);
        value["namespace"] = match section.place {
            Place::Everywhere => Value::Null,
            Place::Namespace(namespace) | Place::Added(namespace) => json!(namespace),
        };
        let bindings = section
            .applied
            .iter()
            .map(|applied| applied_value(source, applied));
        value["bindings"] = bindings.collect();
        let table = table(&source.policy, &section.applied);
        value["table"] = table.rows.iter().map(rbac_table::row_value).collect();
        value["withoutEffect"] = json!(table.without_effect);
        value
    });
    json!({
        "user": user.name,
        "groups": user.groups,
        "mayDoEverything": user.is_master(),
        "namespaces": sections.collect::<Vec<_>>(),
        "limits": NOT_MODELLED,
    })
}

fn applied_value(source: &Source, applied: &Applied<'_>) -> Value {
    let rules = applied.role.map(|role| {
        let rules = 0..role.rules.len();
        rules
            .map(|rule| json!(plain_rule(source, role, rule)))
            .collect::<Vec<_>>()
    });
    json!({
        "binding": binding_value(source, applied.binding),
        "subject": subject_text(&source.policy, applied.binding, applied.subject),
        "role": applied.role.map(|role| role_value(source, role)),
        "rules": rules.unwrap_or_default(),
    })
}
