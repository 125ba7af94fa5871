//! The users of a kubeconfig, and which of them a conversion is for.
//!
//! Tells int128's kubelogin from Azure's program of the same name by its flags. Reads only what the text says.

use std::collections::HashSet;
use std::hash::Hash;

use super::tree::{Document, Node};

/// A user of the list.
#[derive(Debug)]
pub(super) struct User<'a> {
    pub(super) name: &'a str,
    /// The mapping below `user:`.
    pub(super) node: &'a Node,
    pub(super) kind: Kind<'a>,
}

/// How a user gets its credential.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// Through kubelogin. The number of arguments before `get-token` says whether kubectl is its wrapper.
    Kubelogin { exec: &'a Node, wrapped: bool },
    /// Through client-go's own OpenID Connect provider, which cannot sign in.
    Legacy { config: &'a Node },
    /// Through us.
    Already,
    /// In a way that has nothing to do with us; the text says which, where a person may wonder.
    Other(Option<&'static str>),
    /// Through kubelogin, in a way that we cannot take over.
    Unable(String),
}

/// Flags of Azure/kubelogin, which shares the name of int128/kubelogin and nothing else.
const AZURE_FLAGS: [&str; 5] = ["--server-id", "--login", "-l", "--environment", "--tenant-id"];

/// Returns the users, or why this is no kubeconfig.
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
    if duplicate(pairs).is_some() {
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
        .filter_map(|item| user(item, root.decorated || list.decorated))
        .collect();
    let repeated = repeated(users.iter().map(|user| user.name));
    for user in &mut users {
        if repeated.contains(user.name) && user.kind.is_convertible() {
            user.kind = Kind::Unable("the file has two users of this name, which kubectl refuses".to_owned());
        }
    }
    Ok(users)
}

impl Kind<'_> {
    fn is_convertible(&self) -> bool {
        matches!(self, Self::Kubelogin { .. } | Self::Legacy { .. })
    }
}

fn user(item: &Node, decorated: bool) -> Option<User<'_>> {
    let name = item.get("name")?.text()?;
    let node = item.get("user")?;
    let mut kind = kind(node);
    if kind.is_convertible()
        && let Some(reason) = obstacle(item, decorated)
    {
        kind = Kind::Unable(reason);
    }
    Some(User { name, node, kind })
}

/// Returns what keeps us from editing this entry.
fn obstacle(item: &Node, mut decorated: bool) -> Option<String> {
    let mut reason = None;
    item.walk(&mut |node| {
        decorated |= node.decorated;
        let pairs = node.pairs().unwrap_or_default();
        decorated |= pairs.iter().any(|(key, _)| key.text() == Some("<<"));
        if let Some(key) = duplicate(pairs) {
            reason = Some(format!("it has the key `{key}` twice"));
        }
    });
    if decorated {
        return Some("it uses anchors, aliases, merge keys or tags of YAML".to_owned());
    }
    reason
}

fn duplicate(pairs: &[(Node, Node)]) -> Option<&str> {
    let mut known = HashSet::new();
    let mut keys = pairs.iter().filter_map(|(key, _)| key.text());
    keys.find(|key| !known.insert(*key))
}

/// Returns what is there more than once, after one look at each.
fn repeated<T: Copy + Eq + Hash>(items: impl Iterator<Item = T>) -> HashSet<T> {
    let mut known = HashSet::new();
    items.filter(|item| !known.insert(*item)).collect()
}

fn kind(user: &Node) -> Kind<'_> {
    let present = |key| user.get(key).filter(|value| !value.is_null());
    let exec = present("exec").map(exec);
    let legacy = present("auth-provider").map(legacy);
    match (exec, legacy) {
        (Some(kind), None) | (None, Some(kind)) => kind,
        (Some(a), Some(b)) if a.is_convertible() || b.is_convertible() => {
            Kind::Unable("it has both `exec` and `auth-provider`, which kubectl refuses".to_owned())
        }
        _ => Kind::Other(None),
    }
}

fn exec(exec: &Node) -> Kind<'_> {
    let Some(command) = exec.get("command").and_then(Node::text) else {
        return Kind::Other(None);
    };
    let program = command.rsplit(['/', '\\']).next().unwrap_or_default();
    let program = program.strip_suffix(".exe").unwrap_or(program);
    let items = exec.get("args").and_then(Node::items).unwrap_or_default();
    let args: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
    let wrapped = program == "kubectl" && args.first() == Some(&"oidc-login");
    match program {
        "kubesesame" => return Kind::Already,
        "kubelogin" if is_azure(&args) => {
            return Kind::Other(Some("it runs Azure's kubelogin, which is another program"));
        }
        "kubelogin" | "kubectl-oidc_login" => {}
        _ if wrapped => {}
        _ => return Kind::Other(None),
    }
    if args.get(usize::from(wrapped)) != Some(&"get-token") {
        return Kind::Unable("it does not run `get-token`".to_owned());
    }
    if items.iter().any(|item| item.text().is_none()) {
        return Kind::Unable("its `args` are not a list of texts".to_owned());
    }
    Kind::Kubelogin { exec, wrapped }
}

/// int128's flags begin with `--oidc-`; Azure's login flags do not.
fn is_azure(args: &[&str]) -> bool {
    !args.iter().any(|arg| arg.starts_with("--oidc-"))
        && args
            .iter()
            .any(|arg| AZURE_FLAGS.contains(&arg.split('=').next().unwrap_or_default()))
}

fn legacy(provider: &Node) -> Kind<'_> {
    match (provider.get("name").and_then(Node::text), provider.get("config")) {
        (Some("oidc"), Some(config)) if config.pairs().is_some() => Kind::Legacy { config },
        (Some("oidc"), _) => Kind::Unable("its `auth-provider` has no `config`".to_owned()),
        _ if provider.decorated => {
            Kind::Unable("it uses anchors, aliases, merge keys or tags of YAML".to_owned())
        }
        _ => Kind::Other(None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::counted::{Counted, comparisons};
    use super::super::tree::parse;
    use super::*;

    fn told(user: &str) -> String {
        let text = format!("users:\n- name: n\n  user: {user}\n");
        let document = parse(&text).unwrap();
        match &users(&document).unwrap()[0].kind {
            Kind::Kubelogin { wrapped, .. } => format!("kubelogin {wrapped}"),
            Kind::Legacy { .. } => "legacy".to_owned(),
            Kind::Already => "already".to_owned(),
            Kind::Other(reason) => reason.unwrap_or("other").to_owned(),
            Kind::Unable(reason) => reason.clone(),
        }
    }

    #[test]
    fn each_way_is_told_from_the_others() {
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
            assert!(told(user).starts_with(expected), "{user}: {}", told(user));
        }
    }

    #[test]
    fn names_are_compared_as_often_as_there_are_names() {
        for count in [1_000, 2_000] {
            let comparisons = comparisons(|| {
                let found = repeated((0..count).chain([7, 7]).map(Counted));
                assert_eq!(found.len(), 1);
            });
            assert!(comparisons < count, "{comparisons} for {count}");
        }
    }

    #[test]
    fn what_is_no_kubeconfig_is_refused() {
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
