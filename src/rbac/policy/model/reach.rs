//! What a role may at most allow, in three numbers, so that most roles are passed over without a look at their rules.

use super::names::{ListId, Names, Symbol};
use super::{Role, Rule};

/// A set of texts in which some texts share a bit. So it may have more than it was given, never less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Texts(u64);

impl Texts {
    pub(crate) const NONE: Self = Self(0);
    const ALL: Self = Self(u64::MAX);

    /// A text that the policy has nowhere has a bit of its own: only a set of all texts has it.
    pub(crate) fn of(text: Option<Symbol>) -> Self {
        Self(text.map_or(1, |symbol| 2 << (symbol.0 % 63)))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn of_list(names: &Names, list: ListId) -> Self {
        names.list(list).iter().fold(Self::NONE, |texts, symbol| {
            texts.and(match *symbol {
                Symbol::STAR => Self::ALL,
                symbol => Self::of(Some(symbol)),
            })
        })
    }
}

/// The verbs, resources and paths of all rules of a role.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    pub(crate) verbs: Texts,
    pub(crate) resources: Texts,
    pub(crate) paths: Texts,
}

impl Reach {
    pub(super) fn new(names: &Names, role: &Role) -> Self {
        role.rules.iter().fold(Self::default(), |reach, rule| Self {
            verbs: reach.verbs.and(Texts::of_list(names, rule.verbs)),
            resources: reach.resources.and(Texts::of_list(names, rule.resources)),
            paths: reach.paths.and(paths(names, rule)),
        })
    }
}

/// A path that ends with a star is a pattern, which is not looked at here.
fn paths(names: &Names, rule: &Rule) -> Texts {
    if names.texts(rule.urls).any(|url| url.ends_with('*')) {
        Texts::ALL
    } else {
        Texts::of_list(names, rule.urls)
    }
}
