//! Verb, resource and name as a person types them for kubectl.

use super::command::{Command, Part, VERBS};
use super::resources::Known;
use super::{DEFAULT_NAMESPACE, Fault, Question, Typed, groups_in_rules, incomplete};
use crate::rbac::policy::model::Policy;
use crate::rbac::policy::request::{Request, ResourceTarget, Target};

pub(super) struct Words<'a> {
    pub(super) verb: &'a str,
    pub(super) rest: &'a [String],
    pub(super) is_api_verb: bool,
}

/// A resource, in no namespace yet.
struct Named {
    target: ResourceTarget,
    known: Option<&'static Known>,
}

impl Words<'_> {
    pub(super) fn understand(&self, typed: &Typed<'_>, policy: &Policy) -> Result<Question, Fault> {
        let mut question = Question {
            requests: Vec::new(),
            notes: Vec::new(),
            user: None,
        };
        let command = Command::find(self.verb).filter(|_| !self.is_api_verb);
        self.note_unknown_verb(command, &mut question);
        let words = match command {
            Some(command) => command.objects(self.rest),
            None => self.rest.iter().map(String::as_str).collect(),
        };
        let (resources, name) = match (
            words.as_slice(),
            command.and_then(|command| command.default_resource),
        ) {
            ([name], Some(resource)) if !name.contains('/') => (vec![resource], Some(*name)),
            ([resources], _) => (resources.split(',').collect(), None),
            // `pod/web svc/api`
            (several, _) if several.iter().all(|word| word.contains('/')) => (several.to_vec(), None),
            ([resources, name], _) => (resources.split(',').collect(), Some(*name)),
            _ => {
                return Err(Fault {
                    problem: format!(
                        "`{}` is more than a verb, a resource and a name",
                        self.rest.join(" ")
                    ),
                    hint: "write one name; quote a line that was copied".to_owned(),
                });
            }
        };
        for resource in resources.into_iter().filter(|resource| !resource.is_empty()) {
            let mut named = read_resource(resource, typed.subresource, policy, &mut question.notes);
            if let Some(name) = name {
                name.clone_into(&mut named.target.name);
            }
            match typed.namespace {
                // Who writes a RoleBinding is asked for `bind` in its namespace, whatever the role.
                Some(namespace) if self.verb == "bind" => namespace.clone_into(&mut named.target.namespace),
                Some(_) | None => place(&mut named, typed, &mut question.notes),
            }
            self.add_requests(&named, typed, command, &mut question);
        }
        // `,` alone
        if question.requests.is_empty() {
            return Err(incomplete());
        }
        Ok(question)
    }

    fn note_unknown_verb(&self, command: Option<&Command>, question: &mut Question) {
        if command.is_some() || VERBS.contains(&self.verb) || self.verb.contains(':') {
            return;
        }
        let known = VERBS.into_iter().chain(Command::names());
        let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(known, self.verb));
        let nearest = nearest.filter(|nearest| strsim::damerau_levenshtein(nearest, self.verb) <= 2);
        let suggestion = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
        question.notes.push(format!(
            "`{}` is no verb of Kubernetes, and is asked as it is{suggestion}",
            self.verb
        ));
    }

    fn add_requests(
        &self,
        named: &Named,
        typed: &Typed<'_>,
        command: Option<&Command>,
        question: &mut Question,
    ) {
        let command = command.map(|command| command.for_resource(&named.target.resource));
        let mut add = |verb: &str, mut target: ResourceTarget| {
            // The API server does not look for a name in these.
            if matches!(verb, "create" | "deletecollection") && target.subresource.is_empty() {
                target.name.clear();
            }
            question.requests.push(Request {
                verb: verb.to_owned(),
                target: Target::Resource(target),
            });
        };
        let target = &named.target;
        if let Some(command) = command {
            for (verb, part) in command.requests {
                let mut target = target.clone();
                // Without a name, all of them are looked at.
                let verb = match (*verb, part) {
                    ("get", Part::Typed) if target.name.is_empty() => "list",
                    (verb, _) => verb,
                };
                match part {
                    Part::Typed => {}
                    Part::Subresource(subresource) => (*subresource).clone_into(&mut target.subresource),
                    Part::Other(resource, subresource) => {
                        target = ResourceTarget {
                            resource: (*resource).to_owned(),
                            subresource: (*subresource).to_owned(),
                            namespace: if command.name == "debug" {
                                of_pods(named, typed)
                            } else {
                                target.namespace
                            },
                            ..ResourceTarget::default()
                        };
                    }
                }
                add(verb, target);
            }
            question.notes.extend(command.note.map(str::to_owned));
            return;
        }
        let is_get = self.verb == "get" && !self.is_api_verb && target.subresource.is_empty();
        match (is_get, typed.watch) {
            (true, true) => {
                add("list", target.clone());
                add("watch", target.clone());
            }
            (true, false) if target.name.is_empty() => {
                add("list", target.clone());
                question.notes.push(
                    "`kubectl get` without a name asks for `list`; for the verb `get`: --api-verb".to_owned(),
                );
            }
            (true | false, _) => add(self.verb, target.clone()),
        }
    }
}

