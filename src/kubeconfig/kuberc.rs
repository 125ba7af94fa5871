//! Which credential plugins kubectl may run, as the user's kuberc says (kubectl 1.35 and newer). Pure.

use super::tree::{Node, parse};

/// The policy for credential plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PluginPolicy {
    AllowAll,
    DenyAll,
    /// Only these: each is a name that is looked up on the PATH, or an absolute path.
    Allowlist(Vec<String>),
    /// kubectl refuses all plugins then. The text says why.
    Invalid(String),
}

/// Reads the policy from the text of a kuberc. A member that is absent counts as empty.
pub(crate) fn plugin_policy(text: &str) -> PluginPolicy {
    let root = match parse(text) {
        Ok(document) => document.root,
        Err(error) => {
            return PluginPolicy::Invalid(format!("line {} {}", error.line, error.reason));
        }
    };
    let member = |name| {
        root.as_ref()
            .and_then(|root| root.get(name))
            .filter(|node| !node.is_null())
    };
    let policy = member("credentialPluginPolicy")
        .and_then(Node::text)
        .unwrap_or_default();
    let list = member("credentialPluginAllowlist").and_then(Node::items);
    // From kubectl 1.36 on an entry has `command`, before that `name`.
    let entry = |item: &Node| {
        let command = ["command", "name"].iter().find_map(|key| item.get(key)?.text());
        command.map(str::to_owned).unwrap_or_default()
    };
    let list = list.map(|items| items.iter().map(entry).collect::<Vec<_>>());
    let invalid = |why: &str| PluginPolicy::Invalid(why.to_owned());
    match (policy, list) {
        ("" | "AllowAll", None) => PluginPolicy::AllowAll,
        ("DenyAll", None) => PluginPolicy::DenyAll,
        ("Allowlist", Some(list)) if !list.is_empty() && !list.iter().any(String::is_empty) => {
            PluginPolicy::Allowlist(list)
        }
        ("Allowlist", _) => invalid("`credentialPluginAllowlist` is empty"),
        ("" | "AllowAll" | "DenyAll", Some(_)) => {
            invalid("there is a `credentialPluginAllowlist` without the policy `Allowlist`")
        }
        _ => invalid("`credentialPluginPolicy` is none of AllowAll, DenyAll and Allowlist"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_as_kubectl_reads_it() {
        let list =
            |names: &[&str]| PluginPolicy::Allowlist(names.iter().map(|&name| name.to_owned()).collect());
        for (text, policy) in [
            ("", PluginPolicy::AllowAll),
            ("kind: Preference\n", PluginPolicy::AllowAll),
            ("credentialPluginPolicy: AllowAll\n", PluginPolicy::AllowAll),
            ("credentialPluginPolicy: DenyAll\n", PluginPolicy::DenyAll),
            (
                "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist:\n- command: kubesesame\n- name: aws\n",
                list(&["kubesesame", "aws"]),
            ),
        ] {
            assert_eq!(plugin_policy(text), policy, "{text}");
        }
        for text in [
            "a: [",
            "credentialPluginPolicy: Allowlist\n",
            "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: []\n",
            "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{}]\n",
            "credentialPluginAllowlist: [{command: x}]\n",
            "credentialPluginPolicy: Never\n",
        ] {
            assert!(matches!(plugin_policy(text), PluginPolicy::Invalid(_)), "{text}");
        }
    }
}
