//! Flags that were not typed: from the cluster's entry in the kubeconfig, and from the environment.
//!
//! Owns the names and the order: what is typed counts first, then what the cluster says, then the environment. Knows no
//! flag by what it does; a value that a flag cannot have is named with where it came from.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _};

use serde_json::{Map, Value};

use super::Cli;
use super::standalone::{Standalone, is_standalone};
use super::untyped::{OF_CLUSTERS, Source, Unfit, Untyped};
use super::variables::{args_of, variable};

/// Values for flags from one source, the more important source first.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// `spec.cluster.config`: flags without their dashes.
    pub(crate) cluster: Map<String, Value>,
    /// Variables of the environment by their names.
    pub(crate) environment: Vec<(String, String)>,
}

/// Pairs of which the one that is typed takes the place of the other too.
const RIVALS: [(&str, &str); 5] = [
    ("oidc-client-secret", "oidc-client-secret-file"),
    ("password", "password-file"),
    ("listen-address", "listen-port"),
    ("oidc-redirect-url", "oidc-redirect-url-hostname"),
    ("oidc-redirect-url", "oidc-redirect-url-authcode-keyboard"),
];

impl Layers {
    fn is_empty(&self) -> bool {
        self.cluster.is_empty() && self.environment.is_empty()
    }

    /// Adds what the layers say to a command line, and tells what was added.
    ///
    /// # Errors
    /// The first value that cannot be used. A command line that cannot be parsed is returned as it is.
    pub(super) fn fill(&self, words: Vec<OsString>) -> Result<(Vec<OsString>, Untyped), Unfit> {
        let as_it_is = |words| Ok((words, Untyped::default()));
        if self.is_empty() {
            return as_it_is(words);
        }
        let standalone = is_standalone(&words);
        let parser = if standalone {
            Standalone::command()
        } else {
            Cli::command()
        };
        let Ok(matches) = parser.try_get_matches_from(&words) else {
            return as_it_is(words);
        };
        let (command, typed) = match matches.subcommand() {
            Some(found) => found,
            None if standalone => ("", &matches),
            None => return as_it_is(words),
        };
        let added = self.arguments(command, typed)?;
        let whole = |added: &[&Added]| -> Vec<OsString> {
            let arguments = added.iter().map(|added| OsString::from(&added.argument));
            words.iter().cloned().chain(arguments).collect()
        };
        for one in &added {
            if let Err(error) = Cli::parse_words(&whole(&[one])) {
                return Err(one.unfit(&error.to_string()));
            }
        }
        let whole = whole(&added.iter().collect::<Vec<_>>());
        let sources = added.into_iter().map(|added| added.source);
        Ok((whole, Untyped(sources.collect())))
    }

    fn arguments(&self, command: &str, typed: &ArgMatches) -> Result<Vec<Added>, Unfit> {
        let args = args_of(command);
        // Other plugins may read the same config, so that not every key is meant for us.
        let is_ours =
            |key: &str| key.starts_with("oidc-") || args.iter().any(|arg| arg.get_long() == Some(key));
        let takes_cluster = command == "get-token";
        if let Some(key) = self
            .cluster
            .keys()
            .find(|key| takes_cluster && is_ours(key) && !OF_CLUSTERS.contains(&key.as_str()))
        {
            return Err(Unfit::NotForClusters(key.clone()));
        }
        let is_typed = |flag: &str| {
            let arg = args.iter().find(|arg| arg.get_long() == Some(flag));
            arg.is_some_and(|arg| {
                typed.try_contains_id(arg.get_id().as_str()).is_ok()
                    && typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
            })
        };
        let flags = args
            .iter()
            .filter(|arg| !arg.is_hide_set())
            .filter_map(Arg::get_long);
        let mut added = Vec::new();
        for flag in flags.filter(|flag| !is_typed(flag) && !rivals(flag).any(is_typed)) {
            let cluster = self.cluster.get(flag).filter(|_| takes_cluster);
            added.extend(self.values(flag, cluster)?);
        }
        Ok(added)
    }

