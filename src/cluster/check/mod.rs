//! Checks the settings of an API server about tokens, as kube-apiserver does when it starts, without one.
//!
//! An `AuthenticationConfiguration` is decoded strictly and validated by the rules of Kubernetes 1.36, with upstream's fields and texts in
//! upstream's order. Flags are checked where they are written: in the manifest of a static pod, or in kubeadm's configuration. Beside errors
//! there are warnings about what is accepted and does not do what was meant. Pure: it reads no file and opens no connection.

mod advice;
mod carriers;
mod certificates;
mod configuration;
mod decode;
mod eks;
mod evaluate;
mod finding;
mod flags;
mod flow_colons;
mod go_functions;
mod go_text;
mod go_url;
mod login;
mod mappings;
mod model;
mod network_policy;
mod report;
mod rewrite;
mod scalar;
mod settings;
mod tabs;
mod token_form;
mod validate;
mod yaml;
mod yaml_value;

#[cfg(test)]
mod carrier_tests;
#[cfg(test)]
mod login_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upstream_rows;

pub(crate) use carriers::check_file;
pub(crate) use configuration::{RULES_MINOR, log_in};
pub(crate) use login::{Login, User};
pub(crate) use model::{Configuration, Jwt, Mapping};
pub(crate) use report::{FileReport, Finding, Severity};
pub(crate) use settings::{Settings, SettingsFault, read_settings};
pub(crate) use token_form::Validity;
