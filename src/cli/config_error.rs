//! Flags that get their values from a variable or a cluster's config, and the error for a value that cannot be used.

use super::variables::variable_name;

/// A value from a variable or a cluster's config that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConfigError {
    /// The name of the variable, and the reason.
    Variable(String, String),
    /// The key of the cluster's config, and the reason.
    ClusterConfig(String, String),
    /// A key of the cluster's config that clusters may not set.
    NotForClusters(String),
}

/// Where the value of a flag comes from. The names of flags are without dashes.
#[derive(Debug)]
pub(super) enum Source {
    Variable {
        flag: String,
    },
    /// The keys of the config are names of flags.
    ClusterConfig {
        flag: String,
    },
}

impl Source {
    fn flag(&self) -> &str {
        match self {
            Self::Variable { flag } | Self::ClusterConfig { flag } => flag,
        }
    }

    pub(super) fn config_error(&self, reason: String) -> ConfigError {
        match self {
            Self::Variable { flag } => ConfigError::Variable(variable_name(flag), reason),
            Self::ClusterConfig { flag } => ConfigError::ClusterConfig(flag.clone(), reason),
        }
    }
}

/// Returns the reason of a usage error in one line: clap's first line, and the values that the flag accepts.
pub(crate) fn usage_reason(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let reason = lines.next().unwrap_or_default();
    let choices = lines.next().filter(|line| line.starts_with('['));
    let reason = reason.trim_start_matches("error: ");
    choices.map_or_else(|| reason.to_owned(), |choices| format!("{reason} {choices}"))
}

/// The flags whose values do not come from the command line, with their sources.
#[derive(Debug, Default)]
pub(crate) struct ValueSources(pub(super) Vec<Source>);

impl ValueSources {
    /// The flags whose values come from the cluster's config.
    pub(crate) fn from_cluster_config(flags: &[&str]) -> Self {
        Self(
            flags
                .iter()
                .map(|flag| Source::ClusterConfig {
                    flag: (*flag).to_owned(),
                })
                .collect(),
        )
    }

    /// Returns the error for the source of the first of these flags. `None` if all of them come from the command line.
    pub(crate) fn config_error(&self, flags: &[&str], reason: &str) -> Option<ConfigError> {
        let source = |flag: &&str| self.0.iter().find(|source| source.flag() == *flag);
        let source = flags.iter().find_map(source)?;
        Some(source.config_error(reason.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_source_of_the_first_flag_that_has_one() {
        let mut value_sources = ValueSources::from_cluster_config(&["account"]);
        value_sources.0.push(Source::Variable {
            flag: "username".to_owned(),
        });
        let error_for = |flags: &[&str]| value_sources.config_error(flags, "w");
        let reason = || "w".to_owned();
        assert_eq!(
            error_for(&["username"]),
            Some(ConfigError::Variable("KUBESESAME_USERNAME".to_owned(), reason()))
        );
        assert_eq!(
            error_for(&["grant-type", "account", "username"]),
            Some(ConfigError::ClusterConfig("account".to_owned(), reason()))
        );
        assert_eq!(error_for(&["grant-type"]), None);
        assert_eq!(error_for(&[]), None);
    }
}
