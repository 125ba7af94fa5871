//! The description of who may use a cluster: `kubesesame.yaml`, from which the configuration of the API server, roles, bindings and network
//! policies are made.
//!
//! Pure: a text comes in. It is read in two steps: `reading` compares it with the table of fields (`shape`), of which the published schema is made too,
//! and `check` makes a [`Description`] of it, whose values are valid and go together. Whatever cannot be used has the line and the field.

mod check;
mod check_admission;
mod check_network;
mod fault;
mod platform;
mod raw;
mod reading;
#[cfg(test)]
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use fault::{Fault, nearest};
pub(crate) use platform::{PLATFORM_NAMES, PlatformName};
pub(crate) use raw::{RawClaim, RawDescription, RawGroup, RawGroups, RawIssuer, RawPlatform};
pub(crate) use shape::{API_VERSION, KIND};
pub(crate) use values::{
    AllowedTraffic, Description, Issuer, KubernetesVersion, NetworkRules, Peer, Platform, Role,
};

impl Description {
    /// Whether a text says that it is a description, be it right or not.
    pub(crate) fn is_meant(text: &str) -> bool {
        reading::is_meant(text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// The first thing in it that cannot be used.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let reading = reading::read(text)?;
        check::check(&reading.raw, &reading.lines)
    }

    /// Makes one of values that were given in another way than in a file.
    ///
    /// # Errors
    /// As for [`Self::parse`], without lines.
    pub(crate) fn of(raw: &RawDescription) -> Result<Self, Fault> {
        check::check(raw, &reading::Lines::default())
    }
}
