//! What a cluster's entry in the kubeconfig may decide, and what then becomes of what the user has said. Pure.
//!
//! Clusters come from others more often than users do, so that the least counts, and only where the user's entry leaves it open: which
//! issuer, with the client, the scopes and the authority that belong to it. They come from one place, all of them: a stranger's
//! issuer is asked with nothing of the user's, and the user's issuer with nothing of a stranger's.

use serde_json::{Map, Value};

use super::Error;
use crate::cli::{self, ClusterConfigChoice, ConfigError, GetTokenArgs, ValueSources};
use crate::exec::Cluster;

const ISSUER: &str = "oidc-issuer-url";
const CLIENT: &str = "oidc-client-id";
const SCOPES: &str = "oidc-extra-scope";
/// No path: it would be read on this machine, whatever it leads to.
const AUTHORITY: &str = "certificate-authority-data";

/// What a cluster may say.
const OF_CLUSTERS: [&str; 4] = [ISSUER, CLIENT, SCOPES, AUTHORITY];

/// What came of a cluster's config.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ClusterChoice {
    /// The server that a session belongs to alone, since its entry chose the issuer; with the authorities that it names for the issuer, since
    /// whoever adds one reads what is sent there.
    pub(crate) server: Option<String>,
    /// What is told beside something else.
    pub(crate) remarks: Vec<String>,
    /// Whether it names an issuer and a client that do not count.
    offers: [bool; 2],
}

impl ClusterChoice {
    /// Puts what counts of the cluster's config in the place of what the user has said.
    ///
    /// # Errors
    /// A value that counts and cannot be used.
    pub(crate) fn apply(args: &mut GetTokenArgs, cluster: &Cluster) -> Result<Self, ConfigError> {
        let config = &cluster.config;
        // Other plugins may read the same config, so that not every key is meant for us.
        let flags = cli::flags_of_get_token();
        let is_ours = |key: &str| key.starts_with("oidc-") || flags.iter().any(|flag| flag == key);
        let ours: Vec<&str> = config
            .keys()
            .map(String::as_str)
            .filter(|key| is_ours(key))
            .collect();
        // Who has said that it is to be ignored need not be told.
        if ours.is_empty() || args.cluster_config == Some(ClusterConfigChoice::Ignore) {
            return Ok(Self {
                offers: [says(config, ISSUER), says(config, CLIENT)],
                ..Self::default()
            });
        }
        if let Some(key) = ours.iter().find(|key| !OF_CLUSTERS.contains(key)) {
            return Err(ConfigError::NotForClusters((*key).to_owned()));
        }
        let has_own = is_given(args.provider.oidc_issuer_url.as_deref());
        let why = match (has_own, says(config, ISSUER)) {
            (false, true) => return Self::chosen(args, cluster),
            (true, _) => "the user's entry or a variable has an issuer of its own",
            (false, false) => "it names no issuer",
        };
        Ok(Self {
            remarks: vec![format!(
                "the cluster's config in the kubeconfig is ignored, since {why}"
            )],
            offers: [false, says(config, CLIENT)],
            ..Self::default()
        })
    }

    fn chosen(args: &mut GetTokenArgs, cluster: &Cluster) -> Result<Self, ConfigError> {
        let config = &cluster.config;
        let issuer = text(config, ISSUER)?;
        let client = text(config, CLIENT)?;
        let scopes = texts(config, SCOPES)?;
        let authorities = texts(config, AUTHORITY)?;

        let server = with_authorities(&cluster.server, &authorities);
        let provider = &mut args.provider;
        let mut unused = Unused::default();
        provider.oidc_issuer_url = issuer;
        unused.replace(CLIENT, &mut provider.oidc_client_id, client);
        unused.replace_list(SCOPES, &mut provider.oidc_extra_scope, scopes);
        unused.replace_list(
            "certificate-authority",
            &mut args.tls.certificate_authority,
            vec![],
        );
        unused.replace_list(AUTHORITY, &mut args.tls.certificate_authority_data, authorities);
        // Secrets, names and parameters of the user are none of a stranger's issuer's.
        unused.replace("oidc-client-secret", &mut provider.oidc_client_secret, None);
        unused.replace(
            "oidc-client-secret-file",
            &mut provider.oidc_client_secret_file,
            None,
        );
        unused.replace_list("oidc-request-header", &mut provider.oidc_request_header, vec![]);
        unused.replace("account", &mut provider.account, None);
        let parameters = &mut provider.oidc_auth_request_extra_params;
        unused.replace_list("oidc-auth-request-extra-params", parameters, vec![]);
        // With scopes of the cluster's it may open more than the cluster, whose server is sent it.
        if provider.oidc_use_access_token.take() == Some(true) {
            unused.0.push("--oidc-use-access-token".to_owned());
        }
        unused.replace("password", &mut args.login.password, None);
        unused.replace("password-file", &mut args.login.password_file, None);

        let mut remarks = Vec::new();
        if !unused.0.is_empty() {
            let flags = unused.0.join(", ");
            remarks.push(format!(
                "the issuer is the cluster's word, so these are not used: {flags}"
            ));
        }
        Ok(Self {
            server: Some(server),
            remarks,
            offers: [false; 2],
        })
    }

