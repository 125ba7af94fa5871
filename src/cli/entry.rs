//! The flags that say which entry of the kubeconfig is meant.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::FileArgs;

// Which entry of a kubeconfig is meant. An empty name is that of a variable of a shell that is not set, and must not mean another entry.
// A doc comment would become the help of the commands that have these flags.
#[derive(Debug, Args)]
pub(crate) struct EntryArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// Context whose user is meant [default: the current one]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), allow_hyphen_values = true)]
    pub(crate) context: Option<String>,

    /// User that is meant, whatever the context
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), allow_hyphen_values = true)]
    pub(crate) user: Option<String>,
}

impl EntryArgs {
    /// Whether `--kubeconfig`, `--context` or `--user` is given.
    pub(crate) fn has_selection(&self) -> bool {
        self.names_user() || self.file.kubeconfig.is_some()
    }

    /// Whether one user is meant, and not all of the kubeconfig.
    pub(crate) fn names_user(&self) -> bool {
        self.context.is_some() || self.user.is_some()
    }
}
