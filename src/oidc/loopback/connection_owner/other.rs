//! Systems that do not show the owner of a connection to a process without special rights.

use super::{AllowedUsers, Endpoints, Owner, find_owner};

pub(in crate::oidc) fn look_up_owner(endpoints: Endpoints) -> Owner {
    find_owner(&AllowedUsers::default(), "", endpoints)
}
