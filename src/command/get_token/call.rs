//! One call of `get-token`: what it asks for, and its caller.

use std::path::PathBuf;

use crate::cli::GetTokenArgs;
use crate::command::token_request::TokenRequest;
use crate::environment::{self, Terminal};
use crate::error::Error;
use crate::exec::{self, ApiVersion};
use crate::invocation::Invocation;
use crate::lifecycle::Demand;
use crate::session::Key;
use crate::settings::{self, Stdin};
use crate::ui::{self, Ui};

/// One call: what it asks for, and its caller.
pub(in crate::command) struct GetToken<'a> {
    pub(super) invocation: &'a Invocation<'a>,
    pub(super) version: ApiVersion,
    pub(in crate::command) request: TokenRequest,
    pub(super) demand: Demand,
    pub(super) runtime_dir: Option<PathBuf>,
    pub(super) failures_dir: Option<PathBuf>,
    pub(super) ui: Ui,
}

/// Returns what the call may do with standard input: kubectl says whether it passed its own.
fn stdin(request: exec::Request, invocation: &Invocation<'_>) -> Stdin {
    let is_kept_by_client = invocation.is_exec_plugin_call() && !request.interactive;
    Stdin {
        terminal: if is_kept_by_client {
            Terminal::Absent
        } else {
            invocation.environment.terminal()
        },
        can_be_read: request.interactive && environment::stdin_can_be_read(),
        is_kept_by_client,
    }
}

impl<'a> GetToken<'a> {
    pub(super) fn new(
        args: GetTokenArgs,
        invocation: &'a Invocation<'a>,
        request: exec::Request,
        ui: Ui,
    ) -> Result<Self, Error> {
        let environment = invocation.environment;
        let exec_info = environment.exec_info.as_deref();
        let version = request.version;
        let request = TokenRequest::new(args, exec_info, stdin(request, invocation), environment)?;
        let remarks = request.cluster.remarks.iter();
        remarks.for_each(|remark| ui::warn_later(remark));
        let demand = if request.cache.force_refresh {
            Demand::Fresh
        } else {
            Demand::Good
        };
        Ok(Self {
            version,
            demand,
            ..Self::to_sign_in(request, invocation, ui)
        })
    }

    /// A new sign-in that a person asks for.
    pub(in crate::command) fn to_sign_in(
        request: TokenRequest,
        invocation: &'a Invocation<'a>,
        ui: Ui,
    ) -> Self {
        Self {
            request,
            demand: Demand::SignIn,
            invocation,
            version: ApiVersion::V1,
            runtime_dir: settings::runtime_dir(invocation.environment),
            failures_dir: settings::failures_dir(invocation.environment),
            ui,
        }
    }

    pub(super) fn key(&self) -> Key {
        self.request.key()
    }
}
