//! The flags of `logout`: which sessions end.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::EntryArgs;

#[derive(Debug, Args)]
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
    #[arg(long, value_name = "URL", requires = "browser", value_parser = web_address)]
    pub(crate) post_logout_redirect_uri: Option<url::Url>,
}

/// A browser is sent there.
fn web_address(text: &str) -> Result<url::Url, String> {
    let url = url::Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("give an http or https URL".to_owned()),
    }
}
