use serde_json::{Value, json};

use super::*;
use crate::cluster::description::Description;

/// The table that a real API server judges too.
const TABLE: &str = include_str!("../../tests/data/admission.json");

fn table() -> (Rules, Vec<Value>) {
    table_with(str::to_owned)
}

/// Returns the table for another description than its own.
fn table_with(changed: impl Fn(&str) -> String) -> (Rules, Vec<Value>) {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let lines = table["description"].as_array().unwrap().iter();
    let text: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
    let description = described(&changed(&text.join("\n")));
    (
        Rules::of(&description, &[]),
        table["cases"].as_array().unwrap().clone(),
    )
}

fn described(text: &str) -> Description {
    Description::parse(text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn review(case: &Value) -> Request {
    let kind = [&case["object"], &case["oldObject"]]
        .iter()
        .find_map(|object| object["kind"].as_str().map(str::to_owned));
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "operation": case["operation"],
            "kind": { "kind": kind },
            "resource": { "group": case["group"].as_str().unwrap_or_default(), "resource": case["resource"] },
            "subResource": case["subresource"],
            "namespace": case["namespace"],
            "userInfo": { "username": case["user"], "groups": case["groups"] },
            "object": case["object"],
            "oldObject": case["oldObject"],
        },
    });
    let mut requests = objects(&review.to_string(), Operation::Create).unwrap();
    requests.remove(0)
}

#[test]
fn each_case_of_the_table_is_judged_as_it_says() {
    let (rules, cases) = table();
    are_judged_as_they_say(&rules, &cases);
}

/// Users of the platform are told from people by other names then.
#[test]
fn each_case_is_judged_alike_without_prefixes_of_users() {
    let without = |text: &str| {
        text.replace("sub, prefix: \"okta:\"", "sub, prefix: \"\"")
            .replace("sub, prefix: \"dr:\"", "sub, prefix: \"\"")
    };
    let (rules, cases) = table_with(without);
    assert!(!rules.scope.is_by_prefix());
    are_judged_as_they_say(&rules, &cases);
}

fn are_judged_as_they_say(rules: &Rules, cases: &[Value]) {
    for case in cases {
        let request = review(case);
        let person = request.person.clone().unwrap();
        let judgement = judge(rules, &request, &person);
        let told: Vec<Value> = judgement
            .denials
            .iter()
            .map(|denial| json!({ "policy": denial.policy, "message": denial.message }))
            .collect();
        let expected: Vec<Value> = [&case["denied"]]
            .into_iter()
            .filter(|denied| !denied.is_null())
            .cloned()
            .collect();
        assert_eq!(told, expected, "{}", case["name"]);
    }
}

/// An object alone is judged as the whole request, where it says enough.
#[test]
fn a_creation_and_a_deletion_need_the_object_only() {
    let (rules, cases) = table();
    let mut compared = 0;
    for case in cases.iter().filter(|case| case["subresource"].is_null()) {
        let (object, operation) = match case["operation"].as_str().unwrap() {
            "CREATE" => (&case["object"], Operation::Create),
            "DELETE" => (&case["oldObject"], Operation::Delete),
            _ => continue,
        };
        let request = &objects(&object.to_string(), operation).unwrap()[0];
        let person = review(case).person.unwrap();
        assert_eq!(
            judge(&rules, request, &person),
            judge(&rules, &review(case), &person),
            "{}",
            case["name"]
        );
        compared += 1;
    }
    assert!(compared > 40, "{compared}");
}

