//! Values that nobody typed: where they came from, and what is said of one that cannot be used.

use super::variables::variable;

/// A value that was not typed and cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConfigError {
    /// The name of a variable, and why.
    Variable(String, String),
    /// A key of the cluster's config, and why.
    ClusterConfig(String, String),
    /// A key of the cluster's config that no cluster can set.
    NotForClusters(String),
}

/// Where the value of a flag comes from, with the flag's name.
#[derive(Debug)]
pub(super) enum Source {
    Variable(String),
    Cluster(String),
}

impl Source {
    fn flag(&self) -> &str {
        match self {
            Self::Variable(flag) | Self::Cluster(flag) => flag,
        }
    }

    pub(super) fn config_error(&self, why: String) -> ConfigError {
        match self {
            Self::Variable(flag) => ConfigError::Variable(variable(flag), why),
            Self::Cluster(key) => ConfigError::ClusterConfig(key.clone(), why),
        }
    }
}

/// The flags whose values nobody typed.
#[derive(Debug, Default)]
pub(crate) struct Untyped(pub(super) Vec<Source>);

impl Untyped {
    /// Flags whose values are the cluster's.
    pub(crate) fn of_cluster(flags: &[&str]) -> Self {
        Self(
            flags
                .iter()
                .map(|flag| Source::Cluster((*flag).to_owned()))
                .collect(),
        )
    }

    /// Names the source of the first of these flags that was not typed, as one whose value cannot be used.
    pub(crate) fn config_error(&self, flags: &[&str], why: &str) -> Option<ConfigError> {
        let source = |flag: &&str| self.0.iter().find(|source| source.flag() == *flag);
        let source = flags.iter().find_map(source)?;
        Some(source.config_error(why.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_value_is_known_unless_it_was_typed() {
        let mut untyped = Untyped::of_cluster(&["account"]);
        untyped.0.push(Source::Variable("username".to_owned()));
        let named = |flags: &[&str]| untyped.config_error(flags, "w");
        let why = || "w".to_owned();
        assert_eq!(
            named(&["username"]),
            Some(ConfigError::Variable("KUBESESAME_USERNAME".to_owned(), why()))
        );
        assert_eq!(
            named(&["grant-type", "account", "username"]),
            Some(ConfigError::ClusterConfig("account".to_owned(), why()))
        );
        assert_eq!(named(&["grant-type"]), None);
        assert_eq!(named(&[]), None);
    }
}
