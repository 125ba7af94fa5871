//! What `--apply` fails of, each with what to do.

use super::{calls, command, ended, run, sandbox, says};

/// What kubectl says, when it compares.
const ERRORS: [&str; 5] = [
    "Error from server (Forbidden): clusterroles.rbac.authorization.k8s.io \"a\" is forbidden: User \"okta:ada\" cannot patch resource",
    "error: Apply failed with 1 conflict: conflict with \"kubectl\": .subjects\nPlease review the fields above",
    "Error from server (NotFound): namespaces \"shop\" not found",
    "error: failed to run \"diff\": exec: \"diff\": executable file not found in $PATH",
    "Unable to connect to the server: EOF",
];

#[test]
fn each_failure_of_kubectl_is_said_with_what_to_do() {
    let sandbox = sandbox();
    let apply = ["rbac", "generate", "--apply", "--yes"];
    let mut told = String::new();
    for error in ERRORS {
        says(&sandbox, "diff", 2, "", &format!("{error}\n"));
        told += &sandbox.told("diff", &run(&sandbox, &apply));
    }
    insta::assert_snapshot!(told, @r#"
    diff
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: error: nothing was applied: Error from server (Forbidden): clusterroles.rbac.authorization.k8s.io "a" is forbidden: User "okta:ada" cannot patch resource
    stderr: hint: let somebody do it who has the rights, by --context or --kubeconfig; who may give roles has to have the rights in them, or the verbs `escalate` and `bind`
    exit: 1

    diff
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: error: nothing was applied: Apply failed with 1 conflict: conflict with "kubectl": .subjects
    stderr: hint: somebody else has set these fields: change the description, or take them over: the same command without --apply, | kubectl apply --server-side --field-manager=kubesesame --force-conflicts -f -
    exit: 1

    diff
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: error: nothing was applied: Error from server (NotFound): namespaces "shop" not found
    stderr: hint: make the namespace first: kubectl create namespace NAME
    exit: 1

    diff
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: error: nothing was applied: failed to run "diff": exec: "diff": executable file not found in $PATH
    stderr: hint: install diff, which kubectl runs, or name another program by KUBECTL_EXTERNAL_DIFF
    exit: 1

    diff
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: error: nothing was applied: Unable to connect to the server: EOF
    stderr: hint: look at the network and the VPN, and at the cluster of the context: kubectl cluster-info
    exit: 1
    "#);
}

#[test]
fn what_is_applied_in_part_or_without_kubectl_is_said() {
    let sandbox = sandbox();
    let apply = ["rbac", "generate", "--apply", "--yes"];
    let mut told = String::new();
    says(&sandbox, "diff", 1, "", "");
    let refused = "Error from server (Forbidden): \"b\" is forbidden: attempting to grant RBAC permissions not currently held\n";
    says(&sandbox, "apply", 1, "a serverside-applied\n", refused);
    told += &sandbox.told("apply", &run(&sandbox, &apply));
    let nowhere = command(&sandbox, &apply)
        .env("PATH", sandbox.path(""))
        .output()
        .unwrap();
    told += &sandbox.told("no kubectl", &ended(nowhere));
    assert!(!calls(&sandbox).contains("--force"));
    insta::assert_snapshot!(told, @r#"
    apply
    stderr: cluster: prod at https://c.example
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: what follows:
    stderr: - roles only add rights: nobody is stopped by what is added, and nothing is
    stderr:   deleted
    stderr: - a group that is no longer in the description loses the roles of these
    stderr:   bindings; a role that no group has any more stays with its bindings until it
    stderr:   is removed
    stderr: applying; if this is interrupted, run the same command again: it does what is left
    stderr: Error from server (Forbidden): "b" is forbidden: attempting to grant RBAC permissions not currently held
    stderr: to go back, apply the earlier description; to remove all of it:
    stderr:   kubectl --context=prod delete clusterrolebindings,clusterroles -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access
    stderr:   kubectl --context=prod delete rolebindings -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access
    stderr:   kubectl --context=prod patch serviceaccount default -n NAMESPACE -p '{"automountServiceAccountToken": null}'
    stderr: error: 1 object was applied, and another one was refused: Error from server (Forbidden): "b" is forbidden: attempting to grant RBAC permissions not currently held
    stderr: hint: let somebody do it who has the rights, by --context or --kubeconfig; who may give roles has to have the rights in them, or the verbs `escalate` and `bind`
    exit: 1

    no kubectl
    stderr: comparing (kubectl diff --server-side; this may sign you in)
    stderr: error: nothing was applied: the difference cannot be seen
    stderr: caused by: there is no kubectl on the PATH
    stderr: hint: install kubectl, or add its directory to PATH
    exit: 1
    "#);
}

#[test]
fn what_kubectl_cannot_apply_is_refused_with_what_does() {
    let sandbox = sandbox();
    let told: String = ["static-pod", "config", "kubeadm", "eks-cli", "terraform"]
        .iter()
        .map(|platform| {
            let platform = format!("--platform={platform}");
            let refused = run(&sandbox, &["cluster", "authn", &platform, "--apply", "--yes"]);
            assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
            sandbox.told(&platform, &refused)
        })
        .collect();
    assert_eq!(calls(&sandbox), "");
    insta::assert_snapshot!(told, @"
    --platform=static-pod
    stderr: error: kubectl cannot apply the configuration of an API server (`static-pod`): that is no object of a cluster; nothing was done
    stderr: hint: write the files by --dir=DIR, and do what their first lines say: on each control plane node, patch /etc/kubernetes/manifests/kube-apiserver.yaml; the kubelet starts the API server anew
    exit: 2

    --platform=config
    stderr: error: kubectl cannot apply the configuration of an API server (`config`): that is no object of a cluster; nothing was done
    stderr: hint: write the files by --dir=DIR, and do what their first lines say: copy the file to each control plane node, where --authentication-config names it; the API server reads it within a minute
    exit: 2

    --platform=kubeadm
    stderr: error: kubectl cannot apply the configuration of an API server (`kubeadm`): that is no object of a cluster; nothing was done
    stderr: hint: write the files by --dir=DIR, and do what their first lines say: merge it into kubeadm's configuration, and run kubeadm init phase control-plane apiserver on each control plane node
    exit: 2

    --platform=eks-cli
    stderr: error: kubectl cannot apply the configuration of an API server (`eks-cli`): that is no object of a cluster; nothing was done
    stderr: hint: write the files by --dir=DIR, and do what their first lines say: run the command of the AWS CLI that it prints
    exit: 2

    --platform=terraform
    stderr: error: kubectl cannot apply the configuration of an API server (`terraform`): that is no object of a cluster; nothing was done
    stderr: hint: write the files by --dir=DIR, and do what their first lines say: terraform plan, then terraform apply
    exit: 2
    ");
}
