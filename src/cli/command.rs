//! The commands, their long help and the text after it, and the arguments of the small ones. Arguments that several commands share are in
//! `groups`, those of larger commands in files of their own.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::choices::{ClusterConfigChoice, OutputFormat};
use super::completion::Shell;
use super::man::page_name;
use super::{
    CacheArgs, DoctorArgs, EntryArgs, ExplainArgs, KubeconfigArgs, LoginArgs, LogoutArgs, ProviderArgs,
    SetupArgs, StandaloneArgs, TlsArgs, TokenArgs,
};

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
  kubesesame setup --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID

  # Sign in now, for the user of the current context
  kubesesame login

  # Who am I, and until when?
  kubesesame status

  # Find out what is wrong, and what an error means
  kubesesame doctor
  kubesesame explain issuer-mismatch

  # Move the users of `kubectl oidc-login` over: look first, then write
  kubesesame kubeconfig convert --dry-run
  kubesesame kubeconfig convert

  # Complete commands and flags in this bash
  source <(kubesesame completion bash)";

const GET_TOKEN_ABOUT: &str = "\
Print an ExecCredential for kubectl, signing in only when there is no other way

Examples:
  # What kubectl runs; `kubesesame setup` prints the kubeconfig entry
  kubesesame get-token --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID

  # On a machine without a browser
  kubesesame get-token --oidc-issuer-url=URL --oidc-client-id=ID \\
    --grant-type=device-code

  # With the session sealed by a key of the OS keyring
  kubesesame get-token --oidc-issuer-url=URL --oidc-client-id=ID \\
    --token-cache-storage=keyring";

const SETUP_ABOUT: &str = "\
Sign in once, show what the cluster makes of your token, and set up kubectl

Examples:
  # Asks for issuer and client id
  kubesesame setup

  # With the prefixes that the API server is to have, and the kubeconfig written
  kubesesame setup --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID --username-prefix=okta: --groups-prefix=okta: --write

  # A kubeconfig to hand to other people
  kubesesame setup --oidc-issuer-url=URL --oidc-client-id=ID \\
    --kubeconfig-for-others=team.kubeconfig";

const LOGIN_ABOUT: &str = "\
Sign in now, for a user of the kubeconfig or with the flags of get-token

Examples:
  # For the user of the current context, as kubectl would when there is no session
  kubesesame login

  # For the user of another context
  kubesesame login --context=prod

  # Without a kubeconfig
  kubesesame login --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID";

const STATUS_ABOUT: &str = "\
Show who you are signed in as, until when, and which users of the kubeconfig use it

Examples:
  # All sessions, and users that have none
  kubesesame status

  # Who the API server says that you are, asked by kubectl
  kubesesame status --server --context=prod

  # The account of each session, for a script
  kubesesame status --output=json | jq -r '.sessions[].account'";

const STATUS_HELP: &str = "\
Without --context and --user it shows everything. It reads files alone: nothing is refreshed, and nobody is asked, except with --server. The key of a sealed session is not asked for either: what is \
in such a session is shown while the kernel has its key.";

/// Alias of `status`, which `has_subcommand` does not recognise.
pub(super) const STATUS_ALIAS: &str = "whoami";

const DOCTOR_ABOUT: &str = "\
Find out what is wrong between kubeconfig and API server, and how to correct it

Examples:
  # The user of the current context
  kubesesame doctor

  # Another context, whose API server takes the user name from the claim `email`
  kubesesame doctor --context=production --username-claim=email

  # Flags in place of a kubeconfig's entry
  kubesesame doctor --oidc-issuer-url=https://ORG.okta.com/oauth2/default \\
    --oidc-client-id=ID

  # For a bug report: what was found, without secrets
  kubesesame doctor --bundle=report.txt";

const DOCTOR_HELP: &str = "\
It changes nothing, opens no browser and ends within 20 seconds. With --oidc-issuer-url no kubeconfig is read; without it, the flags of \
get-token replace those of the entry. `kubesesame explain CHECK` tells what a check looks at.

Exit codes:
  0  no check failed; there may be warnings
  1  a check failed
  2  the command line cannot be used";

const LOGOUT_ABOUT: &str = "\
End a session: revoke its refresh token at the provider, and remove it here

Examples:
  # The session of the current context
  kubesesame logout

  # That of another context
  kubesesame logout --context=prod

  # All sessions, on a machine that you give away
  kubesesame logout --all";

const LOGOUT_HELP: &str = "\
A token that was issued already stays valid until it ends: no provider can take back an ID token. Where the provider cannot be asked, \
the session is ended here all the same, and the next sign-in or logout revokes it.

Sessions of kubectl oidc-login are that program's, and stay: logout names their files, and no call takes one over that is older than the \
logout. One that kubectl oidc-login gets or refreshes later is taken over, unless --adopt=off is set.

Exit codes:
  0  every session that is meant was ended, and none of their refresh tokens is valid any more
  1  a refresh token may still be valid: its session was ended here alone, or could not be ended
  2  the command line cannot be used";

const CLEAN_ABOUT: &str = "\
Remove all your sessions on this machine, and revoke nothing: see `kubesesame logout`

Examples:
  # The next kubectl command signs in anew
  kubesesame clean";

pub(super) const STANDALONE_HELP: &str = concat!(
    "Without a command it signs in the `auth-provider: oidc` user of a kubeconfig (--kubeconfig, --context, --user, and the \
     flags for sign-in and TLS of get-token) and writes the tokens there. An `exec` entry serves better: see `kubeconfig convert`. \
     Where the kubeconfig has no such user, `kubesesame` alone at a terminal shows the status and the next step.\n\n",
    exit_codes!()
);
const VARIABLES_HELP: &str = concat!(
    "Each flag can be a variable too: --oidc-issuer-url is KUBESESAME_OIDC_ISSUER_URL. A flag takes precedence over its variable.\n\n",
    exit_codes!()
);

