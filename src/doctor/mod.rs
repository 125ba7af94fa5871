//! The checks of a set-up: what is wrong with a kubeconfig, a provider, this machine, a session, a token and a cluster, and what to do about it.
//!
//! Pure: facts in, findings out. Never reads files, never uses the network, never changes a session. A check is one entry in the table of its
//! group, and the groups are listed here; `docs/doctor.md` is made of these tables.

mod api_server;
mod check;
mod entry;
mod facts;
mod kubeconfig;
mod machine;
mod metadata;
#[cfg(test)]
mod page;
mod provider;
mod report;
mod selection;
mod session;
mod token;
mod variables;

use check::{Check, Group};

pub(crate) use check::{Finding, examine, explanation, explanations};
pub(crate) use facts::{
    ApiServerFacts, CommandFacts, ExpectedUser, Facts, FileFacts, KubeconfigFacts, KubercFacts, MachineFacts,
    Note, Problem, ProviderFacts, SessionFacts, SessionProblem, Settings, StorageFacts, StoredSession,
    WhoamiResult,
};
pub(crate) use report::{as_text, as_value, failures};
pub(crate) use selection::{Selection, select, selected_context};

/// All groups of checks, in the order in which they are shown.
const GROUPS: [Group; 8] = [
    Group {
        title: "Kubeconfig",
        checks: kubeconfig::CHECKS,
    },
    Group {
        title: "The user's entry",
        checks: entry::CHECKS,
    },
    Group {
        title: "Provider",
        checks: provider::CHECKS,
    },
    Group {
        title: "What the provider announces",
        checks: metadata::CHECKS,
    },
    Group {
        title: "This machine",
        checks: machine::CHECKS,
    },
    Group {
        title: "Session",
        checks: session::CHECKS,
    },
    Group {
        title: "Token",
        checks: token::CHECKS,
    },
    Group {
        title: "Cluster",
        checks: api_server::CHECKS,
    },
];

/// All checks, in their order.
fn checks() -> impl Iterator<Item = &'static Check> {
    GROUPS.iter().flat_map(|group| group.checks)
}
