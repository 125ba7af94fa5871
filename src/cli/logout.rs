//! The flags of `logout`: which sessions end.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::EntryArgs;

// An empty name is that of a variable of a shell that is not set, and must not end another session.
#[derive(Debug, Args)]
#[command(
    mut_arg("context", |arg| arg.value_parser(NonEmptyStringValueParser::new())),
    mut_arg("user", |arg| arg.value_parser(NonEmptyStringValueParser::new()))
)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) entry: EntryArgs,

    /// End the sessions of this account, wherever they are
    #[arg(
        long,
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new(),
        allow_hyphen_values = true,
        conflicts_with_all = ["context", "user"]
    )]
    pub(crate) account: Option<String>,

    /// End the sessions at this issuer, wherever they are
    #[arg(
        long,
        value_name = "URL",
        value_parser = NonEmptyStringValueParser::new(),
        allow_hyphen_values = true,
        conflicts_with_all = ["context", "user"]
    )]
    pub(crate) issuer: Option<String>,

    /// End all sessions that are found: in the default places, and where entries of the kubeconfig say
    #[arg(long, conflicts_with_all = ["context", "user", "account", "issuer"])]
    pub(crate) all: bool,

    /// Also end the browser's own session at the provider, which other apps use too: opens the provider's page for it. Once our session is
    /// gone, it is opened without an ID token, which some providers refuse (Okta)
    #[arg(long)]
    pub(crate) browser: bool,

    /// Where the provider sends the browser then; one that is registered for the app (with --browser)
    #[arg(long, value_name = "URL", requires = "browser")]
    pub(crate) post_logout_redirect_uri: Option<url::Url>,
}
