//! What a file tells an API server about tokens, whichever form it has.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Claims};

use super::carriers;
use super::decode::decode;
use super::eks;
use super::flags::{self, Flag};
use super::login::{self, Login};
use super::model::{Anonymous, Configuration};
use super::report::FileReport;
use super::yaml;

/// All nine, of which a structured configuration accepts each.
const ALGORITHMS: [&str; 9] = [
    "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
];
const DEFAULT_ALGORITHM: &str = "RS256";

/// The settings of an API server.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What the file is, such as `AuthenticationConfiguration v1`.
    pub(crate) kind: String,
    pub(crate) configuration: Configuration,
    /// The algorithms that a token may be signed with, `None` if the platform decides.
    pub(crate) algorithms: Option<BTreeSet<String>>,
    /// The file with the certificate authorities of the issuer, if a flag names it.
    pub(crate) authority_file: Option<String>,
}

impl Settings {
    /// Says what the API server makes of the claims of a token, now, in seconds since 1970.
    pub(crate) fn log_in(&self, claims: &Map<String, Claims>, now: i64) -> Login {
        login::log_in(&self.configuration, claims, now)
    }
}

/// Why a file has no settings to look at.
#[derive(Debug)]
pub(crate) enum SettingsFault {
    /// The API server, or the platform, refuses the file.
    Refused(FileReport),
    /// A flag names another file that has them.
    Elsewhere { line: Option<usize>, file: String },
}

/// Reads the settings of a file.
///
/// # Errors
/// If it has none that can be used.
pub(crate) fn read_settings(text: &str) -> Result<Settings, SettingsFault> {
    let report = carriers::check_file(text, None, &BTreeSet::new());
    if report.has_errors() {
        return Err(SettingsFault::Refused(report));
    }
    let documents = yaml::read_all(text).unwrap_or_default();
    if documents.first().is_none_or(carriers::names_configuration) {
        let decoded = decode(text).map_err(|error| {
            let line = error.line;
            SettingsFault::Refused(FileReport::refused(&report.kind, line, error.text))
        })?;
        return Ok(Settings {
            kind: report.kind,
            configuration: decoded.configuration,
            algorithms: Some(ALGORITHMS.map(str::to_owned).into()),
            authority_file: None,
        });
    }
    for root in &documents {
        if let Some(flags) = carriers::flags_of(root) {
            return of_flags(report.kind, &flags);
        }
    }
    Ok(Settings {
        kind: report.kind,
        configuration: documents.iter().find_map(eks::entries).unwrap_or_default(),
        algorithms: None,
        authority_file: None,
    })
}

fn of_flags(kind: String, flags: &[Flag]) -> Result<Settings, SettingsFault> {
    let value = |name| flags::value_of(flags, name);
    if let Some(file) = value("authentication-config") {
        let line = flags
            .iter()
            .find(|flag| flag.name == "authentication-config")
            .map(|flag| flag.line);
        let file = file.to_owned();
        return Err(SettingsFault::Elsewhere { line, file });
    }
    let algorithms = value("oidc-signing-algs").unwrap_or(DEFAULT_ALGORITHM);
    let mut configuration = flags::entries(flags);
    configuration.anonymous = value("anonymous-auth").map(|value| Anonymous {
        // As Go reads a boolean; a flag without a value would be `true`.
        enabled: matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        conditions: Vec::new(),
    });
    Ok(Settings {
        kind,
        configuration,
        algorithms: Some(algorithms.split(',').map(str::to_owned).collect()),
        authority_file: value("oidc-ca-file").map(str::to_owned),
    })
}
