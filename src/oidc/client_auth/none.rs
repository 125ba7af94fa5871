//! `none`: a public client, which only names itself (RFC 6749 3.2.1).

use super::Form;

pub(super) fn add_client_id(form: &mut Form, client_id: &str) {
    form.add("client_id", client_id);
}
