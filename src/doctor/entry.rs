//! Checks of the user's entry: who brings its credential, and whether kubectl can run it as it is.

use super::check::{Check, Fault, Outcome};
use super::facts::{CommandFacts, Facts, KubeconfigFacts};
use super::kubeconfig::NO_ENTRY;
use super::variables;
use crate::files::{quoted, shown};
use crate::kubeconfig::{EntrySource, ExecEntry, PluginPolicy, shown_command};
use crate::untrusted_text::UntrustedText;

const NO_USER: &str = "no user is known";
const NOT_OURS: &str = "the user is not signed in by kubesesame";
const CORRECT_VERSION: &str = "set `apiVersion: client.authentication.k8s.io/v1` in the user's `exec` entry";
const CORRECT_MODE: &str = "set `interactiveMode: IfAvailable` in the user's `exec` entry";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "credential",
        about: "The user's credential comes from kubesesame, and from nothing else. kubectl does not run a plugin for an entry that \
                also has a token, a certificate or a password. An entry for kubelogin works, and the wrapper `kubectl oidc-login` costs one more \
                process for each command; an allow-list of plugins cannot name it.",
        fix: "`kubesesame kubeconfig convert` rewrites entries of kubelogin and of `auth-provider`. Remove a second credential: `kubectl \
                 config unset users.NAME.token`.",
        run: credential,
    },
    Check {
        name: "api-version",
        about: "`apiVersion` of the entry is `client.authentication.k8s.io/v1`. kubectl has dropped v1alpha1, and v1beta1 is deprecated.",
        fix: "Set `apiVersion: client.authentication.k8s.io/v1`, and `interactiveMode: IfAvailable` with it.",
        run: api_version,
    },
    Check {
        name: "interactive-mode",
        about: "`interactiveMode` of the entry is `IfAvailable`. v1 requires the member. With `Never` nothing can be typed or pasted at a sign-in; \
                with `Always` kubectl does not run the plugin in scripts and pipes.",
        fix: "Set `interactiveMode: IfAvailable`.",
        run: interactive_mode,
    },
    Check {
        name: "command",
        about: "kubectl finds the program of the entry: a name on the `PATH`, or a path, which begins at the directory of the kubeconfig \
                if it is relative. If it is a kubesesame, it is the same file as the running one.",
        fix: "Put kubesesame on the `PATH`, or give its absolute path as `command`. Programs with windows, such as IDEs, often have another \
                 `PATH` than a shell.",
        run: command,
    },
    Check {
        name: "plugin-policy",
        about: "The kuberc (`~/.kube/kuberc`, kubectl 1.35 and newer) lets kubectl run the program of the entry. An invalid policy forbids all \
                plugins.",
        fix: "Add the program to `credentialPluginAllowlist`: `kubectl kuberc set --section credentialplugin --policy Allowlist \
                 --allowlist-entry command=kubesesame` (kubectl 1.36 and newer).",
        run: plugin_policy,
    },
    Check {
        name: "flags",
        about: "The arguments of the entry, its variables and those of the environment are accepted by `get-token`: no unknown flag, no \
                contradiction, an issuer and a client id.",
        fix: "Correct the argument that is named. `kubesesame get-token --help` lists the flags.",
        run: flags,
    },
    Check {
        name: "deprecated-flags",
        about: "No flag has a spelling that only old versions of kubelogin had.",
        fix: "Use the spelling that is named. The old one keeps working.",
        run: deprecated_flags,
    },
    variables::UNKNOWN,
    variables::INLINE_SECRETS,
];

fn exec_of(kubeconfig: &KubeconfigFacts) -> Result<&ExecEntry, Outcome> {
    let Ok(selection) = kubeconfig.selection() else {
        return Err(Outcome::Skipped(NO_USER));
    };
    match &selection.user.exec {
        Some(exec) if selection.user.source.is_supported() => Ok(exec),
        _ => Err(Outcome::Skipped(NOT_OURS)),
    }
}

/// Applies a check to the entry.
fn with_exec(facts: &Facts, check: impl FnOnce(&KubeconfigFacts, &ExecEntry) -> Outcome) -> Outcome {
    match &facts.kubeconfig {
        None => Outcome::Skipped(NO_ENTRY),
        Some(kubeconfig) => {
            exec_of(kubeconfig).map_or_else(|skipped| skipped, |exec| check(kubeconfig, exec))
        }
    }
}

