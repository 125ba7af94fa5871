//! Checks of environment variables, and of secrets among the settings.

use super::check::{Check, Fault, Outcome};
use super::facts::Facts;

pub(super) const UNKNOWN: Check = Check {
    name: "variables",
    about: "Each variable that begins with `KUBESESAME_` belongs to a flag, and no variable is set that some pages name and nothing \
            reads (`KUBECTL_OIDC_…`, `KUBELOGIN_…`). No call is answered on the fast path beside an unknown variable of ours, since it may be a \
            secret under a wrong name.",
    fix: "Correct the name, or unset the variable. The variable of a flag is its name in capitals: `--oidc-issuer-url` is \
             `KUBESESAME_OIDC_ISSUER_URL`.",
    run: unknown_variables,
};

pub(super) const INLINE_SECRETS: Check = Check {
    name: "inline-secrets",
    about: "No client secret, password or header is among the arguments or in a variable, where other programs can see it. Without one, \
            calls can also be answered on the fast path.",
    fix: "Keep the secret in a private file: `--oidc-client-secret-file`, `--password-file`. `kubesesame kubeconfig convert \
             --secret-to-file` does it for entries of kubelogin. A native app needs no secret.",
    run: inline_secrets,
};

fn unknown_variables(facts: &Facts) -> Outcome {
    let dead = facts
        .dead_variables
        .iter()
        .map(|name| format!("nothing reads the variable {name}"));
    let all: Vec<String> = facts.unknown_variables.iter().cloned().chain(dead).collect();
    if all.is_empty() {
        return Outcome::Passed("all are known".to_owned());
    }
    Outcome::Warning(Fault::new(
        all.join("; "),
        "correct the name, or unset the variable",
    ))
}

fn inline_secrets(facts: &Facts) -> Outcome {
    if facts.settings.is_none() {
        return Outcome::Skipped("no user is known");
    }
    if facts.has_inline_secret {
        return Outcome::Warning(Fault::new(
            "a secret is among the arguments or in a variable, so other programs can see it, and no call is answered on the fast path",
            "keep it in a private file: --oidc-client-secret-file, --password-file",
        ));
    }
    Outcome::Passed("no secret is among the arguments".to_owned())
}
