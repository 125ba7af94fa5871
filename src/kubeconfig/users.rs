//! The users of a kubeconfig, and which of them can be converted.
//!
//! int128's kubelogin and Azure's program of the same name are distinguished by their flags.

use std::collections::HashSet;
use std::hash::Hash;

use super::tree::{Document, Node};

/// An element of the list `users`.
#[derive(Debug)]
pub(super) struct User<'a> {
    pub(super) name: &'a str,
    /// The mapping below `user:`.
    pub(super) node: &'a Node,
    pub(super) source: CredentialSource<'a>,
}

/// How a user gets its credential.
#[derive(Debug)]
pub(super) enum CredentialSource<'a> {
    /// kubelogin. With `via_kubectl` the command is `kubectl oidc-login`.
    Kubelogin { exec: &'a Node, via_kubectl: bool },
    /// client-go's own OpenID Connect provider (`auth-provider: oidc`), which can refresh tokens but not sign in.
    AuthProvider { config: &'a Node },
    /// kubesesame.
    Kubesesame,
    /// Anything else. The text is there if the entry looks like one of kubelogin.
    Other(Option<&'static str>),
    /// kubelogin or client-go's provider, in an entry that cannot be converted for this reason.
    NotConvertible(String),
}

/// Flags of Azure/kubelogin, which has nothing but its name in common with int128/kubelogin.
const AZURE_FLAGS: [&str; 5] = ["--server-id", "--login", "-l", "--environment", "--tenant-id"];

/// Returns the users of a kubeconfig.
///
/// # Errors
/// The reason why the document is not a kubeconfig.
pub(super) fn users(document: &Document) -> Result<Vec<User<'_>>, &'static str> {
    let Some(root) = &document.root else {
        return Ok(Vec::new());
    };
    if root.is_null() {
        return Ok(Vec::new());
    }
    let Some(pairs) = root.pairs() else {
        return Err("it is not a mapping");
    };
    let is = |key: &str, expected: &str| root.get(key).is_none_or(|value| value.text() == Some(expected));
    if !is("kind", "Config") || !is("apiVersion", "v1") {
        return Err("its `apiVersion` and `kind` are not `v1` and `Config`");
    }
    if !["users", "clusters", "contexts", "kind"]
        .iter()
        .any(|key| root.get(key).is_some())
    {
        return Err("it has neither `users` nor `clusters` nor `contexts`");
    }
    if duplicate_key(pairs).is_some() {
        return Err("a key of its top level is there twice");
    }
    let Some(list) = root.get("users").filter(|list| !list.is_null()) else {
        return Ok(Vec::new());
    };
    let Some(items) = list.items() else {
        return Err("its `users` are not a list");
    };
    let mut users: Vec<User<'_>> = items
        .iter()
        .filter_map(|item| user(item, root.has_anchor_or_tag || list.has_anchor_or_tag))
        .collect();
    let duplicates = duplicates(users.iter().map(|user| user.name));
    for user in &mut users {
        if duplicates.contains(user.name) && user.source.is_convertible() {
            user.source = CredentialSource::NotConvertible(
                "the file has two users of this name, which kubectl refuses".to_owned(),
            );
        }
    }
    Ok(users)
}

impl CredentialSource<'_> {
    fn is_convertible(&self) -> bool {
        matches!(self, Self::Kubelogin { .. } | Self::AuthProvider { .. })
    }
}

fn user(item: &Node, has_anchor_or_tag: bool) -> Option<User<'_>> {
    let name = item.get("name")?.text()?;
    let node = item.get("user")?;
    let mut source = credential_source(node);
    if source.is_convertible()
        && let Some(reason) = edit_obstacle(item, has_anchor_or_tag)
    {
        source = CredentialSource::NotConvertible(reason);
    }
    Some(User { name, node, source })
}

