//! What to do where a cluster has named the issuer.

use crate::oidc::errors::Error;
use crate::oidc::grants::paste;

impl Error {
    /// Of the rules that keep another provider's code from an issuer that a cluster named.
    pub(super) fn hint_for_the_clusters_issuer(&self) -> String {
        let Self::Unattended {
            redirect_uri,
            ignored,
            ..
        } = self
        else {
            let hint = if matches!(self, Self::Pasted(paste::CODE_ALONE)) {
                "paste the whole address that the browser ended on"
            } else {
                "use another --grant-type (authcode, device-code), or name issuer and client in the user's exec entry"
            };
            return hint.to_owned();
        };
        let registration = format!(
            "the app needs the redirect URI {redirect_uri}, to the letter, since the cluster's entry in the kubeconfig chose the issuer"
        );
        if ignored.other_redirects > 0 {
            format!(
                "another provider may have sent that answer: ask whoever wrote the cluster's entry, or name issuer and client in the \
                 user's exec entry; if the browser was at the right provider, {registration}"
            )
        } else {
            format!(
                "finish the sign-in in the browser; if it shows an error instead (\"400 Bad Request\"): about the redirect URI, \
                 {registration}; about the client, compare --oidc-client-id with the app"
            )
        }
    }
}
