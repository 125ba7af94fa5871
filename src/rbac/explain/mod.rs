//! Why a policy allows a request, or what is nearest to allowing it.
//!
//! Pure. `paths` lists all that allow it, which the API server never says: it stops at the first, in an order that is not defined.

mod applier;
mod change;
mod near;

#[cfg(test)]
mod tests;

pub(crate) use applier::refusals;
pub(crate) use change::{Change, change};
pub(crate) use near::{Difference, Near, nearest};

use super::policy::evaluate::visit_rules;
use super::policy::matching;
use super::policy::model::{Binding, Policy, Role, Subject, Symbol};
use super::policy::request::{Request, RequestSymbols, User, UserSymbols};

/// A way by which a user may do something: a binding, its subject, and a rule of its role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    pub(crate) binding: &'a Binding,
    pub(crate) subject: Subject,
    pub(crate) role: &'a Role,
    /// The index of the rule in its role.
    pub(crate) rule: usize,
}

/// Returns all ways by which a user may do something.
pub(crate) fn paths<'a>(policy: &'a Policy, user: &User, request: &Request) -> Vec<Path<'a>> {
    let symbols = RequestSymbols::new(policy, request);
    let mut paths = Vec::new();
    visit_rules(
        policy,
        &UserSymbols::new(policy, user),
        namespace_of(policy, request),
        |visit| {
            let rule = &visit.role.rules[visit.rule];
            if matching::allows(&policy.names, rule, &symbols) {
                paths.push(Path {
                    binding: visit.binding,
                    subject: visit.subject,
                    role: visit.role,
                    rule: visit.rule,
                });
            }
        },
    );
    paths
}

fn namespace_of(policy: &Policy, request: &Request) -> Option<Symbol> {
    let namespace = request.namespace();
    (!namespace.is_empty())
        .then(|| policy.names.find(namespace))
        .flatten()
}
