//! Users, contexts and clusters of all kubeconfig files together, as kubectl merges them.
//!
//! Pure. The first file that has a user, context or cluster of a name counts, and the first current context. A file that cannot be parsed
//! is named and hides no other. Arguments and variables of an entry may be secrets, so they are of the type [`Secret`].

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::kubeconfig::convert::TextError;
use crate::kubeconfig::exec_info::extension_of_exec;
use crate::kubeconfig::tree::{Document, Node, Value, parse};
use crate::kubeconfig::users::{CredentialSource, credential_source, users};
use crate::secret::Secret;

/// The keys of credentials that keep client-go from running a plugin.
const OTHER_CREDENTIALS: [&str; 5] = [
    "token",
    "tokenFile",
    "username",
    "client-certificate",
    "client-certificate-data",
];

/// What all files have together.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) users: Vec<UserEntry>,
    pub(crate) contexts: Vec<ContextEntry>,
    pub(crate) clusters: Vec<ClusterEntry>,
    pub(crate) current_context: Option<String>,
    /// The files that cannot be parsed, by their position. kubectl itself refuses all files together then.
    pub(crate) broken: Vec<(usize, TextError)>,
}

/// A user.
#[derive(Debug)]
pub(crate) struct UserEntry {
    pub(crate) name: String,
    /// The position of its file.
    pub(crate) file: usize,
    pub(crate) source: EntrySource,
    /// Its `exec` entry, whatever it runs.
    pub(crate) exec: Option<ExecEntry>,
    /// The key of a credential beside the `exec` entry. kubectl uses that one, and does not run the plugin.
    pub(crate) other_credential: Option<&'static str>,
}

/// What brings the credential of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntrySource {
    Kubesesame,
    /// kubelogin, by this name or as a plugin of kubectl (`kubectl oidc-login`).
    Kubelogin {
        via_kubectl: bool,
    },
    /// `auth-provider: oidc`.
    AuthProvider,
    /// Something else: another plugin, a certificate, a token.
    Other,
    /// One of ours that nobody can use as it is. The text says why.
    Unusable(String),
}

/// The `exec` entry of a user.
#[derive(Debug)]
pub(crate) struct ExecEntry {
    pub(crate) command: String,
    /// As in the file: with `get-token`, and with `oidc-login` if kubectl runs it.
    pub(crate) args: Vec<Secret>,
    pub(crate) env: Vec<(String, Secret)>,
    pub(crate) api_version: Option<String>,
    pub(crate) interactive_mode: Option<String>,
    pub(crate) provide_cluster_info: bool,
    pub(crate) install_hint: Option<String>,
}

/// A context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContextEntry {
    pub(crate) name: String,
    pub(crate) user: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) namespace: Option<String>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterEntry {
    pub(crate) name: String,
    /// The position of its file, whose directory a relative path in it begins at.
    pub(crate) file: usize,
    pub(crate) server: String,
    pub(crate) certificate_authority: Option<String>,
    /// Base64, as in the file.
    pub(crate) certificate_authority_data: Option<String>,
    pub(crate) tls_server_name: Option<String>,
    pub(crate) insecure_skip_tls_verify: bool,
    pub(crate) proxy_url: Option<String>,
    pub(crate) disable_compression: bool,
    /// What the cluster tells credential plugins, if it does.
    pub(crate) plugin_config: Option<Json>,
}

impl Entries {
    /// Reads the texts of the files, in the order in which kubectl reads them.
    pub(crate) fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for (file, text) in texts.into_iter().enumerate() {
            if let Err(error) = all.add(file, text) {
                all.broken.push((file, error));
            }
        }
        keep_first(&mut all.users, |user| &user.name);
        keep_first(&mut all.contexts, |context| &context.name);
        keep_first(&mut all.clusters, |cluster| &cluster.name);
        all
    }

    fn add(&mut self, file: usize, text: &str) -> Result<(), TextError> {
        let document = parse(text).map_err(TextError::InvalidYaml)?;
        // `users` also checks that the document is a kubeconfig.
        let found = users(&document).map_err(TextError::NotKubeconfig)?;
        self.users.extend(found.iter().map(|user| {
            UserEntry {
                name: user.name.to_owned(),
                file,
                source: entry_source(user.node),
                exec: user.node.get("exec").and_then(exec_entry),
                other_credential: OTHER_CREDENTIALS
                    .into_iter()
                    .find(|key| non_empty(user.node.get(key)).is_some()),
            }
        }));
        self.contexts.extend(contexts_of(&document));
        self.clusters.extend(clusters_of(&document, file));
        if self.current_context.is_none() {
            self.current_context = current_context(&document);
        }
        Ok(())
    }

    pub(crate) fn user(&self, name: &str) -> Option<&UserEntry> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(crate) fn context(&self, name: &str) -> Option<&ContextEntry> {
        self.contexts.iter().find(|context| context.name == name)
    }

    pub(crate) fn cluster(&self, name: &str) -> Option<&ClusterEntry> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// Returns the contexts of a user.
    pub(crate) fn contexts_of_user<'a, 'b>(
        &'a self,
        user: &'b str,
    ) -> impl Iterator<Item = &'a ContextEntry> + use<'a, 'b> {
        let is_of_user = move |context: &&ContextEntry| context.user.as_deref() == Some(user);
        self.contexts.iter().filter(is_of_user)
    }
}