/// Returns why this entry cannot be edited, if so.
fn edit_obstacle(item: &Node, mut has_anchor_or_tag: bool) -> Option<String> {
    let mut reason = None;
    item.walk(&mut |node| {
        has_anchor_or_tag |= node.has_anchor_or_tag;
        let pairs = node.pairs().unwrap_or_default();
        has_anchor_or_tag |= pairs.iter().any(|(key, _)| key.text() == Some("<<"));
        if let Some(key) = duplicate_key(pairs) {
            reason = Some(format!("it has the key `{key}` twice"));
        }
    });
    if has_anchor_or_tag {
        return Some("it uses anchors, aliases, merge keys or tags of YAML".to_owned());
    }
    reason
}

/// Returns the first key that occurs twice.
fn duplicate_key(pairs: &[(Node, Node)]) -> Option<&str> {
    let mut known = HashSet::new();
    let mut keys = pairs.iter().filter_map(|(key, _)| key.text());
    keys.find(|key| !known.insert(*key))
}

/// Returns the items that occur more than once, in linear time.
fn duplicates<T: Copy + Eq + Hash>(items: impl Iterator<Item = T>) -> HashSet<T> {
    let mut known = HashSet::new();
    items.filter(|item| !known.insert(*item)).collect()
}

/// Returns how a user gets its credential, from the mapping below `user:`.
pub(super) fn credential_source(user: &Node) -> CredentialSource<'_> {
    let present = |key| user.get(key).filter(|value| !value.is_null());
    let exec = present("exec").map(exec_source);
    let auth_provider = present("auth-provider").map(auth_provider_source);
    match (exec, auth_provider) {
        (Some(source), None) | (None, Some(source)) => source,
        (Some(a), Some(b)) if a.is_convertible() || b.is_convertible() => CredentialSource::NotConvertible(
            "it has both `exec` and `auth-provider`, which kubectl refuses".to_owned(),
        ),
        _ => CredentialSource::Other(None),
    }
}

fn exec_source(exec: &Node) -> CredentialSource<'_> {
    let Some(command) = exec.get("command").and_then(Node::text) else {
        return CredentialSource::Other(None);
    };
    let program = command.rsplit(['/', '\\']).next().unwrap_or_default();
    let program = program.strip_suffix(".exe").unwrap_or(program);
    let items = exec.get("args").and_then(Node::items).unwrap_or_default();
    let args: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
    let via_kubectl = program == "kubectl" && args.first() == Some(&"oidc-login");
    match program {
        "kubesesame" => return CredentialSource::Kubesesame,
        "kubelogin" if is_azure(&args) => {
            return CredentialSource::Other(Some("it runs Azure's kubelogin, which is another program"));
        }
        "kubelogin" | "kubectl-oidc_login" => {}
        _ if via_kubectl => {}
        _ => return CredentialSource::Other(None),
    }
    if args.get(usize::from(via_kubectl)) != Some(&"get-token") {
        return CredentialSource::NotConvertible("it does not run `get-token`".to_owned());
    }
    // An argument without a value (`-`, `~`) is no text either. kubectl passes it on as an empty one.
    if items.iter().any(|item| item.text().is_none() || item.is_null()) {
        return CredentialSource::NotConvertible("its `args` are not a list of texts".to_owned());
    }
    CredentialSource::Kubelogin { exec, via_kubectl }
}

/// int128's flags begin with `--oidc-`; Azure's login flags do not.
fn is_azure(args: &[&str]) -> bool {
    !args.iter().any(|arg| arg.starts_with("--oidc-"))
        && args
            .iter()
            .any(|arg| AZURE_FLAGS.contains(&arg.split('=').next().unwrap_or_default()))
}

