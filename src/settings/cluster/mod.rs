//! Which settings a cluster's entry in the kubeconfig may choose. Pure.
//!
//! A cluster's entry is often written by somebody else. So it may choose only the issuer, with the client, the scopes and the certificate
//! authorities that belong to it, and only if the user's entry names no issuer. Settings of both are never combined: an issuer that the
//! cluster chose gets no secret of the user, and the user's issuer is used without any setting of the cluster.

use serde_json::{Map, Value};

use super::Error;
use crate::cli::{
    self, ClientAuthChoice, ClusterConfigChoice, ConfigError, GetTokenArgs, ProviderArgs, ValueSources,
};
use crate::exec::Cluster;

const ISSUER: &str = "oidc-issuer-url";
const CLIENT: &str = "oidc-client-id";
const SCOPES: &str = "oidc-extra-scope";
/// PEM text. A path is not accepted, since it could name any file of this machine.
const AUTHORITY: &str = "certificate-authority-data";

/// The settings that a cluster may choose.
const CLUSTER_SETTINGS: [&str; 4] = [ISSUER, CLIENT, SCOPES, AUTHORITY];

/// The result of applying a cluster's config.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ClusterChoice {
    /// The cluster's server, if its entry chose the issuer. The session belongs to this server alone. The text includes the certificate
    /// authorities that the entry adds, since their owner can read what is sent to the issuer.
    pub(crate) server: Option<String>,
    /// Warnings for the person. They are printed only before other output.
    pub(crate) remarks: Vec<String>,
    /// The entry names an issuer that is not used.
    has_unused_issuer: bool,
    /// The entry names a client that is not used.
    has_unused_client: bool,
}