impl EntrySource {
    /// Whether kubesesame can sign in for the user by the flags of `get-token`.
    pub(crate) fn is_supported(&self) -> bool {
        match self {
            Self::Kubesesame | Self::Kubelogin { .. } => true,
            Self::AuthProvider | Self::Other | Self::Unusable(_) => false,
        }
    }
}

impl UserEntry {
    /// A user that no file has, whose entry runs `get-token` without flags. It serves flags of a command line.
    pub(crate) fn of_flags() -> Self {
        Self {
            name: String::new(),
            file: 0,
            source: EntrySource::Kubesesame,
            exec: Some(ExecEntry {
                command: "kubesesame".to_owned(),
                args: vec![Secret::new("get-token")],
                env: Vec::new(),
                api_version: None,
                interactive_mode: None,
                provide_cluster_info: false,
                install_hint: None,
            }),
            other_credential: None,
        }
    }
}

impl ExecEntry {
    /// Returns the arguments of the plugin itself, which begin with its command (`get-token`).
    pub(crate) fn plugin_args(&self, source: &EntrySource) -> &[Secret] {
        match source {
            EntrySource::Kubelogin { via_kubectl: true } => self.args.get(1..).unwrap_or_default(),
            EntrySource::Kubelogin { via_kubectl: false }
            | EntrySource::Kubesesame
            | EntrySource::AuthProvider
            | EntrySource::Other
            | EntrySource::Unusable(_) => &self.args,
        }
    }
}

/// Keeps the first item of each name, in linear time.
fn keep_first<T>(items: &mut Vec<T>, name: impl Fn(&T) -> &str) {
    let mut known = HashSet::new();
    items.retain(|item| known.insert(name(item).to_owned()));
}

/// An entry is used as it is, so anchors do no harm here, unlike in a conversion. Aliases are not resolved.
fn entry_source(user: &Node) -> EntrySource {
    let source = match credential_source(user) {
        CredentialSource::Kubelogin { via_kubectl, .. } => EntrySource::Kubelogin { via_kubectl },
        CredentialSource::AuthProvider { .. } => EntrySource::AuthProvider,
        CredentialSource::Kubesesame => EntrySource::Kubesesame,
        CredentialSource::Other(_) => EntrySource::Other,
        CredentialSource::NotConvertible(reason) => EntrySource::Unusable(reason),
    };
    let mut has_alias = false;
    user.walk(&mut |node| has_alias |= matches!(node.value, Value::Alias(_)));
    if has_alias && source.is_supported() {
        return EntrySource::Unusable("it uses aliases of YAML, which are not read here".to_owned());
    }
    source
}

fn exec_entry(exec: &Node) -> Option<ExecEntry> {
    let args = exec.get("args").and_then(Node::items).unwrap_or_default();
    let env = exec.get("env").and_then(Node::items).unwrap_or_default();
    let variable = |item: &Node| {
        let value = item.get("value").and_then(Node::text).unwrap_or_default();
        Some((non_empty(item.get("name"))?, Secret::new(value)))
    };
    Some(ExecEntry {
        command: non_empty(exec.get("command"))?,
        args: args
            .iter()
            .map(|arg| Secret::new(arg.text().unwrap_or_default()))
            .collect(),
        env: env.iter().filter_map(variable).collect(),
        api_version: non_empty(exec.get("apiVersion")),
        interactive_mode: non_empty(exec.get("interactiveMode")),
        provide_cluster_info: is_true(exec.get("provideClusterInfo")),
        install_hint: non_empty(exec.get("installHint")),
    })
}

/// Returns the contexts of one file.
pub(super) fn contexts_of(document: &Document) -> impl Iterator<Item = ContextEntry> {
    let context = |item: &Node| {
        let field = |name| non_empty(item.get("context").and_then(|context| context.get(name)));
        Some(ContextEntry {
            name: non_empty(item.get("name"))?,
            user: field("user"),
            cluster: field("cluster"),
            namespace: field("namespace"),
        })
    };
    list(document, "contexts").iter().filter_map(context)
}

/// Returns the current context of one file.
pub(super) fn current_context(document: &Document) -> Option<String> {
    non_empty(document.root.as_ref()?.get("current-context"))
}

fn clusters_of(document: &Document, file: usize) -> impl Iterator<Item = ClusterEntry> {
    let cluster = move |item: &Node| {
        let field = |name| item.get("cluster").and_then(|cluster| cluster.get(name));
        Some(ClusterEntry {
            name: non_empty(item.get("name"))?,
            file,
            server: non_empty(field("server")).unwrap_or_default(),
            certificate_authority: non_empty(field("certificate-authority")),
            certificate_authority_data: non_empty(field("certificate-authority-data")),
            tls_server_name: non_empty(field("tls-server-name")),
            insecure_skip_tls_verify: is_true(field("insecure-skip-tls-verify")),
            proxy_url: non_empty(field("proxy-url")),
            disable_compression: is_true(field("disable-compression")),
            plugin_config: field("extensions").and_then(extension_of_exec),
        })
    };
    list(document, "clusters").iter().filter_map(cluster)
}

fn list<'a>(document: &'a Document, name: &str) -> &'a [Node] {
    let list = document.root.as_ref().and_then(|root| root.get(name));
    list.and_then(Node::items).unwrap_or_default()
}

/// Returns a text that is there and not empty. `null` counts as absent, as in kubectl.
fn non_empty(node: Option<&Node>) -> Option<String> {
    let text = node.filter(|node| !node.is_null()).and_then(Node::text);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::text) == Some("true")
}

#[cfg(test)]
mod tests;
