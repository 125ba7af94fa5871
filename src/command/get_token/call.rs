//! One call of `get-token`: its settings, its caller, and the key of its session.

use std::path::PathBuf;

use crate::cli::GetTokenArgs;
use crate::environment::{self, Terminal};
use crate::error::Error;
use crate::exec::{self, ApiVersion, Cluster};
use crate::invocation::Invocation;
use crate::kubeconfig;
use crate::session::{Identity, Key};
use crate::settings::{self, Cache, ClusterChoice, GetTokenSettings, SignIn, Stdin, TokenKind};
use crate::ui::{self, Ui};

/// One call: its settings and its caller.
pub(super) struct GetToken<'a> {
    pub(super) invocation: &'a Invocation<'a>,
    pub(super) version: ApiVersion,
    pub(super) sign_in: SignIn,
    pub(super) cache: Cache,
    pub(super) cluster: ClusterChoice,
    pub(super) identity: Identity,
    pub(super) runtime_dir: Option<PathBuf>,
    pub(super) failures_dir: Option<PathBuf>,
    pub(super) ui: Ui,
}

/// Returns what the call may do with standard input: kubectl says whether it passed its own.
fn stdin(request: exec::Request, invocation: &Invocation<'_>) -> Stdin {
    let is_kept_by_client = invocation.is_by_client() && !request.interactive;
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
        mut args: GetTokenArgs,
        invocation: &'a Invocation<'a>,
        request: exec::Request,
        ui: Ui,
    ) -> Result<Self, Error> {
        let environment = invocation.environment;
        let cluster = match Cluster::parse(environment.exec_info.as_deref()) {
            Some(cluster) => ClusterChoice::apply(&mut args, &cluster).map_err(Error::Config)?,
            None => ClusterChoice::default(),
        };
        let value_sources = cluster.value_sources();
        let GetTokenSettings {
            sign_in,
            cache,
            cluster,
        } = GetTokenSettings::new(args, cluster, stdin(request, invocation), environment)
            .map_err(|error| Error::from(error).with_source(&value_sources))?;
        cluster.remarks.iter().for_each(|remark| ui::warn_later(remark));
        let SignIn { provider, login, .. } = &sign_in;
        let account = provider.account.as_deref().or_else(|| login.grant.username());
        Ok(Self {
            identity: Identity {
                issuer: provider.issuer.as_str().to_owned(),
                client_id: provider.client_id.clone(),
                account: account.map(str::to_owned),
            },
            sign_in,
            cache,
            cluster,
            invocation,
            version: request.version,
            runtime_dir: settings::runtime_dir(environment),
            failures_dir: settings::failures_dir(environment),
            ui,
        })
    }

    /// Rewords an error about a value that the cluster's entry chose: it names the key in the entry, because a flag would have no effect.
    pub(super) fn reword_for_cluster(&self, error: Error) -> Error {
        let error = error.with_source(&self.cluster.value_sources());
        match (&self.cluster.server, &error) {
            (None, _) | (_, Error::ValueFromSource(..)) => error,
            _ => error.reworded(kubeconfig::hint_in_cluster_terms),
        }
    }

    pub(super) fn key(&self) -> Key {
        let Identity {
            issuer,
            client_id,
            account,
        } = &self.identity;
        let mut variant_tags = Vec::new();
        if self.sign_in.provider.token == TokenKind::Access {
            variant_tags.push("access token");
        }
        if !self.sign_in.login.grant.is_interactive() {
            variant_tags.push("client credentials");
        }
        // The server is part of the key: tokens for a cluster that chose the issuer must not be sent to another cluster that names the same
        // issuer.
        let server = self
            .cluster
            .server
            .as_ref()
            .map(|server| format!("chosen by {server}"));
        variant_tags.extend(server.as_deref());
        let (scopes, parameters) = (
            self.sign_in.provider.scopes.iter(),
            &self.sign_in.provider.extra_parameters,
        );
        Key::new(
            issuer,
            client_id,
            scopes,
            parameters,
            account.as_deref(),
            &variant_tags,
        )
    }
}
