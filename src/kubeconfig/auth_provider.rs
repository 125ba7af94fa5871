//! Users of client-go's own OpenID Connect provider (`auth-provider: oidc`): selects one, reads its entry, and replaces its tokens.
//!
//! Pure. If several files have a user or a context of one name, the first counts, as in kubectl.

use std::collections::HashMap;

use granit_parser::ScalarStyle;

use super::convert::TextError;
use super::edit::{Edit, Lines, apply, trim_end};
use super::entries::{contexts_of, current_context};
use super::entry::{insert_after, is_plain, json_string, quoted_like};
use super::error::Error;
use super::from_auth_provider::AuthProviderArguments;
use super::tree::{Node, Value, parse};
use super::users::{CredentialSource, users};
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

pub(super) const ISSUER: &str = "idp-issuer-url";
pub(super) const ID_TOKEN: &str = "id-token";
pub(super) const REFRESH_TOKEN: &str = "refresh-token";

/// The values in the entry of a user.
#[derive(Debug)]
pub(crate) struct AuthProvider {
    /// The settings as arguments of `get-token`.
    pub(crate) arguments: Vec<String>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
}

/// The contexts of a kubeconfig.
#[derive(Debug)]
pub(crate) struct Contexts {
    pub(crate) current: Option<String>,
    /// The names of contexts, each with its user if it has one.
    pub(crate) users: Vec<(String, Option<String>)>,
}

/// Reads the contexts of a kubeconfig.
///
/// # Errors
/// If the text is not a kubeconfig.
pub(crate) fn contexts(text: &str) -> Result<Contexts, TextError> {
    let document = parse(text).map_err(TextError::InvalidYaml)?;
    // `users` also checks that the document is a kubeconfig.
    users(&document).map_err(TextError::NotKubeconfig)?;
    Ok(Contexts {
        current: current_context(&document),
        users: contexts_of(&document)
            .map(|context| (context.name, context.user))
            .collect(),
    })
}

/// Returns the users of the named contexts. Of several contexts with one name the first counts.
///
/// # Errors
/// If there is no such context, or it has no user.
pub(crate) fn users_of_contexts(
    contexts: &[(String, Option<String>)],
    names: &[String],
) -> Result<Vec<String>, Error> {
    let mut known = HashMap::new();
    for (name, user) in contexts {
        known.entry(name.as_str()).or_insert(user);
    }
    let user = |name: &String| match known.get(name.as_str()) {
        Some(Some(user)) => Ok(user.clone()),
        Some(None) => Err(Error::NoUser {
            name: UntrustedText::new(name),
        }),
        None => Err(Error::NoSuchContext {
            name: UntrustedText::new(name),
            known: contexts
                .iter()
                .map(|(known, _)| UntrustedText::new(known))
                .collect(),
        }),
    };
    names.iter().map(user).collect()
}

/// Reads the entry of a user; `None` if the file has no such user.
///
/// # Errors
/// The outer error: the text is not a kubeconfig. The inner error: the reason why this user has no usable `auth-provider: oidc`.
pub(crate) fn auth_provider(
    text: &str,
    user: &str,
) -> Result<Option<Result<AuthProvider, String>>, TextError> {
    let document = parse(text).map_err(TextError::InvalidYaml)?;
    let users = users(&document).map_err(TextError::NotKubeconfig)?;
    let Some(user) = users.into_iter().find(|known| known.name == user) else {
        return Ok(None);
    };
    Ok(Some(match user.source {
        CredentialSource::AuthProvider { config } => {
            AuthProviderArguments::read(config, &|_, _| None).map(|read| AuthProvider {
                arguments: read.arguments,
                id_token: token(config, ID_TOKEN),
                refresh_token: token(config, REFRESH_TOKEN),
            })
        }
        CredentialSource::Kubesesame | CredentialSource::Kubelogin { .. } => {
            Err("it has an `exec` entry, so that kubectl itself runs what signs in".to_owned())
        }
        CredentialSource::Other(_) => Err("it has no `auth-provider` of the name `oidc`".to_owned()),
        CredentialSource::NotConvertible(reason) => Err(reason),
    }))
}

