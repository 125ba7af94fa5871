//! The policy of a running cluster: lists roles and bindings by the person's own kubectl.

use std::thread;
use std::time::Duration;

use super::error::Error;
use super::rbac_args::PolicyArgs;
use super::rbac_error::RbacError;
use crate::kubectl::{Kubectl, ListError};
use crate::rbac::policy::load::Loader;
use crate::ui::Ui;

/// The first call may sign in.
pub(super) const TIME: Duration = Duration::from_mins(3);

/// What is listed. The first is asked alone, so that a sign-in is done before the others begin.
const KINDS: [&str; 4] = ["clusterroles", "clusterrolebindings", "roles", "rolebindings"];

pub(super) fn kubectl(args: &PolicyArgs) -> Kubectl {
    Kubectl {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        user: None,
    }
}

/// What was read.
pub(super) struct Live {
    pub(super) loader: Loader,
    /// That of the context.
    pub(super) namespace: Option<String>,
}

/// Lists the four kinds, and reads them.
///
/// # Errors
/// If the API server cannot be asked, or does not let the person list a kind: all such kinds are named.
pub(super) fn read(args: &PolicyArgs, ui: Ui) -> Result<Live, Error> {
    ui.step(|| "asking the API server for roles and bindings, by kubectl".to_owned());
    let kubectl = kubectl(args);
    let namespace = kubectl.namespace().map_err(RbacError::Live)?;
    let (first, others) = KINDS.split_at(1);
    let mut answers: Vec<(&str, Result<Vec<String>, ListError>)> = Vec::new();
    for kind in first {
        answers.push((kind, kubectl.list_within(&path(kind), TIME)));
    }
    if !matches!(answers.as_slice(), [(_, Err(ListError::Failed(_)))]) {
        answers.extend(thread::scope(|scope| {
            let asking: Vec<_> = others
                .iter()
                .map(|kind| (*kind, scope.spawn(|| kubectl.list_within(&path(kind), TIME))))
                .collect();
            let answers = asking
                .into_iter()
                .filter_map(|(kind, asking)| Some((kind, asking.join().ok()?)));
            answers.collect::<Vec<_>>()
        }));
    }
    let mut loader = Loader::default();
    let mut denied = Vec::new();
    let mut file = 0;
    for (kind, answer) in answers {
        let pages = match answer {
            Ok(pages) => pages,
            Err(ListError::Denied) => {
                denied.push(kind);
                continue;
            }
            Err(ListError::Failed(error)) => return Err(RbacError::Live(error).into()),
        };
        for page in pages {
            loader.read(file, &page).map_err(|fault| RbacError::LivePage {
                kind,
                problem: fault.problem,
            })?;
            file += 1;
        }
    }
    if denied.is_empty() {
        Ok(Live { loader, namespace })
    } else {
        Err(RbacError::Denied { kinds: denied }.into())
    }
}

fn path(kind: &str) -> String {
    format!("/apis/rbac.authorization.k8s.io/v1/{kind}")
}
