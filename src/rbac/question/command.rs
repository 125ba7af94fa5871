//! What the commands of kubectl ask of the API server.

/// What a request of a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The resource that was typed.
    Typed,
    /// A subresource of it.
    Subresource(&'static str),
    /// Another resource, in the same namespace, without a name.
    Other(&'static str, &'static str),
}

/// A command of kubectl that is no verb of the API, or means another one.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: &'static str,
    /// The resource if a single word follows the command, which is a name then.
    pub(super) default_resource: Option<&'static str>,
    pub(super) requests: &'static [(&'static str, Part)],
    pub(super) note: Option<&'static str>,
}

/// In `exec` and its like, kubectl tries a WebSocket first.
const STREAM_NOTE: &str = "kubectl first tries a WebSocket, for which the API server asks for `get` on the subresource too; without it, kubectl falls back";

const fn command(
    name: &'static str,
    default_resource: Option<&'static str>,
    requests: &'static [(&'static str, Part)],
    note: Option<&'static str>,
) -> Command {
    Command {
        name,
        default_resource,
        requests,
        note,
    }
}

const GET: (&str, Part) = ("get", Part::Typed);
const PATCH: (&str, Part) = ("patch", Part::Typed);

const COMMANDS: [Command; 19] = [
    command(
        "logs",
        Some("pods"),
        &[GET, ("get", Part::Subresource("log"))],
        None,
    ),
    command(
        "exec",
        Some("pods"),
        &[GET, ("create", Part::Subresource("exec"))],
        Some(STREAM_NOTE),
    ),
    command(
        "cp",
        Some("pods"),
        &[GET, ("create", Part::Subresource("exec"))],
        Some(STREAM_NOTE),
    ),
    command(
        "attach",
        Some("pods"),
        &[GET, ("create", Part::Subresource("attach"))],
        Some(STREAM_NOTE),
    ),
    command(
        "port-forward",
        Some("pods"),
        &[GET, ("create", Part::Subresource("portforward"))],
        Some(STREAM_NOTE),
    ),
    command(
        "debug",
        Some("pods"),
        &[GET, ("patch", Part::Subresource("ephemeralcontainers"))],
        None,
    ),
    command("scale", None, &[GET, ("patch", Part::Subresource("scale"))], None),
    command("edit", None, &[GET, PATCH], None),
    command("label", None, &[GET, PATCH], None),
    command("annotate", None, &[GET, PATCH], None),
    command("restart", None, &[GET, PATCH], None),
    command("set", None, &[GET, PATCH], None),
    command("apply", None, &[GET, ("create", Part::Typed), PATCH], None),
    command("replace", None, &[GET, ("update", Part::Typed)], None),
    command(
        "describe",
        None,
        &[GET],
        Some("kubectl describe shows events too, if they may be listed"),
    ),
    command("cordon", Some("nodes"), &[GET, PATCH], None),
    command("uncordon", Some("nodes"), &[GET, PATCH], None),
    command(
        "drain",
        Some("nodes"),
        &[
            GET,
            PATCH,
            ("list", Part::Other("pods", "")),
            ("create", Part::Other("pods", "eviction")),
        ],
        None,
    ),
    command(
        "expose",
        None,
        &[GET, ("create", Part::Other("services", ""))],
        None,
    ),
];

/// The verbs of the API, for the nearest one to a word that is none.
pub(super) const VERBS: [&str; 18] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "proxy",
    "*",
    "head",
];

/// What `exec deploy/web` and its like ask for: kubectl picks one of the pods.
const OF_WORKLOAD: [(&str, [(&str, Part); 3]); 6] = [
    ("logs", of_workload("get", "log")),
    ("exec", of_workload("create", "exec")),
    ("cp", of_workload("create", "exec")),
    ("attach", of_workload("create", "attach")),
    ("port-forward", of_workload("create", "portforward")),
    ("debug", of_workload("patch", "ephemeralcontainers")),
];
/// `debug node/n1` makes a pod on the node.
const DEBUG_NODE: [(&str, Part); 2] = [GET, ("create", Part::Other("pods", ""))];

const fn of_workload(verb: &'static str, subresource: &'static str) -> [(&'static str, Part); 3] {
    [
        GET,
        ("list", Part::Other("pods", "")),
        (verb, Part::Other("pods", subresource)),
    ]
}

impl Command {
    /// Returns what the command asks for, where the resource is another one than that of a single word.
    pub(super) fn for_resource(&self, resource: &str) -> Self {
        let of_workload = || {
            let found = OF_WORKLOAD.iter().find(|(name, _)| *name == self.name)?;
            Some(found.1.as_slice())
        };
        let requests = match (self.default_resource, resource) {
            (Some("pods"), "pods") => None,
            (Some("pods"), "nodes") if self.name == "debug" => Some(DEBUG_NODE.as_slice()),
            (Some("pods"), _) => of_workload(),
            (Some(_) | None, _) => None,
        };
        Self {
            requests: requests.unwrap_or(self.requests),
            ..*self
        }
    }

    /// Returns the words that name objects: not containers, ports, what is run there, or what is set.
    pub(super) fn objects<'w>(&self, words: &'w [String]) -> Vec<&'w str> {
        let all = words.iter().map(String::as_str);
        match self.name {
            // `web:/tmp .`, `. shop/web:/tmp`
            "cp" => {
                let pod = all.clone().find_map(|word| Some(word.split_once(':')?.0));
                let pod = pod.map(|pod| pod.rsplit_once('/').map_or(pod, |(_, name)| name));
                pod.or_else(|| words.first().map(String::as_str))
                    .into_iter()
                    .collect()
            }
            "logs" | "exec" | "attach" | "port-forward" | "debug" => all.take(1).collect(),
            // `set image deploy/web web=…`
            "set" => all.skip(1).filter(|word| !word.contains('=')).collect(),
            "label" | "annotate" => all
                .filter(|word| !word.contains('=') && !word.ends_with('-'))
                .collect(),
            _ => all.collect(),
        }
    }

    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let name = if name == "log" { "logs" } else { name };
        COMMANDS.iter().find(|command| command.name == name)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        COMMANDS.iter().map(|command| command.name)
    }
}
