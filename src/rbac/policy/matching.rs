//! Whether a rule allows a request, and which parts of it do not match.

use super::model::{ListId, Names, Reach, Rule, Symbol, Texts};
use super::request::{RequestSymbols, TargetSymbols};

/// Whether a rule allows a request.
pub(crate) fn allows(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    verb_matches(names, rule, request)
        && match &request.target {
            TargetSymbols::Resource { .. } => {
                group_matches(names, rule, request)
                    && resource_matches(names, rule, request)
                    && name_matches(names, rule, request)
            }
            TargetSymbols::Path { .. } => path_matches(names, rule, request),
        }
}

/// Whether a rule with names of objects allows a request that names none, for these objects.
pub(crate) fn allows_some_names(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    match request.target {
        TargetSymbols::Resource { name, .. } => {
            name == Some(Symbol::EMPTY)
                && verb_matches(names, rule, request)
                && group_matches(names, rule, request)
                && resource_matches(names, rule, request)
                && !name_matches(names, rule, request)
        }
        TargetSymbols::Path { .. } => false,
    }
}

/// What a role needs at least, to allow a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    verb: Texts,
    target: WantedTarget,
}

#[derive(Debug, Clone, Copy)]
enum WantedTarget {
    Resource(Texts),
    Path(Texts),
}

impl Wanted {
    pub(crate) fn new(request: &RequestSymbols<'_>) -> Self {
        let target = match request.target {
            TargetSymbols::Resource {
                combined,
                any_with_subresource,
                ..
            } => {
                let subresource = any_with_subresource.map_or(Texts::NONE, |symbol| Texts::of(Some(symbol)));
                WantedTarget::Resource(Texts::of(combined).and(subresource))
            }
            TargetSymbols::Path { symbol, .. } => WantedTarget::Path(Texts::of(symbol)),
        };
        Self {
            verb: Texts::of(request.verb),
            target,
        }
    }

    /// Whether a role of this reach may allow the request. Without it none of its rules does.
    pub(crate) fn is_within(self, reach: &Reach) -> bool {
        reach.verbs.meets(self.verb)
            && match self.target {
                WantedTarget::Resource(resource) => reach.resources.meets(resource),
                WantedTarget::Path(path) => reach.paths.meets(path),
            }
    }
}

fn has(names: &Names, list: ListId, wanted: Option<Symbol>) -> bool {
    names.list(list).iter().any(|item| Some(*item) == wanted)
}

fn has_or_star(names: &Names, list: ListId, wanted: Option<Symbol>) -> bool {
    names
        .list(list)
        .iter()
        .any(|item| *item == Symbol::STAR || Some(*item) == wanted)
}

pub(crate) fn verb_matches(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    has_or_star(names, rule.verbs, request.verb)
}

pub(crate) fn group_matches(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    match request.target {
        TargetSymbols::Resource { group, .. } => has_or_star(names, rule.groups, group),
        TargetSymbols::Path { .. } => false,
    }
}

/// `*` matches everything, `*/scale` the subresource of each resource; `pods/*` is no pattern.
pub(crate) fn resource_matches(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    match request.target {
        TargetSymbols::Resource {
            combined,
            any_with_subresource,
            ..
        } => names.list(rule.resources).iter().any(|item| {
            *item == Symbol::STAR
                || Some(*item) == combined
                || (any_with_subresource.is_some() && Some(*item) == any_with_subresource)
        }),
        TargetSymbols::Path { .. } => false,
    }
}

/// A rule without names is about every object. A request without a name has the empty one.
pub(crate) fn name_matches(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    match request.target {
        TargetSymbols::Resource { name, .. } => {
            rule.resource_names == ListId::EMPTY || has(names, rule.resource_names, name)
        }
        TargetSymbols::Path { .. } => false,
    }
}

pub(crate) fn path_matches(names: &Names, rule: &Rule, request: &RequestSymbols<'_>) -> bool {
    match request.target {
        TargetSymbols::Resource { .. } => false,
        TargetSymbols::Path { symbol, text } => names
            .list(rule.urls)
            .iter()
            .any(|item| Some(*item) == symbol || url_covers(names.text(*item), text)),
    }
}

/// Whether a URL of a rule covers a path: it is the path, or it ends with `*` and what is before all of its last stars begins the path.
/// A `*` elsewhere is a character like others.
pub(crate) fn url_covers(url: &str, path: &str) -> bool {
    url == path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
}
