//! Recognizes the commands that `kubesesame-cluster` has, by the first argument, before the command line is parsed: every flag after it
//! belongs to that program.

use std::ffi::OsString;

/// The commands of `kubesesame-cluster`.
const COMMANDS: [&str; 3] = ["cluster", "rbac", "admission"];

/// Returns the arguments for the other program, if one of its commands comes first, or after `help`.
pub(crate) fn companion_args(args: &[OsString]) -> Option<Vec<OsString>> {
    let is_command = |arg: &OsString| COMMANDS.iter().any(|command| arg == command);
    match args.get(1..)? {
        [help, command, rest @ ..] if help == "help" && is_command(command) => {
            let words = [command].into_iter().chain(rest).cloned();
            Some(words.chain([OsString::from("--help")]).collect())
        }
        arguments @ [command, ..] if is_command(command) => Some(arguments.to_vec()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_argument_decides_and_the_rest_stays_as_it_is() {
        let cases: [(&[&str], Option<&[&str]>); 7] = [
            (&["cluster"], Some(&["cluster"])),
            (&["rbac", "-v1", "--help"], Some(&["rbac", "-v1", "--help"])),
            (&["admission", "--", "x"], Some(&["admission", "--", "x"])),
            (
                &["help", "cluster", "authn"],
                Some(&["cluster", "authn", "--help"]),
            ),
            (&["get-token", "cluster"], None),
            (&["--user", "cluster"], None),
            (&[], None),
        ];
        for (args, expected) in cases {
            let args: Vec<OsString> = ["kubesesame"].iter().chain(args).map(OsString::from).collect();
            let expected: Option<Vec<OsString>> =
                expected.map(|words| words.iter().map(OsString::from).collect());
            assert_eq!(companion_args(&args), expected, "{args:?}");
        }
    }
}
