//! The text that `setup` shows to people.
//!
//! Everything that is meant to be copied is in lines of its own, indented by two spaces, and complete.

use super::claims_table::{claims_table, list};
use super::facts::SetupFacts;
use crate::cli::PlatformChoice;
use crate::cluster::{ConfigVersion, State, Verdict};
use crate::kubeconfig::{shell_command, yaml};
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::wrapped;

const VERDICT_COLUMN: usize = 22;
const LABEL_COLUMN: usize = 10;

/// Returns the whole result.
pub(super) fn screen(facts: &SetupFacts<'_>, is_written: bool) -> String {
    format!("{}\n{}", what_was_found(facts), instructions(facts, is_written))
}

/// Returns what to put where, without what was found.
pub(super) fn instructions(facts: &SetupFacts<'_>, is_written: bool) -> String {
    let mut sections = vec![for_cluster(facts)];
    sections.extend(for_group(facts));
    sections.push(if is_written {
        "Your kubeconfig is ready. See who you are:\n\n  kubectl auth whoami\n".to_owned()
    } else {
        for_kubectl(facts)
    });
    let numbered = sections
        .iter()
        .enumerate()
        .map(|(at, section)| format!("{}. {section}", at + 1));
    numbered.collect::<Vec<_>>().join("\n")
}

/// Returns the claims, the verdicts, and who the person is for the API server.
pub(super) fn what_was_found(facts: &SetupFacts<'_>) -> String {
    let judgement = &facts.judgement;
    let mut text = String::new();
    if !facts.claims.is_empty() {
        let table = claims_table(&facts.claims, facts.now);
        text = format!("Claims of the token:\n\n{table}\n");
    }
    text.push_str("What an API server makes of it:\n\n");
    for verdict in &judgement.verdicts {
        text.push_str(&verdict_lines(verdict));
    }
    if judgement.refusal().is_some() {
        text.push_str(
            "\nkubectl would get `Unauthorized` with this token: correct what is refused, and\nrun setup again.\n",
        );
        return text;
    }
    text.push_str(if facts.is_issuer_http() {
        "\nAn API server takes no issuer of http. With https it would say that you are:\n\n"
    } else {
        "\nThe API server will say that you are:\n\n"
    });
    text + &who(facts)
}

/// Returns the lines with user name and groups.
fn who(facts: &SetupFacts<'_>) -> String {
    let judgement = &facts.judgement;
    let line = |label: &str, value: &str| {
        let value = wrapped(value, LABEL_COLUMN, LABEL_COLUMN);
        format!("  {label:8}{value}\n")
    };
    let username = judgement.username.as_deref().unwrap_or_default();
    let user = line("user", UntrustedText::new(username).as_str());
    // Every user is in this group.
    let authenticated = "system:authenticated";
    let groups = judgement.groups.iter().map(String::as_str);
    let groups = match judgement.groups.len() {
        0 => line("groups", authenticated),
        count => line("groups", &list(groups, count)) + &line("", authenticated),
    };
    user + &groups
}

fn verdict_lines(verdict: &Verdict) -> String {
    let state = match verdict.state {
        State::Ok => "ok",
        State::Note => "note",
        State::Warning => "warning",
        State::Refused => "refused",
    };
    let finding = UntrustedText::new(&verdict.finding);
    let finding = wrapped(finding.as_str(), VERDICT_COLUMN, VERDICT_COLUMN);
    let mut lines = format!("  {state:9}{:11}{finding}\n", verdict.subject);
    if let Some(fix) = &verdict.fix {
        let fix = UntrustedText::new(fix);
        let fix = wrapped(&format!("-> {fix}"), VERDICT_COLUMN, VERDICT_COLUMN + 3);
        lines = format!("{lines}{:VERDICT_COLUMN$}{fix}\n", "");
    }
    lines
}

fn for_cluster(facts: &SetupFacts<'_>) -> String {
    let server = facts.api_server();
    match facts.platform {
        PlatformChoice::Flags => {
            let flags: Vec<String> = server.flags().iter().map(|flag| flag_line(flag)).collect();
            let authority = match &facts.authority_pem {
                Some(_) => "\nThe file with the certificate authority has to be there, too.\n",
                None => "",
            };
            format!(
                "Give kube-apiserver these flags (for other ways: --for=config, --for=eks):\n\n{}{authority}",
                flags.concat()
            )
        }
        PlatformChoice::Config => config(facts, ConfigVersion::V1, "1.34 and newer"),
        PlatformChoice::ConfigV1Beta1 => config(facts, ConfigVersion::V1Beta1, "1.30 to 1.33"),
        PlatformChoice::Eks => {
            let association = facts.eks();
            let obstacles = association.obstacles.iter();
            let obstacles: Vec<String> = obstacles
                .map(|obstacle| format!("\nNot yet: {}\n", wrapped(obstacle, 9, 9)))
                .collect();
            format!(
                "Associate the provider with the EKS cluster (takes tens of minutes; a cluster\n   takes one provider):\n\n{}\n{}",
                indented(&shell_command(&association.command)),
                obstacles.concat()
            )
        }
    }
}

/// A flag of a manifest is not read by a shell, so it is not quoted.
fn flag_line(flag: &str) -> String {
    format!("  {}\n", UntrustedText::new(flag))
}

fn config(facts: &SetupFacts<'_>, version: ConfigVersion, releases: &str) -> String {
    let config = facts.api_server().authentication_configuration(version);
    format!(
        "Save this as a file that kube-apiserver can read, and start it with\n   --authentication-config=FILE and without any --oidc- flag \
         (Kubernetes\n   {releases}):\n\n{}\n",
        indented(yaml(&config).trim_end())
    )
}

fn for_group(facts: &SetupFacts<'_>) -> Option<String> {
    let binding = facts.binding()?;
    let who = if binding.is_for_group() {
        "one of your groups"
    } else {
        "you"
    };
    Some(format!(
        "As an administrator of the cluster, let {who} look around in it:\n\n{}\n",
        indented(&shell_command(&binding.command()))
    ))
}

fn for_kubectl(facts: &SetupFacts<'_>) -> String {
    let commands = facts.config_commands();
    let cluster_first = if facts.context.is_none() {
        "\n\nThe kubeconfig needs an entry for the cluster first: from whoever runs it, or by\nits tool (such as aws eks update-kubeconfig). \
         Put its name in place of\nYOUR-CLUSTER; kubectl config get-clusters lists the names."
    } else {
        ""
    };
    let mut text = format!(
        "Tell kubectl (1.30 or newer; or run setup again with --write), and see who\n   you are:{cluster_first}\n\n{}\n  kubectl auth whoami\n",
        indented(commands.text().trim_end())
    );
    if facts.has_secret {
        text.push_str(
            "\nPut the secret into CLIENT_SECRET first: read -rs CLIENT_SECRET\nA secret in a kubeconfig is no secret: a native app with PKCE \
             needs none.\n",
        );
    }
    if facts.has_headers {
        text.push_str(
            "\nThe request headers are left out, since they may be secrets: set\nKUBESESAME_OIDC_REQUEST_HEADER (NAME=VALUE) where kubectl runs.\n",
        );
    }
    text
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}
