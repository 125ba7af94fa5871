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
    let mut target = ResourceTarget {
        group: group.to_owned(),
        resource: part(0),
        name: part(1),
        subresource: part(2),
        namespace: namespace.to_owned(),
    };
    let verb = verb_of(method, &mut target, query, is_watch_path);
    Some((verb, Target::Resource(target)))
}

/// Returns the verb of a request with this method. A list or a watch of one object gets its name.
fn verb_of(method: String, target: &mut ResourceTarget, query: &str, is_watch_path: bool) -> String {
    let value_of = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    // As the API server reads a boolean parameter.
    let is_true = |value: &str| !(value == "0" || value.eq_ignore_ascii_case("false"));
    let is_of_many = target.name.is_empty();
    let is_watch = is_watch_path || (is_of_many && value_of("watch").is_some_and(|value| is_true(&value)));
    if method == "get"
        && is_of_many
        && let Some(selector) = value_of("fieldSelector")
        && let Some(name) = selector
            .split(',')
            .find_map(|part| part.strip_prefix("metadata.name="))
    {
        // `==` means the same.
        name.strip_prefix('=')
            .unwrap_or(name)
            .clone_into(&mut target.name);
    }
    match method.as_str() {
        "get" if is_watch => "watch".to_owned(),
        "get" if is_of_many => "list".to_owned(),
        "post" => "create".to_owned(),
        "put" => "update".to_owned(),
        "delete" if is_of_many => "deletecollection".to_owned(),
        _ => method,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str, &str)]) {
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
            assert_eq!(found, *expected, "{address}");
        }
    }

    #[test]
    fn a_watch_and_the_name_of_a_selector_are_in_the_query() {
        check(&[
            (
                "get",
                "/api/v1/namespaces/shop/pods?watch=TRUE",
                "watch pods [] '' 'shop'",
            ),
            (
                "get",
                "/api/v1/namespaces/shop/pods?watch=0",
                "list pods [] '' 'shop'",
            ),
            (
                "get",
                "/api/v1/namespaces/shop/pods/web?watch=1",
                "get pods [] 'web' 'shop'",
            ),
            (
                "get",
                "/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dweb&watch=1",
                "watch pods [] 'web' 'shop'",
            ),
        ]);
    }

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
        check(&cases);
        assert_eq!(read("get", "pods"), None);
    }
}