/// Returns the names of the users of a file; none if it is not a kubeconfig.
pub(crate) fn user_names(text: &str) -> Vec<String> {
    let Ok(document) = parse(text) else {
        return Vec::new();
    };
    let users = users(&document).unwrap_or_default();
    users.into_iter().map(|user| user.name.to_owned()).collect()
}

pub(super) fn token(config: &Node, key: &str) -> Option<Secret> {
    // A block scalar ends with a newline.
    let text = config
        .get(key)?
        .text()?
        .trim_matches(|c: char| c.is_ascii_whitespace());
    Some(Secret::new(text)).filter(|_| !text.is_empty())
}

/// Returns the text with new tokens in the entry of a user. `None` leaves a token as it is.
///
/// # Errors
/// [`TextError::VerificationFailed`] if the layout of the entry cannot be edited.
pub(crate) fn with_tokens(
    text: &str,
    user: &str,
    id_token: Option<&Secret>,
    refresh_token: Option<&Secret>,
) -> Result<String, TextError> {
    let document = parse(text).map_err(TextError::InvalidYaml)?;
    let found = users(&document).map_err(TextError::NotKubeconfig)?;
    let Some(CredentialSource::AuthProvider { config }) = found
        .into_iter()
        .find(|known| known.name == user)
        .map(|user| user.source)
    else {
        return Err(TextError::VerificationFailed);
    };
    let tokens: Vec<(&str, &str)> = [(ID_TOKEN, id_token), (REFRESH_TOKEN, refresh_token)]
        .into_iter()
        .filter_map(|(key, token)| Some((key, token?.expose())))
        .collect();
    let lines = Lines::of(text);
    let edits: Option<Vec<Edit>> = tokens
        .iter()
        .map(|(key, token)| edit(&lines, config, key, token).ok())
        .collect();
    let edited = apply(text, edits.ok_or(TextError::VerificationFailed)?);
    let expected = document.root.as_ref().map(|root| expected(root, user, &tokens));
    match parse(&edited) {
        Ok(after) if after.root == expected => Ok(edited),
        _ => Err(TextError::VerificationFailed),
    }
}

fn edit(lines: &Lines<'_>, config: &Node, key: &str, token: &str) -> Result<Edit, String> {
    let Some(known) = config.pair(key) else {
        let pair = insertion_point(config).ok_or("there is nothing to write it behind")?;
        return insert_after(lines, pair, key, token);
    };
    let (name, value) = known;
    if is_block(value) {
        return replace_block(lines, known, token).ok_or_else(|| "its block has no sign".to_owned());
    }
    if !value.span.is_empty() {
        return Ok(Edit::replace(value.span.clone(), quoted_like(token, value)?));
    }
    // The value is absent: `id-token:`.
    let colon = lines.text[name.span.end..].find(':').ok_or("it has no colon")?;
    Ok(Edit::insert(
        name.span.end + colon + 1,
        format!(" {}", in_one_line(token)),
    ))
}

/// Returns the entry after which new tokens are inserted: the issuer, or another entry if the issuer is a block scalar or empty.
fn insertion_point(config: &Node) -> Option<&(Node, Node)> {
    config.pair(ISSUER)?;
    let fits = |(_, value): &&(Node, Node)| !is_block(value) && !value.span.is_empty();
    let pairs = || config.pairs().into_iter().flatten();
    let issuer = pairs().find(|pair| pair.0.text() == Some(ISSUER)).filter(fits);
    issuer.or_else(|| pairs().find(fits))
}

fn is_block(value: &Node) -> bool {
    use ScalarStyle::{Folded, Literal};
    matches!(
        &value.value,
        Value::Scalar {
            style: Literal | Folded,
            ..
        }
    )
}

