//! Files that carry settings of an API server: its own configuration, the manifest of its pod, kubeadm's configuration, and those of an
//! identity provider of EKS; and network policies. Finds out which one a file is, and checks it.

use std::collections::BTreeSet;

use super::configuration;
use super::eks;
use super::flags::{self, Flag};
use super::network_policy;
use super::report::{FileReport, Finding, Severity};
use super::yaml::{self, Scalar, Value, ValueKind};

/// Checks the text of a file, whichever it is.
pub(crate) fn check_file(text: &str, minor: Option<u16>, disallowed: &BTreeSet<String>) -> FileReport {
    let documents = match yaml::read_all(text) {
        Ok(documents) => documents,
        Err(fault) if text.len() > configuration::MAX_BYTES => {
            return FileReport::refused("file", fault.line, format!("yaml: {}", fault.reason));
        }
        Err(_) => Vec::new(),
    };
    if documents.first().is_none_or(names_configuration) {
        return configuration::check(text, minor, disallowed);
    }
    let mut reports: Vec<FileReport> = documents
        .iter()
        .filter_map(|root| {
            pod(root)
                .or_else(|| kubeadm(root, minor))
                .or_else(|| eks::check(root))
        })
        .chain(network_policy::check(&documents))
        .collect();
    match reports.len() {
        0 if text.len() > configuration::MAX_BYTES => {
            let text = "there is nothing in it that can be checked".to_owned();
            FileReport::refused("file", None, text)
        }
        0 => configuration::check(text, minor, disallowed),
        1 => reports.remove(0),
        _ => {
            let kinds: Vec<String> = reports.iter().map(|report| report.kind.clone()).collect();
            let findings = reports.into_iter().flat_map(|report| report.findings).collect();
            FileReport {
                kind: kinds.join(", "),
                findings,
            }
        }
    }
}

pub(super) fn names_configuration(root: &Value) -> bool {
    let text = |name| root.get(name).and_then(Value::as_text).unwrap_or_default();
    text("kind") == "AuthenticationConfiguration"
        || text("apiVersion").starts_with("apiserver.config.k8s.io/")
}

/// Returns the flags of a kube-apiserver, in the manifest of its static pod or in kubeadm's configuration.
pub(super) fn flags_of(root: &Value) -> Option<Vec<Flag>> {
    if let Some(arguments) = pod_arguments(root) {
        return Some(read_items(&arguments));
    }
    kubeadm_version(root)?;
    let arguments = root.get("apiServer").and_then(|server| server.get("extraArgs"));
    Some(arguments.map_or_else(Vec::new, |arguments| {
        extra_arguments(arguments, &mut |_, _, _| {})
    }))
}

/// Returns the command and the arguments of kube-apiserver in the manifest of its pod.
fn pod_arguments(root: &Value) -> Option<Vec<&Value>> {
    let is_pod = root.get("kind").and_then(Value::as_text) == Some("Pod");
    let containers = root.get("spec").filter(|_| is_pod)?.get("containers")?.items();
    let mut arguments = containers.map(|container| {
        let of = |name| container.get(name).map(Value::items).into_iter().flatten();
        of("command").chain(of("args")).collect::<Vec<_>>()
    });
    arguments.find(|arguments| {
        let program = arguments.first().and_then(|program| program.as_text());
        program.is_some_and(|program| program.rsplit('/').next() == Some("kube-apiserver"))
    })
}

fn read_items(arguments: &[&Value]) -> Vec<Flag> {
    let texts: Vec<(String, usize)> = arguments
        .iter()
        .filter_map(|item| Some((meant(item)?, item.line)))
        .collect();
    let texts: Vec<(&str, usize)> = texts.iter().map(|(text, line)| (text.as_str(), *line)).collect();
    read_arguments(&texts)
}

/// The manifest of a static pod.
fn pod(root: &Value) -> Option<FileReport> {
    let arguments = pod_arguments(root)?;
    let mut findings: Vec<Finding> = arguments
        .iter()
        .filter(|item| item.as_text().is_none())
        .map(|item| no_text(item))
        .collect();
    findings.extend(flags::check(&read_items(&arguments)));
    Some(FileReport {
        kind: "static pod of kube-apiserver".to_owned(),
        findings,
    })
}

/// Returns an argument, also one that ends with a colon and has no quotes.
fn meant(item: &Value) -> Option<String> {
    let text = item.as_text().map(str::to_owned);
    text.or_else(|| item.entries().next().map(|(key, _)| format!("{key}:")))
}

/// An argument without quotes that ends with a colon, as prefixes do, is a mapping in YAML.
fn no_text(item: &Value) -> Finding {
    let text = match item.entries().next() {
        Some((key, _)) => format!(
            "in YAML `{key}:` is a mapping because of its colon, and kubelet refuses the manifest: put it in quotes"
        ),
        None => "an argument has to be a string: put it in quotes".to_owned(),
    };
    Finding {
        severity: Severity::Error,
        line: Some(item.line),
        field: "spec.containers[].command".to_owned(),
        text,
    }
}

