//! The session of a kubeconfig's entry: what `get-token` would do if kubectl called it for this entry.
//!
//! Pure. The entry's arguments and variables are read by the code that reads those of a call, so that the same session is found.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::token_request::TokenRequest;
use crate::cli::{self, Cli, Command, ConfigSources, ParseError, TypedFlag, usage_reason};
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig::{self, EntrySource, ExecEntry, UserEntry};
use crate::settings::Stdin;

/// What kubectl's call for an entry would ask for, and the environment that it would see.
pub(super) struct EntrySession {
    pub(super) request: TokenRequest,
    pub(super) environment: Environment,
}

/// Why an entry has no session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EntryError {
    pub(super) reason: String,
    /// Without one, there is nothing to do about it: the entry is no business of kubesesame.
    pub(super) hint: Option<String>,
}

impl EntrySession {
    /// `exec_info` is what kubectl would pass ([`kubeconfig::exec_info`]), if there is an `exec` entry. `overriding` are flags of
    /// `get-token` that replace those of the entry.
    ///
    /// # Errors
    /// If `get-token` would refuse the entry, or the user has none of ours.
    pub(super) fn of(
        user: &UserEntry,
        exec_info: Option<&str>,
        overriding: &[TypedFlag],
        stdin: Stdin,
        environment: &Environment,
    ) -> Result<Self, EntryError> {
        let exec = usable_entry(user)?;
        let environment = environment.with_variables(&exec.env);
        let args = arguments(exec, &user.source, overriding);
        let texts = || {
            args.iter()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let sources = ConfigSources {
            environment: environment.flag_variables.clone(),
        };
        let parsed = Cli::parse_from_os(args.iter().cloned(), &sources);
        let args = match parsed.map(|cli| (cli.command, cli.value_sources)) {
            Ok((Command::GetToken(args), value_sources)) => {
                let request = TokenRequest::new(*args, exec_info, stdin, &environment);
                return match request.map_err(|error| error.with_source(&value_sources)) {
                    Ok(request) => Ok(Self { request, environment }),
                    Err(error) => Err(EntryError::of(&error, &texts())),
                };
            }
            Ok(_) => return Err(EntryError::not_get_token()),
            Err(error) => error,
        };
        Err(match args {
            ParseError::Config(error) => EntryError::of(&Error::Config(error), &texts()),
            ParseError::Usage(error) => EntryError {
                reason: refusal(&error, &texts()),
                hint: Some(CORRECT_ARGS.to_owned()),
            },
        })
    }
}

/// Returns why `get-token` does not accept the arguments of an entry, with the name of the flag and without values, which may be secrets.
pub(super) fn refusal(error: &clap::Error, arguments: &[String]) -> String {
    if error.kind() == ErrorKind::InvalidValue {
        return kubeconfig::masked_reason(&usage_reason(error), arguments);
    }
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.split(['=', ' ']).next().unwrap_or_default(),
        _ => "",
    };
    if flag.starts_with('-') {
        format!("kubesesame does not take its `{flag}`")
    } else {
        "kubesesame does not take its arguments".to_owned()
    }
}

const CORRECT_ARGS: &str = "correct its `args` in the kubeconfig; the flags: kubesesame get-token --help";

/// Returns the entry of a user that kubesesame can sign in.
fn usable_entry(user: &UserEntry) -> Result<&ExecEntry, EntryError> {
    match (&user.source, &user.exec) {
        (EntrySource::Kubesesame | EntrySource::Kubelogin { .. }, Some(exec)) => Ok(exec),
        (EntrySource::Unusable(reason), _) => Err(EntryError {
            reason: reason.clone(),
            hint: Some(CORRECT_ARGS.to_owned()),
        }),
        (EntrySource::AuthProvider, _) => Err(EntryError {
            reason: "it is an `auth-provider`, whose tokens are in the kubeconfig".to_owned(),
            hint: None,
        }),
        (EntrySource::Kubesesame | EntrySource::Kubelogin { .. } | EntrySource::Other, _) => {
            Err(EntryError::not_ours())
        }
    }
}

/// Returns the command line that kubectl would run, with the program's name first.
fn arguments(exec: &ExecEntry, source: &EntrySource, overriding: &[TypedFlag]) -> Vec<OsString> {
    let own = exec
        .plugin_args(source)
        .iter()
        .map(|arg| OsString::from(arg.expose()));
    let own = std::iter::once(OsString::from("kubesesame")).chain(own);
    cli::with_typed_flags(own.collect(), overriding)
}

impl EntryError {
    fn of(error: &Error, arguments: &[String]) -> Self {
        let report = error.report();
        Self {
            reason: kubeconfig::masked_reason(&report.error, arguments),
            hint: report.hint,
        }
    }

    /// The error of a user whose credential is no business of kubesesame.
    pub(super) fn not_ours() -> Self {
        Self {
            reason: "its credential does not come from kubesesame".to_owned(),
            hint: None,
        }
    }

