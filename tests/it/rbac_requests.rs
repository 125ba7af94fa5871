//! Requests that are pasted: events of an audit log, and many in a file.

use std::fs;

use serde_json::Value;

use crate::rbac::{run_with_input, sandbox};

const EVENT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/team-platform/pods?limit=500","verb":"list","user":{"username":"okta:sarah@example.com","groups":["okta:k8s-developers","system:authenticated"]},"objectRef":{"resource":"pods","namespace":"team-platform","apiVersion":"v1"},"responseStatus":{"code":200},"annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by x"}}"#;

const REQUESTS: &str = r#"# What the pipeline does
get pods -n team-platform
kubectl get pods -w -n team-platform --as=okta:joe --as-group=okta:k8s-developers

delete node n1
Error from server (Forbidden): nodes is forbidden: User "okta:joe" cannot list resource "nodes" in API group "" at the cluster scope
EVENT
"#;

#[test]
fn an_event_of_an_audit_log_names_the_request_and_who_made_it() {
    let sandbox = sandbox();
    let word = run_with_input(&sandbox, &["can", EVENT, "-f", "policy.yaml"], b"");
    insta::assert_snapshot!(sandbox.filtered(&word), @r#"
    yes: okta:sarah@example.com can list pods in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    stderr: note: the event says that the API server decided: allow, RBAC: allowed by x
    exit: 0
    "#);
    let input = format!("{EVENT}\n");
    let piped = run_with_input(&sandbox, &["explain", "-", "-f", "policy.yaml"], input.as_bytes());
    insta::assert_snapshot!(sandbox.filtered(&piped), @r#"
    yes: okta:sarah@example.com can list pods in team-platform
      1. ClusterRole "developer", rule 1 (policy.yaml:2): get, list, watch: pods,
         services, configmaps
         by RoleBinding "developers/team-platform" (policy.yaml:39) to Group
         "okta:k8s-developers"

    groups: okta:k8s-developers, system:authenticated
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: the event says that the API server decided: allow, RBAC: allowed by x
    exit: 0
    "#);
    let two = run_with_input(
        &sandbox,
        &["can", "-", "-f", "policy.yaml"],
        input.repeat(2).as_bytes(),
    );
    insta::assert_snapshot!(sandbox.filtered(&two), @"
    stderr: error: what was pasted is no event of an audit log, or more than one
    stderr: hint: paste one whole line of the log; for many: kubesesame rbac can --requests=audit.log
    exit: 2
    ");
    let both = run_with_input(&sandbox, &["can", "-", "-f", "-"], b"");
    insta::assert_snapshot!(sandbox.filtered(&both), @"
    stderr: error: standard input is named twice, and cannot be read twice
    stderr: hint: put one of the two into a file, and name that
    exit: 2
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn each_line_of_a_file_is_judged() {
    let sandbox = sandbox();
    fs::write(sandbox.path("requests.txt"), REQUESTS.replace("EVENT", EVENT)).unwrap();
    let sarah = [
        "--as=okta:sarah@example.com",
        "--as-group=okta:k8s-developers",
        "-f",
        "policy.yaml",
    ];
    let ask = |args: &[&str]| {
        run_with_input(
            &sandbox,
            &[&["can"], args, &sarah].concat(),
            b"get pods -n team-platform\n",
        )
    };
    let all = ask(&["--requests=requests.txt"]);
    insta::assert_snapshot!(sandbox.filtered(&all), @"
    requests.txt:2: yes: okta:sarah@example.com can list pods in team-platform
    requests.txt:3: yes: okta:joe can list pods in team-platform
    requests.txt:3: yes: okta:joe can watch pods in team-platform
    requests.txt:5: no: okta:sarah@example.com cannot delete nodes n1 in the whole
      cluster
    requests.txt:6: no: okta:joe cannot list nodes in the whole cluster
    requests.txt:7: yes: okta:sarah@example.com can list pods in team-platform
    6 requests, 2 not allowed
    exit: 1
    ");
    let allowed = ask(&["--requests=-", "-o", "json"]);
    assert_eq!((allowed.code, allowed.stderr.as_str()), (Some(0), ""));
    let value: Value = serde_json::from_str(&allowed.stdout).unwrap();
    assert_eq!(
        (&value["allowed"], &value["requests"][0]["line"]),
        (&Value::from(true), &Value::from(1))
    );
    for (text, name) in [
        ("get pods\nget pods -x\n", "flag"),
        ("get 'pods\n", "quote"),
        ("pods\n", "word"),
        ("{\"a\": 1}\n", "event"),
    ] {
        fs::write(sandbox.path(name), text).unwrap();
    }
    let told: String = ["flag", "quote", "word", "event", "missing"]
        .map(|name| sandbox.told(name, &ask(&[&format!("--requests={name}")])))
        .concat();
    insta::assert_snapshot!(told, @"
    flag
    stderr: error: flag:2: this is no request: unexpected argument '-x' found
    stderr: hint: write each line as after `rbac can`: get pods -n shop; or paste a refusal or an audit event
    exit: 2

    quote
    stderr: error: quote:1: this is no request: a quote is not closed
    stderr: hint: write each line as after `rbac can`: get pods -n shop; or paste a refusal or an audit event
    exit: 2

    word
    stderr: error: word:1: a verb and a resource are needed
    stderr: hint: write them as for kubectl: get pods, delete deploy web, get /healthz
    exit: 2

    event
    stderr: error: event:1: what was pasted is no event of an audit log, or more than one
    stderr: hint: paste one whole line of the log; for many: kubesesame rbac can --requests=audit.log
    exit: 2

    missing
    stderr: error: the requests cannot be read
    stderr: caused by: cannot read `missing`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: correct the path that --requests has: a relative one begins in the directory in which kubectl was called
    exit: 2
    ");
    let nobody = run_with_input(
        &sandbox,
        &["can", "--requests=requests.txt", "-f", "policy.yaml"],
        b"",
    );
    insta::assert_snapshot!(sandbox.filtered(&nobody), @"
    stderr: error: requests.txt:2: nobody is named who asks
    stderr: hint: name the user as the API server knows it, with --as, and the groups with --as-group; kubectl auth whoami shows both; or a token with --token, or --session
    exit: 2
    ");
}