/// Reads `--name=value` and `--name value`.
fn read_arguments(arguments: &[(&str, usize)]) -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut rest = arguments.iter().peekable();
    while let Some((argument, line)) = rest.next() {
        let Some(argument) = argument.strip_prefix("--") else {
            continue;
        };
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, value),
            None => match rest.next_if(|(next, _)| !next.starts_with("--")) {
                Some((value, _)) => (argument, *value),
                None => (argument, ""),
            },
        };
        flags.push(Flag {
            name: name.to_owned(),
            value: value.to_owned(),
            line: *line,
        });
    }
    flags
}

/// Returns the version of kubeadm's `ClusterConfiguration`.
fn kubeadm_version(root: &Value) -> Option<&str> {
    let version = root.get("apiVersion").and_then(Value::as_text)?;
    let is_meant = root.get("kind").and_then(Value::as_text) == Some("ClusterConfiguration");
    version.strip_prefix("kubeadm.k8s.io/").filter(|_| is_meant)
}

/// kubeadm's `ClusterConfiguration`.
fn kubeadm(root: &Value, minor: Option<u16>) -> Option<FileReport> {
    let version = kubeadm_version(root)?;
    let mut findings = Vec::new();
    let mut say = |severity, line, text: &str| {
        let field = "apiServer.extraArgs".to_owned();
        findings.push(Finding {
            severity,
            line: Some(line),
            field,
            text: text.to_owned(),
        });
    };
    if version == "v1beta3" {
        match minor {
            Some(37..) => say(
                Severity::Error,
                root.line,
                "kubeadm 1.37 and later does not read v1beta3: kubeadm config migrate of 1.36 writes v1beta4",
            ),
            Some(_) | None => say(
                Severity::Warning,
                root.line,
                "kubeadm.k8s.io/v1beta3 is deprecated, and kubeadm 1.37 does not read it: kubeadm config migrate writes v1beta4",
            ),
        }
    }
    let arguments = root.get("apiServer").and_then(|server| server.get("extraArgs"));
    let mut read = Vec::new();
    if let Some(arguments) = arguments {
        match (&arguments.kind, version) {
            (ValueKind::Map(_), "v1beta4") => say(
                Severity::Error,
                arguments.line,
                "in v1beta4 it is a list of {name, value}, and kubeadm does not read a map",
            ),
            (ValueKind::List(_), "v1beta3") => say(
                Severity::Error,
                arguments.line,
                "in v1beta3 it is a map, and kubeadm does not read a list",
            ),
            _ => {}
        }
        read = extra_arguments(arguments, &mut say);
    }
    findings.extend(flags::check(&read));
    Some(FileReport {
        kind: format!("ClusterConfiguration {version} of kubeadm"),
        findings,
    })
}

fn extra_arguments(arguments: &Value, say: &mut impl FnMut(Severity, usize, &str)) -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut add = |name: &str, value: Option<&Value>, line| match value.map(|value| &value.kind) {
        Some(ValueKind::Scalar(Scalar::Text(value))) => {
            if name.starts_with("--") {
                say(Severity::Error, line, "names of flags have no dashes here");
            }
            let name = name.trim_start_matches('-').to_owned();
            flags.push(Flag {
                name,
                value: value.clone(),
                line,
            });
        }
        Some(_) => say(
            Severity::Error,
            line,
            "a value has to be a string: put it in quotes",
        ),
        None => say(Severity::Error, line, "an argument has no value"),
    };
    match &arguments.kind {
        ValueKind::Map(pairs) => pairs
            .iter()
            .for_each(|(name, value)| add(name, Some(value), value.line)),
        ValueKind::List(items) => {
            for item in items {
                let name = item.get("name").and_then(Value::as_text).unwrap_or_default();
                add(name, item.get("value"), item.line);
            }
        }
        ValueKind::Scalar(_) => {}
    }
    flags
}

impl Value {
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Scalar(Scalar::Text(text)) => Some(text),
            ValueKind::Scalar(_) | ValueKind::List(_) | ValueKind::Map(_) => None,
        }
    }

    pub(super) fn items(&self) -> std::slice::Iter<'_, Self> {
        match &self.kind {
            ValueKind::List(items) => items.iter(),
            ValueKind::Scalar(_) | ValueKind::Map(_) => [].iter(),
        }
    }

    pub(super) fn entries(&self) -> std::slice::Iter<'_, (String, Self)> {
        match &self.kind {
            ValueKind::Map(pairs) => pairs.iter(),
            ValueKind::Scalar(_) | ValueKind::List(_) => [].iter(),
        }
    }
}