const SMALL: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
platform: {name: eks-cli}
issuers:
- {name: okta, url: https://i, clientIds: [c], username: {claim: email, prefix: ''}, groups: {claim: groups, prefix: 'okta:'}}
";

#[test]
fn without_a_prefix_everybody_is_judged_but_users_of_the_platform() {
    let rules = Rules::of(
        &described(&format!("{SMALL}admission: {{furtherGroups: [dev]}}")),
        &[],
    );
    let request = &objects("{apiVersion: v1, kind: ConfigMap}", Operation::Create).unwrap()[0];
    for (user, group, expected) in [
        ("alice@example.com", "okta:dev", None),
        (
            "alice@example.com",
            "system:masters",
            Some("the exempt group system:masters"),
        ),
        (
            "kubernetes-admin",
            "kubeadm:cluster-admins",
            Some("the exempt group kubeadm:cluster-admins"),
        ),
        ("system:kube-scheduler", "", Some("a user of the platform")),
        ("eks:node-manager", "", Some("a user of the platform")),
        (
            "arn:aws:sts::1:assumed-role/admin/x",
            "",
            Some("a user of the platform"),
        ),
    ] {
        let person = Person {
            user: user.to_owned(),
            groups: vec![group.to_owned()],
        };
        let judgement = judge(&rules, request, &person);
        assert_eq!(judgement.exemption.as_deref(), expected, "{user}");
    }
    let text = generate(&rules, Mode::Deny).unwrap().content;
    assert!(
        text.contains("\"!['system:', 'eks:', 'arn:'].exists(start, request.userInfo.?username.orValue('').startsWith(start))\""),
        "{text}"
    );
}

#[test]
fn a_user_namespace_counts_from_1_35_on() {
    for (version, is_denied) in [("1.34", true), ("1.35", false)] {
        let text = SMALL.replace("eks-cli", &format!("eks-cli, kubernetes: '{version}'"));
        let text = format!("{text}admission: {{rootPods: [root]}}");
        let rules = Rules::of(&described(&text), &[]);
        let pod = "{apiVersion: v1, kind: Pod, spec: {hostUsers: false, containers: [{name: a}]}}";
        let person = Person {
            user: "alice".to_owned(),
            groups: Vec::new(),
        };
        let judgement = judge(&rules, &objects(pod, Operation::Create).unwrap()[0], &person);
        assert_eq!(!judgement.denials.is_empty(), is_denied, "{version}");
        let policy = generate(&rules, Mode::Warn).unwrap().content;
        assert_eq!(
            policy.contains("variables.spec.?hostUsers"),
            !is_denied,
            "{version}"
        );
    }
}

#[test]
fn rules_are_chosen_and_modes_are_actions() {
    let description = described(&format!(
        "{SMALL}admission: {{furtherGroups: [dev], secretDeletion: [admin], rootPods: [root]}}"
    ));
    let names = |chosen: &[Rule]| {
        let rules = Rules::of(&description, chosen);
        let names: Vec<&str> = rules.policies().iter().map(|policy| policy.name).collect();
        names.join(" ").replace("kubesesame-", "")
    };
    assert_eq!(
        names(&[]),
        "required-groups secret-deletion namespace-deletion root-pods root-workloads root-cronjobs"
    );
    assert_eq!(
        names(&[Rule::SecretDeletion]),
        "secret-deletion namespace-deletion"
    );
    assert!(generate(&Rules::of(&described(SMALL), &[]), Mode::Warn).is_none());
    for (mode, actions) in [
        (Mode::Warn, "  validationActions:\n  - Warn\n  - Audit\n"),
        (Mode::Audit, "  validationActions:\n  - Audit\n"),
        (Mode::Deny, "  validationActions:\n  - Deny\n"),
    ] {
        let text = generate(&Rules::of(&description, &[]), mode).unwrap().content;
        assert_eq!(text.matches(actions).count(), 6, "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a snapshot")]
fn a_policy_and_its_binding_are_written_with_labels() {
    let description = described(&format!("{SMALL}admission: {{secretDeletion: [admin]}}"));
    let text = generate(&Rules::of(&description, &[]), Mode::Deny)
        .unwrap()
        .content;
    let documents: Vec<&str> = text.split("---\n").take(2).collect();
    insta::assert_snapshot!(documents.join("---\n"), @r#"
    # Admission policies: which requests of people are refused
    # To apply it:
    #   see whom it stops:  kubesesame admission test --identities=PEOPLE --filename=OBJECTS
    #   see what changes:   kubectl diff -f admission.yaml
    #   apply it:           kubectl apply --server-side -f admission.yaml
    # To go back:
    #   kubectl delete validatingadmissionpolicybindings,validatingadmissionpolicies -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=admission-policies
    # Note: requests are refused from now on. --mode=warn of the same rules, applied again, makes warnings of the refusals
    # Note: no policy applies to policies, so whoever has the right by a role can always go back. Keep a way in that needs no provider
    # Note: an issuer has no prefix of user names, so the rules are for everybody but users of the platform, system:masters, kubeadm:cluster-admins and the groups of break-glass; name all others who have to pass in `admission.exemptUsers` and `exemptGroups`, or set a prefix
    # Note: a Secret that is emptied is not deleted, and the history of Helm (helm.sh/release.v1) may be deleted: helm upgrade does it
    # Note: a rule that is taken out of the description stays in the cluster: go back first, then apply the rest
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata:
      name: kubesesame-secret-deletion
      labels:
        app.kubernetes.io/managed-by: kubesesame
        app.kubernetes.io/part-of: admission-policies
    spec:
      failurePolicy: Fail
      matchConditions:
      - name: people
        expression: "!['system:', 'eks:', 'arn:'].exists(start, request.userInfo.?username.orValue('').startsWith(start))"
      - name: not-exempt
        expression: "!request.userInfo.?groups.orValue([]).exists(group, group in ['system:masters', 'kubeadm:cluster-admins'])"
      - name: not-helm-history
        expression: "oldObject.?type.orValue('') != 'helm.sh/release.v1'"
      matchConstraints:
        resourceRules:
        - apiGroups:
          - ""
          apiVersions:
          - v1
          operations:
          - DELETE
          resources:
          - secrets
      validations:
      - expression: "request.userInfo.?groups.orValue([]).exists(group, group in ['okta:admin'])"
        messageExpression: "'deleting the Secret ' + oldObject.metadata.name + ' needs the group okta:admin'"
        reason: Forbidden
    ---
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata:
      name: kubesesame-secret-deletion
      labels:
        app.kubernetes.io/managed-by: kubesesame
        app.kubernetes.io/part-of: admission-policies
    spec:
      policyName: kubesesame-secret-deletion
      validationActions:
      - Deny
    "#);
}
