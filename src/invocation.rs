//! One run of the program: its caller, its command line, and its start time. Built once and passed down.
//!
//! Owns the hashes of the command line, and the difference between a client (kubectl, an IDE) and a person who typed the
//! command. Decides nothing.

use std::cell::OnceCell;
use std::ffi::OsString;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::clock::{self, Timestamp};
use crate::environment::{Environment, login_variables};
use crate::process::{self, ParentProcess};

/// One run of the program. No `Debug`: the command line may hold a secret.
pub(crate) struct Invocation<'a> {
    /// The command line, with the program's name first.
    pub(crate) args: &'a [OsString],
    pub(crate) hash: InvocationHash,
    pub(crate) environment: &'a Environment,
    pub(crate) started_at: Timestamp,
    parent: OnceCell<ParentProcess>,
    login_variant: OnceCell<LoginVariantHash>,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(args: &'a [OsString], environment: &'a Environment) -> Self {
        Self {
            args,
            hash: InvocationHash::new(args, environment),
            environment,
            started_at: clock::now(),
            parent: OnceCell::new(),
            login_variant: OnceCell::new(),
        }
    }

    /// Whether kubectl or another program of client-go started this process as its exec plugin. Otherwise a person typed the command.
    pub(crate) fn is_exec_plugin_call(&self) -> bool {
        self.environment.exec_info.is_some()
    }

    /// Whether a person sees the output.
    pub(crate) fn at_terminal(&self) -> bool {
        self.environment.at_terminal
    }

    /// Whether a person has typed this command at a terminal.
    pub(crate) fn is_typed(&self) -> bool {
        self.at_terminal() && !self.is_exec_plugin_call()
    }

    /// Returns the process that started this one. It is looked up once, because that reads a file.
    pub(crate) fn parent(&self) -> &ParentProcess {
        self.parent.get_or_init(ParentProcess::of_this_process)
    }

    /// Returns the id of that process, without reading a file.
    pub(crate) fn parent_id(&self) -> u32 {
        self.parent
            .get()
            .map_or_else(process::parent_id, |parent| parent.pid)
    }

    /// Returns the hash of everything that can change the result of a login: the flags, the variables, the display, and proxies.
    pub(crate) fn login_variant(&self) -> LoginVariantHash {
        *self.login_variant.get_or_init(|| {
            LoginVariantHash::new(self.args, &self.environment.flag_variables, &login_variables())
        })
    }
}

/// The version of the rules by which a command line selects a session. Fast path entries of other versions do not match: in version 1, a
/// cluster's config was used without the user's consent.
const RULES_VERSION: &[u8] = b"2";

/// The hash of everything that decides which session a call uses and what its response is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvocationHash([u8; 32]);

impl InvocationHash {
    /// Hashes the program's version, the command line, and the variables that the response depends on.
    fn new(args: &[OsString], environment: &Environment) -> Self {
        let mut hash = PartsHash::new();
        hash.add(RULES_VERSION);
        hash.add_args(args);
        for path in [&environment.kube_cache_dir, &environment.home] {
            hash.add(
                path.as_ref()
                    .map_or(&[], |path| path.as_os_str().as_encoded_bytes()),
            );
        }
        hash.add(environment.exec_info.as_deref().unwrap_or_default().as_bytes());
        hash.add_variables(&environment.flag_variables);
        Self(hash.finish())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns a part of the hash that distinguishes the few invocations by one process.
    ///
    /// It is written to files. The command line may contain a password, and 16 bits are too few to find it by search.
    pub(crate) fn tag(&self) -> [u8; 2] {
        [self.0[0], self.0[1]]
    }
}

/// Distinguishes logins with different settings: flags, variables and display. The caller is no part of it: an IDE that polls and kubectl
/// share a variant.
///
/// 16 bits, for the reason given at [`InvocationHash::tag`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LoginVariantHash(u16);

impl LoginVariantHash {
    fn new(args: &[OsString], flags: &[(String, String)], system: &[(String, String)]) -> Self {
        let mut hash = PartsHash::new();
        hash.add_args(args);
        hash.add_variables(flags);
        hash.add_variables(system);
        let [first, second, ..] = hash.finish();
        Self(u16::from_le_bytes([first, second]))
    }
}

/// A hash over parts. The length of each part is hashed before it, so that the boundaries between parts matter.
struct PartsHash(Context);

impl PartsHash {
    fn new() -> Self {
        let mut hash = Self(Context::new(&SHA256));
        hash.add(concat!("kubesesame ", env!("CARGO_PKG_VERSION")).as_bytes());
        hash
    }

    fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds the arguments without the program's name.
    fn add_args(&mut self, args: &[OsString]) {
        let args = args.iter().skip(1);
        self.add(&(args.len() as u64).to_le_bytes());
        args.for_each(|arg| self.add(arg.as_encoded_bytes()));
    }

    /// Adds variables, independent of their order.
    fn add_variables(&mut self, variables: &[(String, String)]) {
        let mut variables: Vec<_> = variables.iter().collect();
        variables.sort();
        for (name, value) in variables {
            self.add(name.as_bytes());
            self.add(value.as_bytes());
        }
    }

    fn finish(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        bytes
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    impl Invocation<'_> {
        /// An invocation at 1000 s by a parent with this id that started at tick 7.
        pub(crate) fn sample(environment: &'static Environment, parent: u32, variant: u16) -> Self {
            Self {
                args: &[],
                hash: hash_of(&["k"]),
                environment,
                started_at: clock::at(1000),
                parent: OnceCell::from(ParentProcess {
                    pid: parent,
                    started: Some(7),
                }),
                login_variant: OnceCell::from(LoginVariantHash(variant)),
            }
        }
    }

    pub(crate) fn hash_of(args: &[&str]) -> InvocationHash {
        hash(args, |_| ())
    }

    fn hash(args: &[&str], change: impl FnOnce(&mut Environment)) -> InvocationHash {
        let mut environment = Environment {
            home: Some("/h".into()),
            exec_info: Some("{}".to_owned()),
            ..Environment::default()
        };
        change(&mut environment);
        let args: Vec<_> = args.iter().map(OsString::from).collect();
        InvocationHash::new(&args, &environment)
    }

    #[test]
    fn everything_that_decides_the_response_changes_the_hash() {
        let usual = hash(&["k", "get-token", "--a=b"], |_| ());
        let others = [
            hash(&["k", "get-token", "--a", "b"], |_| ()),
            hash(&["k", "get-token", "--a=b", ""], |_| ()),
            hash(&["k", "get-token--a=b"], |_| ()),
            hash(&["k", "get-token", "--a=b"], |environment| {
                environment.home = None;
            }),
            hash(&["k", "get-token", "--a=b"], |environment| {
                environment.kube_cache_dir = Some("/c".into());
            }),
            hash(&["k", "get-token", "--a=b"], |environment| {
                environment.exec_info = None;
            }),
            hash(&["k", "get-token", "--a=b"], |environment| {
                environment.flag_variables = vec![("KUBESESAME_V".into(), "1".into())];
            }),
        ];
        for (number, other) in others.iter().enumerate() {
            assert_ne!(&usual, other, "{number}");
        }
    }

    #[test]
    fn the_program_name_and_the_order_of_variables_do_not_change_the_hash() {
        let flags = |names: [&str; 2]| {
            let flags = names.map(|name| (name.to_owned(), "x".to_owned())).to_vec();
            hash(&["k", "get-token"], |environment| {
                environment.flag_variables = flags;
            })
        };
        assert_eq!(flags(["A", "B"]), flags(["B", "A"]));
        assert_eq!(hash_of(&["a", "get-token"]), hash_of(&["b", "get-token"]));
    }

    #[test]
    fn a_changed_flag_variable_or_display_is_another_variant_of_the_login() {
        let variant = |args: &[&str], ours: &[(&str, &str)], of_system: &[(&str, &str)]| {
            let args: Vec<_> = args.iter().map(OsString::from).collect();
            let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
                pairs
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect()
            };
            LoginVariantHash::new(&args, &owned(ours), &owned(of_system))
        };
        let usual = variant(&["k", "get-token"], &[], &[]);
        assert_eq!(variant(&["other", "get-token"], &[], &[]), usual);
        assert_ne!(variant(&["k", "get-token", "--password=x"], &[], &[]), usual);
        assert_ne!(
            variant(&["k", "get-token"], &[("KUBESESAME_USERNAME", "x")], &[]),
            usual
        );
        assert_ne!(variant(&["k", "get-token"], &[], &[("DISPLAY", ":0")]), usual);
    }
}
