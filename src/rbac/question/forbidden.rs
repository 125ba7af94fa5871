//! The question in a line that the API server refused a request with, as kubectl, a log or an audit event shows it.

use crate::rbac::policy::request::{Request, ResourceTarget, Target};

/// Reads `… is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "n"`. Returns the user too.
pub(crate) fn read(line: &str) -> Option<(String, Request)> {
    // HTTP escapes `&`, `<` and `>` in a message, JSON the quotes.
    let line = line
        .replace("\\\"", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let (head, rest) = line.split_once("is forbidden: User ")?;
    let (user, rest) = quoted(rest)?;
    let rest = rest.strip_prefix(" cannot ")?;
    let (verb, rest) = rest.split_once(' ')?;
    let target = if let Some(path) = rest.strip_prefix("path ") {
        Target::Path(quoted(path)?.0)
    } else {
        let (combined, rest) = quoted(rest.strip_prefix("resource ")?)?;
        let (group, rest) = quoted(rest.strip_prefix(" in API group ")?)?;
        let namespace = match rest.strip_prefix(" in the namespace ") {
            Some(rest) => quoted(rest)?.0,
            None => String::new(),
        };
        let (resource, subresource) = combined.split_once('/').unwrap_or((&combined, ""));
        Target::Resource(ResourceTarget {
            group,
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: object_name(head).unwrap_or_default(),
            namespace,
        })
    };
    let verb = verb.to_owned();
    Some((user, Request { verb, target }))
}

/// Returns the name in `pods "web" is forbidden`.
fn object_name(head: &str) -> Option<String> {
    let head = head.trim_end().strip_suffix('"')?;
    Some(head.rsplit_once('"')?.1.to_owned()).filter(|name| !name.is_empty())
}

/// Reads a text in Go's quotes, and returns what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut content = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((content, &rest[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => content.push('\n'),
                't' => content.push('\t'),
                other => content.push(other),
            },
            c => content.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_as_the_request_that_was_refused() {
        let read = |line: &str| {
            let (user, request) = read(line)?;
            Some(match request.target {
                Target::Path(path) => format!("{user} {} {path}", request.verb),
                Target::Resource(target) => format!(
                    "{user} {} {} [{}] {:?} {:?}",
                    request.verb,
                    target.combined(),
                    target.group,
                    target.name,
                    target.namespace
                ),
            })
        };
        let cases = [
            (
                r#"Error from server (Forbidden): pods is forbidden: User "okta:sarah" cannot list resource "pods" in API group "" in the namespace "team-platform""#,
                Some(r#"okta:sarah list pods [] "" "team-platform""#),
            ),
            (
                r#"deployments.apps "web" is forbidden: User "a b" cannot update resource "deployments/scale" in API group "apps" in the namespace "shop": RBAC: x"#,
                Some(r#"a b update deployments/scale [apps] "web" "shop""#),
            ),
            (
                r#"nodes is forbidden: User "system:serviceaccount:ci:x" cannot list resource "nodes" in API group "" at the cluster scope"#,
                Some(r#"system:serviceaccount:ci:x list nodes [] "" """#),
            ),
            (
                r#"{"message":"forbidden: x is forbidden: User \"u&lt;1\" cannot get path \"/healthz\""}"#,
                Some("u<1 get /healthz"),
            ),
            ("pods is forbidden: exceeded quota", None),
            (r#"x is forbidden: User "u" is attempting to grant"#, None),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line).as_deref(), expected, "{line}");
        }
    }
}
