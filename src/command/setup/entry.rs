//! The arguments of the entry in the kubeconfig: those that `setup` was called with, in the current spellings.

use std::path::absolute;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use data_encoding::BASE64;

use crate::cli::{
    ClientAuthChoice, DEFAULT_TIMEOUT_SECS, GrantChoice, PkceChoice, ProtectionChoice, ProviderArgs,
    SetupArgs,
};
use crate::{kubeconfig, settings};

/// Returns the arguments of `get-token` for the entry in the kubeconfig, without a client secret and request headers. They are only those
/// that differ from the defaults, because the defaults may change in a later version.
pub(super) fn arguments(args: &SetupArgs) -> Result<Vec<String>, settings::Error> {
    let (provider, login, tls) = (&args.provider, &args.login, &args.tls);
    let mut exec_args = ExecArgs(Vec::new());
    exec_args.text("oidc-issuer-url", provider.oidc_issuer_url.as_deref());
    exec_args.text("oidc-client-id", provider.oidc_client_id.as_deref());
    exec_args.client_auth(provider);
    exec_args.text("account", provider.account.as_deref());
    exec_args.list(
        "oidc-extra-scope",
        &settings::parse_scopes(&provider.oidc_extra_scope)?,
    );
    exec_args.list(
        "oidc-resource",
        &settings::parse_list("oidc-resource", &provider.oidc_resource)?,
    );
    exec_args.switch("oidc-use-access-token", provider.oidc_use_access_token);
    exec_args.pairs(
        "oidc-auth-request-extra-params",
        &provider.oidc_auth_request_extra_params,
    )?;
    exec_args.choice("grant-type", login.grant_type, GrantChoice::Auto);
    exec_args.text("username", login.username.as_deref());
    exec_args.file("password-file", login.password_file.as_deref());
    exec_args.text("password-command", login.password_command.as_deref());
    exec_args.redirect(args)?;
    let pkce = match provider.oidc_use_pkce {
        Some(true) => PkceChoice::Auto,
        Some(false) | None => provider.oidc_pkce_method,
    };
    exec_args.choice("oidc-pkce-method", pkce, PkceChoice::Auto);
    exec_args.choice("oidc-dpop", provider.oidc_dpop, ProtectionChoice::Auto);
    exec_args.choice("oidc-par", provider.oidc_par, ProtectionChoice::Auto);
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
    Ok(exec_args.0)
}

/// Flags of one person or one machine, which mean nothing to other people. Files are replaced by what is in them, or have no place there.
const PERSONAL_FLAGS: [&str; 9] = [
    "--account=",
    "--browser-command=",
    "--certificate-authority=",
    "--local-server-cert=",
    "--local-server-key=",
    "--password-command=",
    "--password-file=",
    "--skip-open-browser=",
    "--username=",
];

/// Returns the arguments for other people's kubeconfig, with the certificate authority as data.
pub(super) fn arguments_for_others(arguments: &[String], authority_pem: Option<&str>) -> Vec<String> {
    let is_personal = |argument: &&String| PERSONAL_FLAGS.iter().any(|flag| argument.starts_with(flag));
    let mut shared: Vec<String> = arguments
        .iter()
        .filter(|argument| !is_personal(argument) && !argument.starts_with("--certificate-authority-data="))
        .cloned()
        .collect();
    if let Some(pem) = authority_pem {
        shared.push(format!(
            "--certificate-authority-data={}",
            BASE64.encode(pem.as_bytes())
        ));
    }
    shared
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

    /// Adds how the client authenticates, without an inline secret.
    fn client_auth(&mut self, provider: &ProviderArgs) {
        self.file(
            "oidc-client-secret-file",
            provider.oidc_client_secret_file.as_deref(),
        );
        self.file(
            "oidc-client-private-key-file",
            provider.oidc_client_private_key_file.as_deref(),
        );
        let commands = [
            ("oidc-client-secret-command", &provider.oidc_client_secret_command),
            ("oidc-client-secret-keyring", &provider.oidc_client_secret_keyring),
            (
                "oidc-client-private-key-command",
                &provider.oidc_client_private_key_command,
            ),
        ];
        for (flag, value) in commands {
            self.text(flag, value.as_deref());
        }
        self.text("oidc-client-key-id", provider.oidc_client_key_id.as_deref());
        self.choice(
            "oidc-client-auth-method",
            provider.oidc_client_auth_method,
            ClientAuthChoice::Auto,
        );
        self.text(
            "oidc-client-auth-audience",
            provider.oidc_client_auth_audience.as_deref(),
        );
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

/// Writes `NAME=VALUE` in the form that pflag reads: with more than one equals sign it has to be a CSV cell.
fn format_pair(name: &str, value: &str) -> String {
    let pair = format!("{name}={value}");
    if pair.matches('=').count() > 1 {
        format!("\"{}\"", pair.replace('"', "\"\""))
    } else {
        pair
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, ConfigSources};

    fn arguments_of(args: &[&str]) -> String {
        let words = ["kubesesame", "setup"].iter().chain(args);
        let cli = Cli::parse_from_os(words.map(Into::into), &ConfigSources::default()).unwrap();
        let Command::Setup(args) = cli.command else {
            panic!("not setup")
        };
        arguments(&args).unwrap().join(" ")
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
    fn what_is_personal_is_not_handed_to_others() {
        let given = [
            "--oidc-client-id=c",
            "--account=me",
            "--certificate-authority=/ca",
            "--certificate-authority-data=QQ==",
        ];
        let given = given.map(str::to_owned);
        assert_eq!(
            arguments_for_others(&given, Some("PEM")),
            ["--oidc-client-id=c", "--certificate-authority-data=UEVN"]
        );
        assert_eq!(arguments_for_others(&given, None), ["--oidc-client-id=c"]);
    }
}
