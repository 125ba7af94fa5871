//! `cluster tune`: prints what settings for speed do.

use clap::Args;
use serde_json::{Value, json};

use super::error::Error;
use crate::cli::OutputFormat;
use crate::cluster::description::KubernetesVersion;
use crate::cluster::tune::{self, Advice, CLIENT_LINES, CLIENT_WORTH, FLAGS, NEWEST};
use crate::structured;
use crate::ui::Ui;
use crate::wrapped_text::wrapped;

pub(super) const ABOUT: &str = "\
Say what settings that are recommended for speed do, and which are worth setting

A widely copied list of twelve flags of kube-apiserver, and its lines for the
kubeconfig. Nothing is changed.

Examples:
  kubesesame cluster tune --kubernetes-version=1.35";

#[derive(Debug, Args)]
pub(super) struct TuneArgs {
    /// Version of Kubernetes, such as 1.34 [default: 1.36]
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<String>,

    /// For programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<OutputFormat>,
}

/// # Errors
/// If the version is none.
pub(super) fn run(args: &TuneArgs) -> Result<(), Error> {
    let version = args.kubernetes_version.as_deref().map(|text| {
        KubernetesVersion::parse(text).ok_or_else(|| Error::Flag {
            flag: "kubernetes-version",
            value: text.to_owned(),
            form: "a version such as 1.34",
        })
    });
    let version = version.transpose()?.unwrap_or(NEWEST);
    let text = match args.output {
        Some(format) => structured::document(&document(version), format),
        None => lines(version),
    };
    Ui::information(&text).map_err(Error::Output)
}

fn document(version: KubernetesVersion) -> Value {
    let flags: Vec<Value> = FLAGS
        .iter()
        .map(|flag| {
            json!({
                "flag": flag.name,
                "value": flag.value,
                "default": flag.default(version),
                "effect": flag.effect.name(),
                "reason": flag.reason,
                "instead": flag.instead,
            })
        })
        .collect();
    let advice = |advice: &Advice| json!({ "setting": advice.setting, "when": advice.when });
    let client: Vec<Value> = CLIENT_LINES
        .iter()
        .map(|line| json!({ "line": line.line, "what": line.what }))
        .collect();
    json!({
        "kubernetes": version.to_string(),
        "flags": flags,
        "worthSetting": tune::advice(version).into_iter().map(advice).collect::<Vec<_>>(),
        "kubeconfig": client,
        "worthSettingInKubeconfig": CLIENT_WORTH.iter().map(advice).collect::<Vec<_>>(),
    })
}

const INDENT: usize = 4;

fn lines(version: KubernetesVersion) -> String {
    let mut parts = vec![format!(
        "Flags of kube-apiserver {version}: {} of {} change anything\n",
        tune::changing(),
        FLAGS.len()
    )];
    for flag in &FLAGS {
        parts.push(format!(
            "\n{:<8} --{}={}\n",
            flag.effect.name(),
            flag.name,
            flag.value
        ));
        parts.push(paragraph(&format!(
            "default {}: {}",
            flag.default(version),
            flag.reason
        )));
        parts.push(paragraph(&format!("instead: {}", flag.instead)));
    }
    parts.push("\nWorth setting\n".to_owned());
    for advice in tune::advice(version) {
        parts.push(entry(advice.setting, advice.when));
    }
    parts.push("\nThe kubeconfig of the same list\n".to_owned());
    for line in &CLIENT_LINES {
        parts.push(entry(line.line, line.what));
    }
    parts.push("\nWorth setting in a kubeconfig\n".to_owned());
    for advice in &CLIENT_WORTH {
        parts.push(entry(advice.setting, advice.when));
    }
    parts.push(notes(version));
    parts.concat()
}

fn entry(name: &str, what: &str) -> String {
    format!("\n{name}\n{}", paragraph(what))
}

fn paragraph(text: &str) -> String {
    format!("{:INDENT$}{}\n", "", wrapped(text, INDENT, INDENT))
}

fn notes(version: KubernetesVersion) -> String {
    let kubeadm = if version.minor < 37 {
        "The list is for kubeadm.k8s.io/v1beta3, which kubeadm refuses from 1.37 on: v1beta4 (1.31) has `extraArgs` as a list of name and value."
    } else {
        "The list is for kubeadm.k8s.io/v1beta3, which kubeadm refuses since 1.37: v1beta4 has `extraArgs` as a list of name and value."
    };
    let others = [
        kubeadm,
        "Its --oidc-* flags have no prefixes: a group `system:masters` of the provider is administrator of the cluster.",
        "Managed control planes (EKS, GKE, AKS) take none of the flags.",
    ];
    let notes = others.map(|note| wrapped(note, 0, 0) + "\n");
    format!("\n{}", notes.concat())
}
