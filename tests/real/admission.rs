//! The policies of `admission generate` on a real API server: each case of the table (`tests/data/admission.json`) gets the same verdict
//! and message by a request, made by impersonation and not carried out, as by `admission test`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::kubectl::Kubectl;
use crate::parts;
use crate::process::{Outcome, wait_for};
use crate::user;

const CLUSTER_PROGRAM: &str = env!("CARGO_BIN_EXE_kubesesame-cluster");
const TABLE: &str = include_str!("../data/admission.json");
const LABELS: &str =
    "-l=app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=admission-policies";

/// A directory with the description of the table, and the table's cases.
struct Table {
    dir: TempDir,
    cases: Vec<Value>,
}

impl Table {
    fn read() -> Self {
        let table: Value = serde_json::from_str(TABLE).unwrap();
        let lines = table["description"].as_array().unwrap().iter();
        let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
        let dir = TempDir::with_prefix("kubesesame-admission-").unwrap();
        fs::write(dir.path().join("kubesesame.yaml"), lines.join("\n")).unwrap();
        Self {
            dir,
            cases: table["cases"].as_array().unwrap().clone(),
        }
    }

    fn case(&self, name: &str) -> &Value {
        let mut cases = self.cases.iter();
        cases.find(|case| case["name"] == name).unwrap()
    }

    fn forget_prefixes_of_users(&self) {
        let path = self.dir.path().join("kubesesame.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let without = ["okta:", "dr:"].iter().fold(text.clone(), |text, prefix| {
            text.replace(&format!("sub, prefix: \"{prefix}\""), "sub, prefix: \"\"")
        });
        assert_ne!(without, text);
        fs::write(path, without).unwrap();
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(CLUSTER_PROGRAM);
        command.arg("admission").args(args);
        let output = command.env_clear().current_dir(self.dir.path()).output().unwrap();
        assert!(output.stderr.is_empty(), "{output:?}");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    fn apply(&self, admin: &Kubectl, mode: &str) {
        let (code, text) = self.run(&["generate", mode]);
        assert_eq!(code, Some(0), "{text}");
        let file = format!("--filename={}", self.file("admission.yaml", &text));
        let applied = admin.run(&["apply", "--server-side", "--validate=strict", &file]);
        assert_eq!(applied.code, Some(0), "{applied:?}");
        assert_eq!(applied.stderr, "", "a policy with a warning");
    }

