//! The commands, their arguments, and the text after their help.

use clap::{Args, Subcommand};

use super::choices::{ClusterConfigChoice, OutputFormat};
use super::completion::Shell;
use super::man::page_name;
use super::{CacheArgs, ClusterArgs, KubeconfigArgs, LoginArgs, ProviderArgs, StandaloneArgs, TlsArgs};

macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0  done
  1  failed
  2  the command line, or what kubectl passed, cannot be used
  3  a sign-in is needed, and nobody could attend to it here"
    };
}

pub(super) const PROGRAM_ABOUT: &str = "\
kubectl credential plugin for OpenID Connect: signs you in once and stays out of the way

Examples:
  # Sign in, see your claims, and get the commands that set up kubectl
  kubesesame setup --oidc-issuer-url=https://ORG.okta.com/oauth2/default --oidc-client-id=ID

  # Move the users of `kubectl oidc-login` over: look first, then write
  kubesesame kubeconfig convert --dry-run
  kubesesame kubeconfig convert

  # Complete commands and flags in this bash
  source <(kubesesame completion bash)";

const GET_TOKEN_ABOUT: &str = "\
Print an ExecCredential for kubectl, signing in only when there is no other way

Examples:
  # What kubectl runs; `kubesesame setup` prints the kubeconfig entry
  kubesesame get-token --oidc-issuer-url=https://ORG.okta.com/oauth2/default --oidc-client-id=ID

  # On a machine without a browser
  kubesesame get-token --oidc-issuer-url=URL --oidc-client-id=ID --grant-type=device-code

  # With the session sealed by a key of the OS keyring
  kubesesame get-token --oidc-issuer-url=URL --oidc-client-id=ID --token-cache-storage=keyring";

const SETUP_ABOUT: &str = "\
Sign in once, show the claims and who the cluster will say you are, and how to set up kubectl

Examples:
  # With the prefixes that the API server is configured with
  kubesesame setup --oidc-issuer-url=https://ORG.okta.com/oauth2/default --oidc-client-id=ID \\
    --username-prefix=okta: --groups-prefix=okta:";

const CLEAN_ABOUT: &str = "\
Remove all your sessions on this machine

Examples:
  # The next kubectl command signs in anew
  kubesesame clean";

pub(super) const STANDALONE_HELP: &str = concat!(
    "Without a command it signs in the `auth-provider: oidc` user of a kubeconfig (--kubeconfig, --context, --user, and the \
     flags for sign-in and TLS of get-token) and writes the tokens there. An `exec` entry serves better: see `kubeconfig convert`.\n\n",
    exit_codes!()
);
const VARIABLES_HELP: &str = concat!(
    "Each flag can be a variable too: --oidc-issuer-url is KUBESESAME_OIDC_ISSUER_URL. A flag takes precedence over its variable.\n\n",
    exit_codes!()
);

const CLEAN_HELP: &str = "\
It removes every session of yours, whatever the issuer and the account, in the directory above and in those where sessions are kept when the \
home cannot be written: $XDG_RUNTIME_DIR/kubesesame, and kubesesame-UID among the temporary files ($TMPDIR, such as /tmp/kubesesame-1000). \
Tokens that a call without a command has kept in ~/.kube/cache/kubesesame, to be written into the kubeconfig by the next one, go too. \
Tokens that were already issued stay valid until they expire.";

const COMPLETION_HELP: &str = "\
To load it in each new shell:
  bash        source <(kubesesame completion bash)         in ~/.bashrc
  zsh         source <(kubesesame completion zsh)          in ~/.zshrc, after compinit
  fish        kubesesame completion fish | source          in ~/.config/fish/config.fish
  powershell  kubesesame completion powershell | Out-String | Invoke-Expression   in $PROFILE

For `kubectl oidc-login`, put a link to kubesesame of the name kubectl_complete-oidc_login on the PATH.";

// `defer`: clap builds only the command that runs. Building all of them would double the time of a cached call.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Print an ExecCredential for kubectl, signing in only when there is no other way
    #[command(long_about = GET_TOKEN_ABOUT, after_long_help = VARIABLES_HELP, args_override_self = true)]
    GetToken(Box<GetTokenArgs>),
    /// Refresh the session that standard input names, silently; started by get-token
    #[command(hide = true)]
    BackgroundRefresh,
    /// Remove all your sessions on this machine
    #[command(long_about = CLEAN_ABOUT, after_long_help = CLEAN_HELP)]
    Clean(CleanArgs),
    /// Print the version
    Version(VersionArgs),
    /// Print the script that completes commands, flags and names in your shell
    #[command(after_help = COMPLETION_HELP)]
    Completion(CompletionArgs),
    /// Print the manual page of a command, as roff
    #[command(hide = true)]
    Man(ManArgs),
    /// Sign in once, show the claims and who the cluster will say you are, and how to set up kubectl
    #[command(long_about = SETUP_ABOUT, after_long_help = VARIABLES_HELP, args_override_self = true)]
    Setup(Box<SetupArgs>),
    /// The command line without a command, which `standalone` parses.
    #[command(skip)]
    Standalone(Box<StandaloneArgs>),
    /// Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them
    Kubeconfig(KubeconfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GetTokenArgs {
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,

    /// Whether a cluster's entry in the kubeconfig may choose issuer, client id, scopes and CA where no issuer is given here: `allow`
    /// or `ignore` [default: allow]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "WHETHER",
        hide_possible_values = true,
        help_heading = "Provider"
    )]
    pub(crate) cluster_config: Option<ClusterConfigChoice>,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// Print for programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output: Option<OutputFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// Shell: `bash`, `zsh`, `fish` or `powershell`
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Command, such as `kubeconfig-convert`; without it, the page of the program
    #[arg(value_name = "COMMAND", value_parser = page_name)]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Directory for sessions [default: $KUBECACHEDIR/kubesesame or ~/.kube/cache/kubesesame]
    #[arg(long, value_name = "DIR", allow_hyphen_values = true)]
    pub(crate) token_cache_dir: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