/// Writes a token without quotes if possible, else in double quotes.
fn in_one_line(token: &str) -> String {
    if is_plain(token) {
        token.to_owned()
    } else {
        json_string(token)
    }
}

/// Replaces a block scalar by a text of one line. A comment after the block indicator (`|` or `>`) stays.
fn replace_block(lines: &Lines<'_>, (name, value): &(Node, Node), token: &str) -> Option<Edit> {
    // The span of a block scalar has only its content.
    let indicator = lines.text[name.span.end..value.span.start].find(['|', '>'])? + name.span.end;
    let header = lines.after(indicator);
    let comment = header.find(" #").map_or("", |at| &header[at..]);
    let content = trim_end(&lines.text[value.span.clone()]);
    let end = if content.is_empty() {
        indicator + header.len()
    } else {
        value.span.start + content.len()
    };
    Some(Edit::replace(indicator..end, in_one_line(token) + comment))
}

/// Returns the tree that the edited text must have.
fn expected(root: &Node, user: &str, tokens: &[(&str, &str)]) -> Node {
    let mut root = root.clone();
    let config = value_mut(&mut root, "users")
        .and_then(|list| match &mut list.value {
            Value::Sequence { items, .. } => items
                .iter_mut()
                .find(|item| item.get("name").and_then(Node::text) == Some(user)),
            Value::Scalar { .. } | Value::Mapping { .. } | Value::Alias(_) => None,
        })
        .and_then(|item| value_mut(item, "user"))
        .and_then(|user| value_mut(user, "auth-provider"))
        .and_then(|provider| value_mut(provider, "config"));
    let Some(config) = config else {
        return root;
    };
    let insertion_point = insertion_point(config).and_then(|(name, _)| name.text().map(str::to_owned));
    if let Value::Mapping { pairs, .. } = &mut config.value {
        let is = |pair: &(Node, Node), key: &str| pair.0.text() == Some(key);
        let position = pairs
            .iter()
            .position(|pair| pair.0.text() == insertion_point.as_deref());
        let mut next = position.map_or(0, |at| at + 1);
        for (key, token) in tokens {
            let token = Node::scalar(token);
            if let Some(known) = pairs.iter_mut().find(|pair| is(pair, key)) {
                known.1 = token;
            } else {
                pairs.insert(next, (Node::scalar(key), token));
                next += 1;
            }
        }
    }
    root
}

