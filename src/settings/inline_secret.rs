//! Whether a secret is on the command line or in a variable. Pure.

use std::ffi::OsString;

use crate::cli::{unknown_variables, variable_of};

/// The flags whose values are secrets. Headers count, since most of them contain one.
const SECRET_FLAGS: [&str; 3] = ["--oidc-client-secret", "--oidc-request-header", "--password"];

/// Whether a secret is on the command line or in a variable of ours, be it used or not.
///
/// The settings do not show this: they omit a secret that the grant does not use, that a later flag replaces, or that goes to no issuer of a
/// cluster. A variable that nothing reads may contain a secret under a wrong name.
pub(crate) fn has_inline_secret(args: &[OsString], variables: &[(String, String)]) -> bool {
    let is_secret = |at: usize| {
        let arg = args[at].to_string_lossy();
        let (flag, value) = match arg.split_once('=') {
            Some((flag, value)) => (flag, !value.is_empty()),
            None => (&*arg, args.get(at + 1).is_some_and(|value| !value.is_empty())),
        };
        value && SECRET_FLAGS.contains(&flag)
    };
    let secret_variables: Vec<_> = SECRET_FLAGS.into_iter().filter_map(variable_of).collect();
    (0..args.len()).any(is_secret)
        || variables
            .iter()
            .any(|(name, value)| !value.is_empty() && secret_variables.contains(name))
        || !unknown_variables(variables).is_empty()
}

/// Returns the flag whose secret is among the arguments, for all users of the machine to read, although it could be in a file.
pub(crate) fn secret_in_arguments(args: &[OsString]) -> Option<&'static str> {
    let movable = ["--oidc-client-secret", "--password"];
    movable.into_iter().find(|flag| {
        args.iter().enumerate().any(|(at, arg)| {
            let arg = arg.to_string_lossy();
            match arg.split_once('=') {
                Some((name, value)) => name == *flag && !value.is_empty(),
                None => arg == *flag && args.get(at + 1).is_some_and(|value| !value.is_empty()),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_among_the_arguments_is_found() {
        let found = |args: &[&str]| secret_in_arguments(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(found(&["k", "--password=x"]), Some("--password"));
        assert_eq!(
            found(&["k", "--oidc-client-secret", "x"]),
            Some("--oidc-client-secret")
        );
        for args in [
            &["k", "--password="][..],
            &["k", "--password"],
            &["k", "--oidc-client-secret-file=x"],
        ] {
            assert_eq!(found(args), None, "{args:?}");
        }
    }

    use super::*;

    #[test]
    fn a_secret_is_found_in_whatever_form_it_is_given() {
        let found = |args: &[&str], variables: &[(&str, &str)]| {
            let args: Vec<_> = args.iter().map(OsString::from).collect();
            let variables = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            has_inline_secret(&args, &variables.collect::<Vec<_>>())
        };
        for flag in ["--oidc-client-secret", "--oidc-request-header", "--password"] {
            let variable = variable_of(flag).unwrap();
            assert!(found(&["k", "get-token", &format!("{flag}=x")], &[]), "{flag}");
            assert!(found(&["k", "get-token", flag, "x"], &[]), "{flag}");
            assert!(
                found(&["k", &format!("{flag}=x"), &format!("{flag}=")], &[]),
                "{flag}"
            );
            assert!(found(&["k"], &[(&variable, "x")]), "{flag}");
            assert!(!found(&["k", &format!("{flag}=")], &[(&variable, "")]), "{flag}");
            assert!(!found(&["k", flag, ""], &[]), "{flag}");
            assert!(!found(&["k", flag], &[]), "{flag}");
        }
        assert!(!found(&["k", "--password-file=x", "--oidc-client-id", "x"], &[]));
        assert!(!found(&["k"], &[("KUBESESAME_PASSWORD_FILE", "x")]));
        assert!(found(&["k"], &[("KUBESESAME_CLIENT_SECRET", "x")]));
        assert!(!found(&["k"], &[("KUBESESAME_CLIENT_SECRET", "")]));
    }
}
