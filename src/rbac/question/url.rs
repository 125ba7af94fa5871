//! The question in a URL: what the API server makes of its path (`RequestInfo`, kubernetes/apiserver `pkg/endpoints/request`).

use crate::rbac::policy::request::{ResourceTarget, Target};

/// Reads a path of the API server, or a URL with one. The verb is that of the HTTP method; `get` of a collection is `list`.
pub(crate) fn read(verb: &str, address: &str) -> Option<(String, Target)> {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => address,
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if !path.starts_with('/') {
        return None;
    }
    let method = match verb.to_ascii_uppercase().as_str() {
        "HEAD" => "get".to_owned(),
        _ => verb.to_ascii_lowercase(),
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
        ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
        _ => return Some((method, Target::Path(path.to_owned()))),
    };
    let (is_watch_path, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        // The namespace itself, its status and its end are in it.
        ["namespaces", namespace] | ["namespaces", namespace, "status" | "finalize"] => (*namespace, rest),
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        rest => ("", rest),
    };
    let part = |at: usize| rest.get(at).copied().unwrap_or_default().to_owned();
    let target = ResourceTarget {
        group: group.to_owned(),
        resource: part(0),
        name: part(1),
        subresource: part(2),
        namespace: namespace.to_owned(),
    };
    let is_watch = is_watch_path
        || query
            .split('&')
            .any(|pair| matches!(pair, "watch" | "watch=true" | "watch=1"));
    let verb = match method.as_str() {
        "get" if is_watch => "watch".to_owned(),
        "get" if target.name.is_empty() => "list".to_owned(),
        "post" => "create".to_owned(),
        "put" => "update".to_owned(),
        "delete" if target.name.is_empty() => "deletecollection".to_owned(),
        _ => method,
    };
    Some((verb, Target::Resource(target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_request_as_the_api_server_takes_it() {
        let cases = [
            ("get", "/healthz", "get /healthz"),
            ("GET", "/api/v1", "get /api/v1"),
            ("get", "/apis/apps/v1", "get /apis/apps/v1"),
            ("get", "/api/v1/pods", "list pods [] '' ''"),
            (
                "get",
                "https://10.0.0.1:6443/api/v1/namespaces/shop/pods?watch=true",
                "watch pods [] '' 'shop'",
            ),
            (
                "POST",
                "/api/v1/namespaces/shop/pods/web/exec?command=sh",
                "create pods/exec [] 'web' 'shop'",
            ),
            (
                "get",
                "/api/v1/namespaces/shop",
                "get namespaces [] 'shop' 'shop'",
            ),
            (
                "put",
                "/api/v1/namespaces/shop/finalize",
                "update namespaces/finalize [] 'shop' 'shop'",
            ),
            (
                "delete",
                "/apis/apps/v1/namespaces/shop/deployments",
                "deletecollection deployments [apps] '' 'shop'",
            ),
            ("get", "/api/v1/watch/nodes", "watch nodes [] '' ''"),
            (
                "patch",
                "/apis/apps/v1/namespaces/shop/deployments/web/scale",
                "patch deployments/scale [apps] 'web' 'shop'",
            ),
        ];
        for (verb, address, expected) in cases {
            let (verb, target) = read(verb, address).unwrap();
            let found = match target {
                Target::Path(path) => format!("{verb} {path}"),
                Target::Resource(target) => format!(
                    "{verb} {} [{}] '{}' '{}'",
                    target.combined(),
                    target.group,
                    target.name,
                    target.namespace
                ),
            };
            assert_eq!(found, expected, "{address}");
        }
        assert_eq!(read("get", "pods"), None);
    }
}
