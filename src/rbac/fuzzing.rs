//! Entry point for the fuzzer of policies. See `crate::fuzzing`.

use super::policy::evaluate::decide;
use super::policy::load::yaml_lines::is_known_and_equal;
use super::policy::load::{Fault, Loaded, Loader};
use super::policy::model::Policy;
use super::policy::request::{Request, ResourceTarget, Target, User};

/// The text of a policy: reading it once and twice, both readers of YAML, and a question for each subject and role.
///
/// # Panics
/// If a rule of the reader is broken.
pub fn rbac_policy(data: &[u8]) {
    // A file that is not UTF-8 is refused before it is read.
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let _is_known = is_known_and_equal(text);
    let loaded = match read(&[text]) {
        Ok(loaded) => loaded,
        Err(fault) => {
            // A text without an end ends in the line after the last.
            assert!(
                (1..=text.matches(['\n', '\r']).count() + 2).contains(&fault.line),
                "{fault:?}"
            );
            assert_eq!(read(&[text]).err(), Some(fault));
            return;
        }
    };
    let twice = read(&[text, text]).expect("it is readable once");
    assert_eq!((twice.read, twice.skipped), (loaded.read * 2, loaded.skipped * 2));
    assert_eq!(twice.policy.roles.len(), loaded.policy.roles.len());
    assert!(loaded.read >= loaded.policy.roles.len());
    ask(&loaded.policy);
}

fn read(texts: &[&str]) -> Result<Loaded, Fault> {
    let mut loader = Loader::default();
    for (file, text) in (0..).zip(texts) {
        loader.read(file, text)?;
    }
    Ok(loader.finish())
}

/// Asks for the first verb and resource of each rule, for each subject of each binding.
fn ask(policy: &Policy) {
    let text = |list| policy.names.texts(list).next().unwrap_or_default().to_owned();
    for rule in policy.roles.iter().flat_map(|role| &role.rules).take(8) {
        let target = ResourceTarget {
            group: text(rule.groups),
            resource: text(rule.resources),
            namespace: "default".to_owned(),
            ..ResourceTarget::default()
        };
        let request = Request {
            verb: text(rule.verbs),
            target: Target::Resource(target),
        };
        for subject in policy
            .bindings
            .iter()
            .flat_map(|binding| &binding.subjects)
            .take(8)
        {
            let name = policy.text(subject.name).to_owned();
            let user = User {
                groups: vec![name.clone()],
                name,
            };
            let decision = decide(policy, &user, &request);
            assert!(!decision.is_allowed || decision.reason.starts_with("RBAC: allowed by "));
        }
    }
}
