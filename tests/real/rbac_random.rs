//! Random policies and questions for the comparison with the API server's authorizer: few names, so that questions come close to
//! what is allowed, and also what the API server would refuse to store. Equal seeds give equal policies.

use serde_json::{Value, json};

pub(crate) const VERSION: &str = "rbac.authorization.k8s.io/v1";
const VERBS: [&str; 7] = ["get", "list", "create", "*", "GET", "", "bind"];
const GROUPS: [&str; 5] = ["", "apps", "*", "rbac.authorization.k8s.io", "b.example"];
const RESOURCES: [&str; 14] = [
    "pods",
    "pods/log",
    "*/log",
    "*",
    "deployments",
    "deployments/scale",
    "*/scale",
    "pods/*",
    "*/*",
    "",
    "namespaces",
    "a/b/c",
    "*/b/c",
    "roles",
];
const NAMES: [&str; 5] = ["a", "b", "", "*", "web\"1"];
const URLS: [&str; 13] = [
    "*",
    "/*",
    "/healthz",
    "/healthz*",
    "/healthz/*",
    "/metrics/**",
    "/a*b",
    "",
    "/api/*/*",
    "/",
    "**",
    "/metrics",
    "*/x",
];
const NAMESPACES: [&str; 4] = ["ns1", "ns2", "n:s", "kube-system"];
/// The same, as an API server may have them.
pub(crate) const NAMESPACES_OF_SERVER: [&str; 4] = ["ns1", "ns2", "n-s", "kube-system"];
const USERS: [&str; 9] = [
    "sarah",
    "okta:joe",
    "*",
    "",
    "system:serviceaccount:ns1:default",
    "system:serviceaccount:n:s:x",
    "system:serviceaccount:ns2:x",
    "Sarah",
    "s\u{202e}\u{7}é",
];
const USER_GROUPS: [&str; 6] = [
    "devs",
    "system:authenticated",
    "*",
    "",
    "system:masters",
    "ops\\\"",
];
const ACCOUNTS: [&str; 4] = ["default", "x", "s:x", ""];
const ROLES: [&str; 5] = ["reader", "writer", "r\"\\\t1", "rôle", "gone"];