    /// Returns a flag's values of the most important source that has any.
    fn values(&self, flag: &str, cluster: Option<&Value>) -> Result<Vec<Added>, Unfit> {
        let argument = |value: &str| format!("--{flag}={value}");
        if let Some(value) = cluster {
            let texts = texts(value).ok_or_else(|| {
                let why = "it is neither a text nor a number, a list or a mapping of such";
                Unfit::OfCluster(flag.to_owned(), why.to_owned())
            })?;
            return Ok(texts
                .iter()
                .map(|text| Added {
                    source: Source::Cluster(flag.to_owned()),
                    argument: argument(text),
                })
                .collect());
        }
        let name = variable(flag);
        let found = self.environment.iter().find(|(known, _)| *known == name);
        let value = found.filter(|(_, value)| !value.is_empty());
        Ok(value
            .map(|(_, value)| Added {
                source: Source::Variable(flag.to_owned()),
                argument: argument(value),
            })
            .into_iter()
            .collect())
    }
}

/// An argument that nobody typed.
struct Added {
    source: Source,
    argument: String,
}

impl Added {
    /// `error`: clap's words, of which the first line tells what is wrong.
    fn unfit(&self, error: &str) -> Unfit {
        let why = error.lines().next().unwrap_or_default();
        self.source.unfit(why.trim_start_matches("error: ").to_owned())
    }
}

/// The texts that a JSON value gives a flag: a mapping gives `NAME=VALUE` for each of its members.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.iter().map(text).collect(),
        Value::Object(members) => {
            let pair = |(name, value): (&String, &Value)| Some(pair(name, &text(value)?));
            members.iter().map(pair).collect()
        }
        value => text(value).map(|text| vec![text]),
    }
}

/// A pair as pflag reads it: with more than one equals sign it is a cell of CSV.
pub(crate) fn pair(name: &str, value: &str) -> String {
    let pair = format!("{name}={value}");
    if pair.matches('=').count() > 1 {
        format!("\"{}\"", pair.replace('"', "\"\""))
    } else {
        pair
    }
}

