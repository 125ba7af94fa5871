//! The kubeconfig that `setup` is about: the file that it would add to, and the cluster that the context is for.

use crate::cli::SetupResultArgs;
use crate::command::kubeconfig::files::{Kubeconfig, files_in_given_order};
use crate::environment::Environment;
use crate::kubeconfig::{self, AdditionError, ClusterEntry, Clusters, Error, NewContext};
use crate::untrusted_text::UntrustedText;

/// One file with what it says about clusters.
pub(super) struct KnownFile {
    pub(super) file: Kubeconfig,
    pub(super) text: String,
    pub(super) clusters: Clusters,
}

/// The files of the kubeconfig, in the order in which kubectl looks at them. There may be none.
pub(super) struct Target {
    pub(super) files: Vec<KnownFile>,
    /// The name of the cluster, if one is named or there is a current one.
    cluster: Option<String>,
}

impl Target {
    /// Reads the files. Where nothing is written and none is named, one that cannot be read counts as none.
    ///
    /// # Errors
    /// If a file that is needed cannot be read, or there is no such cluster.
    pub(super) fn of(args: &SetupResultArgs, environment: &Environment) -> Result<Self, Error> {
        let is_shared = args.kubeconfig_for_others.is_some();
        let is_needed = args.write || is_shared || args.cluster.is_some() || args.file.kubeconfig.is_some();
        let files = match read(args, environment) {
            Ok(files) => files,
            Err(error) if is_needed => return Err(error),
            Err(_) => Vec::new(),
        };
        let mut target = Self { files, cluster: None };
        target.cluster = match &args.cluster {
            Some(name) => Some(target.known(name)?),
            None => target.current_cluster(),
        };
        if is_shared && target.cluster.is_none() {
            return Err(AdditionError::NoCluster.into());
        }
        Ok(target)
    }

    /// Returns the context for a user at the cluster.
    pub(super) fn context(&self, user: &str) -> Option<NewContext> {
        Some(NewContext::of(user, self.cluster.as_deref()?))
    }

    /// Returns the entry of the cluster, with the file that it is in.
    pub(super) fn cluster_entry(&self) -> Option<(&KnownFile, &ClusterEntry)> {
        let name = self.cluster.as_deref()?;
        let mut entries = self.entries();
        entries.find(|(_, entry)| entry.name == name)
    }

    fn entries(&self) -> impl Iterator<Item = (&KnownFile, &ClusterEntry)> {
        let files = self.files.iter();
        files.flat_map(|file| file.clusters.entries.iter().map(move |entry| (file, entry)))
    }

    fn known(&self, name: &str) -> Result<String, Error> {
        if self.entries().any(|(_, entry)| entry.name == name) {
            return Ok(name.to_owned());
        }
        Err(AdditionError::NoSuchCluster {
            name: UntrustedText::new(name),
            known: self
                .entries()
                .map(|(_, entry)| UntrustedText::new(&entry.name))
                .collect(),
        }
        .into())
    }

    /// Returns the cluster of the current context. Without one, a cluster that is the only one.
    fn current_cluster(&self) -> Option<String> {
        let current = self
            .files
            .iter()
            .find_map(|file| file.clusters.current_context.as_ref());
        let mut contexts = self.files.iter().flat_map(|file| &file.clusters.contexts);
        let of_context = current.and_then(|current| contexts.find(|(name, _)| name == current));
        let of_context = of_context.map(|(_, cluster)| cluster.as_str());
        let mut entries = self.entries().map(|(_, entry)| entry.name.as_str());
        let name = match of_context {
            Some(cluster) => entries.find(|name| *name == cluster),
            None => entries.next().filter(|_| entries.next().is_none()),
        };
        name.map(str::to_owned)
    }
}

fn read(args: &SetupResultArgs, environment: &Environment) -> Result<Vec<KnownFile>, Error> {
    let known = |file: Kubeconfig| {
        let text = file.text()?;
        let clusters = kubeconfig::clusters(&text).map_err(|error| file.text_error(&error))?;
        Ok(KnownFile { file, text, clusters })
    };
    files_in_given_order(&args.file, environment)?
        .into_iter()
        .map(known)
        .collect()
}
