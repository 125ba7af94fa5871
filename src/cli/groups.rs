//! Groups of flags that several commands share.

use clap::{ArgAction, Args};

use super::choices::{Automatic, ClientAuthChoice, GrantChoice, PkceChoice, ProtectionChoice, StorageChoice};

/// The default of `--authentication-timeout-sec`, as in kubelogin.
pub(crate) const DEFAULT_TIMEOUT_SECS: u64 = 180;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider")]
pub(crate) struct ProviderArgs {
    /// Issuer, exactly as the provider and the API server spell it
    #[arg(long, value_name = "URL", allow_hyphen_values = true)]
    pub(crate) oidc_issuer_url: Option<String>,

    /// Client id of the app
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) oidc_client_id: Option<String>,

    /// Client secret, if the app has one; a native app needs none
    #[arg(
        long,
        hide_short_help = true,
        value_name = "SECRET",
        allow_hyphen_values = true
    )]
    pub(crate) oidc_client_secret: Option<String>,

    /// File with the client secret, private to you; keeps it out of kubeconfigs and process lists
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) oidc_client_secret_file: Option<String>,

    /// Command that prints the client secret, such as that of a password manager; no shell runs it, and no cached call
    #[arg(
        long,
        hide_short_help = true,
        value_name = "COMMAND",
        allow_hyphen_values = true
    )]
    pub(crate) oidc_client_secret_command: Option<String>,

    /// Item of the OS keyring that is the client secret, which is only read
    #[arg(
        long,
        hide_short_help = true,
        value_name = "SERVICE/ACCOUNT",
        allow_hyphen_values = true
    )]
    pub(crate) oidc_client_secret_keyring: Option<String>,

    /// Private key that the app signs with in place of a secret (PEM or JWK; RSA, or EC of P-256, P-384 or P-521), in a file private
    /// to you
    #[arg(long, hide_short_help = true, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) oidc_client_private_key_file: Option<String>,

    /// Command that prints that key
    #[arg(
        long,
        hide_short_help = true,
        value_name = "COMMAND",
        allow_hyphen_values = true
    )]
    pub(crate) oidc_client_private_key_command: Option<String>,

    /// Name of that key at the provider (`kid`), if the key does not have it
    #[arg(long, hide_short_help = true, value_name = "KID", allow_hyphen_values = true)]
    pub(crate) oidc_client_key_id: Option<String>,

    /// How the app proves itself: `auto` by what it has, `none`, `client_secret_basic`, `client_secret_post`,
    /// `client_secret_jwt`, `private_key_jwt`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "METHOD",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) oidc_client_auth_method: ClientAuthChoice,

    /// Whom the app's signed assertion is for: `endpoint`, `issuer`, or a URL [default: endpoint]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "AUDIENCE",
        allow_hyphen_values = true
    )]
    pub(crate) oidc_client_auth_audience: Option<String>,

    /// Account to sign in with, where you have several at the provider; each has a session of its own
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) account: Option<String>,

    /// Scope to ask for besides `openid` (repeat, or separate by commas or spaces)
    #[arg(long, value_name = "SCOPE", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) oidc_extra_scope: Vec<String>,

    /// Service that the tokens are for, as an absolute URI (RFC 8707), where the provider wants one (repeat)
    #[arg(long, hide_short_help = true, value_name = "URI", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) oidc_resource: Vec<String>,

    /// Redirect URI that is registered at the provider [default: http://localhost:PORT]
    #[arg(long, hide_short_help = true, value_name = "URL", allow_hyphen_values = true)]
    pub(crate) oidc_redirect_url: Option<String>,

    /// PKCE: `auto` and `S256` always send it, `no` turns it off
    #[arg(
        long,
        hide_short_help = true,
        value_name = "METHOD",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) oidc_pkce_method: PkceChoice,

    /// Bind the refresh token to a key of the session (DPoP): `auto` where the provider wants or announces it, `always`, or `never`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) oidc_dpop: ProtectionChoice,

    /// Send the authorization request to the provider before the browser opens (PAR): `auto` where the provider demands it, `always`,
    /// or `never`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) oidc_par: ProtectionChoice,

    /// Hand out the access token in place of the ID token
    #[arg(long, hide_short_help = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) oidc_use_access_token: Option<bool>,

    /// Header for every request to the provider, as NAME=VALUE (repeat)
    #[arg(long, hide_short_help = true, value_name = "NAME=VALUE", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) oidc_request_header: Vec<String>,

    /// Parameter for the authorization request, as NAME=VALUE (repeat)
    #[arg(long, hide_short_help = true, value_name = "NAME=VALUE", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) oidc_auth_request_extra_params: Vec<String>,

    /// Older spelling of `--oidc-pkce-method=S256`
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) oidc_use_pkce: Option<bool>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Session")]
pub(crate) struct CacheArgs {
    /// Directory for sessions [default: $KUBECACHEDIR/kubesesame or ~/.kube/cache/kubesesame]
    #[arg(long, hide_short_help = true, value_name = "DIR", allow_hyphen_values = true)]
    pub(crate) token_cache_dir: Option<String>,

