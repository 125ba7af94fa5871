//! `setup`: logs in without storing a session, and shows the claims, the user that they give, and the command that configures kubectl.

use std::path::absolute;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::Value;

use super::person;
use crate::cli::{ClusterArgs, DEFAULT_TIMEOUT_SECS, GrantChoice, PkceChoice, SetupArgs, format_pair};
use crate::clock;
use crate::cluster::{ClaimMapping, ClusterUser, username_prefix};
use crate::environment::Environment;
use crate::error::Error;
use crate::kubeconfig::{self, SetCredentials};
use crate::oidc::{self, Continuation, Event, NoDocumentCache, ProviderClient, Tokens};
use crate::runtime::LazyRuntime;
use crate::settings::{self, Login, NamedBy, Provider, SignIn, Stdin, TlsTrust};
use crate::ui::Ui;
use crate::untrusted_text::{UntrustedText, escaped_json};

pub(crate) fn run(args: SetupArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let mut command = credentials_command(&args)?;
    let stdin = Stdin::of_person(environment.terminal());
    let SignIn {
        provider,
        login,
        trust,
    } = SignIn::new(
        args.provider,
        NamedBy::User,
        &args.login,
        args.tls,
        stdin,
        environment,
    )?;
    let mapping = claim_mapping(args.cluster, provider.issuer.as_str());

    let (tokens, offline) = sign_in(&provider, &login, &trust, ui)?;
    if offline {
        command
            .arguments
            .push("--oidc-extra-scope=offline_access".to_owned());
    }
    let user = ClusterUser::new(&tokens.claims, &mapping);
    if let Some(why) = user.rejection() {
        ui.warn(&format!(
            "the API server will refuse this token: {}",
            UntrustedText::new(why)
        ));
    }
    let claims = escaped_json(&format!("{:#}", Value::Object(tokens.claims)));
    Ui::result(&format!("Claims of the token:\n\n{claims}\n\n{user}\n{command}")).map_err(Error::Output)
}

/// Logs in with the scope `offline_access`, and without it if the provider refuses it. The returned flag says whether the command needs the
/// scope.
fn sign_in(provider: &Provider, login: &Login, trust: &TlsTrust, ui: Ui) -> Result<(Tokens, bool), Error> {
    let runtime = LazyRuntime::default();
    if let Some(notice) = login.password_notice(provider) {
        ui.note(&notice);
    }
    let login_with = |provider: &Provider| -> Result<_, Error> {
        let report = |event: Event<'_>| person::show(ui, event);
        let person = person::new(ui, &report, Continuation::Command);
        let client = ProviderClient::new(provider, trust, &NoDocumentCache, person, clock::now)?;
        runtime.block_on(client.login(login)).map_err(Error::Runtime)
    };
    if !login.grant.is_interactive() {
        // A program logs in again instead of refreshing, so it needs no refresh token.
        let tokens = login_with(provider)?.map_err(|failure| failure.error)?;
        return Ok((tokens, false));
    }
    let offline = provider.with_scope("offline_access");
    let is_requested = provider.scopes == offline.scopes;
    let failure = match login_with(&offline)? {
        Ok(tokens) => {
            let has_refresh_token = tokens.refresh_token.is_some();
            if !has_refresh_token {
                ui.note("the provider sent no refresh token: you will sign in again each time a token ends");
            }
            return Ok((tokens, has_refresh_token && !is_requested));
        }
        Err(failure) if !is_requested && refuses_a_scope(&failure.error) => failure,
        Err(failure) => return Err(failure.error.into()),
    };
    ui.note(&format!(
        "trying again without the scope `offline_access`, since {}",
        failure.error
    ));
    let tokens = login_with(provider)?.map_err(|failure| failure.error)?;
    let solution = if provider.issuer.is_okta() {
        "enable the grant type Refresh Token on the app in Okta's admin console, and allow the scope in the access policy"
    } else {
        "ask whoever runs the provider to allow it for this app"
    };
    ui.note(&format!(
        "the provider refuses the scope `offline_access`, so you will sign in again each time a token ends; to change that, {solution}"
    ));
    Ok((tokens, false))
}

fn refuses_a_scope(error: &oidc::Error) -> bool {
    error
        .oauth_error()
        .is_some_and(oidc::OAuthError::is_scope_refusal)
}

fn claim_mapping(args: ClusterArgs, issuer: &str) -> ClaimMapping {
    ClaimMapping {
        username_prefix: username_prefix(args.username_prefix.as_deref(), &args.username_claim, issuer),
        username_claim: args.username_claim,
        groups_claim: args.groups_claim,
        groups_prefix: args.groups_prefix,
    }
}

