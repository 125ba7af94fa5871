//! What kubectl has to be told: the `exec` entry of a kubeconfig user, written anew or converted.
//!
//! Writes `command: kubesesame`, never kubectl as a wrapper, which costs a process per command and cannot be
//! allow-listed. Pure.

mod convert;
mod diff;
mod edit;
mod entry;
mod error;
mod legacy;
mod tree;
mod users;

use std::borrow::Cow;
use std::fmt;

pub(crate) use convert::{Choice, Fate, Fault, Plan, is_conversion_of, our_users, plan};
pub(crate) use diff::unified;
pub(crate) use error::Error;

use crate::cli::SetupArgs;

/// The `kubectl config set-credentials` line for the settings that `setup` was tried with.
#[derive(Debug)]
pub(crate) struct GetTokenLine {
    arguments: Vec<String>,
    has_secret: bool,
}

impl GetTokenLine {
    /// Takes what was typed, since defaults may change and the kubeconfig should not freeze them.
    pub(crate) fn new(args: &SetupArgs) -> Self {
        let mut arguments = vec!["get-token".to_owned()];
        let mut add = |flag: &str, value: Option<&str>| {
            if let Some(value) = value {
                arguments.push(format!("--{flag}={value}"));
            }
        };
        let provider = &args.provider;
        add("oidc-issuer-url", provider.oidc_issuer_url.as_deref());
        add("oidc-client-id", provider.oidc_client_id.as_deref());
        for scope in provider
            .oidc_extra_scope
            .iter()
            .flat_map(|text| text.split([',', ' ']))
        {
            add("oidc-extra-scope", Some(scope).filter(|scope| !scope.is_empty()));
        }
        add("oidc-redirect-url", provider.oidc_redirect_url.as_deref());
        add(
            "oidc-pkce-method",
            Some(provider.oidc_pkce_method.as_str()).filter(|method| *method != "auto"),
        );
        for address in &args.login.listen_address {
            add("listen-address", Some(address));
        }
        add(
            "skip-open-browser",
            args.login.skip_open_browser.filter(|skip| *skip).map(|_| "true"),
        );
        add("browser-command", args.login.browser_command.as_deref());
        for file in &args.tls.certificate_authority {
            add("certificate-authority", Some(file));
        }
        for data in &args.tls.certificate_authority_data {
            add("certificate-authority-data", Some(data));
        }
        add(
            "insecure-skip-tls-verify",
            args.tls
                .insecure_skip_tls_verify
                .filter(|skip| *skip)
                .map(|_| "true"),
        );
        Self {
            arguments,
            has_secret: provider.oidc_client_secret.is_some(),
        }
    }

    pub(crate) fn with_scope(mut self, scope: &str) -> Self {
        self.arguments.push(format!("--oidc-extra-scope={scope}"));
        self
    }
}

impl fmt::Display for GetTokenLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Tell kubectl (1.30 or newer):\n")?;
        write!(f, "  kubectl config set-credentials oidc")?;
        for option in [
            "api-version=client.authentication.k8s.io/v1",
            "interactive-mode=IfAvailable",
            "command=kubesesame",
        ] {
            write!(f, " \\\n    --exec-{option}")?;
        }
        for argument in &self.arguments {
            let argument = format!("--exec-arg={}", csv(argument));
            write!(f, " \\\n    {}", for_shell(&argument))?;
        }
        if self.has_secret {
            write!(f, " \\\n    \"--exec-arg=--oidc-client-secret=$CLIENT_SECRET\"")?;
        }
        writeln!(f)?;
        if self.has_secret {
            writeln!(
                f,
                "\nA secret in a kubeconfig is no secret: a native app with PKCE needs none."
            )?;
        }
        Ok(())
    }
}

/// Quotes only what a shell would change.
fn for_shell(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=:/.@%+".contains(c);
    if argument.chars().all(plain) {
        return Cow::Borrowed(argument);
    }
    shlex::try_quote(argument).unwrap_or(Cow::Borrowed(argument))
}

/// `--exec-arg` splits its value at commas, as CSV.
fn csv(argument: &str) -> String {
    if argument.contains([',', '"', '\n']) {
        format!("\"{}\"", argument.replace('"', "\"\""))
    } else {
        argument.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn line(typed: &[&str]) -> String {
        let typed = ["kubesesame", "setup"].iter().chain(typed);
        let Command::Setup(args) = Cli::try_parse_from(typed).unwrap().command else {
            panic!("not setup")
        };
        GetTokenLine::new(&args).with_scope("offline_access").to_string()
    }

    #[test]
    fn the_line_has_what_was_typed_and_survives_shell_and_csv() {
        let line = line(&[
            "--oidc-issuer-url=https://i",
            "--oidc-client-id=c",
            "--browser-command=firefox -P 'a,b'",
        ]);
        assert!(
            line.contains("--exec-arg=--oidc-issuer-url=https://i \\\n"),
            "{line}"
        );
        assert!(
            line.contains(r#""--exec-arg=\"--browser-command=firefox -P 'a,b'\"""#),
            "{line}"
        );
        assert!(
            line.ends_with("--exec-arg=--oidc-extra-scope=offline_access\n"),
            "{line}"
        );
    }

    #[test]
    fn a_secret_is_never_in_the_line() {
        let line = line(&["--oidc-client-secret=hunter2"]);
        assert!(
            !line.contains("hunter2") && line.contains("$CLIENT_SECRET"),
            "{line}"
        );
    }
}
