//! Entries about the cluster, kubectl, this machine, and faults of kubesesame itself.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "kubectl-unusable",
        summary: "kubectl cannot be used",
        causes: &[
            "There is no kubectl on the PATH, or it does not run.",
            "It is a wrapper that prints something else.",
        ],
        fixes: &["Install kubectl, and see whether it runs: kubectl version"],
    },
    OwnEntry {
        id: "api-server-unreachable",
        summary: "the API server cannot be asked",
        causes: &[
            "It is reached only by a VPN, or its address in the kubeconfig is wrong.",
            "It does not answer in time.",
        ],
        fixes: &["Look at the network and the VPN, and at what kubectl says: kubectl auth whoami -v=6"],
    },
    OwnEntry {
        id: "api-server-too-old",
        summary: "the API server does not say who you are",
        causes: &["It is older than Kubernetes 1.28, or SelfSubjectReview is off."],
        fixes: &["See what you may do instead: kubectl auth can-i --list"],
    },
    OwnEntry {
        id: "token-rejected",
        summary: "the API server rejects the token (Unauthorized)",
        causes: &[
            "The issuer in the API server differs from the token's `iss`. Its log then says only `invalid bearer token`, and nothing of oidc.",
            "The client id differs from the token's `aud`, the username claim is missing, or the email is not verified.",
            "The API server has not fetched the provider's keys yet, does not reach the provider, or has another clock.",
            "The flags are not in effect: the API server was not restarted, or EKS is still associating the provider.",
        ],
        fixes: &[
            "`kubesesame token inspect` says what the API server makes of the token, with the prefixes that you give.",
            "Compare the issuer, client id and claims with the API server's --oidc-* flags, AuthenticationConfiguration, or EKS identity provider, to the letter.",
            "`kubesesame status --server` asks the API server.",
            "`kubesesame doctor` looks at the whole way from the kubeconfig to the API server, and names what differs.",
        ],
    },
    OwnEntry {
        id: "token-unfit",
        summary: "the API server will refuse this token",
        causes: &[
            "The username claim is missing, or is an email address that is not verified.",
            "The issuer or the audience differs from the API server's settings.",
        ],
        fixes: &[
            "Do what the hint says, and run `kubesesame setup` again. It shows each claim with a verdict.",
            "Mend the claim at the provider rather than choosing another username claim: that changes every user name in RBAC.",
        ],
    },
    OwnEntry {
        id: "cluster-program-missing",
        summary: "kubesesame-cluster is not installed",
        causes: &[
            "`kubesesame cluster`, `rbac` and `admission` are commands of a second program, which is for those who configure clusters.",
            "It is in another directory, or the search path names its directory by a relative path, which is not searched.",
        ],
        fixes: &[
            "Put kubesesame-cluster of the same release into the directory of kubesesame, or into one on the PATH.",
        ],
    },
    OwnEntry {
        id: "description-missing",
        summary: "the description of the cluster cannot be read",
        causes: &[
            "There is no kubesesame.yaml in this directory, and no other file is named.",
            "The file is not readable, or is no file.",
        ],
        fixes: &[
            "Write one: kubesesame cluster init",
            "Name another file by --file, or an issuer by --oidc-issuer-url.",
        ],
    },
    OwnEntry {
        id: "description-invalid",
        summary: "the description of the cluster cannot be used",
        causes: &[
            "It is another file, or is no YAML.",
            "A field is misspelt, missing, there twice, or has a value that an API server would refuse or that would be unsafe.",
        ],
        fixes: &["Correct what the error names, with its line. The fields: docs/kubesesame.schema.json"],
    },
    OwnEntry {
        id: "platform-unsuitable",
        summary: "the platform cannot do what the description says",
        causes: &[
            "Flags of kube-apiserver, and EKS, take one issuer with one client id, and no expressions.",
            "Without a prefix, nothing but an expression keeps names out that begin with `system:`.",
            "The version of Kubernetes is too old.",
        ],
        fixes: &[
            "Change the description as the hint says, or take a structured configuration: --form=config",
        ],
    },
    OwnEntry {
        id: "policy-denied",
        summary: "you may not list the roles of the cluster",
        causes: &[
            "The right to list clusterroles, clusterrolebindings, roles or rolebindings in the whole cluster is missing.",
            "The right is there in one namespace only, and a policy that is read in part would be judged wrongly.",
        ],
        fixes: &[
            "Ask about yourself, which the API server answers without that right: kubectl auth can-i get pods -n shop, kubectl auth can-i --list",
            "Ask for `list` on them in the API group rbac.authorization.k8s.io, or take files: kubesesame rbac can get pods -n shop -f policy.json",
        ],
    },
    OwnEntry {
        id: "settings-refused",
        summary: "settings of an API server cannot be compared",
        causes: &[
            "A field, a flag or an expression is wrong, so nobody could sign in by it.",
            "The file is none of those with an API server's settings, or its flags name another file that has them.",
        ],
        fixes: &[
            "Correct what the error names, with its line. All of it is said by: kubesesame cluster check FILE",
        ],
    },
    OwnEntry {
        id: "not-applied",
        summary: "a manifest was not applied, or not all of it",
        causes: &[
            "The user has no rights for it: roles can be given only by who has the rights in them.",
            "Somebody else has set the same fields (a conflict of server-side apply), or a namespace or a kind is missing.",
            "The configuration of an API server is no object of a cluster, so kubectl cannot apply it.",
        ],
        fixes: &[
            "Run the same command again after the cause is gone: what is applied already stays as it is.",
            "Look at it without --apply: kubesesame rbac generate | kubectl diff --server-side -f -",
            "Take over fields of another manager: … | kubectl apply --server-side --field-manager=kubesesame --force-conflicts -f -",
        ],
    },
    OwnEntry {
        id: "policy-invalid",
        summary: "roles and bindings cannot be read from the files",
        causes: &[
            "A file is no YAML or JSON: a `*` without quotes, a template that was not rendered, a file that was cut off.",
            "A role or binding has no name, no roleRef, or a field of another type.",
            "The files have objects of other kinds alone.",
        ],
        fixes: &[
            "Correct what the error names, with its line, or name single files with -f.",
            "Write the policy of a cluster into a file: kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json",
        ],
    },
    OwnEntry {
        id: "question-incomplete",
        summary: "it is not clear who asks, or for what",
        causes: &[
            "No user is named, or the verb or the resource is missing.",
            "A line that was copied is not in quotes, so the shell took it apart.",
        ],
        fixes: &[
            "Name the user with --as and the groups with --as-group, as `kubectl auth whoami` shows them.",
            "Write verb, resource and name as for kubectl: kubesesame rbac can get pods -n shop --as=okta:sarah -f policy.json",
        ],
    },
    OwnEntry {
        id: "system-limits",
        summary: "this machine has reached a limit",
        causes: &[
            "Too many files are open, or no process or thread can be started.",
            "There is no memory left, or no randomness yet.",
        ],
        fixes: &[
            "Close programs, or raise the limit: ulimit -n (files), ulimit -u (processes), pids.max of a container.",
        ],
    },
    OwnEntry {
        id: "output-failed",
        summary: "the result could not be written",
        causes: &[
            "The program that reads standard output has ended, standard output is closed, or the disk is full.",
        ],
        fixes: &[
            "Run it again with an output that can be written; the session is stored, so nobody signs in twice.",
        ],
    },
    OwnEntry {
        id: "internal-error",
        summary: "a fault of kubesesame",
        causes: &["The program met a state that it does not expect."],
        fixes: &[
            "Please report it, with the command and the text of the error, and without tokens. `-v` shows the steps before it.",
        ],
    },
];
