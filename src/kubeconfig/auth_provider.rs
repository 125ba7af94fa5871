//! The user that client-go's own OpenID Connect provider serves (`auth-provider: oidc`): which one it is, what it says, and its
//! tokens written anew.
//!
//! Pure. Chooses as kubectl does: of several files the first that has a name counts.

use std::collections::HashMap;

use granit_parser::ScalarStyle;

use super::convert::Fault;
use super::edit::{Edit, Lines, apply};
use super::entry::{insert_after, is_plain, json, written};
use super::error::Error;
use super::legacy::LegacyArguments;
use super::tree::{Node, Value, parse};
use super::users::{Kind, users};
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

const ISSUER: &str = "idp-issuer-url";
const ID_TOKEN: &str = "id-token";
const REFRESH_TOKEN: &str = "refresh-token";

/// What the entry of a user says.
#[derive(Debug)]
pub(crate) struct AuthProvider {
    /// As `get-token` would be told.
    pub(crate) arguments: Vec<String>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
}

/// What a file knows of contexts.
#[derive(Debug)]
pub(crate) struct Contexts {
    pub(crate) current: Option<String>,
    /// Names of contexts, each with its user.
    pub(crate) users: Vec<(String, Option<String>)>,
}

/// Reads the contexts of a kubeconfig.
pub(crate) fn contexts(text: &str) -> Result<Contexts, Fault> {
    let document = parse(text).map_err(Fault::Broken)?;
    // The same checks as for the users: whether this is a kubeconfig at all.
    users(&document).map_err(Fault::NoKubeconfig)?;
    let word = |node: Option<&Node>| {
        let text = node.filter(|node| !node.is_null()).and_then(Node::text);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let root = document.root.as_ref();
    let list = root.and_then(|root| root.get("contexts")).and_then(Node::items);
    let context = |item: &Node| {
        let user = item.get("context").and_then(|context| context.get("user"));
        Some((word(item.get("name"))?, word(user)))
    };
    Ok(Contexts {
        current: word(root.and_then(|root| root.get("current-context"))),
        users: list.unwrap_or_default().iter().filter_map(context).collect(),
    })
}

/// Returns the users of contexts; of several contexts of one name the first counts.
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

/// Reads the entry of a user; `None` if the file has no such user, an inner error if it cannot be signed in so.
pub(crate) fn auth_provider(text: &str, user: &str) -> Result<Option<Result<AuthProvider, String>>, Fault> {
    let document = parse(text).map_err(Fault::Broken)?;
    let users = users(&document).map_err(Fault::NoKubeconfig)?;
    let Some(user) = users.into_iter().find(|known| known.name == user) else {
        return Ok(None);
    };
    Ok(Some(match user.kind {
        Kind::Legacy { config } => LegacyArguments::read(config, &|_, _| None).map(|read| AuthProvider {
            arguments: read.arguments,
            id_token: token(config, ID_TOKEN),
            refresh_token: token(config, REFRESH_TOKEN),
        }),
        Kind::Already | Kind::Kubelogin { .. } => {
            Err("it has an `exec` entry, so that kubectl itself runs what signs in".to_owned())
        }
        Kind::Other(_) => Err("it has no `auth-provider` of the name `oidc`".to_owned()),
        Kind::Unable(reason) => Err(reason),
    }))
}

/// Returns the names of the users of a file.
pub(crate) fn user_names(text: &str) -> Vec<String> {
    let Ok(document) = parse(text) else {
        return Vec::new();
    };
    let users = users(&document).unwrap_or_default();
    users.into_iter().map(|user| user.name.to_owned()).collect()
}

fn token(config: &Node, key: &str) -> Option<Secret> {
    // A block scalar ends with its line.
    let text = config.get(key)?.text()?.trim();
    Some(Secret::new(text)).filter(|_| !text.is_empty())
}

/// Returns the text with other tokens in the entry of a user; a token that is not given stays.
pub(crate) fn with_tokens(
    text: &str,
    user: &str,
    id_token: Option<&Secret>,
    refresh_token: Option<&Secret>,
) -> Result<String, Fault> {
    let document = parse(text).map_err(Fault::Broken)?;
    let found = users(&document).map_err(Fault::NoKubeconfig)?;
    let Some(Kind::Legacy { config }) = found
        .into_iter()
        .find(|known| known.name == user)
        .map(|user| user.kind)
    else {
        return Err(Fault::VerificationFailed);
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
    let edited = apply(text, edits.ok_or(Fault::VerificationFailed)?);
    let expected = document.root.as_ref().map(|root| expected(root, user, &tokens));
    match parse(&edited) {
        Ok(after) if after.root == expected => Ok(edited),
        _ => Err(Fault::VerificationFailed),
    }
}

fn edit(lines: &Lines<'_>, config: &Node, key: &str, token: &str) -> Result<Edit, String> {
    let Some(known) = config.pair(key) else {
        let pair = neighbour(config).ok_or("there is nothing to write it behind")?;
        return insert_after(lines, pair, key, token);
    };
    let (name, value) = known;
    if is_block(value) {
        return replace_block(lines, known, token).ok_or_else(|| "its block has no sign".to_owned());
    }
    if !value.span.is_empty() {
        return Ok(Edit::replace(value.span.clone(), written(token, value)?));
    }
    // `id-token:` with nothing behind it.
    let colon = lines.text[name.span.end..].find(':').ok_or("it has no colon")?;
    Ok(Edit::insert(
        name.span.end + colon + 1,
        format!(" {}", in_one_line(token)),
    ))
}

/// The entry that new tokens are written behind: the issuer, or another one where that is a text of several lines.
fn neighbour(config: &Node) -> Option<&(Node, Node)> {
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

fn in_one_line(token: &str) -> String {
    if is_plain(token) {
        token.to_owned()
    } else {
        json(token)
    }
}

/// Puts a text of one line in the place of a block scalar. What stands behind the sign of the block stays.
fn replace_block(lines: &Lines<'_>, (name, value): &(Node, Node), token: &str) -> Option<Edit> {
    // The span of a block scalar is that of its content.
    let sign = lines.text[name.span.end..value.span.start].find(['|', '>'])? + name.span.end;
    let header = lines.after(sign);
    let comment = header.find(" #").map_or("", |at| &header[at..]);
    let content = lines.text[value.span.clone()].trim_end();
    let end = if content.is_empty() {
        sign + header.len()
    } else {
        value.span.start + content.len()
    };
    Some(Edit::replace(sign..end, in_one_line(token) + comment))
}

/// The tree that the edited text has to have.
fn expected(root: &Node, user: &str, tokens: &[(&str, &str)]) -> Node {
    let mut root = root.clone();
    let config = member(&mut root, "users")
        .and_then(|list| match &mut list.value {
            Value::Sequence { items, .. } => items
                .iter_mut()
                .find(|item| item.get("name").and_then(Node::text) == Some(user)),
            _ => None,
        })
        .and_then(|item| member(item, "user"))
        .and_then(|user| member(user, "auth-provider"))
        .and_then(|provider| member(provider, "config"));
    let Some(config) = config else {
        return root;
    };
    let neighbour = neighbour(config).and_then(|(name, _)| name.text().map(str::to_owned));
    if let Value::Mapping { pairs, .. } = &mut config.value {
        let is = |pair: &(Node, Node), key: &str| pair.0.text() == Some(key);
        let place = pairs
            .iter()
            .position(|pair| pair.0.text() == neighbour.as_deref());
        let mut behind = place.map_or(0, |at| at + 1);
        for (key, token) in tokens {
            let token = Node::scalar(token);
            if let Some(known) = pairs.iter_mut().find(|pair| is(pair, key)) {
                known.1 = token;
            } else {
                pairs.insert(behind, (Node::scalar(key), token));
                behind += 1;
            }
        }
    }
    root
}

fn member<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let Value::Mapping { pairs, .. } = &mut node.value else {
        return None;
    };
    let pair = pairs.iter_mut().find(|(name, _)| name.text() == Some(key))?;
    Some(&mut pair.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(config: &str) -> Result<String, Fault> {
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
    fn tokens_take_the_place_of_the_old_ones_or_stand_behind_the_issuer() {
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

    #[test]
    fn what_cannot_be_edited_is_left_alone() {
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
