//! The settings of a sign-in: the grant, the timeout, the browser and the loopback listener.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::{
    Browser, Error, ListenAddress, Provider, Redirect, SecretSource, Stdin, expand_home, parse_list,
};
use crate::cli::{GrantChoice, LoginArgs};
use crate::environment::{Environment, Terminal};
use crate::untrusted_text::UntrustedText;

/// How to sign in.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) grant: Grant,
    /// Whether a person may be asked on standard input: it is a terminal, and the client passed it on. Beside a listener the question
    /// can come later, when this job is in the foreground.
    pub(crate) may_prompt: bool,
    /// kubectl or another client runs this process without its standard input.
    pub(crate) client_keeps_stdin: bool,
    /// The redirect URI for [`Grant::Keyboard`], which has no listener. `None` omits the parameter, which OAuth allows if the app has
    /// only one redirect URI (RFC 6749 3.1.2.3).
    pub(crate) keyboard_redirect: Option<String>,
    /// The addresses for the listener. The first free one is used.
    pub(crate) listen_addresses: Vec<ListenAddress>,
    pub(crate) redirect: Redirect,
    /// The certificate of the listener, if it uses https.
    pub(crate) callback_tls: Option<CallbackTls>,
    pub(crate) browser: Browser,
    pub(crate) timeout: Duration,
    /// The page that the browser shows after the sign-in, in place of kubesesame's own.
    pub(crate) post_login_url: Option<Url>,
    /// Notes about flags that are deprecated or have no effect. They are printed before a sign-in.
    pub(crate) flag_notes: Vec<&'static str>,
}

/// The grant, which decides how a person or a program signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Authorization code, received by the loopback listener.
    Browser,
    /// Authorization code, pasted by a person.
    Keyboard,
    /// Device code (RFC 8628).
    Device,
    /// Resource owner password (RFC 6749 4.3), for providers that support no other grant.
    Password {
        username: Option<String>,
        password: Option<SecretSource>,
    },
    /// Client credentials (RFC 6749 4.4): a program signs in for itself, without a person.
    ClientCredentials,
}

impl Grant {
    /// Returns the given user name of the password grant. Each name has a session of its own.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Self::Password { username, .. } => username.as_deref(),
            Self::Browser | Self::Keyboard | Self::Device | Self::ClientCredentials => None,
        }
    }

    /// Whether a person signs in.
    pub(crate) fn is_interactive(&self) -> bool {
        *self != Self::ClientCredentials
    }

    /// Whether the provider can ask the person for another factor: they are at its pages.
    pub(crate) fn can_step_up(&self) -> bool {
        match self {
            Self::Browser | Self::Keyboard | Self::Device => true,
            Self::Password { .. } | Self::ClientCredentials => false,
        }
    }
}

/// The certificate and key files of the listener. They are read when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallbackTls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Login {
    /// `redirect_url` is `--oidc-redirect-url`, which belongs to the arguments of the provider.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub(crate) fn new(
        args: &LoginArgs,
        redirect_url: Option<String>,
        environment: &Environment,
        stdin: Stdin,
    ) -> Result<Self, Error> {
        let grant = Grant::new(args, environment)?;
        let has_redirect_url = redirect_url.as_deref().is_some_and(|text| !text.is_empty());
        let older = args.oidc_redirect_url_authcode_keyboard.clone();
        let keyboard_redirect = redirect_url.clone().filter(|text| !text.is_empty()).or(older);
        // The other grants have no listener, so they accept any URL that is registered at the provider.
        let redirect_url = redirect_url.filter(|_| grant == Grant::Browser);
        let callback_tls = CallbackTls::new(args, environment)?;
        let scheme = if callback_tls.is_some() { "https" } else { "http" };
        let redirect = match (
            redirect_url.filter(|text| !text.is_empty()),
            &args.oidc_redirect_url_hostname,
        ) {
            (Some(text), _) => Redirect::parse(text, scheme)?,
            (None, Some(host)) => Redirect::host(scheme, host)?,
            (None, None) => Redirect::host(scheme, "localhost")?,
        };
        let mut listen_addresses = match args.listen_port.as_slice() {
            [] => parse_list("listen-address", &args.listen_address)?
                .iter()
                .map(|text| ListenAddress::parse(text))
                .collect::<Result<Vec<_>, _>>()?,
            ports => ports
                .iter()
                .map(|port| ListenAddress {
                    host: "127.0.0.1".to_owned(),
                    port: *port,
                })
                .collect(),
        };
        if listen_addresses.is_empty() {
            listen_addresses = redirect.default_addresses();
        }
        Ok(Self {
            flag_notes: flag_notes(args, has_redirect_url, &grant),
            may_prompt: may_prompt(stdin, &grant),
            client_keeps_stdin: stdin.is_kept_by_client,
            grant,
            keyboard_redirect,
            listen_addresses,
            redirect,
            callback_tls,
            browser: Browser::new(args, environment)?,
            timeout: Duration::from_secs(args.authentication_timeout_sec),
            post_login_url: args
                .open_url_after_authentication
                .as_deref()
                .map(parse_post_login_url)
                .transpose()?,
        })
    }
}

