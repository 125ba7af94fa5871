//! `rbac graph`: a picture of who has which role by which binding.

use std::path::PathBuf;

use clap::Args;

use super::error::Error;
use super::rbac_error::RbacError;
use super::rbac_policy::read_files;
use crate::rbac::graph::{Filter, Graph};
use crate::rbac::policy::load::Loader;
use crate::ui::Ui;

/// A larger picture is of no use to a person.
const MAX_BINDINGS: usize = 1_000;

pub(super) const GRAPH_ABOUT: &str = "\
Draw who has which role by which binding, as SVG

Roles that reach further than they say are red, with the reason beside the pointer; roles that are in no file have a dashed frame.

Examples:
  kubesesame rbac graph rbac/ > rbac.svg
  kubesesame rbac graph rbac/ --subject=okta:k8s-developers -n shop > shop.svg";

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// Files and directories with roles and bindings, `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Draw the bindings of this user, group or service account alone, by its name (repeat)
    #[arg(long, value_name = "NAME")]
    subject: Vec<String>,

    /// Draw the bindings of this namespace and of the whole cluster alone
    #[arg(long, short, value_name = "NAME")]
    namespace: Option<String>,
}

/// # Errors
/// If the files cannot be read, or no binding or too many are to be drawn.
pub(super) fn run(args: &GraphArgs, ui: Ui) -> Result<(), Error> {
    let (read, _) = read_files(Loader::default(), &args.files, ui)?;
    if read.read == 0 {
        return Err(RbacError::EmptyPolicy {
            skipped: read.skipped,
        }
        .into());
    }
    let filter = Filter {
        subjects: &args.subject,
        namespace: args.namespace.as_deref(),
    };
    let graph = Graph::new(&read.policy, filter);
    match graph.binding_count() {
        bindings @ (0 | MAX_BINDINGS..) => Err(RbacError::Picture { bindings }.into()),
        _ => Ui::information(&graph.svg()).map_err(Error::Output),
    }
}
