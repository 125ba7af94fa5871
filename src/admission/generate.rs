//! The policies with their bindings, as a manifest.

use serde_json::{Map, Value, json};

use super::policy::{Match, Message, Policy, Rule, Rules};
use crate::cluster::authn::{GeneratedFile, Header};
use crate::kubeconfig;
use crate::rbac::generate::MANAGED_BY;

const API_VERSION: &str = "admissionregistration.k8s.io/v1";
const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "admission-policies");

/// What happens with a request that a policy is against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It passes; the person is warned, and the audit log tells.
    Warn,
    /// It passes, and the audit log tells.
    Audit,
    Deny,
}

impl Mode {
    /// `Deny` and `Warn` may not be together: the message would come twice.
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Warn => &["Warn", "Audit"],
            Self::Audit => &["Audit"],
            Self::Deny => &["Deny"],
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::Warn => {
                "nothing is refused yet: people see a warning, the audit log has validation.policy.admission.k8s.io/validation_failure, and the \
                 metric apiserver_validating_admission_policy_check_total counts. Next: --mode=deny"
            }
            Self::Audit => {
                "nothing is refused yet, and people see nothing: the audit log has validation.policy.admission.k8s.io/validation_failure, and the \
                 metric apiserver_validating_admission_policy_check_total counts. Next: --mode=warn, then --mode=deny"
            }
            Self::Deny => {
                "requests are refused from now on. --mode=warn of the same rules, applied again, makes warnings of the refusals"
            }
        }
    }
}

const WAY_BACK: &str = "no policy applies to policies, so whoever has the right by a role can always go back. Keep a way in that needs no provider";

/// The command that removes all of it.
pub(crate) const BACK: &[&str] = &[
    "kubectl delete validatingadmissionpolicybindings,validatingadmissionpolicies -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=admission-policies",
];

/// Says whom an apply stops, and whom it never does.
pub(crate) fn consequences(rules: &Rules, mode: Mode) -> Vec<String> {
    let mut said = match mode {
        Mode::Warn | Mode::Audit => vec!["nobody is stopped yet".to_owned()],
        Mode::Deny => rules.refusals(),
    };
    said.push(rules.scope.exempt());
    said.extend([mode.note(), WAY_BACK].map(str::to_owned));
    said
}

/// Returns the manifest, or `None` if there are no rules.
pub(crate) fn generate(rules: &Rules, mode: Mode) -> Option<GeneratedFile> {
    let policies = rules.policies();
    if policies.is_empty() {
        return None;
    }
    let objects = policies
        .iter()
        .flat_map(|policy| [definition(policy, rules), binding(policy, mode)]);
    let documents: Vec<String> = objects.map(|object| kubeconfig::yaml(&object)).collect();
    let header = Header {
        title: "Admission policies: which requests of people are refused",
        apply: &[
            "see whom it stops:  kubesesame admission test --identities=PEOPLE --filename=OBJECTS",
            "see what changes:   kubectl diff -f admission.yaml",
            "apply it:           kubectl apply --server-side -f admission.yaml",
        ],
        back: BACK,
    };
    Some(GeneratedFile {
        name: "admission.yaml",
        content: header.write(&notes(rules, mode)) + &documents.join("---\n"),
    })
}

fn metadata(policy: &Policy) -> Value {
    json!({ "name": policy.name, "labels": { MANAGED_BY.0: MANAGED_BY.1, PART_OF.0: PART_OF.1 } })
}

fn definition(policy: &Policy, rules: &Rules) -> Value {
    let mut conditions = rules.scope.conditions();
    if let Some((name, expression)) = policy.condition {
        conditions.push(json!({ "name": name, "expression": expression }));
    }
    let variables: Vec<Value> = policy
        .variables
        .iter()
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    let mut validation = json!({ "expression": policy.validation, "reason": "Forbidden" });
    match &policy.message {
        Message::Text(text) => validation["message"] = json!(text),
        Message::Expression(expression) => validation["messageExpression"] = json!(expression),
    }
    let mut spec = Map::new();
    spec.insert("failurePolicy".to_owned(), json!("Fail"));
    let matches: Vec<Value> = policy.matches.iter().map(Match::resource_rule).collect();
    spec.insert("matchConstraints".to_owned(), json!({ "resourceRules": matches }));
    spec.insert("matchConditions".to_owned(), json!(conditions));
    if !variables.is_empty() {
        spec.insert("variables".to_owned(), json!(variables));
    }
    spec.insert("validations".to_owned(), json!([validation]));
    json!({
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": metadata(policy),
        "spec": spec,
    })
}

fn binding(policy: &Policy, mode: Mode) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": metadata(policy),
        "spec": { "policyName": policy.name, "validationActions": mode.actions() },
    })
}

fn notes(rules: &Rules, mode: Mode) -> Vec<String> {
    let known = [
        (true, mode.note()),
        (true, WAY_BACK),
        (
            rules.scope.is_by_prefix(),
            "the rules are for users with the prefix of an issuer; components of Kubernetes, nodes, service accounts and certificates are out, and \
             so are system:masters, kubeadm:cluster-admins and the groups of break-glass",
        ),
        (
            !rules.scope.is_by_prefix(),
            "an issuer has no prefix of user names, so the rules are for everybody but users of the platform, system:masters, \
             kubeadm:cluster-admins and the groups of break-glass; name all others who have to pass in `admission.exemptUsers` and \
             `exemptGroups`, or set a prefix",
        ),
        (
            rules.has(Rule::RequiredGroups),
            "admission sees no reading: who is in none of the groups still reads what roles allow",
        ),
        (
            rules.has(Rule::SecretDeletion),
            "a Secret that is emptied is not deleted, and the history of Helm (helm.sh/release.v1) may be deleted: helm upgrade does it",
        ),
        (
            rules.has(Rule::RootPods),
            "root is what the Pod Security Standard `restricted` says: without runAsNonRoot the image decides, and that counts as root. Pods that \
             controllers make of other resources (custom ones) are not seen; the labels of Pod Security Admission are for those",
        ),
        (
            rules.has(Rule::RootPods) && !rules.counts_user_namespaces(),
            "`hostUsers: false` does not count before Kubernetes 1.35; from then on say so in `platform.kubernetes`",
        ),
        (
            true,
            "a rule that is taken out of the description stays in the cluster: go back first, then apply the rest",
        ),
    ];
    let said = known.into_iter().filter(|(applies, _)| *applies);
    said.map(|(_, note)| note.to_owned()).collect()
}