fn auth_provider_source(provider: &Node) -> CredentialSource<'_> {
    match (provider.get("name").and_then(Node::text), provider.get("config")) {
        (Some("oidc"), Some(config)) if config.pairs().is_some() => CredentialSource::AuthProvider { config },
        (Some("oidc"), _) => {
            CredentialSource::NotConvertible("its `auth-provider` has no `config`".to_owned())
        }
        _ if provider.has_anchor_or_tag => CredentialSource::NotConvertible(
            "it uses anchors, aliases, merge keys or tags of YAML".to_owned(),
        ),
        _ => CredentialSource::Other(None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::counted::{Counted, comparisons};
    use super::super::tree::parse;
    use super::*;

    fn source(user: &str) -> String {
        let text = format!("users:\n- name: n\n  user: {user}\n");
        let document = parse(&text).unwrap();
        match &users(&document).unwrap()[0].source {
            CredentialSource::Kubelogin { via_kubectl, .. } => format!("kubelogin {via_kubectl}"),
            CredentialSource::AuthProvider { .. } => "legacy".to_owned(),
            CredentialSource::Kubesesame => "already".to_owned(),
            CredentialSource::Other(reason) => reason.unwrap_or("other").to_owned(),
            CredentialSource::NotConvertible(reason) => reason.clone(),
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn each_credential_source_is_recognized() {
        let cases = [
            (
                "{exec: {command: kubectl, args: [oidc-login, get-token]}}",
                "kubelogin true",
            ),
            (
                "{exec: {command: /usr/bin/kubectl, args: [oidc-login, get-token]}}",
                "kubelogin true",
            ),
            (
                "{exec: {command: 'C:\\k\\kubectl.exe', args: [oidc-login, get-token]}}",
                "kubelogin true",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token, --oidc-issuer-url=https://i]}}",
                "kubelogin false",
            ),
            (
                "{exec: {command: kubectl-oidc_login, args: [get-token]}}",
                "kubelogin false",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token, --login, azurecli, --server-id, x]}}",
                "it runs Azure's",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token, --tenant-id=x]}}",
                "it runs Azure's",
            ),
            (
                "{exec: {command: kubectl, args: [oidc-login, setup]}}",
                "it does not run `get-token`",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token, [a]]}}",
                "its `args` are not a list of texts",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token, --oidc-client-secret, ~]}}",
                "its `args` are not a list of texts",
            ),
            ("{exec: {command: kubectl, args: [other, get-token]}}", "other"),
            ("{exec: {command: aws, args: [eks, get-token]}}", "other"),
            ("{exec: {command: /opt/kubesesame}}", "already"),
            ("{auth-provider: {name: oidc, config: {}}}", "legacy"),
            ("{auth-provider: {name: gcp, config: {}}}", "other"),
            ("{auth-provider: {name: oidc}}", "its `auth-provider` has no"),
            ("{token: x}", "other"),
            (
                "{exec: {command: kubelogin, args: [get-token]}, auth-provider: {name: oidc, config: {}}}",
                "it has both",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token], env: &e []}}",
                "it uses anchors",
            ),
            (
                "{<<: {a: b}, exec: {command: kubelogin, args: [get-token]}}",
                "it uses anchors",
            ),
            (
                "{exec: {command: kubelogin, args: [get-token], args: [get-token]}}",
                "it has the key `args` twice",
            ),
        ];
        for (user, expected) in cases {
            assert!(source(user).starts_with(expected), "{user}: {}", source(user));
        }
    }

    #[test]
    fn duplicates_are_found_with_fewer_comparisons_than_items() {
        for count in [1_000, 2_000] {
            let comparisons = comparisons(|| {
                let found = duplicates((0..count).chain([7, 7]).map(Counted));
                assert_eq!(found.len(), 1);
            });
            assert!(comparisons < count, "{comparisons} for {count}");
        }
    }

    #[test]
    fn other_documents_are_no_kubeconfigs() {
        for text in [
            "[]",
            "text",
            "kind: Pod\napiVersion: v1",
            "a: b",
            "users: 3",
            "users: []\nusers: []",
        ] {
            assert!(users(&parse(text).unwrap()).is_err(), "{text}");
        }
        for text in ["", "# empty", "kind: Config\napiVersion: v1", "users: null"] {
            assert!(users(&parse(text).unwrap()).unwrap().is_empty(), "{text}");
        }
    }
}