/// `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn several(&mut self, from: &[&str], at_least: usize) -> Vec<String> {
        let count = at_least + self.below(3);
        (0..count).map(|_| self.pick(from).to_owned()).collect()
    }

    fn rule(&mut self) -> Value {
        // Most rules have their lists; some have both halves, empty lists or none.
        let least = usize::from(!self.one_in(6));
        let mut rule = json!({"verbs": self.several(&VERBS, least)});
        let is_path = self.one_in(4);
        if !is_path || self.one_in(4) {
            rule["apiGroups"] = json!(self.several(&GROUPS, least));
            rule["resources"] = json!(self.several(&RESOURCES, least));
            if self.one_in(3) {
                rule["resourceNames"] = json!(self.several(&NAMES, 0));
            }
        }
        if is_path {
            rule["nonResourceURLs"] = json!(self.several(&URLS, least));
        }
        rule
    }

    fn rules(&mut self) -> Value {
        match self.below(8) {
            0 => Value::Null,
            count => (0..count.div_ceil(2)).map(|_| self.rule()).collect(),
        }
    }

    fn subject(&mut self) -> Value {
        match self.below(10) {
            0..4 => json!({"kind": "User", "name": self.pick(&USERS)}),
            4..6 => json!({"kind": "Group", "name": self.pick(&USER_GROUPS)}),
            6 => json!({"kind": "ServiceAccount", "name": self.pick(&ACCOUNTS)}),
            7 | 8 => {
                json!({"kind": "ServiceAccount", "name": self.pick(&ACCOUNTS), "namespace": self.pick(&NAMESPACES)})
            }
            _ => json!({"kind": self.pick(&["user", "", "Robot"]), "name": self.pick(&USERS)}),
        }
    }

    fn role_ref(&mut self, in_namespace: bool) -> Value {
        let kind = match self.below(12) {
            0 => "Robot",
            1 => "",
            2..7 if in_namespace => "Role",
            2 => "Role",
            _ => "ClusterRole",
        };
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": self.pick(&ROLES)})
    }

    /// Returns the objects of a policy. Each name is there once in its namespace.
    pub(crate) fn policy(&mut self) -> Vec<Value> {
        let mut objects = Vec::new();
        for name in &ROLES[..4] {
            if !self.one_in(4) {
                objects.push(json!({"apiVersion": VERSION, "kind": "ClusterRole", "metadata": {"name": name}, "rules": self.rules()}));
            }
            for namespace in NAMESPACES {
                if self.one_in(3) {
                    objects.push(json!({"apiVersion": VERSION, "kind": "Role",
                        "metadata": {"name": name, "namespace": namespace}, "rules": self.rules()}));
                }
            }
        }
        for at in 0..self.below(8) {
            let name = format!("b{at}{}", self.pick(&["", "\"", "\u{301}"]));
            let subjects: Vec<Value> = (0..self.below(4)).map(|_| self.subject()).collect();
            objects.push(
                json!({"apiVersion": VERSION, "kind": "ClusterRoleBinding", "metadata": {"name": name},
                "roleRef": self.role_ref(false), "subjects": subjects}),
            );
        }
        for at in 0..self.below(12) {
            let subjects: Vec<Value> = (0..self.below(4)).map(|_| self.subject()).collect();
            objects.push(json!({"apiVersion": VERSION, "kind": "RoleBinding",
                "metadata": {"name": format!("r{at}"), "namespace": self.pick(&NAMESPACES)},
                "roleRef": self.role_ref(true), "subjects": subjects}));
        }
        objects
    }

    /// Returns the objects of a policy without what an API server refuses to store.
    pub(crate) fn valid_policy(&mut self) -> Vec<Value> {
        self.policy().into_iter().filter_map(valid).collect()
    }

    /// Returns a question, mostly one near a rule of the policy.
    pub(crate) fn question(&mut self, objects: &[Value]) -> Value {
        let mut question = json!({"user": self.pick(&USERS), "groups": self.several(&USER_GROUPS, 0)});
        if self.one_in(20) {
            question["grant"] = (0..self.below(3)).map(|_| self.rule()).collect();
            if self.one_in(2) {
                question["owner"] = (0..self.below(4)).map(|_| self.rule()).collect();
            } else if !self.one_in(3) {
                question["namespace"] = json!(self.pick(&NAMESPACES));
            }
            return question;
        }
        let bound_role = self.person_of_a_binding(objects, &mut question);
        let of_role: Vec<&Value> = objects
            .iter()
            .filter(|object| object["rules"].is_array() && Some(*object) == bound_role)
            .collect();
        let candidates = if of_role.is_empty() || self.one_in(6) {
            objects.iter().collect()
        } else {
            of_role
        };
        let rules: Vec<&Value> = candidates
            .iter()
            .filter_map(|object| object["rules"].as_array())
            .flatten()
            .collect();
        let rule = if rules.is_empty() {
            &Value::Null
        } else {
            rules[self.below(rules.len())]
        };
        question["verb"] = json!(self.of_rule(rule, "verbs", &VERBS));
        if rule["nonResourceURLs"].is_array() && !self.one_in(3) || self.one_in(20) {
            let url = self.of_rule(rule, "nonResourceURLs", &URLS);
            let tail = *self.pick(&[&"", &"/", &"x", &"/ping"]);
            question["path"] = json!(format!(
                "{}{tail}",
                url.trim_end_matches(|c| c == '*' && tail.len() != 1)
            ));
            return question;
        }
        question["group"] = json!(self.of_rule(rule, "apiGroups", &GROUPS));
        let resource = self
            .of_rule(rule, "resources", &RESOURCES)
            .replacen('*', "pods", 1);
        let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
        question["resource"] = json!(resource);
        question["subresource"] = json!(if self.one_in(12) { "log" } else { subresource });
        question["name"] = json!(if self.one_in(2) {
            String::new()
        } else {
            self.of_rule(rule, "resourceNames", &NAMES)
        });
        question
    }

    /// Takes user, group and namespace of a binding, most of the time, and returns its role.
    fn person_of_a_binding<'a>(&mut self, objects: &'a [Value], question: &mut Value) -> Option<&'a Value> {
        if !self.one_in(4) {
            question["namespace"] = json!(self.pick(&NAMESPACES));
        }
        let bindings: Vec<&Value> = objects
            .iter()
            .filter(|object| object["subjects"][0].is_object())
            .collect();
        if bindings.is_empty() || self.one_in(8) {
            return None;
        }
        let binding = bindings[self.below(bindings.len())];
        let own_namespace = binding["metadata"]["namespace"].as_str();
        if let Some(namespace) = own_namespace.filter(|_| !self.one_in(6)) {
            question["namespace"] = json!(namespace);
        }
        let subjects = binding["subjects"].as_array().unwrap();
        let subject = &subjects[self.below(subjects.len())];
        let name = subject["name"].as_str().unwrap();
        match subject["kind"].as_str().unwrap() {
            "Group" => question["groups"] = json!([self.pick(&USER_GROUPS), name]),
            "ServiceAccount" => {
                let namespace = subject["namespace"].as_str().or(own_namespace).unwrap_or("ns1");
                question["user"] = json!(format!("system:serviceaccount:{namespace}:{name}"));
            }
            _ => question["user"] = json!(name),
        }
        let role = &binding["roleRef"];
        objects.iter().find(|object| {
            object["kind"] == role["kind"]
                && object["metadata"]["name"] == role["name"]
                && (role["kind"] == "ClusterRole"
                    || object["metadata"]["namespace"] == binding["metadata"]["namespace"])
        })
    }

    fn of_rule(&mut self, rule: &Value, field: &str, other: &[&str]) -> String {
        let own = rule[field].as_array().filter(|list| !list.is_empty());
        match own {
            Some(own) if !self.one_in(9) => own[self.below(own.len())].as_str().unwrap().to_owned(),
            _ => self.pick(other).to_owned(),
        }
    }
}

