//! What a command line of `get-token` and a cluster's config ask for: the settings, and the session that they mean.
//!
//! Pure. kubectl's calls and commands that read a kubeconfig's entry find the same session, because both come here.

use crate::cli::{GetTokenArgs, ValueSources};
use crate::environment::Environment;
use crate::error::Error;
use crate::exec::Cluster;
use crate::kubeconfig;
use crate::session::{Identity, Key};
use crate::settings::{Cache, ClusterChoice, GetTokenSettings, SignIn, Stdin, TokenKind};

/// A request for a token.
pub(super) struct TokenRequest {
    pub(super) sign_in: SignIn,
    pub(super) cache: Cache,
    pub(super) cluster: ClusterChoice,
    pub(super) identity: Identity,
}

impl TokenRequest {
    /// `exec_info` is the text of kubectl's variable, which may have a cluster's config.
    ///
    /// # Errors
    /// The first setting that is missing or cannot be used.
    pub(super) fn new(
        mut args: GetTokenArgs,
        exec_info: Option<&str>,
        stdin: Stdin,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let cluster = match Cluster::parse(exec_info) {
            Some(cluster) => ClusterChoice::apply(&mut args, &cluster).map_err(Error::Config)?,
            None => ClusterChoice::default(),
        };
        let value_sources = cluster.value_sources();
        let settings = GetTokenSettings::new(args, cluster, stdin, environment);
        let GetTokenSettings {
            sign_in,
            cache,
            cluster,
        } = settings.map_err(|error| Error::from(error).with_source(&value_sources))?;
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
        })
    }

    /// Returns the key of the session.
    pub(super) fn key(&self) -> Key {
        let Identity {
            issuer,
            client_id,
            account,
        } = &self.identity;
        let provider = &self.sign_in.provider;
        let mut variant_tags = Vec::new();
        if provider.token == TokenKind::Access {
            variant_tags.push("access token");
        }
        if !self.sign_in.login.grant.is_interactive() {
            variant_tags.push("client credentials");
        }
        // The server is part of the key: tokens for a cluster that chose the issuer must not be sent to another cluster that names the same
        // issuer.
        let server = self.cluster.server.as_ref();
        let server = server.map(|server| format!("chosen by {server}"));
        variant_tags.extend(server.as_deref());
        // Each set of resources has tokens of its own. The order does not count.
        let mut resources: Vec<_> = provider.resources.iter().collect();
        resources.sort();
        let resources: Vec<_> = resources
            .iter()
            .map(|resource| format!("resource {resource}"))
            .collect();
        variant_tags.extend(resources.iter().map(String::as_str));
        let (scopes, parameters) = (provider.scopes.iter(), &provider.extra_parameters);
        let account = account.as_deref();
        Key::new(issuer, client_id, scopes, parameters, account, &variant_tags)
    }

    /// The flags whose values the cluster chose.
    pub(super) fn value_sources(&self) -> ValueSources {
        self.cluster.value_sources()
    }

    /// Rewords an error about a value that the cluster's entry chose: it names the key in the entry, because a flag would have no effect.
    pub(super) fn reword_for_cluster(&self, error: Error) -> Error {
        let error = error.with_source(&self.value_sources());
        match (&self.cluster.server, &error) {
            (None, _) | (_, Error::ValueFromSource(..)) => error,
            _ => error.map_hint(kubeconfig::hint_in_cluster_terms),
        }
    }
}