fn credential(facts: &Facts) -> Outcome {
    let Some(kubeconfig) = &facts.kubeconfig else {
        return Outcome::Skipped(NO_ENTRY);
    };
    let Ok(selection) = kubeconfig.selection() else {
        return Outcome::Skipped(NO_USER);
    };
    let user = selection.user;
    let name = UntrustedText::with_limit(&user.name, 60);
    let flag = &kubeconfig.kubeconfig_flag;
    let convert =
        format!("kubesesame kubeconfig convert{flag} (with --dry-run it only shows the difference)");
    if let (true, Some(key)) = (user.source.is_supported(), user.other_credential) {
        return Outcome::Failure(Fault::new(
            format!("`{name}` also has `{key}`, so kubectl does not run kubesesame"),
            format!("kubectl config unset users.{}.{key}{flag}", quoted(&user.name)),
        ));
    }
    match &user.source {
        EntrySource::Unusable(why) => Outcome::Failure(
            Fault::new(
                format!("the entry of `{name}` cannot be used"),
                "correct it in the kubeconfig",
            )
            .because(why.clone()),
        ),
        EntrySource::AuthProvider => Outcome::Failure(Fault::new(
            format!("`{name}` is an `auth-provider`, which kubectl cannot sign in"),
            convert,
        )),
        EntrySource::Other => Outcome::Failure(
            Fault::new(
                format!("the credential of `{name}` does not come from kubesesame"),
                "choose another user or context (--user, --context), or: kubesesame setup",
            )
            .because(match &user.exec {
                Some(exec) => format!(
                    "it runs `{}`",
                    UntrustedText::with_limit(shown_command(&exec.command), 80)
                ),
                None => "it has no `exec` entry".to_owned(),
            }),
        ),
        EntrySource::Kubelogin { via_kubectl: true } => Outcome::Warning(Fault::new(
            format!(
                "`{name}` runs `kubectl oidc-login`: one more process for each command, which an allow-list cannot name"
            ),
            convert,
        )),
        EntrySource::Kubelogin { via_kubectl: false } => {
            Outcome::Warning(Fault::new(format!("`{name}` still runs kubelogin"), convert))
        }
        EntrySource::Kubesesame => Outcome::Passed("comes from kubesesame".to_owned()),
    }
}

fn api_version(facts: &Facts) -> Outcome {
    with_exec(facts, |_, exec| {
        let Some(version) = exec.api_version.as_deref().filter(|version| !version.is_empty()) else {
            return Outcome::Failure(Fault::new(
                "the entry has no `apiVersion`, so kubectl refuses it",
                CORRECT_VERSION,
            ));
        };
        match version.strip_prefix("client.authentication.k8s.io/") {
            Some("v1") => Outcome::Passed(version.to_owned()),
            Some("v1beta1") => {
                Outcome::Warning(Fault::new(format!("`{version}` is deprecated"), CORRECT_VERSION))
            }
            _ => Outcome::Failure(Fault::new(
                format!("kubectl knows no `{}`", UntrustedText::with_limit(version, 80)),
                CORRECT_VERSION,
            )),
        }
    })
}

fn interactive_mode(facts: &Facts) -> Outcome {
    with_exec(facts, |_, exec| {
        let is_v1 = exec.api_version.as_deref() == Some("client.authentication.k8s.io/v1");
        match exec.interactive_mode.as_deref() {
            Some("IfAvailable") => Outcome::Passed("IfAvailable".to_owned()),
            None if !is_v1 => Outcome::Passed("IfAvailable, by default".to_owned()),
            None => Outcome::Failure(Fault::new(
                "the entry has no `interactiveMode`, so kubectl refuses it",
                CORRECT_MODE,
            )),
            Some("Never") => Outcome::Warning(Fault::new(
                "with `Never`, nothing can be typed or pasted at a sign-in",
                CORRECT_MODE,
            )),
            Some("Always") => Outcome::Warning(Fault::new(
                "with `Always`, kubectl does not run the plugin in scripts and pipes",
                CORRECT_MODE,
            )),
            Some(mode) => Outcome::Failure(Fault::new(
                format!(
                    "kubectl knows no `interactiveMode: {}`",
                    UntrustedText::with_limit(mode, 40)
                ),
                CORRECT_MODE,
            )),
        }
    })
}

