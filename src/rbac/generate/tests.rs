use super::*;

const DESCRIPTION: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
issuers:
- {name: okta, url: https://i, clientIds: [c], username: {claim: sub, prefix: 'okta:'}, groups: {claim: groups, prefix: 'okta:'}}
- {name: dr, role: disaster-recovery, url: https://d, clientIds: [c], username: {claim: sub, prefix: 'dr:'}, groups: {claim: groups, prefix: 'dr:'}}
groups:
- {name: dev, role: developer, namespaces: [a, b]}
- {name: more, role: developer, namespaces: [b]}
- {name: boss, role: namespace-admin, namespaces: [a]}
- {name: platform, role: platform-engineer}
- {name: emergency, role: break-glass}
";

fn description() -> Description {
    Description::parse(DESCRIPTION).unwrap_or_else(|fault| panic!("{fault:?}"))
}

#[test]
fn the_bindings_have_each_issuers_name_of_a_group() {
    let told: Vec<String> = bindings::all(&description())
        .map(|binding| {
            let namespace = binding["metadata"]["namespace"].as_str().unwrap_or("*");
            let subjects = binding["subjects"].as_array().unwrap().iter();
            let names: Vec<&str> = subjects
                .map(|subject| subject["name"].as_str().unwrap())
                .collect();
            format!("{namespace} {}: {}", binding["roleRef"]["name"], names.join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "a \"kubesesame-developer\": dr:dev okta:dev",
            "b \"kubesesame-developer\": dr:dev dr:more okta:dev okta:more",
            "* \"kubesesame-platform-engineer\": dr:platform okta:platform",
            "a \"admin\": dr:boss okta:boss",
            "* \"cluster-admin\": dr:emergency okta:emergency",
        ]
    );
}

/// Whether a role of ours allows it.
fn allows(role: Role, group: &str, resource: &str, verb: &str) -> bool {
    let role = roles::cluster_role(role).unwrap();
    let has = |values: &Value, wanted: &str| {
        let values = values.as_array().unwrap().iter();
        values
            .filter_map(Value::as_str)
            .any(|value| value == wanted || value == "*")
    };
    let mut rules = role["rules"].as_array().unwrap().iter();
    rules.any(|rule| {
        has(&rule["apiGroups"], group) && has(&rule["resources"], resource) && has(&rule["verbs"], verb)
    })
}

#[test]
fn each_role_allows_its_work_and_no_way_to_more() {
    use Role::{Developer, PlatformEngineer};
    for (role, group, resource, verb, expected) in [
        (Developer, "apps", "deployments", "patch", true),
        (Developer, "apps", "deployments", "delete", false),
        (Developer, "apps", "deployments", "deletecollection", false),
        (Developer, "apps", "deployments/scale", "get", true),
        (Developer, "", "pods/exec", "get", true),
        (Developer, "", "pods/exec", "create", true),
        (Developer, "", "pods/portforward", "create", true),
        (Developer, "", "pods", "create", false),
        (Developer, "", "pods/log", "get", true),
        (Developer, "", "secrets", "get", false),
        (PlatformEngineer, "", "nodes", "patch", true),
        (PlatformEngineer, "", "nodes", "delete", false),
        (PlatformEngineer, "", "resourcequotas", "update", true),
        (PlatformEngineer, "", "secrets", "list", false),
        (PlatformEngineer, "", "pods/exec", "create", false),
        (PlatformEngineer, "apps", "daemonsets", "create", false),
        (
            PlatformEngineer,
            "rbac.authorization.k8s.io",
            "clusterroles",
            "escalate",
            false,
        ),
        (
            PlatformEngineer,
            "rbac.authorization.k8s.io",
            "clusterrolebindings",
            "create",
            false,
        ),
        (PlatformEngineer, "", "serviceaccounts/token", "create", false),
        (PlatformEngineer, "", "serviceaccounts", "impersonate", false),
    ] {
        assert_eq!(
            allows(role, group, resource, verb),
            expected,
            "{role:?} {verb} {resource}"
        );
    }
}

#[test]
fn everything_but_the_accounts_has_the_labels_of_the_clean_up() {
    let text = generate(&description()).unwrap().content;
    let documents: Vec<&str> = text.split("---\n").collect();
    assert_eq!(documents.len(), 2 + 5 + 2);
    for document in documents {
        let is_account = document.contains("kind: ServiceAccount\n");
        assert_eq!(
            document.contains("app.kubernetes.io/managed-by: kubesesame\n"),
            !is_account,
            "{document}"
        );
        assert!(!is_account || document.contains("automountServiceAccountToken: false"));
    }
    insta::assert_snapshot!(text.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n"), @r#"
    # Roles, and the groups that have them
    # To apply it:
    #   see what changes:  kubectl diff -f rbac.yaml
    #   apply it:          kubectl apply --server-side -f rbac.yaml
    # To go back:
    #   kubectl delete clusterrolebindings,clusterroles -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access
    #   kubectl delete rolebindings -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access
    #   kubectl patch serviceaccount default -n NAMESPACE -p '{"automountServiceAccountToken": null}'
    # Note: a developer may create deployments, and so can run pods with any Secret and any service account of the namespace; reading Secrets directly, and deleting deployments, is not allowed
    # Note: a namespace admin has the role `admin` of Kubernetes in the namespace: quotas, limits and the namespace itself stay as they are, and no right can be given that the admin does not have
    # Note: break-glass is cluster-admin: nobody should be in the group day by day, and it does not help when the provider is down
    # Note: pods of the account `default` get no token of it in these namespaces; one that calls the API server needs an account of its own, or `automountServiceAccountToken: true` in its spec. The accounts have no label, so that no clean-up deletes them
    "#);
}
