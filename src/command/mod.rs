//! The commands, one module each. Only this module connects the other modules.

mod account;
mod bare;
mod claim_mapping;
mod clean;
mod companion;
mod completion;
mod doctor;
mod entry_session;
mod explain;
mod found_sessions;
mod get_token;
mod kubeconfig;
mod kubeconfig_view;
mod log;
mod login;
mod login_command;
mod logout;
mod man;
pub(crate) mod person;
mod qr;
mod setup;
mod standalone;
mod status;
mod token;
mod token_request;
mod usage_error;
mod version;

pub(crate) use bare::run as bare;
pub(crate) use clean::run as clean;
pub(crate) use companion::{
    Error as CompanionError, run as run_companion, run_parsed as run_parsed_companion,
};
pub(crate) use completion::{complete, known_values, run as completion};
pub(crate) use doctor::run as doctor;
pub(crate) use explain::run as explain;
pub(crate) use get_token::{fast_path, refresh_in_background, run as get_token};
pub(crate) use kubeconfig::run as kubeconfig;
pub(crate) use login::run as login;
pub(crate) use logout::run as logout;
pub(crate) use man::run as manual_page;
pub(crate) use setup::run as setup;
pub(crate) use status::run as status;
pub(crate) use token::{TokenInputError, TokenOwner, run as token, token_owner};
pub(crate) use usage_error::was_usage_error_reported;
pub(crate) use version::run as version;