/// Reads `po`, `deploy.apps`, `deployments.v1.apps`, `pods/exec`, `pods/web-1`.
fn read_resource(text: &str, subresource: Option<&str>, policy: &Policy, notes: &mut Vec<String>) -> Named {
    let (resource, rest) = text
        .split_once('/')
        .map_or((text, None), |(resource, rest)| (resource, Some(rest)));
    let (name, group) = match resource.split_once('.') {
        None => (resource, None),
        Some((name, group)) => {
            // `deployments.v1.apps`
            let version = group.split_once('.').filter(|(version, _)| is_version(version));
            (name, Some(version.map_or(group, |(_, group)| group)))
        }
    };
    let known = Known::find(name, group);
    let group = match (known, group) {
        (Some(known), _) => known.group.to_owned(),
        (None, Some(group)) => group.to_owned(),
        (None, None) => group_of_unknown(name, policy, notes),
    };
    let mut target = ResourceTarget {
        group,
        resource: known.map_or_else(|| name.to_owned(), |known| known.plural.to_owned()),
        subresource: subresource.unwrap_or_default().to_owned(),
        ..ResourceTarget::default()
    };
    if let Some(rest) = rest {
        let (first, second) = rest.split_once('/').unwrap_or((rest, ""));
        let is_subresource = known.is_none_or(|known| known.has_subresource(first))
            || policy
                .names
                .find(&format!("{}/{first}", target.resource))
                .is_some();
        if !second.is_empty() {
            first.clone_into(&mut target.name);
            second.clone_into(&mut target.subresource);
        } else if is_subresource && subresource.is_none() {
            first.clone_into(&mut target.subresource);
        } else {
            first.clone_into(&mut target.name);
        }
    }
    Named { target, known }
}

/// Returns the namespace in which `kubectl debug` makes a pod.
fn of_pods(named: &Named, typed: &Typed<'_>) -> String {
    let is_of_cluster = named.known.is_some_and(|known| !known.is_namespaced);
    if !is_of_cluster {
        return named.target.namespace.clone();
    }
    typed.namespace.unwrap_or_default().to_owned()
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns the group of a resource that is not of Kubernetes itself: that of the rules that name it.
fn group_of_unknown(name: &str, policy: &Policy, notes: &mut Vec<String>) -> String {
    if name == "*" {
        return "*".to_owned();
    }
    let groups = groups_in_rules(policy, name);
    if let [group] = groups.as_slice() {
        return group.clone();
    }
    let nearest = Known::plurals().find(|known| strsim::damerau_levenshtein(known, name) <= 2);
    notes.push(match (groups.as_slice(), nearest) {
        ([], Some(nearest)) => {
            format!("`{name}` is not known, and is asked as it is; did you mean `{nearest}`?")
        }
        ([], None) => {
            format!("`{name}` is not known, and is asked in the core group; name its group: {name}.GROUP")
        }
        (groups, _) => format!(
            "rules name `{name}` in several groups, and it is asked in the core group; name one: {}",
            groups.join(", ")
        ),
    });
    String::new()
}

/// Says which namespace is meant where none was named.
pub(crate) fn default_note(namespace: &str) -> String {
    format!("the namespace is `{namespace}`; for another: -n NAME, for all: -A")
}

/// Sets the namespace of a request.
fn place(named: &mut Named, typed: &Typed<'_>, notes: &mut Vec<String>) {
    let target = &mut named.target;
    if target.resource == "namespaces" && target.group.is_empty() {
        // A request for one namespace is made in it.
        target.namespace.clone_from(&target.name);
        return;
    }
    match named.known {
        Some(known) if !known.is_namespaced => {
            if let Some(namespace) = typed.namespace {
                notes.push(format!(
                    "{} belong to the cluster, so `-n {namespace}` is left out, as kubectl does",
                    known.plural
                ));
            }
        }
        Some(_) | None if typed.all_namespaces => {}
        Some(_) => {
            let of_context = typed.context_namespace.unwrap_or(DEFAULT_NAMESPACE);
            let namespace = typed.namespace.unwrap_or(of_context);
            if typed.namespace.is_none() {
                notes.push(default_note(of_context));
            }
            namespace.clone_into(&mut target.namespace);
        }
        // Whether it has a namespace is not known, so what was said counts.
        None => typed
            .namespace
            .unwrap_or_default()
            .clone_into(&mut target.namespace),
    }
}
