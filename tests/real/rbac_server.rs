//! The RBAC of a real API server: policies are stored in it, and it answers `SubjectAccessReview`s.
//!
//! Its authorizer sees a policy a moment after it was stored. So a marker is stored last of each kind, and what the caches have of it is
//! asked for until it is there: they receive the objects of a kind in the order in which they were stored.

use std::{fs, sync::Arc, time::Duration};

use okta::MockOkta;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, task::JoinSet};
use url::Url;

use crate::{
    cluster::{ADMIN_TOKEN, Cluster},
    parts,
    process::wait_for,
    rbac_random::{NAMESPACES_OF_SERVER, VERSION},
    user,
};

/// Requests at once. More are not faster.
const LANES: usize = 8;
const LABEL: &str = "kubesesame-test";
const TYPES: [(&str, &str); 4] = [
    ("ClusterRole", "clusterroles"),
    ("ClusterRoleBinding", "clusterrolebindings"),
    ("Role", "roles"),
    ("RoleBinding", "rolebindings"),
];

/// A method, the segments of a path, and a body.
type Call = (Method, Vec<String>, Option<Value>);

pub(crate) struct RbacServer {
    runtime: Runtime,
    api: Arc<Api>,
    stored: Vec<Vec<String>>,
    /// How many policies were stored.
    generation: usize,
    cluster: Cluster,
    _okta: MockOkta,
}

struct Api {
    client: Client,
    base: Url,
}

impl Api {
    async fn call(&self, (method, path, body): Call) -> (u16, Value) {
        let segments: Vec<String> = path.iter().map(|segment| encoded(segment)).collect();
        let path = format!("/{}", segments.join("/"));
        let url = self.base.join(&path).unwrap();
        let mut request = self.client.request(method, url).bearer_auth(ADMIN_TOKEN);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }
}

impl RbacServer {
    pub(crate) fn start(name: &str) -> Self {
        let okta = user::okta();
        let cluster = Cluster::start(&okta, "sub", &parts::folder(&format!("logs/{name}")));
        let address = cluster.address();
        let trusted = fs::read(&address.certificate_authority).unwrap();
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only(Certificate::from_pem_bundle(&trusted).unwrap())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let server = Self {
            runtime: Runtime::new().unwrap(),
            api: Arc::new(Api {
                client,
                base: address.server.parse().unwrap(),
            }),
            stored: Vec::new(),
            generation: 0,
            cluster,
            _okta: okta,
        };
        server.create_namespaces(NAMESPACES_OF_SERVER.into_iter());
        server
    }

    /// Creates the namespaces of objects.
    pub(crate) fn ensure_namespaces(&self, objects: &[Value]) {
        self.create_namespaces(
            objects
                .iter()
                .filter_map(|object| object["metadata"]["namespace"].as_str()),
        );
    }