/// Whether this grant may ask a person.
///
/// A background job may only with a listener, because that sign-in can finish without an answer. Any other grant would hold the
/// session's lock while it waits for a person who does not see the question. A code can also come from a pipe.
fn may_prompt(stdin: Stdin, grant: &Grant) -> bool {
    match stdin.terminal {
        Terminal::Ours => true,
        Terminal::OfOtherJob if *grant == Grant::Browser => true,
        Terminal::OfOtherJob | Terminal::Absent => *grant == Grant::Keyboard && stdin.can_be_read,
    }
}

impl Login {
    /// Returns the notice that names the issuer, if a person is about to type a user name or password for it.
    pub(crate) fn password_notice(&self, provider: &Provider) -> Option<String> {
        let Grant::Password { username, password } = &self.grant else {
            return None;
        };
        let has_all = password.is_some() && (username.is_some() || provider.account.is_some());
        let issuer = provider.issuer.shown();
        (self.may_prompt && !has_all).then(|| format!("signing in at {issuer} with a password"))
    }
}

impl Grant {
    fn new(args: &LoginArgs, environment: &Environment) -> Result<Self, Error> {
        let username = args.username.clone().filter(|name| !name.is_empty());
        let password = || -> Result<Self, Error> {
            let command = args.password_command.as_deref();
            Ok(Self::Password {
                username: username.clone(),
                password: SecretSource::only([
                    SecretSource::inline("password", args.password.as_deref()),
                    SecretSource::file("password-file", args.password_file.as_deref(), environment),
                    SecretSource::command("password-command", command, environment)?,
                ])?,
            })
        };
        match args.grant_type {
            GrantChoice::Auto if username.is_some() => password(),
            GrantChoice::Auto | GrantChoice::Authcode => Ok(Self::Browser),
            GrantChoice::AuthcodeKeyboard => Ok(Self::Keyboard),
            GrantChoice::DeviceCode => Ok(Self::Device),
            GrantChoice::Password => password(),
            GrantChoice::ClientCredentials => Ok(Self::ClientCredentials),
        }
    }
}

fn parse_post_login_url(text: &str) -> Result<Url, Error> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(Error::PostLoginUrl(UntrustedText::new(text))),
    }
}

/// Returns the current spellings of flags that kubelogin has dropped, and which of ours have no effect. Its `--password` may be there unused.
fn flag_notes(args: &LoginArgs, has_redirect_url: bool, grant: &Grant) -> Vec<&'static str> {
    let is_unused = |source: &Option<String>| {
        !matches!(grant, Grant::Password { .. }) && source.as_deref().is_some_and(|text| !text.is_empty())
    };
    let all = [
        (
            !args.listen_port.is_empty(),
            "--listen-port is now --listen-address=127.0.0.1:PORT",
        ),
        (
            args.oidc_redirect_url_hostname.is_some(),
            if has_redirect_url {
                "--oidc-redirect-url-hostname does nothing beside --oidc-redirect-url"
            } else {
                "--oidc-redirect-url-hostname is now --oidc-redirect-url=http://HOST:PORT"
            },
        ),
        (
            args.oidc_redirect_url_authcode_keyboard.is_some(),
            "--oidc-redirect-url-authcode-keyboard is now --oidc-redirect-url",
        ),
        (
            is_unused(&args.password_file),
            "--password-file has no effect without --username or --grant-type=password",
        ),
        (
            is_unused(&args.password_command),
            "--password-command has no effect without --username or --grant-type=password",
        ),
    ];
    all.into_iter()
        .filter(|(used, _)| *used)
        .map(|(_, note)| note)
        .collect()
}