    /// Where sessions are kept: `disk`, `keyring` (sealed with a key of the OS keyring), `auto` (keyring where there is
    /// one), or `none` to sign in with each call
    #[arg(
        long,
        value_name = "STORAGE",
        default_value = "disk",
        hide_possible_values = true
    )]
    pub(crate) token_cache_storage: StorageChoice,

    /// Take over a session of `kubectl oidc-login` where there is none yet: `auto` or `off`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) adopt: Automatic,

    /// Refresh a token before its end, in the background, so that nobody waits for it: `auto` or `off`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) refresh_ahead: Automatic,

    /// Detect tokens that the API server may have rejected, and refresh them once: `auto` or `off`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) notice_refusal: Automatic,

    /// Refresh the token even if the stored one is still good
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) force_refresh: Option<bool>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in")]
pub(crate) struct LoginArgs {
    /// How to sign in: `auto`, `authcode`, `authcode-keyboard`, `device-code`, `password`, `client-credentials`
    #[arg(
        long,
        value_name = "GRANT",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) grant_type: GrantChoice,

    /// User name for the grant `password`; asked for at a terminal if it is missing
    #[arg(long, hide_short_help = true, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) username: Option<String>,

    /// Password for the grant `password`; better left to be asked for at a terminal
    #[arg(
        long,
        hide_short_help = true,
        value_name = "PASSWORD",
        allow_hyphen_values = true
    )]
    pub(crate) password: Option<String>,

    /// File with the password, private to you
    #[arg(long, hide_short_help = true, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) password_file: Option<String>,

    /// Command that prints the password
    #[arg(
        long,
        hide_short_help = true,
        value_name = "COMMAND",
        allow_hyphen_values = true
    )]
    pub(crate) password_command: Option<String>,

    /// Address to wait on for the browser, the first free one (repeat, or separate by commas)
    /// [default: 127.0.0.1:8000,127.0.0.1:18000]
    #[arg(long, value_name = "HOST:PORT", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) listen_address: Vec<String>,

    /// Print the URL instead of opening a browser
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) skip_open_browser: Option<bool>,

    /// Command that opens the URL, with arguments if need be; the URL is put at its end
    #[arg(
        long,
        hide_short_help = true,
        value_name = "COMMAND",
        allow_hyphen_values = true
    )]
    pub(crate) browser_command: Option<String>,

    /// How long to wait for the sign-in
    #[arg(long, hide_short_help = true, value_name = "SECONDS", default_value_t = DEFAULT_TIMEOUT_SECS, value_parser = parse_timeout_secs)]
    pub(crate) authentication_timeout_sec: u64,

    /// Certificate (PEM, with its chain) to wait for the browser with https; the default redirect is https://localhost:PORT then
    #[arg(long, hide_short_help = true, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) local_server_cert: Option<String>,

    /// Private key (PEM) of that certificate, private to you
    #[arg(long, hide_short_help = true, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) local_server_key: Option<String>,

    /// Page that the browser goes on to after the sign-in
    #[arg(long, hide_short_help = true, value_name = "URL", allow_hyphen_values = true)]
    pub(crate) open_url_after_authentication: Option<String>,

    /// Older spelling of `--listen-address=127.0.0.1:PORT`
    #[arg(long, hide = true, value_name = "PORT", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) listen_port: Vec<u16>,

    /// Older way to say `--oidc-redirect-url=http://HOST:PORT`
    #[arg(long, hide = true, value_name = "HOST", allow_hyphen_values = true)]
    pub(crate) oidc_redirect_url_hostname: Option<String>,

    /// Older spelling of `--oidc-redirect-url` for the grant `authcode-keyboard`
    #[arg(long, hide = true, value_name = "URL", allow_hyphen_values = true)]
    pub(crate) oidc_redirect_url_authcode_keyboard: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// PEM file with the certificate authorities to trust in place of the system's (repeat)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) certificate_authority: Vec<String>,

    /// The same as base64 of PEM (repeat)
    #[arg(long, hide_short_help = true, value_name = "BASE64", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) certificate_authority_data: Vec<String>,

    /// Trust any certificate of the provider: for a test at most
    #[arg(long, hide_short_help = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) insecure_skip_tls_verify: Option<bool>,

    /// Accepted for old kubeconfigs; TLS here never renegotiates
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) tls_renegotiation_once: Option<bool>,

    /// Accepted for old kubeconfigs; TLS here never renegotiates
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) tls_renegotiation_freely: Option<bool>,
}