    fn create_namespaces<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let create = |name: &str| {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            (Method::POST, words(&["api", "v1", "namespaces"]), Some(body))
        };
        for (status, answer) in self.calls(names.map(create).collect()) {
            assert!(matches!(status, 201 | 409), "{answer}");
        }
    }

    /// Returns roles and bindings as kubectl prints them, in one of its formats.
    pub(crate) fn printed(&self, format: &str) -> String {
        let kinds = TYPES.map(|(_, plural)| plural).join(",");
        let printed = self.cluster.admin().run(&["get", &kinds, "-A", "-o", format]);
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        printed.stdout
    }

    /// Returns the lists of what the API server has stored of itself, each as it sends it.
    pub(crate) fn own_policy(&self) -> Vec<String> {
        let list = |(_, plural): (&str, &str)| (Method::GET, rbac_path("", plural), None);
        let answers = self.calls(TYPES.into_iter().map(list).collect());
        answers.into_iter().map(|(_, list)| list.to_string()).collect()
    }

    /// Makes the calls, several at a time, and returns status and answer of each in their order.
    fn calls(&self, calls: Vec<Call>) -> Vec<(u16, Value)> {
        let mut lanes: Vec<Vec<(usize, Call)>> = vec![Vec::new(); LANES];
        for (at, call) in calls.into_iter().enumerate() {
            lanes[at % LANES].push((at, call));
        }
        let mut answers = self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for lane in lanes {
                let api = Arc::clone(&self.api);
                tasks.spawn(async move {
                    let mut answers = Vec::new();
                    for (at, call) in lane {
                        answers.push((at, api.call(call).await));
                    }
                    answers
                });
            }
            tasks.join_all().await.concat()
        });
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Stores objects beside those that are there, and waits until the authorizer has them. Returns whether all are valid; if one is
    /// not, the others stay.
    pub(crate) fn add(&mut self, objects: &[Value]) -> bool {
        let are_valid = self.store(objects);
        self.generation += 1;
        let [cluster, namespaced] =
            ["", NAMESPACES_OF_SERVER[0]].map(|namespace| marker(self.generation, namespace));
        assert!(self.store(&[cluster.as_slice(), &namespaced].concat()));
        let seen = ["", NAMESPACES_OF_SERVER[0]].map(|namespace| {
            json!({"user": marker_name(self.generation, namespace), "groups": [], "verb": "see", "group": "marker", "resource": "markers",
                "subresource": "", "name": "", "namespace": namespace})
        });
        wait_for("policy in the caches of the authorizer", || {
            self.review(&seen)
                .iter()
                .all(|answer| answer["allowed"] == true)
                .then_some(())
        });
        are_valid
    }

    fn store(&mut self, objects: &[Value]) -> bool {
        let create = |object: &Value| {
            let mut object = object.clone();
            object["metadata"]["labels"] = json!({LABEL: "1"});
            (Method::POST, path_of(&object), Some(object))
        };
        let answers = self.calls(objects.iter().map(create).collect());
        for (object, (status, answer)) in objects.iter().zip(&answers) {
            assert!(matches!(status, 201 | 422), "{object} {answer}");
            if *status == 201 {
                let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                self.stored.push([path_of(object), vec![name]].concat());
            }
        }
        answers.iter().all(|(status, _)| *status == 201)
    }

    /// Removes what was stored after the first `keep` objects. What is added next waits until that is known too.
    pub(crate) fn remove_to(&mut self, keep: usize) {
        let removed = self.stored.split_off(keep);
        let delete = |path| (Method::DELETE, path, None);
        for (status, answer) in self.calls(removed.into_iter().map(delete).collect()) {
            assert_eq!(status, 200, "{answer}");
        }
    }

    pub(crate) fn stored_count(&self) -> usize {
        self.stored.len()
    }

    /// Returns what the API server decides, each as `allowed` and `reason`.
    pub(crate) fn review(&self, questions: &[Value]) -> Vec<Value> {
        let call = |question: &Value| {
            let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec(question)});
            let path = words(&["apis", "authorization.k8s.io", "v1", "subjectaccessreviews"]);
            (Method::POST, path, Some(review))
        };
        let answers = self.calls(questions.iter().map(call).collect());
        let decisions = answers.into_iter().map(|(status, answer)| {
            assert_eq!(status, 201, "{answer}");
            let answer = &answer["status"];
            json!({"allowed": answer["allowed"], "reason": answer["reason"].as_str().unwrap_or_default()})
        });
        decisions.collect()
    }
}

/// Returns a segment of a path with all but letters, digits and `-` as `%XX`: names of roles have tabs, which `Url` drops.
fn encoded(segment: &str) -> String {
    let mut encoded = String::new();
    for byte in segment.bytes() {
        match byte {
            b'-' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            byte => {
                let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
                encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    encoded
}

fn spec(question: &Value) -> Value {
    let mut spec = json!({"user": question["user"], "groups": question["groups"]});
    if question["path"].is_string() {
        spec["nonResourceAttributes"] = json!({"path": question["path"], "verb": question["verb"]});
        return spec;
    }
    let fields = ["verb", "group", "resource", "subresource", "name", "namespace"];
    spec["resourceAttributes"] = fields
        .into_iter()
        .map(|field| {
            (
                field.to_owned(),
                json!(question[field].as_str().unwrap_or_default()),
            )
        })
        .collect();
    spec
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn rbac_path(namespace: &str, plural: &str) -> Vec<String> {
    let mut path = words(&["apis", "rbac.authorization.k8s.io", "v1"]);
    if !namespace.is_empty() {
        path.extend(words(&["namespaces", namespace]));
    }
    path.push(plural.to_owned());
    path
}

fn path_of(object: &Value) -> Vec<String> {
    let (_, plural) = TYPES
        .into_iter()
        .find(|(kind, _)| object["kind"] == *kind)
        .unwrap();
    rbac_path(
        object["metadata"]["namespace"].as_str().unwrap_or_default(),
        plural,
    )
}

/// Each scope has a marker of its own, since what the cluster's grants holds in every namespace.
fn marker_name(generation: usize, namespace: &str) -> String {
    format!("marker-{generation}{namespace}")
}

/// Returns a role and its binding that grant something that nothing else is about.
fn marker(generation: usize, namespace: &str) -> [Value; 2] {
    let name = marker_name(generation, namespace);
    let (role, binding) = if namespace.is_empty() {
        ("ClusterRole", "ClusterRoleBinding")
    } else {
        ("Role", "RoleBinding")
    };
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    [
        json!({"apiVersion": VERSION, "kind": role, "metadata": metadata,
            "rules": [{"verbs": ["see"], "apiGroups": ["marker"], "resources": ["markers"]}]}),
        json!({"apiVersion": VERSION, "kind": binding, "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
            "subjects": [{"kind": "User", "name": name}]}),
    ]
}
