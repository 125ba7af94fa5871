//! `kubesesame admission`, as a person sees it.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

const DESCRIPTION: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
platform: {name: kubeadm, kubernetes: '1.34'}
issuers:
- {name: okta, url: https://org.okta.com, clientIds: [c], username: {claim: sub, prefix: 'okta:'}, groups: {claim: groups, prefix: 'okta:'}}
groups:
- {name: k8s-developers, role: developer, namespaces: [shop]}
- {name: k8s-platform, role: platform-engineer}
- {name: k8s-emergency, role: break-glass}
admission:
  secretDeletion: [k8s-platform]
  rootPods: [k8s-platform]
";

const OBJECTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      initContainers: [{name: migrate, image: shop}]
      containers: [{name: web, image: shop, securityContext: {runAsNonRoot: true}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {generateName: settings-, namespace: shop}
";

const PEOPLE: &str = "\
# user, groups
okta:alice,okta:k8s-developers
okta:bob,okta:k8s-platform
okta:mallory
okta:zoe,okta:k8s-emergency
system:node:worker-1,system:nodes
";

fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    command
        .arg("admission")
        .args(args)
        .env_clear()
        .env("HOME", sandbox.path(""))
        .env("PATH", "/usr/bin:/bin")
        .current_dir(sandbox.path(""));
    let output = command.stdin(Stdio::null()).output().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::unattended();
    for (name, text) in [
        ("kubesesame.yaml", DESCRIPTION),
        ("objects.yaml", OBJECTS),
        ("people.txt", PEOPLE),
    ] {
        fs::write(sandbox.path(name), text).unwrap();
    }
    sandbox
}

#[test]
fn policies_are_printed_with_how_to_apply_them_and_how_to_go_back() {
    let sandbox = sandbox();
    let text = run(&sandbox, &["generate"]).stdout;
    let comments: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    insta::assert_snapshot!(comments.join("\n"), @"
    # Admission policies: which requests of people are refused
    # To apply it:
    #   see whom it stops:  kubesesame admission test --identities=PEOPLE --filename=OBJECTS
    #   see what changes:   kubectl diff -f admission.yaml
    #   apply it:           kubectl apply --server-side -f admission.yaml
    # To go back:
    #   kubectl delete validatingadmissionpolicybindings,validatingadmissionpolicies -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=admission-policies
    # Note: nothing is refused yet: people see a warning, the audit log has validation.policy.admission.k8s.io/validation_failure, and the metric apiserver_validating_admission_policy_check_total counts. Next: --mode=deny
    # Note: no policy applies to policies, so whoever has the right by a role can always go back. Keep a way in that needs no provider
    # Note: the rules are for users with the prefix of an issuer; components of Kubernetes, nodes, service accounts and certificates are out, and so are system:masters, kubeadm:cluster-admins and the groups of break-glass
    # Note: admission sees no reading: who is in none of the groups still reads what roles allow
    # Note: a Secret that is emptied is not deleted, and the history of Helm (helm.sh/release.v1) may be deleted: helm upgrade does it
    # Note: root is what the Pod Security Standard `restricted` says: without runAsNonRoot the image decides, and that counts as root. Pods that controllers make of other resources (custom ones) are not seen; the labels of Pod Security Admission are for those
    # Note: `hostUsers: false` does not count before Kubernetes 1.35; from then on say so in `platform.kubernetes`
    # Note: a rule that is taken out of the description stays in the cluster: go back first, then apply the rest
    ");
    let only = run(&sandbox, &["generate", "--rule=secret-deletion", "--mode=deny"]);
    let names = only.stdout.lines().filter(|line| line.starts_with("  name: "));
    insta::assert_snapshot!(names.collect::<Vec<_>>().join("\n"), @"
    name: kubesesame-secret-deletion
    name: kubesesame-secret-deletion
    name: kubesesame-namespace-deletion
    name: kubesesame-namespace-deletion
    ");
}

#[test]
fn who_is_affected_is_told_for_each_user_and_object() {
    let sandbox = sandbox();
    let told = run(&sandbox, &["test", "-f=objects.yaml", "--identities=people.txt"]);
    insta::assert_snapshot!(sandbox.filtered(&told), @"
    okta:alice
      denied   CREATE Deployment shop/web
               may run as root: container migrate; set runAsNonRoot to true and no
               runAsUser to 0, or be in the group okta:k8s-platform
               (kubesesame-root-workloads)
      allowed  CREATE ConfigMap in shop
    okta:bob
      allowed  CREATE Deployment shop/web
      allowed  CREATE ConfigMap in shop
    okta:mallory
      denied   CREATE Deployment shop/web
               whoever changes this cluster has to be in one of the groups
               okta:k8s-developers, okta:k8s-platform, okta:k8s-emergency
               (kubesesame-required-groups)
               may run as root: container migrate; set runAsNonRoot to true and no
               runAsUser to 0, or be in the group okta:k8s-platform
               (kubesesame-root-workloads)
      denied   CREATE ConfigMap in shop
               whoever changes this cluster has to be in one of the groups
               okta:k8s-developers, okta:k8s-platform, okta:k8s-emergency
               (kubesesame-required-groups)
    okta:zoe: no rule applies, the exempt group okta:k8s-emergency
    system:node:worker-1: no rule applies, no user name of a provider (okta:…)
    3 of 10 requests denied; 2 of 5 users affected
    exit: 1
    ");
    assert!(told.stdout.lines().all(|line| line.chars().count() <= 80));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table and its snapshot")]
fn one_request_is_allowed_or_denied_by_the_exit_code() {
    let sandbox = sandbox();
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: \"db\\e[2J\", namespace: shop}}";
    fs::write(sandbox.path("secret.yaml"), secret).unwrap();
    let test = |args: &[&str]| sandbox.filtered(&run(&sandbox, &[&["test"][..], args].concat()));
    let alice = ["--as=okta:alice", "--as-group=okta:k8s-developers"];
    insta::assert_snapshot!(test(&[&["-f=secret.yaml"][..], &alice].concat()), @"
    okta:alice
      allowed  CREATE Secret shop/db[2J
    0 of 1 request denied
    exit: 0
    ");
    let deleted = [&["-f=secret.yaml", "--operation=delete"][..], &alice].concat();
    insta::assert_snapshot!(test(&deleted), @"
    okta:alice
      denied   DELETE Secret shop/db[2J
               deleting the Secret db[2J needs the group okta:k8s-platform
               (kubesesame-secret-deletion)
    1 of 1 request denied
    exit: 1
    ");
    let document = [&["-o=json", "--rule=secret-deletion"][..], &deleted].concat();
    insta::assert_snapshot!(test(&document), @r#"
    {
      "denied": 1,
      "judged": 1,
      "judgements": [
        {
          "allowed": false,
          "denials": [
            {
              "message": "deleting the Secret db\u001b[2J needs the group okta:k8s-platform",
              "policy": "kubesesame-secret-deletion"
            }
          ],
          "exemption": null,
          "group": "",
          "groups": [
            "okta:k8s-developers"
          ],
          "kind": "Secret",
          "name": "db\u001b[2J",
          "namespace": "shop",
          "operation": "DELETE",
          "subresource": "",
          "user": "okta:alice"
        }
      ]
    }
    exit: 1
    "#);
    let updated = [&["-f=objects.yaml", "--operation=update"][..], &alice].concat();
    insta::assert_snapshot!(test(&updated), @"
    okta:alice
      denied   UPDATE Deployment shop/web
               may run as root: container migrate; set runAsNonRoot to true and no
               runAsUser to 0, or be in the group okta:k8s-platform
               (kubesesame-root-workloads)
      allowed  UPDATE ConfigMap in shop
    1 of 2 requests denied
    stderr: note: what the objects were before is not known, so the pods count as changed
    exit: 1
    ");
}

#[test]
fn an_admission_review_says_itself_who_does_what() {
    let sandbox = sandbox();
    let review = "{\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\", \"request\": {\"operation\": \"CONNECT\", \
                  \"kind\": {\"kind\": \"PodExecOptions\"}, \"resource\": {\"group\": \"\", \"resource\": \"pods\"}, \"subResource\": \"exec\", \
                  \"namespace\": \"shop\", \"name\": \"web-1\", \"userInfo\": {\"username\": \"okta:mallory\", \"groups\": [\"okta:Everyone\"]}}}";
    fs::write(sandbox.path("review.json"), review).unwrap();
    insta::assert_snapshot!(sandbox.filtered(&run(&sandbox, &["test", "-f=review.json"])), @"
    okta:mallory
      denied   CONNECT PodExecOptions (pods/exec) shop/web-1
               whoever changes this cluster has to be in one of the groups
               okta:k8s-developers, okta:k8s-platform, okta:k8s-emergency
               (kubesesame-required-groups)
    1 of 1 request denied
    exit: 1
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table and its snapshot")]
fn what_cannot_be_judged_is_refused_with_what_to_do() {
    let sandbox = sandbox();
    fs::write(sandbox.path("alias.yaml"), "a: &a 1\n").unwrap();
    fs::write(
        sandbox.path("bare.yaml"),
        DESCRIPTION.split("groups:\n").next().unwrap(),
    )
    .unwrap();
    fs::write(sandbox.path("old.yaml"), DESCRIPTION.replace("1.34", "1.29")).unwrap();
    let cases: [&[&str]; 10] = [
        &["test", "-f=objects.yaml"],
        &["test", "-f=missing.yaml", "--as=a"],
        &["test", "-f=alias.yaml", "--as=a"],
        &["test", "-f=-", "--identities=-"],
        &["test", "-f=objects.yaml", "--identities=objects.yaml"],
        &["test", "-f=people.txt", "--as=a"],
        &["test", "-f=objects.yaml", "--as=a", "--file=bare.yaml"],
        &["generate", "--file=bare.yaml", "--rule=root-pods"],
        &["generate", "--file=old.yaml"],
        &["generate", "--mode=block"],
    ];
    let told: String = cases
        .iter()
        .map(|args| sandbox.told(&args.join(" "), &run(&sandbox, args)))
        .collect();
    insta::assert_snapshot!(told, @"
    test -f=objects.yaml
    stderr: error: CREATE Deployment shop/web: nobody is named who asks
    stderr: hint: say who by --as and --as-group, or by --identities; an AdmissionReview has it in request.userInfo
    exit: 2

    test -f=missing.yaml --as=a
    stderr: error: the file of --filename cannot be read
    stderr: caused by: cannot read `missing.yaml`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: correct the path that --filename has, or make the file: a relative path begins in the current directory
    exit: 2

    test -f=alias.yaml --as=a
    stderr: error: `alias.yaml` cannot be judged
    stderr: caused by: line 1 has an anchor, an alias or a tag
    stderr: hint: write it without: kubectl create --dry-run=client -o=yaml -f FILE
    exit: 2

    test -f=- --identities=-
    stderr: error: standard input is read for --filename, and cannot be read twice
    stderr: hint: put one of the two into a file, and name that
    exit: 2

    test -f=objects.yaml --identities=objects.yaml
    stderr: error: `objects.yaml` is no list of users
    stderr: caused by: line 1 has no user before the first comma
    stderr: hint: write a line for each user, with commas: okta:alice@example.com,okta:k8s-developers
    exit: 2

    test -f=people.txt --as=a
    stderr: error: `people.txt` cannot be judged
    stderr: caused by: line 2 begins something that is no object
    stderr: hint: give objects of Kubernetes as YAML or JSON, or an AdmissionReview
    exit: 2

    test -f=objects.yaml --as=a --file=bare.yaml
    stderr: error: the description has no groups
    stderr: hint: add `groups` to it; the fields: docs/kubesesame.schema.json
    exit: 2

    generate --file=bare.yaml --rule=root-pods
    stderr: error: the description has no admission.rootPods
    stderr: hint: add `admission.rootPods` to it; the fields: docs/kubesesame.schema.json
    exit: 2

    generate --file=old.yaml
    stderr: error: Kubernetes 1.29 has no ValidatingAdmissionPolicy
    stderr: hint: it needs 1.30, or another program: a webhook
    exit: 2

    generate --mode=block
    stderr: error: invalid value 'block' for '--mode <MODE>' [possible values: warn, audit, deny]
    stderr: hint: see kubesesame --help
    exit: 2
    ");
}