fn command(facts: &Facts) -> Outcome {
    with_exec(facts, |kubeconfig, exec| {
        let Some(found) = &kubeconfig.command else {
            return Outcome::Skipped("the program was not looked for");
        };
        let command = UntrustedText::with_limit(shown_command(&exec.command), 120);
        let is_path = exec.command.contains(['/', '\\']);
        match &found.file {
            None => {
                let this = &found.this_program;
                let (summary, fix) = if is_path {
                    (
                        format!("`{command}` is no program: there is no such file, or it cannot be run"),
                        format!("set `command: {this}` in the user's `exec` entry"),
                    )
                } else {
                    (
                        format!("there is no program `{command}` on the PATH"),
                        format!("put it on the PATH, or set `command: {this}` in the user's `exec` entry"),
                    )
                };
                let mut fault = Fault::new(summary, fix);
                fault.cause = exec
                    .install_hint
                    .as_deref()
                    .map(|hint| format!("the entry's `installHint` says: {}", UntrustedText::new(hint)));
                Outcome::Failure(fault)
            }
            Some(file) => found_command(exec, found, file),
        }
    })
}

fn found_command(exec: &ExecEntry, found: &CommandFacts, file: &std::path::Path) -> Outcome {
    let path = std::path::Path::new(&exec.command);
    let file_name = shown(file);
    if path.is_relative() && path.components().count() > 1 {
        return Outcome::Warning(Fault::new(
            format!(
                "`{}` begins at the directory of the kubeconfig, and moves with it",
                shown(path)
            ),
            format!("set `command: {}` in the user's `exec` entry", found.this_program),
        ));
    }
    // Programs of other names are not compared: kubectl as the wrapper, and kubelogin.
    let is_kubesesame = file.file_stem().is_some_and(|name| name == "kubesesame");
    if is_kubesesame && !found.is_this_program {
        return Outcome::Warning(
            Fault::new(
                format!("kubectl runs `{file_name}`, which is another kubesesame than this one"),
                "remove the one that is out of date",
            )
            .because(format!("this one is `{}`", found.this_program)),
        );
    }
    Outcome::PassedNotable(file_name.to_string())
}

fn plugin_policy(facts: &Facts) -> Outcome {
    with_exec(facts, |kubeconfig, exec| {
        let Some(file) = &kubeconfig.kuberc.file else {
            return Outcome::Passed("no kuberc restricts plugins".to_owned());
        };
        let command = UntrustedText::with_limit(shown_command(&exec.command), 80);
        let forbidden = |summary: String, fix: String| {
            Outcome::Failure(Fault::new(summary, fix).because(format!("`{file}` (kubectl 1.35 and newer)")))
        };
        match &kubeconfig.kuberc.policy {
            PluginPolicy::AllowAll => Outcome::Passed("all plugins may run".to_owned()),
            PluginPolicy::DenyAll => forbidden(
                "the policy `DenyAll` forbids all plugins".to_owned(),
                format!("set `credentialPluginPolicy: Allowlist` and list `command: {command}`"),
            ),
            PluginPolicy::Allowlist(_) if kubeconfig.kuberc.lists_command => {
                Outcome::Passed(format!("`{command}` is on the list"))
            }
            PluginPolicy::Allowlist(_) => forbidden(
                format!("the list of plugins does not have `{command}`"),
                format!("add `- command: {command}` to `credentialPluginAllowlist`"),
            ),
            PluginPolicy::Invalid(why) => forbidden(
                format!("the policy for plugins is invalid, so kubectl runs none: {why}"),
                "correct `credentialPluginPolicy` and `credentialPluginAllowlist`".to_owned(),
            ),
        }
    })
}

fn flags(facts: &Facts) -> Outcome {
    match &facts.settings {
        None => Outcome::Skipped(NO_USER),
        Some(Err(problem)) => Outcome::Failure(Fault::of("get-token refuses the settings", problem)),
        Some(Ok(settings)) => {
            let provider = &settings.sign_in.provider;
            let client = UntrustedText::with_limit(&provider.client_id, 60);
            Outcome::Passed(format!("accepted; client `{client}`"))
        }
    }
}

fn deprecated_flags(facts: &Facts) -> Outcome {
    let Some(Ok(settings)) = &facts.settings else {
        return Outcome::Skipped("the settings are not known");
    };
    match settings.sign_in.login.flag_notes.as_slice() {
        [] => Outcome::Passed("none".to_owned()),
        notes => Outcome::Warning(Fault::new(
            notes.join("; "),
            "use the new spelling, or leave the flag out, in the `args` of the user's `exec` entry",
        )),
    }
}