/// Returns what of an object an API server stores: without rules and subjects that it refuses. `None` for a binding whose role it refuses.
fn valid(mut object: Value) -> Option<Value> {
    let namespace = object["metadata"]["namespace"].as_str();
    let is_namespaced = namespace.is_some();
    if namespace == Some("n:s") {
        object["metadata"]["namespace"] = json!("n-s");
    }
    if let Some(rules) = object["rules"].as_array_mut() {
        rules.retain_mut(|rule| is_valid_rule(rule, is_namespaced));
    }
    if let Some(subjects) = object["subjects"].as_array_mut() {
        subjects.retain(|subject| {
            let has_name = subject["name"] != "";
            match subject["kind"].as_str() {
                Some("User" | "Group") => has_name,
                Some("ServiceAccount") => {
                    has_name
                        && subject["name"] != "s:x"
                        && (is_namespaced || subject["namespace"].is_string())
                }
                _ => false,
            }
        });
    }
    let kinds: &[&str] = if is_namespaced {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    let has_role = |role: &Value| kinds.iter().any(|kind| role["kind"] == *kind);
    object.get("roleRef").is_none_or(has_role).then_some(object)
}

/// Takes the URLs from a rule that has resources too.
fn is_valid_rule(rule: &mut Value, is_namespaced: bool) -> bool {
    let has = |rule: &Value, field: &str| rule[field].as_array().is_some_and(|list| !list.is_empty());
    let is_of_resources = has(rule, "apiGroups") && has(rule, "resources");
    let fields = if is_of_resources {
        ["nonResourceURLs"].as_slice()
    } else {
        &["apiGroups", "resources", "resourceNames"]
    };
    for field in fields {
        rule.as_object_mut().unwrap().remove(*field);
    }
    has(rule, "verbs") && (is_of_resources || (!is_namespaced && has(rule, "nonResourceURLs")))
}