/// Returns the command that adds the user to the kubeconfig. It contains only arguments that differ from the defaults, because the defaults
/// may change in a later version.
fn credentials_command(args: &SetupArgs) -> Result<SetCredentials, settings::Error> {
    let (provider, login, tls) = (&args.provider, &args.login, &args.tls);
    let mut exec_args = ExecArgs(Vec::new());
    exec_args.text("oidc-issuer-url", provider.oidc_issuer_url.as_deref());
    exec_args.text("oidc-client-id", provider.oidc_client_id.as_deref());
    exec_args.file(
        "oidc-client-secret-file",
        provider.oidc_client_secret_file.as_deref(),
    );
    exec_args.text("account", provider.account.as_deref());
    exec_args.list(
        "oidc-extra-scope",
        &settings::parse_scopes(&provider.oidc_extra_scope)?,
    );
    exec_args.switch("oidc-use-access-token", provider.oidc_use_access_token);
    exec_args.pairs(
        "oidc-auth-request-extra-params",
        &provider.oidc_auth_request_extra_params,
    )?;
    exec_args.choice("grant-type", login.grant_type, GrantChoice::Auto);
    exec_args.text("username", login.username.as_deref());
    exec_args.file("password-file", login.password_file.as_deref());
    exec_args.redirect(args)?;
    let pkce = match provider.oidc_use_pkce {
        Some(true) => PkceChoice::Auto,
        Some(false) | None => provider.oidc_pkce_method,
    };
    exec_args.choice("oidc-pkce-method", pkce, PkceChoice::Auto);
    exec_args.switch("skip-open-browser", login.skip_open_browser);
    exec_args.text("browser-command", login.browser_command.as_deref());
    exec_args.file("local-server-cert", login.local_server_cert.as_deref());
    exec_args.file("local-server-key", login.local_server_key.as_deref());
    exec_args.text(
        "open-url-after-authentication",
        login.open_url_after_authentication.as_deref(),
    );
    let timeout = login.authentication_timeout_sec;
    if timeout != DEFAULT_TIMEOUT_SECS {
        exec_args.text("authentication-timeout-sec", Some(&timeout.to_string()));
    }
    for file in &tls.certificate_authority {
        exec_args.file("certificate-authority", Some(file));
    }
    exec_args.texts(
        "certificate-authority-data",
        texts(&tls.certificate_authority_data),
    );
    exec_args.switch("insecure-skip-tls-verify", tls.insecure_skip_tls_verify);
    Ok(SetCredentials {
        arguments: exec_args.0,
        has_secret: provider.oidc_client_secret.is_some(),
        has_headers: !provider.oidc_request_header.is_empty(),
    })
}

fn texts(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(String::as_str)
}

/// The arguments of the exec entry, in order.
struct ExecArgs(Vec<String>);

impl ExecArgs {
    fn text(&mut self, flag: &str, value: Option<&str>) {
        self.texts(flag, value.into_iter());
    }

    fn texts<'a>(&mut self, flag: &str, values: impl Iterator<Item = &'a str>) {
        self.0.extend(values.map(|value| format!("--{flag}={value}")));
    }

    /// Adds one argument for each value. A value is quoted only if it would be read as several values otherwise.
    fn list(&mut self, flag: &str, values: &[String]) {
        let cells: Vec<_> = values.iter().map(|value| kubeconfig::csv_cell(value)).collect();
        self.texts(flag, texts(&cells));
    }

    fn pairs(&mut self, flag: &'static str, values: &[String]) -> Result<(), settings::Error> {
        let pairs = settings::parse_pairs(flag, values)?;
        let arguments_of: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format_pair(name, value))
            .collect();
        self.texts(flag, texts(&arguments_of));
        Ok(())
    }

    /// Adds a choice that differs from the default.
    fn choice<T: ValueEnum + PartialEq + Copy>(&mut self, flag: &str, choice: T, default: T) {
        let value = choice.to_possible_value().filter(|_| choice != default);
        self.text(flag, value.as_ref().map(PossibleValue::get_name));
    }

    /// Adds the listen addresses and the redirect URI. Deprecated flags are converted to the current ones.
    fn redirect(&mut self, args: &SetupArgs) -> Result<(), settings::Error> {
        let (provider, login) = (&args.provider, &args.login);
        let addresses = match login.listen_port.as_slice() {
            [] => settings::parse_list("listen-address", &login.listen_address)?,
            ports => ports.iter().map(|port| format!("127.0.0.1:{port}")).collect(),
        };
        self.list("listen-address", &addresses);
        let non_empty = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
        let pasted = non_empty(&login.oidc_redirect_url_authcode_keyboard);
        let pasted = pasted.filter(|_| login.grant_type == GrantChoice::AuthcodeKeyboard);
        let redirect_url = non_empty(&provider.oidc_redirect_url).or(pasted);
        self.text("oidc-redirect-url", redirect_url.as_deref());
        let Some(host) = &login.oidc_redirect_url_hostname else {
            return Ok(());
        };
        let port = match addresses.as_slice() {
            [one] => one
                .rsplit_once(':')
                .map(|(_, port)| port)
                .filter(|port| *port != "0"),
            _ => None,
        };
        let scheme = match login.local_server_cert {
            Some(_) => "https",
            None => "http",
        };
        match (redirect_url, port) {
            (Some(_), _) => {}
            (None, Some(port)) => {
                self.text("oidc-redirect-url", Some(&*format!("{scheme}://{host}:{port}")));
            }
            // With several addresses, or port 0, the port is known only after one was bound.
            (None, None) => self.text("oidc-redirect-url-hostname", Some(host)),
        }
        Ok(())
    }

    fn switch(&mut self, flag: &str, value: Option<bool>) {
        self.text(flag, value.filter(|on| *on).map(|_| "true"));
    }

    fn file(&mut self, flag: &str, path: Option<&str>) {
        self.text(flag, path.map(absolute_path).as_deref());
    }
}

