//! The settings of `get-token`.

use super::{Cache, ClusterChoice, Error, NamedBy, SignIn, Stdin};
use crate::cli::GetTokenArgs;
use crate::environment::Environment;

/// The settings of one call of `get-token`.
#[derive(Debug)]
pub(crate) struct GetTokenSettings {
    pub(crate) sign_in: SignIn,
    pub(crate) cache: Cache,
    pub(crate) cluster: ClusterChoice,
}

impl GetTokenSettings {
    /// `cluster` is what the cluster's config decided, and is in the arguments already.
    ///
    /// # Errors
    /// The first setting that is missing or cannot be used.
    pub(crate) fn new(
        args: GetTokenArgs,
        cluster: ClusterChoice,
        stdin: Stdin,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let named_by = if cluster.server.is_some() {
            NamedBy::Cluster
        } else {
            NamedBy::User
        };
        let has_resource = !args.provider.oidc_resource.is_empty();
        let sign_in = SignIn::new(args.provider, named_by, &args.login, args.tls, stdin, environment);
        let mut cache = Cache::new(&args.cache, environment);
        // kubelogin asks for no resource, so its tokens may be for another service.
        if has_resource {
            cache.kubelogin_dirs.clear();
        }
        if cluster.server.is_some() {
            // A session of kubelogin belongs to no server: where a cluster named the issuer, it may be another cluster's.
            cache.kubelogin_dirs.clear();
        }
        Ok(Self {
            sign_in: sign_in.map_err(|error| cluster.explain(error))?,
            cache,
            cluster,
        })
    }

    /// Checks the arguments of an entry in a kubeconfig, without files and network.
    ///
    /// # Errors
    /// The first setting that is missing or cannot be used.
    pub(crate) fn check(args: GetTokenArgs, environment: &Environment) -> Result<(), Error> {
        Self::new(args, ClusterChoice::default(), Stdin::ABSENT, environment).map(drop)
    }
}