    /// Names what the cluster's config has to do with a setting that is missing.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let [issuer, client] = self.offers;
        match error {
            Error::IssuerMissing if issuer => Error::ClusterConfig(
                ISSUER,
                "the cluster's entry in the kubeconfig names one, which --cluster-config=ignore keeps from counting: name one in the \
                 user's exec entry, or leave that flag out",
            ),
            Error::ClientIdMissing { .. } if self.server.is_some() => Error::ClusterConfig(
                CLIENT,
                "add `oidc-client-id` beside `oidc-issuer-url` in the cluster's config: issuer, client, scopes and CA come from one place",
            ),
            Error::ClientIdMissing { .. } if client => Error::ClusterConfig(
                CLIENT,
                "the cluster's entry in the kubeconfig names one, which counts only where the issuer is the cluster's too: name the \
                 client in the user's exec entry, or leave --oidc-issuer-url out",
            ),
            error => error,
        }
    }

    /// The flags whose values are the cluster's.
    pub(crate) fn value_sources(&self) -> ValueSources {
        let flags: &[&str] = if self.server.is_some() { &OF_CLUSTERS } else { &[] };
        ValueSources::from_cluster_config(flags)
    }
}

/// The flags, with dashes, whose values have made way.
#[derive(Default)]
struct Unused(Vec<String>);

impl Unused {
    fn replace(&mut self, flag: &str, of_user: &mut Option<String>, of_cluster: Option<String>) {
        let had = std::mem::replace(of_user, of_cluster);
        if is_given(had.as_deref()) && had != *of_user {
            self.0.push(format!("--{flag}"));
        }
    }

    fn replace_list(&mut self, flag: &str, of_user: &mut Vec<String>, of_cluster: Vec<String>) {
        let had = std::mem::replace(of_user, of_cluster);
        if had.iter().any(|text| !text.is_empty()) && had != *of_user {
            self.0.push(format!("--{flag}"));
        }
    }
}

fn is_given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// Without any it is the server alone, whose sessions are on people's disks.
fn with_authorities(server: &str, authorities: &[String]) -> String {
    if authorities.is_empty() {
        return server.to_owned();
    }
    let authorities: Value = authorities.iter().map(String::as_str).collect();
    Value::from_iter([Value::from(server), authorities]).to_string()
}

/// Whether the config has a value of this name.
fn says(config: &Map<String, Value>, key: &str) -> bool {
    config
        .get(key)
        .is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
}

fn text(config: &Map<String, Value>, key: &str) -> Result<Option<String>, ConfigError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => scalar(value)
            .map(Some)
            .ok_or_else(|| config_error(key, "it is no text")),
    }
}

/// Nobody has more scopes or authorities, and each call would read them.
const MAX_TEXTS: usize = 100;

fn texts(config: &Map<String, Value>, key: &str) -> Result<Vec<String>, ConfigError> {
    if config
        .get(key)
        .and_then(Value::as_array)
        .is_some_and(|values| values.len() > MAX_TEXTS)
    {
        return Err(config_error(key, "it has more than 100 entries"));
    }
    let texts = match config.get(key) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(scalar).collect(),
        Some(value) => scalar(value).map(|text| vec![text]),
    };
    texts.ok_or_else(|| config_error(key, "it is neither a text nor a list of texts"))
}

/// YAML takes some client ids for numbers.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn config_error(key: &str, why: &str) -> ConfigError {
    ConfigError::ClusterConfig(key.to_owned(), why.to_owned())
}

#[cfg(test)]
mod tests;