    /// Returns policy and message of the denial that `admission test` tells.
    fn judged(&self, case: &Value) -> Option<(String, String)> {
        let kind = [&case["object"]["kind"], &case["oldObject"]["kind"]];
        let kind = kind.into_iter().find(|kind| kind.is_string());
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "operation": case["operation"],
                "kind": { "kind": kind },
                "resource": { "group": text(case, "group"), "resource": case["resource"] },
                "subResource": case["subresource"],
                "userInfo": { "username": case["user"], "groups": case["groups"] },
                "object": case["object"],
                "oldObject": case["oldObject"],
            },
        });
        let file = self.file("review.json", &review.to_string());
        let (code, document) = self.run(&["test", "--output=json", &format!("--filename={file}")]);
        let document: Value = serde_json::from_str(&document).unwrap();
        let denials = document["judgements"][0]["denials"].as_array().unwrap();
        assert_eq!(code, Some(i32::from(!denials.is_empty())), "{document}");
        assert!(denials.len() < 2, "the API server tells one only: {document}");
        let denial = denials.first()?;
        Some((
            text(denial, "policy").to_owned(),
            text(denial, "message").to_owned(),
        ))
    }

    /// Makes the request of a case, as its user.
    fn request(&self, admin: &Kubectl, case: &Value) -> Outcome {
        let object = [&case["object"], &case["oldObject"]];
        let named = object.into_iter().find(|object| !object.is_null()).unwrap();
        let name = named["metadata"]["name"].as_str().unwrap();
        let of_object = format!("{}/{name}", collection(case));
        let (verb, path) = match text(case, "operation") {
            "CREATE" => ("create", format!("{}?dryRun=All", collection(case))),
            "UPDATE" if case["subresource"].is_string() => {
                let subresource = text(case, "subresource");
                ("replace", format!("{of_object}/{subresource}?dryRun=All"))
            }
            "UPDATE" => ("replace", format!("{of_object}?dryRun=All")),
            "DELETE" if case["collection"] == true => ("delete", format!("{}?dryRun=All", collection(case))),
            "DELETE" => ("delete", format!("{of_object}?dryRun=All")),
            "CONNECT" => ("create", format!("{of_object}/exec?command=sh&stdout=true")),
            operation => panic!("{operation}"),
        };
        let mut args = vec![verb.to_owned(), format!("--raw={path}")];
        if verb != "delete" {
            args.push(format!(
                "--filename={}",
                self.file("object.json", &case["object"].to_string())
            ));
        }
        args.push(format!("--as={}", text(case, "user")));
        let groups = case["groups"].as_array().unwrap().iter();
        args.extend(groups.map(|group| format!("--as-group={}", group.as_str().unwrap())));
        admin.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// Returns the path of the objects of a case's resource.
fn collection(case: &Value) -> String {
    let root = match text(case, "group") {
        "" => "/api/v1".to_owned(),
        group => format!("/apis/{group}/v1"),
    };
    let namespace = match case["namespace"].as_str() {
        Some(namespace) => format!("/namespaces/{namespace}"),
        None => String::new(),
    };
    format!("{root}{namespace}/{}", text(case, "resource"))
}

/// Returns the policy and the message of a denial by a policy.
fn denial(outcome: &Outcome) -> Option<(String, String)> {
    let (_, rest) = outcome.stderr.split_once("ValidatingAdmissionPolicy '")?;
    let (policy, rest) = rest.split_once('\'')?;
    let message = rest.split_once("denied request: ")?.1.trim_end();
    Some((policy.to_owned(), message.to_owned()))
}

/// Whether no policy is against it. A pod of nobody's node cannot be entered, which the API server says after admission.
fn passed(outcome: &Outcome) -> bool {
    outcome.code == Some(0) || outcome.stderr.contains("does not have a host assigned")
}

/// Makes what is there before the requests, and lets everybody do everything: what is refused then is refused by a policy.
fn prepare(table: &Table, admin: &Kubectl) {
    let everybody = admin.run(&[
        "create",
        "clusterrolebinding",
        "everybody",
        "--clusterrole=cluster-admin",
        "--group=system:authenticated",
    ]);
    assert_eq!(everybody.code, Some(0), "{everybody:?}");
    for namespace in ["shop", "collection", "restricted"] {
        assert_eq!(admin.run(&["create", "namespace", namespace]).code, Some(0));
    }
    for case in &table.cases {
        let old = &case["oldObject"];
        if old.is_null() || old["kind"] == "Scale" {
            continue;
        }
        let file = table.file("old.json", &old.to_string());
        let path = format!("--raw={}", collection(case));
        let made = admin.run(&["create", &path, &format!("--filename={file}")]);
        assert!(
            made.code == Some(0) || made.stderr.contains("already exists"),
            "{made:?}"
        );
    }
    wait_for("rights of everybody", || {
        let asked = admin.run(&["auth", "can-i", "delete", "nodes", "--as=okta:somebody"]);
        (asked.code == Some(0)).then_some(())
    });
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_api_server_and_the_offline_test_judge_each_case_alike() {
    let okta = user::okta();
    let cluster = Cluster::start(&okta, "sub", &parts::folder("logs/admission"));
    let (table, admin) = (Table::read(), cluster.admin());
    prepare(&table, admin);
    table.apply(admin, "--mode=deny");

    each_case_is_judged_alike(&table, admin);
    root_is_what_pod_security_admission_says(&table, admin);
    other_modes_refuse_nothing(&table, admin);
    going_back_removes_everything(&table, admin);

    // Users of the platform are told from people by other names then.
    table.forget_prefixes_of_users();
    table.apply(admin, "--mode=deny");
    each_case_is_judged_alike(&table, admin);
}

fn each_case_is_judged_alike(table: &Table, admin: &Kubectl) {
    let is_denied = |case: &&Value| !case["denied"].is_null();
    let (denied, allowed): (Vec<_>, Vec<_>) = table.cases.iter().partition(is_denied);
    for case in denied {
        // The API server knows a new policy after a moment.
        let told = wait_for("denial", || denial(&table.request(admin, case)));
        let expected = &case["denied"];
        let expected = (
            text(expected, "policy").to_owned(),
            text(expected, "message").to_owned(),
        );
        assert_eq!(told, expected, "{}", case["name"]);
        assert_eq!(table.judged(case), Some(told), "{}", case["name"]);
    }
    for case in allowed {
        let outcome = table.request(admin, case);
        assert!(passed(&outcome), "{}: {outcome:?}", case["name"]);
        assert_eq!(table.judged(case), None, "{}", case["name"]);
    }
}

/// The pods of the table, with all else that `restricted` asks for, in a namespace with that label.
fn root_is_what_pod_security_admission_says(table: &Table, admin: &Kubectl) {
    let label = "pod-security.kubernetes.io/enforce=restricted";
    let labelled = admin.run(&["label", "namespace", "restricted", label]);
    assert_eq!(labelled.code, Some(0), "{labelled:?}");
    let pods = table.cases.iter().filter(|case| {
        case["operation"] == "CREATE"
            && case["resource"] == "pods"
            && case["groups"] == json!(["okta:developers"])
    });
    let mut compared = 0;
    for case in pods {
        let mut pod = case["object"].clone();
        pod["metadata"]["namespace"] = "restricted".into();
        if pod["spec"]["os"].is_null() {
            pod["spec"]["securityContext"]["seccompProfile"] = json!({ "type": "RuntimeDefault" });
            for field in ["initContainers", "containers"] {
                for container in pod["spec"][field].as_array_mut().into_iter().flatten() {
                    let context = &mut container["securityContext"];
                    context["allowPrivilegeEscalation"] = false.into();
                    context["capabilities"] = json!({ "drop": ["ALL"] });
                }
            }
        }
        let file = format!("--filename={}", table.file("pod.json", &pod.to_string()));
        let path = "--raw=/api/v1/namespaces/restricted/pods?dryRun=All";
        let made = admin.run(&["create", path, &file]);
        let is_refused = made.stderr.contains("violates PodSecurity");
        assert!(is_refused || made.code == Some(0), "{made:?}");
        assert_eq!(
            is_refused,
            !case["denied"].is_null(),
            "{}: {made:?}",
            case["name"]
        );
        compared += 1;
    }
    assert!(compared > 12, "{compared}");
}

fn other_modes_refuse_nothing(table: &Table, admin: &Kubectl) {
    let case = table.case("a pod that leaves it to the image");
    let expected = format!(
        "Warning: Validation failed for ValidatingAdmissionPolicy 'kubesesame-root-pods' with binding 'kubesesame-root-pods': {}\n",
        text(&case["denied"], "message")
    );
    table.apply(admin, "--mode=warn");
    let told = wait_for("request that is let through", || {
        let outcome = table.request(admin, case);
        (outcome.code == Some(0)).then_some(outcome)
    });
    assert_eq!(told.stderr, expected);
    table.apply(admin, "--mode=audit");
    wait_for("end of the warnings", || {
        let outcome = table.request(admin, case);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        outcome.stderr.is_empty().then_some(())
    });
}

fn going_back_removes_everything(table: &Table, admin: &Kubectl) {
    table.apply(admin, "--mode=deny");
    let case = table.case("somebody without groups creates");
    wait_for("denial", || denial(&table.request(admin, case)));
    let kinds = "validatingadmissionpolicybindings,validatingadmissionpolicies";
    let removed = admin.run(&["delete", kinds, LABELS]);
    assert_eq!(removed.stdout.lines().count(), 12, "{removed:?}");
    wait_for("request that no policy is against", || {
        (table.request(admin, case).code == Some(0)).then_some(())
    });
}
