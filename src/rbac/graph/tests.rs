//! What is drawn, and that no name ends a tag.

use super::{Filter, Graph};
use crate::rbac::policy::load::Loader;

const POLICY: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a, namespace: shop}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: Group, name: dev}, {kind: User, name: \"<script>'&\\u0007\"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: admin}
subjects: [{kind: Group, name: dev}]
";

fn graph(subjects: &[&str], namespace: Option<&str>) -> Graph {
    let mut loader = Loader::default();
    loader.read(0, POLICY).unwrap();
    let subjects: Vec<String> = subjects.iter().map(|name| (*name).to_owned()).collect();
    let filter = Filter {
        subjects: &subjects,
        namespace,
    };
    Graph::new(&loader.finish().policy, filter)
}

#[test]
fn each_subject_binding_and_role_is_drawn_once() {
    let all = graph(&[], None);
    let counts = (all.subjects.len(), all.bindings.len(), all.roles.len());
    assert_eq!((counts, all.given.len(), all.of_role.len()), ((2, 2, 2), 3, 2));
    for (subjects, namespace, bindings) in [
        (vec!["dev"], None, 2),
        (vec!["dev"], Some("other"), 1),
        (vec!["nobody"], None, 0),
        (vec![], Some("shop"), 2),
    ] {
        let found = graph(&subjects, namespace).binding_count();
        assert_eq!(found, bindings, "{subjects:?} {namespace:?}");
    }
}

#[test]
fn names_are_escaped_and_roles_that_reach_further_stand_out() {
    let svg = graph(&[], None).svg();
    assert!(!svg.contains("<script") && !svg.contains('\u{7}'), "{svg}");
    assert!(svg.contains("&lt;script&gt;&#39;&amp;"), "{svg}");
    assert_eq!(
        (
            svg.matches("class=\"dangerous\"").count(),
            svg.matches("class=\"missing\"").count()
        ),
        (1, 1)
    );
    assert_eq!(
        (svg.matches("<path ").count(), svg.matches("<g>").count()),
        (5, 6)
    );
}