impl ClusterChoice {
    /// Replaces the user's settings by those that the cluster's config may choose.
    ///
    /// # Errors
    /// A setting of the cluster that is used and has a wrong value, or that a cluster may not choose.
    pub(crate) fn apply(args: &mut GetTokenArgs, cluster: &Cluster) -> Result<Self, ConfigError> {
        let config = &cluster.config;
        // The config may contain keys for other plugins.
        let flags = cli::flags_of_get_token();
        let is_ours = |key: &str| key.starts_with("oidc-") || flags.iter().any(|flag| flag == key);
        let ours: Vec<&str> = config
            .keys()
            .map(String::as_str)
            .filter(|key| is_ours(key))
            .collect();
        // If the user has chosen to ignore it, there is no warning.
        if ours.is_empty() || args.cluster_config == Some(ClusterConfigChoice::Ignore) {
            return Ok(Self {
                has_unused_issuer: has_value(config, ISSUER),
                has_unused_client: has_value(config, CLIENT),
                ..Self::default()
            });
        }
        if let Some(key) = ours.iter().find(|key| !CLUSTER_SETTINGS.contains(key)) {
            return Err(ConfigError::NotForClusters((*key).to_owned()));
        }
        let has_own = is_given(args.provider.oidc_issuer_url.as_deref());
        let why = match (has_own, has_value(config, ISSUER)) {
            (false, true) => return Self::chosen(args, cluster),
            (true, _) => "the user's entry or a variable has an issuer of its own",
            (false, false) => "it names no issuer",
        };
        Ok(Self {
            remarks: vec![format!(
                "the cluster's config in the kubeconfig is ignored, since {why}"
            )],
            has_unused_client: has_value(config, CLIENT),
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
        // An issuer that the cluster chose must not get secrets, names and parameters of the user.
        unused.replace_client_authentication(provider);
        unused.replace_list("oidc-request-header", &mut provider.oidc_request_header, vec![]);
        unused.replace_list("oidc-resource", &mut provider.oidc_resource, vec![]);
        unused.replace("account", &mut provider.account, None);
        let parameters = &mut provider.oidc_auth_request_extra_params;
        unused.replace_list("oidc-auth-request-extra-params", parameters, vec![]);
        // With the cluster's scopes, an access token may be valid for other services, and it is sent to the cluster's server.
        if provider.oidc_use_access_token.take() == Some(true) {
            unused.0.push("--oidc-use-access-token".to_owned());
        }
        unused.replace("password", &mut args.login.password, None);
        unused.replace("password-file", &mut args.login.password_file, None);
        unused.replace("password-command", &mut args.login.password_command, None);

        let mut remarks = Vec::new();
        if !unused.0.is_empty() {
            let flags = unused.0.join(", ");
            remarks.push(format!(
                "the cluster's entry chose the issuer, so these flags are not used: {flags}"
            ));
        }
        Ok(Self {
            server: Some(server),
            remarks,
            ..Self::default()
        })
    }

    /// Adds to the error for a missing setting why the value in the cluster's config is not used.
    pub(crate) fn explain(&self, error: Error) -> Error {
        match error {
            Error::IssuerMissing if self.has_unused_issuer => Error::ClusterConfig(
                ISSUER,
                "the cluster's entry in the kubeconfig names one, but --cluster-config=ignore is set: name one in the \
                 user's exec entry, or leave that flag out",
            ),
            Error::ClientIdMissing { .. } if self.server.is_some() => Error::ClusterConfig(
                CLIENT,
                "add `oidc-client-id` beside `oidc-issuer-url` in the cluster's config: issuer, client, scopes and CA come from one place",
            ),
            Error::ClientIdMissing { .. } if self.has_unused_client => Error::ClusterConfig(
                CLIENT,
                "the cluster's entry in the kubeconfig names one, but it is used only together with the cluster's issuer: name the \
                 client in the user's exec entry, or leave --oidc-issuer-url out",
            ),
            error => error,
        }
    }

    /// Returns the flags whose values the cluster chose.
    pub(crate) fn value_sources(&self) -> ValueSources {
        let flags: &[&str] = if self.server.is_some() {
            &CLUSTER_SETTINGS
        } else {
            &[]
        };
        ValueSources::from_cluster_config(flags)
    }
}

/// The flags, with dashes, whose values are not used.
#[derive(Default)]
struct Unused(Vec<String>);

impl Unused {
    /// Removes all that authenticates the client.
    fn replace_client_authentication(&mut self, provider: &mut ProviderArgs) {
        self.replace("oidc-client-secret", &mut provider.oidc_client_secret, None);
        self.replace(
            "oidc-client-secret-file",
            &mut provider.oidc_client_secret_file,
            None,
        );
        let command = &mut provider.oidc_client_secret_command;
        self.replace("oidc-client-secret-command", command, None);
        let item = &mut provider.oidc_client_secret_keyring;
        self.replace("oidc-client-secret-keyring", item, None);
        let key = &mut provider.oidc_client_private_key_file;
        self.replace("oidc-client-private-key-file", key, None);
        let command = &mut provider.oidc_client_private_key_command;
        self.replace("oidc-client-private-key-command", command, None);
        self.replace("oidc-client-key-id", &mut provider.oidc_client_key_id, None);
        let audience = &mut provider.oidc_client_auth_audience;
        self.replace("oidc-client-auth-audience", audience, None);
        let method = std::mem::replace(&mut provider.oidc_client_auth_method, ClientAuthChoice::Auto);
        if !matches!(method, ClientAuthChoice::Auto | ClientAuthChoice::None) {
            self.0.push("--oidc-client-auth-method".to_owned());
        }
    }

    fn replace(&mut self, flag: &str, from_user: &mut Option<String>, from_cluster: Option<String>) {
        let had = std::mem::replace(from_user, from_cluster);
        if is_given(had.as_deref()) && had != *from_user {
            self.0.push(format!("--{flag}"));
        }
    }

    fn replace_list(&mut self, flag: &str, from_user: &mut Vec<String>, from_cluster: Vec<String>) {
        let had = std::mem::replace(from_user, from_cluster);
        if had.iter().any(|text| !text.is_empty()) && had != *from_user {
            self.0.push(format!("--{flag}"));
        }
    }
}

fn is_given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// Returns the text for [`ClusterChoice::server`]. Without authorities it is the server alone: the session's key depends on
/// this text, which must not change for stored sessions.
fn with_authorities(server: &str, authorities: &[String]) -> String {
    if authorities.is_empty() {
        return server.to_owned();
    }
    let authorities: Value = authorities.iter().map(String::as_str).collect();
    Value::from_iter([Value::from(server), authorities]).to_string()
}

/// Whether the config has a value of this name.
fn has_value(config: &Map<String, Value>, key: &str) -> bool {
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

/// The most scopes or authorities of a cluster. Each call reads them.
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

/// Returns the text of a value. YAML parses some client ids as numbers.
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
