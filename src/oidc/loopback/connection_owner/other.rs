//! Systems without such tables: they tell nobody without more rights whose a connection is.

use super::{Allowed, Ends, Owner, owner};

pub(in crate::oidc) fn look(ends: Ends) -> Owner {
    owner(&Allowed::default(), "", ends)
}
