//! What a change of an API server's settings about tokens means for people: who gets another name or other groups, who can no longer
//! sign in, and which bindings reach nobody then.
//!
//! Pure. Compares what two files say (`check::Settings`), issuer by issuer, and never how they are written: flags and a structured
//! configuration that make the same of each token are the same. Never says that a change is right.

mod bindings;
mod issuers;
mod names;
mod person;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use super::check::Settings;

pub(crate) use bindings::{BindingChange, Reach, bindings};
pub(crate) use person::{Granted, Person, person};

/// What differs.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) changes: Vec<Change>,
    /// What can be different and cannot be told from the files.
    pub(crate) notes: Vec<String>,
}

/// One difference for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The issuer whose people it is about; empty if it is about all requests.
    pub(crate) issuer: String,
    pub(crate) subject: Subject,
    /// What happens, such as `changes from claim …`.
    pub(crate) text: String,
    /// The settings, if the text does not have them.
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// What that means.
    pub(crate) effects: Vec<String>,
    /// Who can no longer sign in.
    pub(crate) locked_out: Vec<String>,
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Issuer,
    Audience,
    Keys,
    Signature,
    Username,
    Groups,
    Uid,
    Extra,
    Claim,
    Rule,
    Anonymous,
}

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Keys => "keys",
            Self::Signature => "signature",
            Self::Username => "username",
            Self::Groups => "groups",
            Self::Uid => "uid",
            Self::Extra => "extra",
            Self::Claim => "claim",
            Self::Rule => "rule",
            Self::Anonymous => "anonymous",
        }
    }
}

impl Change {
    fn new(issuer: &str, subject: Subject, text: impl Into<String>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject,
            text: text.into(),
            before: None,
            after: None,
            effects: Vec::new(),
            locked_out: Vec::new(),
        }
    }

    fn between(mut self, before: impl Into<String>, after: impl Into<String>) -> Self {
        self.before = Some(before.into());
        self.after = Some(after.into());
        self
    }

    fn with_effect(mut self, effect: impl Into<String>) -> Self {
        self.effects.push(effect.into());
        self
    }

    fn locking_out(mut self, people: impl Into<String>) -> Self {
        self.locked_out.push(people.into());
        self
    }
}

/// Compares two settings.
pub(crate) fn compare(old: &Settings, new: &Settings) -> Difference {
    let mut difference = issuers::compare(old, new);
    difference.changes.extend(anonymous(old, new));
    difference
}

fn anonymous(old: &Settings, new: &Settings) -> Option<Change> {
    let shown = |settings: &Settings| match &settings.configuration.anonymous {
        // The flag can say otherwise beside a structured configuration.
        None => "accepted".to_owned(),
        Some(anonymous) if !anonymous.enabled => "refused".to_owned(),
        Some(anonymous) if anonymous.conditions.is_empty() => "accepted".to_owned(),
        Some(anonymous) => format!("accepted for {}", anonymous.conditions.join(", ")),
    };
    let (before, after) = (shown(old), shown(new));
    (before != after).then(|| {
        Change::new("", Subject::Anonymous, "requests without a token")
            .between(before, after)
            .with_effect("the API server takes this at its start, and not when it reads the file again")
    })
}
