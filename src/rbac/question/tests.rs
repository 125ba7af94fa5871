//! What people type, and what is asked then.

use super::*;
use crate::rbac::policy::load::Loader;

const POLICY: &str = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [
    {"verbs": ["get"], "apiGroups": ["example.com"], "resources": ["widgets", "widgets/spin"]},
    {"verbs": ["get"], "apiGroups": ["a.io", "b.io"], "resources": ["things"]}]}"#;

fn ask(line: &str, typed: &Typed<'_>) -> Vec<String> {
    let mut loader = Loader::default();
    loader.read(0, POLICY).unwrap();
    let policy = loader.finish().policy;
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let question = match understand(
        &Typed {
            words: &words,
            ..*typed
        },
        &policy,
    ) {
        Ok(question) => question,
        Err(fault) => return vec![format!("error: {}", fault.problem)],
    };
    let requests = question.requests.into_iter().map(|request| match request.target {
        Target::Path(path) => format!("{} {path}", request.verb),
        Target::Resource(target) => {
            let name = if target.name.is_empty() { "" } else { " " };
            let scope = if target.namespace.is_empty() { "" } else { " in " };
            format!(
                "{} {}.{}{name}{}{scope}{}",
                request.verb,
                target.combined(),
                target.group,
                target.name,
                target.namespace
            )
        }
    });
    requests.collect()
}

/// In the namespace `shop`.
const WORDS: [(&str, &[&str]); 41] = [
    (
        "bind clusterroles view",
        &["bind clusterroles.rbac.authorization.k8s.io view in shop"],
    ),
    ("get pods", &["list pods. in shop"]),
    ("kubectl get po web", &["get pods. web in shop"]),
    ("get pods/web", &["get pods. web in shop"]),
    (
        "get po,deploy",
        &["list pods. in shop", "list deployments.apps in shop"],
    ),
    ("list deploy.apps", &["list deployments.apps in shop"]),
    ("list deployments.v1.apps", &["list deployments.apps in shop"]),
    ("create pods/exec", &["create pods/exec. in shop"]),
    ("create pods/web/exec", &["create pods/exec. web in shop"]),
    ("get pods/log web", &["get pods/log. web in shop"]),
    (
        "logs web",
        &["get pods. web in shop", "get pods/log. web in shop"],
    ),
    (
        "exec web",
        &["get pods. web in shop", "create pods/exec. web in shop"],
    ),
    (
        "scale deploy/web",
        &[
            "get deployments.apps web in shop",
            "patch deployments/scale.apps web in shop",
        ],
    ),
    (
        "rollout restart deploy web",
        &[
            "get deployments.apps web in shop",
            "patch deployments.apps web in shop",
        ],
    ),
    (
        "apply cm x",
        &[
            "get configmaps. x in shop",
            "create configmaps. in shop",
            "patch configmaps. x in shop",
        ],
    ),
    ("create cm x", &["create configmaps. in shop"]),
    ("delete node n1", &["delete nodes. n1"]),
    ("get ns shop", &["get namespaces. shop in shop"]),
    ("get ns", &["list namespaces."]),
    (
        "drain n1",
        &[
            "get nodes. n1",
            "patch nodes. n1",
            "list pods.",
            "create pods/eviction.",
        ],
    ),
    (
        "exec deploy/web ls",
        &[
            "get deployments.apps web in shop",
            "list pods. in shop",
            "create pods/exec. in shop",
        ],
    ),
    (
        "port-forward svc/web 8080:80",
        &[
            "get services. web in shop",
            "list pods. in shop",
            "create pods/portforward. in shop",
        ],
    ),
    ("debug node/n1", &["get nodes. n1", "create pods. in shop"]),
    (
        "logs web container",
        &["get pods. web in shop", "get pods/log. web in shop"],
    ),
    (
        "cp web:/tmp/a .",
        &["get pods. web in shop", "create pods/exec. web in shop"],
    ),
    (
        "set image deploy/web web=example.com/web",
        &[
            "get deployments.apps web in shop",
            "patch deployments.apps web in shop",
        ],
    ),
    ("describe pods", &["list pods. in shop"]),
    (
        "get pod/web svc/api",
        &["get pods. web in shop", "get services. api in shop"],
    ),
    (
        "get runtimeclasses gvisor",
        &["get runtimeclasses.node.k8s.io gvisor"],
    ),
    ("get ,", &["error: a verb and a resource are needed"]),
    ("get widgets", &["list widgets.example.com in shop"]),
    ("get widgets/spin", &["get widgets/spin.example.com in shop"]),
    ("get things", &["list things. in shop"]),
    ("get things.b.io", &["list things.b.io in shop"]),
    ("auth can-i get pods", &["get pods. in shop"]),
    ("get /healthz", &["get /healthz"]),
    ("/healthz", &["get /healthz"]),
    (
        "get https://h:6443/api/v1/namespaces/a/pods",
        &["list pods. in a"],
    ),
    ("get * x", &["get *.* x in shop"]),
    ("pods", &["error: a verb and a resource are needed"]),
    (
        "get pods a b",
        &["error: `pods a b` is more than a verb, a resource and a name"],
    ),
];

#[test]
fn words_are_understood_as_kubectl_does() {
    let shop = Typed {
        namespace: Some("shop"),
        ..Typed::default()
    };
    for (line, expected) in WORDS {
        assert_eq!(ask(line, &shop), expected, "{line}");
    }
}

#[test]
fn flags_choose_namespace_verb_and_subresource() {
    let with = |change: fn(&mut Typed<'static>)| {
        let mut typed = Typed::default();
        change(&mut typed);
        typed
    };
    let cases: [(&str, Typed<'_>, &[&str]); 9] = [
        (
            "get pods",
            with(|typed| typed.context_namespace = Some("ours")),
            &["list pods. in ours"],
        ),
        (
            "get nodes",
            with(|typed| typed.context_namespace = Some("ours")),
            &["list nodes."],
        ),
        ("get pods", Typed::default(), &["list pods. in default"]),
        (
            "get pods",
            with(|typed| typed.all_namespaces = true),
            &["list pods."],
        ),
        (
            "get pods",
            with(|typed| typed.watch = true),
            &["list pods. in default", "watch pods. in default"],
        ),
        (
            "get pods web",
            with(|typed| typed.watch = true),
            &["list pods. web in default", "watch pods. web in default"],
        ),
        (
            "get pods",
            with(|typed| typed.is_api_verb = true),
            &["get pods. in default"],
        ),
        (
            "get pods web",
            with(|typed| typed.subresource = Some("log")),
            &["get pods/log. web in default"],
        ),
        (
            "scale deploy web",
            with(|typed| typed.is_api_verb = true),
            &["scale deployments.apps web in default"],
        ),
    ];
    for (line, typed, expected) in cases {
        assert_eq!(ask(line, &typed), expected, "{line} {typed:?}");
    }
}