/// klog's global flags, which old kubeconfigs hold: accepted, and without a meaning here.
#[derive(Debug, Args)]
pub(crate) struct KlogArgs {
    #[arg(long, hide = true, global = true)]
    vmodule: Option<String>,
    #[arg(long, hide = true, global = true, num_args = 0..=1, require_equals = true)]
    logtostderr: Option<String>,
    #[arg(long, hide = true, global = true, num_args = 0..=1, require_equals = true)]
    alsologtostderr: Option<String>,
    #[arg(long, hide = true, global = true)]
    alsologtostderrthreshold: Option<String>,
    #[arg(long, hide = true, global = true)]
    stderrthreshold: Option<String>,
    #[arg(long = "log_dir", hide = true, global = true)]
    log_dir: Option<String>,
    #[arg(long = "log_file", hide = true, global = true)]
    log_file: Option<String>,
    #[arg(long = "log_file_max_size", hide = true, global = true)]
    log_file_max_size: Option<String>,
    #[arg(long = "log_backtrace_at", hide = true, global = true)]
    log_backtrace_at: Option<String>,
    #[arg(long = "add_dir_header", hide = true, global = true, num_args = 0..=1, require_equals = true)]
    add_dir_header: Option<String>,
    #[arg(long = "skip_headers", hide = true, global = true, num_args = 0..=1, require_equals = true)]
    skip_headers: Option<String>,
    #[arg(long = "skip_log_headers", hide = true, global = true, num_args = 0..=1, require_equals = true)]
    skip_log_headers: Option<String>,
    #[arg(long = "one_output", hide = true, global = true, num_args = 0..=1, require_equals = true)]
    one_output: Option<String>,
    #[arg(long = "legacy_stderr_threshold_behavior", hide = true, global = true, num_args = 0..=1, require_equals = true)]
    legacy_stderr_threshold_behavior: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// Claim that the API server takes the user name from [default: sub]
    #[arg(long, value_name = "CLAIM", allow_hyphen_values = true)]
    pub(crate) username_claim: Option<String>,

    /// What the API server puts before the user name [default: ISSUER#, or nothing for `email`]
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    pub(crate) username_prefix: Option<String>,

    /// Claim that the API server takes the groups from
    #[arg(
        long,
        value_name = "CLAIM",
        allow_hyphen_values = true,
        default_value = "groups"
    )]
    pub(crate) groups_claim: String,

    /// What the API server puts before each group
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true, default_value = "")]
    pub(crate) groups_prefix: String,
}

impl KlogArgs {
    /// Whether a flag, with its dashes, is one of klog's.
    pub(super) fn contains(flag: &str) -> bool {
        let all = Self::augment_args(clap::Command::new("klog"));
        let mut names = all.get_arguments().filter_map(clap::Arg::get_long);
        names.any(|name| flag.strip_prefix("--") == Some(name))
    }
}

/// Parses a number of seconds, at most a day. The error says that there is no unit, because kubectl's own durations have one.
fn parse_timeout_secs(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
    seconds.ok_or_else(|| {
        "expected a number of seconds from 1 to 86400, without a unit (300 means 5 minutes)".to_owned()
    })
}

/// Parses a boolean in the spellings of Go's `strconv.ParseBool`, which existing kubeconfigs use.
pub(super) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}