fn value_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let Value::Mapping { pairs, .. } = &mut node.value else {
        return None;
    };
    let pair = pairs.iter_mut().find(|(name, _)| name.text() == Some(key))?;
    Some(&mut pair.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(config: &str) -> Result<String, TextError> {
        let head = "users:\n- name: n\n  user:\n    auth-provider:\n      name: oidc\n      config:";
        let text = format!("{head}{config}");
        let (id, refresh) = (Secret::new("a.b-_c"), Secret::new("0: {x}"));
        let edited = with_tokens(&text, "n", Some(&id), Some(&refresh))?;
        assert_eq!(
            with_tokens(&edited, "n", Some(&id), Some(&refresh)).unwrap(),
            edited
        );
        Ok(edited[head.len()..].to_owned())
    }

    #[test]
    fn tokens_replace_the_old_ones_or_follow_the_issuer() {
        let cases = [
            (
                "\n        client-id: c # mine\n        idp-issuer-url: https://i # its\n",
                "\n        client-id: c # mine\n        idp-issuer-url: https://i # its\n        id-token: a.b-_c\n        refresh-token: \"0: {x}\"\n",
            ),
            (
                "\n        refresh-token: 'old' # r\n        idp-issuer-url: i\n        id-token: \"old\"\n",
                "\n        refresh-token: '0: {x}' # r\n        idp-issuer-url: i\n        id-token: \"a.b-_c\"\n",
            ),
            (
                "\n        idp-issuer-url: i\n        id-token:\n        refresh-token: null\n",
                "\n        idp-issuer-url: i\n        id-token: a.b-_c\n        refresh-token: \"0: {x}\"\n",
            ),
            (
                " {idp-issuer-url: i, client-id: c}\n",
                " {idp-issuer-url: i, id-token: a.b-_c, refresh-token: \"0: {x}\", client-id: c}\n",
            ),
            (
                "\n        idp-issuer-url: i\n        id-token: |- # mine\n          old\n          er\n\n# end\n        refresh-token: >+\n          old\n        client-id: c\n",
                "\n        idp-issuer-url: i\n        id-token: a.b-_c # mine\n\n# end\n        refresh-token: \"0: {x}\"\n        client-id: c\n",
            ),
            (
                "\n        idp-issuer-url: i\n        refresh-token: |2\n            old\n        id-token: |-\n          old",
                "\n        idp-issuer-url: i\n        refresh-token: \"0: {x}\"\n        id-token: a.b-_c",
            ),
            (
                "\n        idp-issuer-url: i\n        id-token: |-\n        refresh-token: > # r\n        client-id: c\n",
                "\n        idp-issuer-url: i\n        id-token: a.b-_c\n        refresh-token: \"0: {x}\" # r\n        client-id: c\n",
            ),
            (
                "\n        idp-issuer-url: |-\n          i\n        x:\n        client-id: c # app\n",
                "\n        idp-issuer-url: |-\n          i\n        x:\n        client-id: c # app\n        id-token: a.b-_c\n        refresh-token: \"0: {x}\"\n",
            ),
        ];
        for (config, expected) in cases {
            assert_eq!(tokens(config).unwrap(), expected);
        }
    }

    /// YAML 1.1, which kubectl reads, has line breaks that YAML 1.2 has not: U+0085, U+2028 and U+2029.
    #[test]
    fn a_token_of_a_provider_is_written_in_characters_that_all_versions_of_yaml_read_alike() {
        let head = "users:\n- name: n\n  user:\n    auth-provider: ";
        for style in [
            "{name: oidc, config: {idp-issuer-url: i}}",
            "{name: oidc, config: {idp-issuer-url: 'i', refresh-token: old}}",
            "{name: oidc, config: {idp-issuer-url: i, refresh-token: 'old'}}",
            "{name: oidc, config: {idp-issuer-url: i, refresh-token: \"old\"}}",
            "\n      name: oidc\n      config:\n        idp-issuer-url: 'i'\n        refresh-token: |-\n          old",
        ] {
            for token in [
                "x\u{85}---\u{85}a:",
                "x\u{2028}---\u{2028}",
                "x\u{2029}... \u{2029}y",
                "\u{feff}'\"\\\u{7f}\u{9f}\0\t\r\n\u{fffe}ü\u{1f600}",
            ] {
                let text = format!("{head}{style}\n");
                let edited = with_tokens(&text, "n", None, Some(&Secret::new(token))).unwrap();
                let is_safe = |c: char| matches!(c, '\n' | ' '..='~') || c > '\u{ffff}';
                assert!(edited.chars().all(is_safe), "{edited:?}");
            }
        }
    }

    #[test]
    fn an_entry_that_cannot_be_edited_is_refused() {
        for config in [
            "\n        idp-issuer-url: i\n        ? id-token\n",
            " &a {idp-issuer-url: i}\n",
            "\n        client-id: c\n",
        ] {
            assert!(tokens(config).is_err(), "{config}");
        }
    }

    #[test]
    fn contexts_name_their_users() {
        let text = "kind: Config\ncurrent-context: b\ncontexts:\n- name: a\n  context: {user: x}\n- name: b\n  context: {cluster: c}\n";
        let contexts = contexts(text).unwrap();
        assert_eq!(contexts.current.as_deref(), Some("b"));
        assert_eq!(
            contexts.users,
            [("a".to_owned(), Some("x".to_owned())), ("b".to_owned(), None)]
        );
    }
}