    fn not_get_token() -> Self {
        Self {
            reason: "it does not run `get-token`".to_owned(),
            hint: Some(CORRECT_ARGS.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubeconfig::{Entries, exec_info};

    fn environment() -> Environment {
        Environment {
            home: Some("/h".into()),
            ..Environment::default()
        }
    }

    fn read(user: &str, variables: &[(&str, &str)]) -> Result<(String, String), EntryError> {
        let text = format!(
            "\
users:
- name: u
  user: {user}
clusters:
- name: c
  cluster:
    server: https://s
    extensions: [{{name: client.authentication.k8s.io/exec, extension: {{oidc-issuer-url: 'https://c', oidc-client-id: cc}}}}]
"
        );
        let entries = Entries::read([text.as_str()]);
        let user = &entries.users[0];
        let info = user
            .exec
            .as_ref()
            .map(|exec| exec_info(exec, Some((&entries.clusters[0], None))));
        let environment = environment().with_variables(
            &variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), crate::secret::Secret::new(*value)))
                .collect::<Vec<_>>(),
        );
        let session = EntrySession::of(user, info.as_deref(), &[], Stdin::ABSENT, &environment)?;
        assert!(session.environment.home.is_some());
        let dir = session.request.cache.dir.clone().unwrap_or_default();
        Ok((session.request.key().to_string(), dir.display().to_string()))
    }

    /// What `get-token` itself makes of a command line.
    fn called(args: &[&str]) -> String {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let Ok(Command::GetToken(args)) = Cli::parse_entry(&args).map(|cli| cli.command) else {
            panic!("not get-token")
        };
        let request = TokenRequest::new(*args, None, Stdin::ABSENT, &environment());
        request
            .map_err(|error| error.in_one_line())
            .unwrap()
            .key()
            .to_string()
    }

    const ARGS: &str = "get-token, --oidc-issuer-url=https://i, --oidc-client-id=c";

    #[test]
    fn an_entry_means_the_session_that_get_token_would_use() {
        let plain = called(&["get-token", "--oidc-issuer-url=https://i", "--oidc-client-id=c"]);
        let alice = called(&[
            "get-token",
            "--oidc-issuer-url=https://i",
            "--oidc-client-id=c",
            "--account=alice",
        ]);
        let default = "/h/.kube/cache/kubesesame";
        for (user, variables, key, dir) in [
            (
                format!("{{exec: {{command: kubesesame, args: [{ARGS}]}}}}"),
                &[][..],
                &plain,
                default,
            ),
            (
                format!("{{exec: {{command: kubectl, args: [oidc-login, {ARGS}]}}}}"),
                &[],
                &plain,
                default,
            ),
            (
                format!("{{exec: {{command: kubelogin, args: [{ARGS}, --token-cache-dir=~/x]}}}}"),
                &[],
                &plain,
                "/h/x",
            ),
            (
                format!(
                    "{{exec: {{command: kubesesame, args: [{ARGS}], env: [{{name: KUBESESAME_ACCOUNT, value: alice}}, {{name: KUBECACHEDIR, value: /k}}]}}}}"
                ),
                &[("KUBESESAME_ACCOUNT", "bob")],
                &alice,
                "/k/kubesesame",
            ),
            (
                format!("{{exec: {{command: kubesesame, args: [{ARGS}]}}}}"),
                &[("KUBESESAME_ACCOUNT", "alice")],
                &alice,
                default,
            ),
        ] {
            assert_eq!(
                read(&user, variables),
                Ok((key.clone(), dir.to_owned())),
                "{user}"
            );
        }
    }

    #[test]
    fn the_config_of_the_cluster_counts_if_the_entry_asks_for_it() {
        let with = |provide: bool| {
            let user = format!(
                "{{exec: {{command: kubesesame, args: [get-token], provideClusterInfo: {provide}}}}}"
            );
            read(&user, &[])
        };
        assert!(with(true).is_ok());
        assert_eq!(with(false).unwrap_err().reason, "--oidc-issuer-url is missing");
    }

    #[test]
    fn an_entry_that_cannot_be_used_says_why_and_hides_secrets() {
        for (user, reason) in [
            ("{token: x}", "its credential does not come from kubesesame"),
            (
                "{auth-provider: {name: oidc, config: {}}}",
                "it is an `auth-provider`, whose tokens are in the kubeconfig",
            ),
            (
                "{exec: {command: kubesesame, args: [version]}}",
                "it does not run `get-token`",
            ),
            ("{exec: {command: kubesesame}}", "it does not run `get-token`"),
            (
                "{exec: {command: kubesesame, args: [get-token, hunter2]}}",
                "kubesesame does not take its arguments",
            ),
        ] {
            let error = read(user, &[]).unwrap_err();
            assert_eq!(error.reason, reason, "{user}");
        }
    }
}
