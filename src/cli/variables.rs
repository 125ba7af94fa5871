//! The variables of the environment: one for each flag that is shown.

use std::fmt;

use clap::{Arg, Args, Command};

use super::{CleanArgs, GetTokenArgs, SetupArgs, StandaloneArgs};
use crate::untrusted_text::UntrustedText;

/// What a variable's name begins with.
pub(crate) const PREFIX: &str = "KUBESESAME_";

/// Commands whose flags have variables; the one without a name is no command at all. Those that change kubeconfigs are typed.
const COMMANDS: [&str; 4] = ["get-token", "setup", "clean", ""];

/// The name of a flag's variable.
pub(super) fn variable(flag: &str) -> String {
    format!("{PREFIX}{}", flag.replace('-', "_").to_uppercase())
}

/// The flags of a command that has variables.
pub(super) fn args_of(command: &str) -> Vec<Arg> {
    let bare = Command::new("flags");
    let flags = match command {
        "get-token" => GetTokenArgs::augment_args(bare),
        "setup" => SetupArgs::augment_args(bare),
        "clean" => CleanArgs::augment_args(bare),
        "" => StandaloneArgs::augment_args(bare),
        _ => return Vec::new(),
    };
    // Global, and so no argument of the command's own.
    let verbosity = Arg::new("verbosity").long("v");
    flags.get_arguments().cloned().chain([verbosity]).collect()
}

/// The variable of a flag, which is given with its dashes; `None` if there is no such flag, or it is only taken for the sake of old
/// kubeconfigs.
pub(crate) fn variable_of(flag: &str) -> Option<String> {
    let name = flag.trim_start_matches('-');
    let args = COMMANDS.into_iter().flat_map(args_of);
    let mut shown = args.filter(|arg| !arg.is_hide_set());
    shown
        .any(|arg| arg.get_long() == Some(name))
        .then(|| variable(name))
}

/// The names of all flags of `get-token`, without dashes.
pub(crate) fn flags_of_get_token() -> Vec<String> {
    let args = args_of("get-token");
    args.iter().filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// A variable that has our prefix and that nothing reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownVariable {
    pub(crate) name: String,
    /// What was probably meant.
    pub(crate) nearest: Option<String>,
}

/// Finds the variables that are those of no flag of any command; an empty one is none.
pub(crate) fn unknown_variables(environment: &[(String, String)]) -> Vec<UnknownVariable> {
    let given = environment.iter().filter(|(_, value)| !value.is_empty());
    let mut given = given.map(|(name, _)| name).peekable();
    if given.peek().is_none() {
        return Vec::new();
    }
    let args = COMMANDS.into_iter().flat_map(args_of);
    let shown = args.filter(|arg| !arg.is_hide_set());
    let known: Vec<String> = shown.filter_map(|arg| arg.get_long().map(variable)).collect();
    let unknown = given.filter(|name| !known.contains(name));
    unknown
        .map(|name| UnknownVariable {
            name: name.clone(),
            nearest: nearest(name, &known),
        })
        .collect()
}

/// The name that was probably meant: as near as one with a slip or two, or without its first words.
fn nearest(name: &str, known: &[String]) -> Option<String> {
    let bare = |name: &str| name.trim_start_matches(PREFIX).to_owned();
    let given = bare(name).to_uppercase();
    let likeness = |known: &String| {
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
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.6).then(|| best.clone())
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
                variable("oidc-issuer-url")
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
    fn a_slip_is_told_from_the_variables_of_all_commands() {
        for name in [
            "OIDC_ISSUER_URL",
            "V",
            "GROUPS_CLAIM",
            "TOKEN_CACHE_DIR",
            "CONTEXT",
            "PASSWORD",
        ] {
            assert_eq!(unknown(&format!("{PREFIX}{name}")), None, "{name}");
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
            let meant = format!("{PREFIX}{meant}");
            assert_eq!(unknown(&format!("{PREFIX}{name}")), Some(meant), "{name}");
        }
        assert_eq!(unknown("KUBESESAME_DEBUG").as_deref(), Some("nothing"));
        assert_eq!(
            unknown_variables(&[("KUBESESAME_X".to_owned(), String::new())]),
            []
        );
    }
}
