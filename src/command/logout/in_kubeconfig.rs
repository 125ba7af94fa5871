//! Tokens of `auth-provider` users, which are in the kubeconfig itself.
//!
//! They are named, and not ended: kubectl itself or another program may be using them, and the kubeconfig is the person's.

use crate::command::account::Account;
use crate::command::kubeconfig_view::KubeconfigView;
use crate::files::shown;
use crate::kubeconfig::{UserTokens, tokens_of_users};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

use super::selection::Selection;

/// Names the users that have tokens which are meant. Returns whether none of them has a refresh token, which stays valid.
pub(super) fn report(view: &KubeconfigView, selection: &Selection<'_>, ui: Ui) -> bool {
    let Selection::Matching { account, issuer } = selection else {
        return true;
    };
    let mut is_ended = true;
    for (path, text) in view.texts() {
        let users = tokens_of_users(&text);
        for user in users.iter().filter(|user| may_be_meant(user, *account, *issuer)) {
            let (which, effect) = match (&user.id_token, &user.refresh_token) {
                (_, None) => ("`id-token`", ""),
                (None, Some(_)) => ("`refresh-token`", REFRESH_TOKEN_STAYS),
                (Some(_), Some(_)) => ("`id-token` and `refresh-token`", REFRESH_TOKEN_STAYS),
            };
            is_ended &= user.refresh_token.is_none();
            ui.warn(&format!(
                "the user `{}` has tokens in {} itself (`auth-provider`), which no logout ends{effect}; remove {which} from the file",
                UntrustedText::new(&user.name),
                shown(path)
            ));
        }
    }
    is_ended
}

const REFRESH_TOKEN_STAYS: &str =
    ": the refresh token stays valid until the provider ends it, which its pages or its administrator can do";

/// Whether tokens are meant. A token that names nobody may be of the account.
fn may_be_meant(user: &UserTokens, account: Option<&str>, issuer: Option<&str>) -> bool {
    let is_at = |issuer: &str| user.issuer.as_deref().is_none_or(|known| known == issuer);
    let is_of = |wanted: &str| {
        let account = user.id_token.as_ref().map(Account::of_token);
        account.is_none_or(|account| account == Account::default() || account.is_named(wanted))
    };
    issuer.is_none_or(is_at) && account.is_none_or(is_of)
}