fn rivals(flag: &str) -> impl Iterator<Item = &'static str> {
    RIVALS.into_iter().filter_map(move |(one, other)| {
        if flag == one {
            Some(other)
        } else if flag == other {
            Some(one)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(words: &[&str], cluster: &Value, environment: &[(&str, &str)]) -> String {
        let layers = Layers {
            cluster: cluster.as_object().cloned().unwrap_or_default(),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let words = words.iter().map(OsString::from).collect();
        match layers.fill(words) {
            Ok((words, _)) => words[2..].join(&OsString::from(" ")).into_string().unwrap(),
            Err(unfit) => format!("{unfit:?}"),
        }
    }

    #[test]
    fn what_is_typed_counts_then_the_cluster_then_the_environment() {
        let id = [("KUBESESAME_OIDC_CLIENT_ID", "e")];
        let cluster = json!({ "oidc-client-id": "c" });
        let typed = ["k", "get-token", "--oidc-client-id", "t"];
        assert_eq!(filled(&typed, &cluster, &id), "--oidc-client-id t");
        assert_eq!(filled(&typed[..2], &cluster, &id), "--oidc-client-id=c");
        assert_eq!(filled(&typed[..2], &Value::Null, &id), "--oidc-client-id=e");
        assert_eq!(filled(&["k", "setup"], &cluster, &id), "--oidc-client-id=e");
        assert_eq!(filled(&["k", "version"], &cluster, &id), "");
    }

    #[test]
    fn a_list_comes_from_one_source_only() {
        let cluster = json!({ "oidc-extra-scope": ["a", "b"] });
        let environment = [("KUBESESAME_OIDC_EXTRA_SCOPE", "c,d")];
        let words = ["k", "get-token"];
        assert_eq!(
            filled(&words, &cluster, &environment),
            "--oidc-extra-scope=a --oidc-extra-scope=b"
        );
        let typed = ["k", "get-token", "--oidc-extra-scope=t"];
        assert_eq!(filled(&typed, &cluster, &environment), "--oidc-extra-scope=t");
    }

    #[test]
    fn a_typed_secret_takes_the_place_of_a_file_too() {
        let environment = [("KUBESESAME_OIDC_CLIENT_SECRET_FILE", "f")];
        let typed = ["k", "get-token", "--oidc-client-secret=s"];
        assert_eq!(
            filled(&typed, &Value::Null, &environment),
            "--oidc-client-secret=s"
        );
    }

    #[test]
    fn an_empty_variable_is_none_and_a_wrong_one_is_named() {
        let words = ["k", "get-token"];
        assert_eq!(filled(&words, &Value::Null, &[("KUBESESAME_USERNAME", "")]), "");
        assert_eq!(filled(&words, &Value::Null, &[("KUBESESAME_ELSE", "x")]), "");
        assert_eq!(
            filled(&words, &Value::Null, &[("KUBESESAME_FORCE_REFRESH", "perhaps")]),
            r#"Variable("KUBESESAME_FORCE_REFRESH", "invalid value 'perhaps' for '--force-refresh[=<BOOL>]': expected `true` or `false`")"#
        );
    }

    /// A value that any flag of this kind takes.
    fn value_for(arg: &Arg) -> &'static str {
        match arg.get_long() {
            Some("v" | "authentication-timeout-sec") => "7",
            _ if arg.get_num_args().is_some_and(|values| values.min_values() == 0) => "true",
            _ => "x",
        }
    }

    #[test]
    fn each_flag_that_is_shown_has_a_variable() {
        for (command, words) in [
            ("get-token", &["k", "get-token"][..]),
            ("setup", &["k", "setup"]),
            ("clean", &["k", "clean"]),
            ("", &["k"]),
        ] {
            let args = args_of(command);
            let shown = args.iter().filter(|arg| !arg.is_hide_set());
            assert!(shown.clone().count() >= 2, "{command}");
            for arg in shown {
                let (flag, value) = (arg.get_long().unwrap(), value_for(arg));
                let layers = Layers {
                    environment: vec![(variable(flag), value.to_owned())],
                    ..Layers::default()
                };
                let with = |more: &[&str]| {
                    let typed = words.iter().chain(more).map(OsString::from).collect();
                    let (filled, _) = layers.fill(typed).unwrap();
                    filled[words.len()..].join(&OsString::from(" "))
                };
                let argument = format!("--{flag}={value}");
                assert_eq!(with(&[]), *argument, "{command}");
                assert_eq!(with(&[&argument]), *argument, "{command}: typed, and not added");
            }
        }
    }

    #[test]
    fn a_cluster_says_whom_it_believes_and_nothing_that_is_ours_to_say() {
        let words = ["k", "get-token"];
        let all = json!({
            "apiVersion": "v1",
            "oidc-use-access-token": true,
            "oidc-extra-scope": [],
            "account": null,
            "oidc-auth-request-extra-params": { "acr": "a,b", "x": "c=\"d\"" },
        });
        assert_eq!(
            filled(&words, &all, &[]),
            "--oidc-use-access-token=true --oidc-auth-request-extra-params=acr=a,b \
             --oidc-auth-request-extra-params=\"x=c=\"\"d\"\"\""
        );
        for key in [
            "browser-command",
            "oidc-client-secret",
            "insecure-skip-tls-verify",
            "token-cache-dir",
        ] {
            let filled = filled(&words, &json!({ key: "x" }), &[]);
            assert_eq!(filled, format!("NotForClusters({key:?})"));
        }
        assert!(filled(&words, &json!({ "account": [["x"]] }), &[]).starts_with("OfCluster(\"account\""));
    }
}
