//! Values that nobody typed: where they came from, and what is said of one that cannot be used.

use super::variables::variable;

/// What a cluster's entry may say: which provider it believes, and who signs in. Nothing that runs a program here, holds a secret
/// or opens a door: clusters come from others more often than users do.
pub(super) const OF_CLUSTERS: [&str; 11] = [
    "oidc-issuer-url",
    "oidc-client-id",
    "oidc-extra-scope",
    "oidc-redirect-url",
    "oidc-use-access-token",
    "oidc-auth-request-extra-params",
    "account",
    "username",
    "grant-type",
    "certificate-authority",
    "certificate-authority-data",
];

/// A value that was not typed and cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The name of a variable, and why.
    Variable(String, String),
    /// A key of the cluster's config, and why.
    OfCluster(String, String),
    /// A flag that a cluster may not set.
    NotForClusters(String),
}

impl Unfit {
    /// What a cluster may say, for a hint.
    pub(crate) fn of_clusters() -> String {
        OF_CLUSTERS.join(", ")
    }
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

    pub(super) fn unfit(&self, why: String) -> Unfit {
        match self {
            Self::Variable(flag) => Unfit::Variable(variable(flag), why),
            Self::Cluster(key) => Unfit::OfCluster(key.clone(), why),
        }
    }
}

/// The flags whose values nobody typed.
#[derive(Debug, Default)]
pub(crate) struct Untyped(pub(super) Vec<Source>);

impl Untyped {
    /// Names the source of the first of these flags that was not typed, as one whose value cannot be used.
    pub(crate) fn unfit(&self, flags: &[&str], why: &str) -> Option<Unfit> {
        let source = |flag: &&str| self.0.iter().find(|source| source.flag() == *flag);
        let source = flags.iter().find_map(source)?;
        Some(source.unfit(why.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_value_is_known_unless_it_was_typed() {
        let untyped = Untyped(vec![
            Source::Cluster("account".to_owned()),
            Source::Variable("username".to_owned()),
        ]);
        let named = |flags: &[&str]| untyped.unfit(flags, "w");
        let why = || "w".to_owned();
        assert_eq!(
            named(&["username"]),
            Some(Unfit::Variable("KUBESESAME_USERNAME".to_owned(), why()))
        );
        assert_eq!(
            named(&["grant-type", "account", "username"]),
            Some(Unfit::OfCluster("account".to_owned(), why()))
        );
        assert_eq!(named(&["grant-type"]), None);
        assert_eq!(named(&[]), None);
    }
}
