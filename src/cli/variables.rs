//! Environment variables: each flag that the help shows has one.

use std::fmt;

use clap::{Arg, Args, Command};

use super::{
    CleanArgs, ClusterArgs, GetTokenArgs, InspectArgs, LoginArgs, LoginCommandArgs, ProviderArgs,
    StandaloneArgs, TlsArgs,
};
use crate::untrusted_text::UntrustedText;

/// The prefix of all variables.
pub(crate) const VARIABLE_PREFIX: &str = "KUBESESAME_";

/// Commands whose flags have variables. The empty name is standalone mode. `kubeconfig` has none: what changes files has to be given
/// explicitly.
const COMMANDS_WITH_VARIABLES: [&str; 6] = ["get-token", "login", "setup", "clean", "inspect", ""];

/// Returns the name of the variable of a flag, which is given without dashes.
pub(super) fn variable_name(flag: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", flag.replace('-', "_").to_uppercase())
}

/// Returns the flags of a command; none if its flags have no variables.
pub(super) fn args_of_command(command: &str) -> Vec<Arg> {
    let bare = Command::new("flags");
    let flags = match command {
        "get-token" => GetTokenArgs::augment_args(bare),
        "login" => LoginCommandArgs::augment_args(bare),
        // Without `SetupResultArgs`, some of which change files.
        "setup" => ClusterArgs::augment_args(TlsArgs::augment_args(LoginArgs::augment_args(
            ProviderArgs::augment_args(bare),
        ))),
        "clean" => CleanArgs::augment_args(bare),
        "inspect" => InspectArgs::augment_args(bare),
        "" => StandaloneArgs::augment_args(bare),
        _ => return Vec::new(),
    };
    // It is a global flag, so the command's own arguments do not include it.
    let verbosity = Arg::new("verbosity").long("v");
    let flags = flags.get_arguments().filter(|arg| arg.get_long().is_some());
    flags.cloned().chain([verbosity]).collect()
}

/// Returns the name of the variable of a flag, which is given with its dashes. `None` if there is no such flag, or the help hides it.
pub(crate) fn variable_of(flag: &str) -> Option<String> {
    let name = flag.trim_start_matches('-');
    let args = COMMANDS_WITH_VARIABLES.into_iter().flat_map(args_of_command);
    let mut shown = args.filter(|arg| !arg.is_hide_set());
    shown
        .any(|arg| arg.get_long() == Some(name))
        .then(|| variable_name(name))
}

/// Returns the names of all flags of `get-token`, without dashes.
pub(crate) fn flags_of_get_token() -> Vec<String> {
    let args = args_of_command("get-token");
    args.iter().filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// A variable that has the prefix but belongs to no flag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownVariable {
    pub(crate) name: String,
    /// The known variable that was probably meant.
    pub(crate) nearest: Option<String>,
}

/// Returns the variables that belong to no flag of any command. Empty variables are ignored.
pub(crate) fn unknown_variables(environment: &[(String, String)]) -> Vec<UnknownVariable> {
    let given = environment.iter().filter(|(_, value)| !value.is_empty());
    let mut given = given.map(|(name, _)| name).peekable();
    if given.peek().is_none() {
        return Vec::new();
    }
    let args = COMMANDS_WITH_VARIABLES.into_iter().flat_map(args_of_command);
    let shown = args.filter(|arg| !arg.is_hide_set());
    let known: Vec<String> = shown
        .filter_map(|arg| arg.get_long().map(variable_name))
        .collect();
    let unknown = given.filter(|name| !known.contains(name));
    unknown
        .map(|name| UnknownVariable {
            name: name.clone(),
            nearest: nearest(name, &known),
        })
        .collect()
}

/// Returns the known name that was probably meant: one with a typo or two, or one whose first words are missing.
fn nearest(name: &str, known: &[String]) -> Option<String> {
    let bare = |name: &str| name.trim_start_matches(VARIABLE_PREFIX).to_owned();
    let given = bare(name).to_uppercase();
    let similarity = |known: &String| {
        let known = bare(known);
        if known.ends_with(&format!("_{given}")) {
            return 0.9;
        }
        let spellings = [&*known, known.trim_start_matches("OIDC_")];
        spellings
            .map(|spelling| strsim::normalized_damerau_levenshtein(&given, spelling))
            .into_iter()
            .fold(0.0, f64::max)
    };
    let best = known
        .iter()
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    (similarity(best) > 0.6).then(|| best.clone())
}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = UntrustedText::with_limit(&self.name, 80);
        write!(f, "nothing reads the variable {name}; ")?;
        match &self.nearest {
            Some(nearest) => write!(f, "did you mean {nearest}?"),
            None => write!(
                f,
                "--oidc-issuer-url, for example, is {}",
                variable_name("oidc-issuer-url")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(name: &str) -> Option<String> {
        let environment = [(name.to_owned(), "x".to_owned())];
        let unknown = unknown_variables(&environment);
        let nearest =
            |unknown: &UnknownVariable| unknown.nearest.clone().unwrap_or_else(|| "nothing".to_owned());
        unknown.first().map(nearest)
    }

    #[test]
    fn an_unknown_variable_gets_the_nearest_name_of_all_commands() {
        for name in [
            "OIDC_ISSUER_URL",
            "V",
            "GROUPS_CLAIM",
            "TOKEN_CACHE_DIR",
            "CONTEXT",
            "PASSWORD",
        ] {
            assert_eq!(unknown(&format!("{VARIABLE_PREFIX}{name}")), None, "{name}");
        }
        for (name, meant) in [
            ("OIDC_ISUER_URL", "OIDC_ISSUER_URL"),
            ("ISSUER_URL", "OIDC_ISSUER_URL"),
            ("OIDC_ISSUER", "OIDC_ISSUER_URL"),
            ("CLIENT_ID", "OIDC_CLIENT_ID"),
            ("OIDC_EXTRA_SCOPES", "OIDC_EXTRA_SCOPE"),
            ("oidc_client_id", "OIDC_CLIENT_ID"),
            ("LISTEN_ADRESS", "LISTEN_ADDRESS"),
            ("CACHE_DIR", "TOKEN_CACHE_DIR"),
        ] {
            let meant = format!("{VARIABLE_PREFIX}{meant}");
            assert_eq!(
                unknown(&format!("{VARIABLE_PREFIX}{name}")),
                Some(meant),
                "{name}"
            );
        }
        assert_eq!(unknown("KUBESESAME_DEBUG").as_deref(), Some("nothing"));
        assert_eq!(
            unknown_variables(&[("KUBESESAME_X".to_owned(), String::new())]),
            []
        );
    }
}
