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

impl Command {
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let name = if name == "log" { "logs" } else { name };
        COMMANDS.iter().find(|command| command.name == name)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        COMMANDS.iter().map(|command| command.name)
    }
}
