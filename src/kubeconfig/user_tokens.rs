//! The tokens that a kubeconfig has of its `auth-provider` users.
//!
//! Pure. Reads each user of the file, also one that another file hides from kubectl.

use super::auth_provider::{ID_TOKEN, ISSUER, REFRESH_TOKEN, token};
use super::tree::{Node, parse};
use super::users::{CredentialSource, users};
use crate::secret::Secret;

/// The tokens in the entry of a user, whatever the rest of it is.
#[derive(Debug)]
pub(crate) struct UserTokens {
    pub(crate) name: String,
    pub(crate) issuer: Option<String>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
}

/// Returns the users of a file that have tokens in it; none if it is not a kubeconfig.
pub(crate) fn tokens_of_users(text: &str) -> Vec<UserTokens> {
    let Ok(document) = parse(text) else {
        return Vec::new();
    };
    let users = users(&document).unwrap_or_default().into_iter();
    let tokens = users.filter_map(|user| match user.source {
        CredentialSource::AuthProvider { config } => Some(UserTokens {
            name: user.name.to_owned(),
            issuer: config.get(ISSUER).and_then(Node::text).map(str::to_owned),
            id_token: token(config, ID_TOKEN),
            refresh_token: token(config, REFRESH_TOKEN),
        }),
        CredentialSource::Kubesesame
        | CredentialSource::Kubelogin { .. }
        | CredentialSource::Other(_)
        | CredentialSource::NotConvertible(_) => None,
    });
    tokens
        .filter(|user| user.id_token.is_some() || user.refresh_token.is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_with_tokens_is_read_whatever_the_rest_of_it_is() {
        let text = "\
users:
- {name: both, user: {auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i', id-token: t, refresh-token: r}}}}
- {name: one, user: {auth-provider: {name: oidc, config: {refresh-token: r}}}}
- {name: none, user: {auth-provider: {name: oidc, config: {id-token: '', client-id: c}}}}
- {name: other, user: {token: x}}
";
        let found: Vec<_> = tokens_of_users(text)
            .into_iter()
            .map(|user| {
                let tokens = [user.id_token, user.refresh_token];
                (user.name, user.issuer, tokens.map(|token| token.is_some()))
            })
            .collect();
        assert_eq!(
            found,
            [
                ("both".to_owned(), Some("https://i".to_owned()), [true, true]),
                ("one".to_owned(), None, [false, true]),
            ]
        );
        assert!(tokens_of_users("users: [{").is_empty());
    }
}