/// Makes a path absolute, because kubectl runs kubesesame in any directory. A path with a tilde is not changed: kubesesame expands it.
fn absolute_path(file: &str) -> String {
    let path = absolute(file).ok().filter(|_| !file.starts_with('~'));
    path.and_then(|path| path.into_os_string().into_string().ok())
        .unwrap_or_else(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, ConfigSources};
    use crate::grant_type::GrantType;

    fn refuses(error: &str, description: &str) -> bool {
        refuses_a_scope(&oidc::Error::from(oidc::AuthorizationError::Refused(
            oidc::OAuthError {
                status: None,
                error: UntrustedText::new(error),
                description: Some(UntrustedText::new(description)),
                request_id: None,
                is_okta: false,
                grant: GrantType::AuthorizationCode,
            },
        )))
    }

    fn arguments_of(args: &[&str]) -> String {
        let words = ["kubesesame", "setup"].iter().chain(args);
        let cli = Cli::parse_from_os(words.map(Into::into), &ConfigSources::default()).unwrap();
        let Command::Setup(args) = cli.command else {
            panic!("not setup")
        };
        credentials_command(&args).unwrap().arguments.join(" ")
    }

    #[test]
    fn lists_and_pairs_are_written_one_value_per_argument() {
        for (args, expected) in [
            (&["--oidc-extra-scope=\"email\""][..], "--oidc-extra-scope=email"),
            (
                &[
                    "--oidc-extra-scope=\"email profile\", groups",
                    "--oidc-extra-scope=",
                ],
                "--oidc-extra-scope=email --oidc-extra-scope=profile --oidc-extra-scope=groups",
            ),
            (&["--oidc-extra-scope=\"a,b\""], "--oidc-extra-scope=\"a,b\""),
            (
                &["--oidc-auth-request-extra-params=\"b=1\",\"a=x=y,z\""],
                "--oidc-auth-request-extra-params=\"a=x=y,z\" --oidc-auth-request-extra-params=b=1",
            ),
            (&["--oidc-request-header=\"X-Tenant=blue\""], ""),
            (
                &["--listen-address=\"127.0.0.1:8\",127.0.0.1:9"],
                "--listen-address=127.0.0.1:8 --listen-address=127.0.0.1:9",
            ),
        ] {
            assert_eq!(arguments_of(args), expected, "{args:?}");
        }
    }

    #[test]
    fn deprecated_flags_become_the_current_ones_if_they_have_the_same_meaning() {
        let host = "--oidc-redirect-url-hostname=h";
        let pasted = "--oidc-redirect-url-authcode-keyboard=urn:x";
        for (args, expected) in [
            (
                &["--listen-port=8", "--listen-address=h:9"][..],
                "--listen-address=127.0.0.1:8",
            ),
            (
                &[host, "--listen-port=8"],
                "--listen-address=127.0.0.1:8 --oidc-redirect-url=http://h:8",
            ),
            (
                &[host, "--listen-address=[::1]:8", "--local-server-cert=/c"],
                "--listen-address=[::1]:8 --oidc-redirect-url=https://h:8 --local-server-cert=/c",
            ),
            (&[host], host),
            (
                &[host, "--oidc-redirect-url=http://u"],
                "--oidc-redirect-url=http://u",
            ),
            (
                &[host, "--listen-port=8,9"],
                "--listen-address=127.0.0.1:8 --listen-address=127.0.0.1:9 --oidc-redirect-url-hostname=h",
            ),
            (
                &[pasted, "--grant-type=authcode-keyboard"],
                "--grant-type=authcode-keyboard --oidc-redirect-url=urn:x",
            ),
            (&[pasted], ""),
            (&["--oidc-use-pkce", "--oidc-pkce-method=no"], ""),
        ] {
            assert_eq!(arguments_of(args), expected, "{args:?}");
        }
    }

    #[test]
    fn the_app_and_the_access_policy_refuse_a_scope_with_different_errors() {
        assert!(refuses(
            "invalid_scope",
            "The requested scope is invalid, unknown, or malformed"
        ));
        assert!(refuses(
            "access_denied",
            "Some of the requested scopes were denied by the policy."
        ));
        assert!(!refuses(
            "access_denied",
            "User is not assigned to the client application."
        ));
    }
}
