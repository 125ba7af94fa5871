//! Checks of the kubeconfig files: there is one, it can be read, its context leads to a user and a cluster.

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, KubeconfigFacts};
use crate::untrusted_text::UntrustedText;

pub(super) const NO_ENTRY: &str = "the settings come from flags";
const NO_KUBECONFIG: &str = "there is no kubeconfig that can be read";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "kubeconfig",
        about: "The files of `--kubeconfig`, of `KUBECONFIG`, or `~/.kube/config` exist and can be read. One broken file is enough \
                for kubectl to refuse all of them.",
        fix: "Correct the file at the line that is named, or take it out of `KUBECONFIG`. `kubesesame setup` shows how to \
                 write a new one.",
        run: files,
    },
    Check {
        name: "context",
        about: "The context that is meant (`--context`, or the current one) exists and leads to a user and a cluster.",
        fix: "`kubectl config get-contexts` lists the contexts; `kubectl config use-context NAME` chooses one, and `kubectl \
                 config set-context NAME --user=USER --cluster=CLUSTER` corrects one.",
        run: context,
    },
    Check {
        name: "kubeconfig-mode",
        about: "A kubeconfig with tokens, keys or passwords in it cannot be read by other users of this machine.",
        fix: "`chmod go-r FILE`. Better, keep no secret in it: kubesesame's entry needs none.",
        run: mode,
    },
];

fn files(facts: &Facts) -> Outcome {
    let Some(kubeconfig) = &facts.kubeconfig else {
        return Outcome::Skipped(NO_ENTRY);
    };
    let files = match &kubeconfig.files {
        Ok(files) => files,
        Err(problem) => return Outcome::Failure(Fault::of("there is no kubeconfig", problem)),
    };
    if let Some((file, problem)) = files.iter().find_map(|file| Some((file, file.problem.as_ref()?))) {
        let summary = format!("`{}` cannot be used, so kubectl refuses to work", file.name);
        return Outcome::Failure(Fault::of(summary, problem));
    }
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    Outcome::Passed(names.join(", "))
}

fn context(facts: &Facts) -> Outcome {
    let Some(kubeconfig) = &facts.kubeconfig else {
        return Outcome::Skipped(NO_ENTRY);
    };
    if kubeconfig.files.is_err()
        || kubeconfig.entries.users.is_empty() && !kubeconfig.entries.broken.is_empty()
    {
        return Outcome::Skipped(NO_KUBECONFIG);
    }
    match described(kubeconfig) {
        Ok(text) => Outcome::PassedNotable(text),
        Err(fault) => Outcome::Failure(fault),
    }
}

fn described(kubeconfig: &KubeconfigFacts) -> Result<String, Fault> {
    let selection = kubeconfig.selection()?;
    let user = UntrustedText::with_limit(&selection.user.name, 60);
    let Some(context) = selection.context else {
        return Ok(format!("user `{user}`, of no context"));
    };
    let name = UntrustedText::with_limit(&context.name, 60);
    let cluster = context.cluster.as_deref().unwrap_or_default();
    if kubeconfig.entries.cluster(cluster).is_none() {
        let summary = match cluster {
            "" => format!("the context `{name}` names no cluster"),
            cluster => format!(
                "the context `{name}` names the cluster `{}`, which does not exist",
                UntrustedText::with_limit(cluster, 60)
            ),
        };
        return Err(Fault::new(
            summary,
            format!(
                "kubectl config set-context {} --cluster=CLUSTER{}",
                crate::files::quoted(&context.name),
                kubeconfig.kubeconfig_flag
            ),
        ));
    }
    Ok(format!("context `{name}`, user `{user}`"))
}

fn mode(facts: &Facts) -> Outcome {
    let Some(kubeconfig) = &facts.kubeconfig else {
        return Outcome::Skipped(NO_ENTRY);
    };
    let Ok(files) = &kubeconfig.files else {
        return Outcome::Skipped(NO_KUBECONFIG);
    };
    let open = files
        .iter()
        .filter(|file| file.has_secret)
        .find_map(|file| Some((file, file.readable_by_others?)));
    match open {
        Some((file, mode)) => Outcome::Warning(Fault::new(
            format!(
                "`{}` has secrets in it, and other users can read it (mode {mode:04o})",
                file.name
            ),
            format!("chmod go-r {}", file.quoted),
        )),
        None => Outcome::Passed("no secret in it can be read by others".to_owned()),
    }
}