impl CallbackTls {
    fn new(args: &LoginArgs, environment: &Environment) -> Result<Option<Self>, Error> {
        let path = |text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| expand_home(text.as_ref(), environment))
        };
        match (path(&args.local_server_cert), path(&args.local_server_key)) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Self { certificate, key })),
            _ => Err(Error::IncompleteCallbackTls),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl LoginArgs {
        /// Returns the defaults.
        pub(in crate::settings) fn sample() -> Self {
            Self {
                grant_type: GrantChoice::Auto,
                username: None,
                password: None,
                password_file: None,
                password_command: None,
                listen_address: vec![],
                skip_open_browser: None,
                browser_command: None,
                authentication_timeout_sec: 180,
                local_server_cert: None,
                local_server_key: None,
                open_url_after_authentication: None,
                listen_port: vec![],
                oidc_redirect_url_hostname: None,
                oidc_redirect_url_authcode_keyboard: None,
            }
        }
    }

    fn login(change: impl FnOnce(&mut LoginArgs), redirect: Option<&str>) -> Result<Login, Error> {
        let mut args = LoginArgs::sample();
        change(&mut args);
        Login::new(
            &args,
            redirect.map(str::to_owned),
            &Environment::default(),
            Stdin::ABSENT,
        )
    }

    fn addresses(listen: &[&str], redirect: Option<&str>) -> Vec<(String, u16)> {
        let listen_address = listen.iter().map(|&text| text.to_owned()).collect();
        let login = login(|args| args.listen_address = listen_address, redirect).unwrap();
        login
            .listen_addresses
            .into_iter()
            .map(|address| (address.host, address.port))
            .collect()
    }

    #[test]
    fn a_background_job_asks_only_beside_a_listener() {
        let password = Grant::Password {
            username: None,
            password: None,
        };
        for (terminal, grant, expected) in [
            (Terminal::Ours, &Grant::Browser, true),
            (Terminal::Ours, &Grant::Keyboard, true),
            (Terminal::Ours, &password, true),
            (Terminal::OfOtherJob, &Grant::Browser, true),
            (Terminal::OfOtherJob, &Grant::Keyboard, false),
            (Terminal::OfOtherJob, &password, false),
            (Terminal::Absent, &Grant::Browser, false),
            (Terminal::Absent, &password, false),
        ] {
            assert_eq!(
                may_prompt(Stdin::of_person(terminal), grant),
                expected,
                "{terminal:?} {grant:?}"
            );
        }
    }

    #[test]
    fn the_default_ports_are_8000_then_18000() {
        assert_eq!(
            addresses(&[], None),
            [("127.0.0.1".into(), 8000), ("127.0.0.1".into(), 18000)]
        );
        assert_eq!(addresses(&["0.0.0.0:9"], None), [("0.0.0.0".into(), 9)]);
        assert_eq!(
            addresses(&["[::1]:9", ":8"], None),
            [("::1".into(), 9), ("127.0.0.1".into(), 8)]
        );
        assert_eq!(
            addresses(&["\"127.0.0.1:9\", 127.0.0.1:8", ""], None),
            [("127.0.0.1".into(), 9), ("127.0.0.1".into(), 8)]
        );
        assert_eq!(addresses(&[""], None).len(), 2);
        assert_eq!(
            addresses(&[], Some("http://localhost:7/cb")),
            [("127.0.0.1".into(), 7)]
        );
        assert_eq!(addresses(&[], Some("http://[::1]:7")), [("::1".into(), 7)]);
        assert_eq!(addresses(&[], Some("http://gate.example:7")).len(), 2);
        assert_eq!(addresses(&[], Some("https://gate.example/cb")).len(), 2);
    }

    #[test]
    fn addresses_without_a_port_are_refused() {
        for text in ["127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "http://x:1", "x:y"] {
            let result = login(|args| args.listen_address = vec![text.into()], None);
            assert!(matches!(result, Err(Error::ListenAddress(_))), "{text}");
        }
    }

    #[test]
    fn a_redirect_url_is_http_and_stays_as_written() {
        for text in [
            "https://localhost:8000",
            "localhost:8000",
            "http://x/#f",
            "nonsense",
        ] {
            assert!(
                matches!(login(|_| (), Some(text)), Err(Error::RedirectUrl(..))),
                "{text}"
            );
        }
        let login = login(|_| (), Some("http://LOCALHOST:8000/a/")).unwrap();
        assert!(matches!(login.redirect, Redirect::Fixed(text, _) if text == "http://LOCALHOST:8000/a/"));
    }

    #[test]
    fn a_listener_with_a_certificate_has_an_https_redirect() {
        let both = |args: &mut LoginArgs| {
            args.local_server_cert = Some("cert".into());
            args.local_server_key = Some("key".into());
        };
        let redirect = |redirect| login(both, redirect).map(|login| login.redirect);
        assert_eq!(
            redirect(None).unwrap(),
            Redirect::host("https", "localhost").unwrap()
        );
        assert!(redirect(Some("https://localhost:8000/cb")).is_ok());
        assert!(matches!(
            redirect(Some("http://localhost:8000")),
            Err(Error::RedirectUrl(..))
        ));
        let half = login(|args| args.local_server_key = Some("key".into()), None);
        assert!(matches!(half, Err(Error::IncompleteCallbackTls)));
    }
}