const LOGIN_HELP: &str = concat!(
    "The new session takes the place of one that is still good. Flags of sign-in and TLS replace those of the entry; flags that name the \
provider, the account or the session's place are for a sign-in without an entry.\n\n",
    exit_codes!()
);

const SETUP_HELP: &str = concat!(
    "Nothing is stored and nothing is changed, unless --write or --kubeconfig-for-others asks for it. The exit code is 1 if the API \
     server will refuse the token: standard output is then empty, and what was found is on standard error (with --output, the document \
     is on standard output all the same).\n\n\
     Each flag but those under Result can be a variable too: --oidc-issuer-url is KUBESESAME_OIDC_ISSUER_URL. A flag takes precedence \
     over its variable.\n\n",
    exit_codes!()
);

const CLEAN_HELP: &str = "\
It removes every session of yours, whatever the issuer and the account, in the directory above and in those where sessions are kept when the \
home cannot be written: $XDG_RUNTIME_DIR/kubesesame, and kubesesame-UID among the temporary files ($TMPDIR, such as /tmp/kubesesame-1000). \
Tokens that a call without a command has kept in ~/.kube/cache/kubesesame, to be written into the kubeconfig by the next one, go too, and so do refresh tokens that a logout could not revoke. \
That somebody has signed out (kubesesame logout) is forgotten as well, so the next call may take over a session of kubectl oidc-login. \
Tokens that were already issued stay valid until they expire.";

const EXPLAIN_ABOUT: &str = "\
Say what an error means, its usual causes, and what to do

Examples:
  # The error that a failure at a terminal ended with
  kubesesame explain issuer-mismatch

  # All errors, one line each
  kubesesame explain";

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
    /// Sign in once, show what the cluster makes of your token, and set up kubectl
    #[command(long_about = SETUP_ABOUT, after_long_help = SETUP_HELP, args_override_self = true)]
    Setup(Box<SetupArgs>),
    /// Sign in now, for a user of the kubeconfig or with the flags of get-token
    #[command(long_about = LOGIN_ABOUT, after_long_help = LOGIN_HELP, args_override_self = true)]
    Login(Box<LoginCommandArgs>),
    /// Show who you are signed in as, until when, and which users of the kubeconfig use it
    #[command(long_about = STATUS_ABOUT, after_long_help = STATUS_HELP, visible_alias = STATUS_ALIAS)]
    Status(StatusArgs),
    /// Find out what is wrong between kubeconfig and API server, and how to correct it
    #[command(long_about = DOCTOR_ABOUT, after_long_help = DOCTOR_HELP, args_override_self = true)]
    Doctor(Box<DoctorArgs>),
    /// Say what an error means, its usual causes, and what to do
    #[command(long_about = EXPLAIN_ABOUT)]
    Explain(ExplainArgs),
    /// Look at a token: `inspect` says what is in it, and what the API server makes of it
    Token(TokenArgs),
    /// Configure a cluster's API server for the provider, from one description (kubesesame-cluster)
    #[command(disable_help_flag = true)]
    Cluster(CompanionArgs),
    /// Write roles and bindings for the groups of the provider (kubesesame-cluster)
    #[command(disable_help_flag = true)]
    Rbac(CompanionArgs),
    /// Write admission policies for people and groups (kubesesame-cluster)
    #[command(disable_help_flag = true, hide = true)]
    Admission(CompanionArgs),
    /// Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them
    Kubeconfig(KubeconfigArgs),
    /// End a session: revoke its refresh token at the provider, and remove it here
    #[command(long_about = LOGOUT_ABOUT, after_long_help = LOGOUT_HELP)]
    Logout(LogoutArgs),
    /// Remove all your sessions on this machine, and revoke nothing
    #[command(long_about = CLEAN_ABOUT, after_long_help = CLEAN_HELP)]
    Clean(CleanArgs),
    /// Print an ExecCredential for kubectl, signing in only when there is no other way
    #[command(long_about = GET_TOKEN_ABOUT, after_long_help = VARIABLES_HELP, args_override_self = true)]
    GetToken(Box<GetTokenArgs>),
    /// Refresh the session that standard input names, silently; started by get-token
    #[command(hide = true)]
    BackgroundRefresh,
    /// The command line without a command, which `standalone` parses.
    #[command(skip)]
    Standalone(Box<StandaloneArgs>),
    /// Print the script that completes commands, flags and names in your shell
    #[command(after_help = COMPLETION_HELP)]
    Completion(CompletionArgs),
    /// Print the manual page of a command, as roff
    #[command(hide = true)]
    Man(ManArgs),
    /// Print the version
    Version(VersionArgs),
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

// The arguments of a command that another program has.
#[derive(Debug, Args)]
pub(crate) struct CompanionArgs {
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS",
        hide = true
    )]
    pub(crate) args: Vec<OsString>,
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
pub(crate) struct LoginCommandArgs {
    #[command(flatten)]
    pub(crate) entry: EntryArgs,
    #[command(flatten)]
    pub(crate) get_token: Box<GetTokenArgs>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) entry: EntryArgs,

    /// Ask the API server who you are, by `kubectl auth whoami`; waits 10 seconds at most
    #[arg(long)]
    pub(crate) server: bool,

    /// Print for programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output: Option<OutputFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Directory for sessions [default: $KUBECACHEDIR/kubesesame or ~/.kube/cache/kubesesame]
    #[arg(long, value_name = "DIR", allow_hyphen_values = true)]
    pub(crate) token_cache_dir: Option<String>,
}
