//! Entry points for the fuzzers in `tests/fuzz`: one function for each parser of text from outside.
//!
//! Each takes any bytes, calls what the program calls with such bytes, and panics if a rule of the parser is broken. The feature `fuzzing`
//! compiles this module, and no build of the program has that feature.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::exec::{ApiVersion, Cluster, Request, credential};
use crate::kubeconfig::{
    ConvertOptions, Entries, NewContext, NewUser, TextError, UserOutcome, auth_provider, clusters, contexts,
    converted_users, exec_info as exec_info_of, has_secret, is_conversion_of, masked_user, merge, plan,
    plugin_policy, unified_diff, with_tokens,
};
pub use crate::oidc::fuzzing::{callback, discovery, jwt, token_response};
pub use crate::rbac::fuzzing::rbac_policy;
use crate::secret::Secret;
use crate::session::{Identity, Record};
use crate::untrusted_text::{UntrustedText, escaped_json, harmless_lines, is_harmless};

/// Fails if a text that is shown in one line contains a character that could move the cursor or hide text.
pub(crate) fn assert_shown(shown: &str) {
    assert!(shown.chars().all(is_harmless), "harmful characters in {shown:?}");
}

/// The record of a session.
pub fn session_record(data: &[u8]) {
    let Ok(record) = Record::parse_any(data) else {
        return;
    };
    let written = record.to_json().expect("a record has a JSON form");
    assert_eq!(Record::parse_any(&written).as_ref(), Ok(&record));
    assert_eq!(Record::parse(&written, &record.identity).as_ref(), Ok(&record));
    let Identity {
        issuer,
        client_id,
        account,
    } = record.identity.clone();
    let others = [
        (format!("{issuer}/"), client_id.clone(), account.clone()),
        (issuer.clone(), format!("{client_id}2"), account.clone()),
        (
            issuer,
            client_id,
            Some(format!("{}2", account.clone().unwrap_or_default())),
        ),
    ];
    for (issuer, client_id, other_account) in others {
        let is_refused = account.is_some() || account == other_account;
        let other = Identity {
            issuer,
            client_id,
            account: other_account,
        };
        // A record without an account belongs to every account.
        if is_refused {
            Record::parse(&written, &other).expect_err("a record of another identity is refused");
        }
    }
    for now in [0, 1_000, record.expires_at.secs(), i64::MAX].map(Timestamp::from_secs) {
        let _is_due = record.is_refresh_due(now);
        assert!(!record.is_usable(now) || record.is_unexpired(now));
    }
    assert!(record.usable_until() <= record.expires_at || record.expires_at < record.begins_at());
}

/// The variable `KUBERNETES_EXEC_INFO`, and the credential that answers it.
pub fn exec_info(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(error) = Request::parse(Some(&text)) {
        assert_shown(&error.to_string());
        assert!(!error.hint().is_empty());
    }
    if let Some(cluster) = Cluster::parse(Some(&text)) {
        let server: Value = serde_json::from_str(&cluster.server).expect("it is JSON");
        assert!(server.as_array().is_some_and(|parts| parts.len() >= 4));
    }
    let expires_at = data
        .iter()
        .fold(0_i64, |all, byte| all.wrapping_mul(257) + i64::from(*byte));
    let line = credential(
        ApiVersion::V1Beta1,
        &Secret::new(text.as_ref()),
        Timestamp::from_secs(expires_at),
    );
    assert_eq!(line.find('\n'), Some(line.len() - 1), "it is one line");
    let response: Value = serde_json::from_str(&line).expect("it is JSON");
    assert_eq!(response["status"]["token"], *text);
    let shown = escaped_json(&line);
    assert!(shown.trim_end_matches('\n').chars().all(is_harmless));
    assert_eq!(serde_json::from_str::<Value>(&shown).ok(), Some(response));
}

/// The text of a kubeconfig: reading, finding, converting, adding, the tokens of an `auth-provider`, and what is shown of it.
pub fn kubeconfig(data: &[u8]) {
    // A file that is not UTF-8 is refused before it is parsed.
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    drop(plugin_policy(text));
    let entries = read_entries(text);
    convert(text);
    add_entry(text);
    for user in entries.users.iter().map(|user| user.name.as_str()) {
        replace_tokens(text, user);
        if let Some(shown) = masked_user(text, user) {
            assert!(
                harmless_lines(&shown)
                    .chars()
                    .all(|c| matches!(c, '\n' | '\t') || is_harmless(c))
            );
        }
    }
}

fn read_entries(text: &str) -> Entries {
    let entries = Entries::read([text]);
    let is_readable = entries.broken.is_empty();
    assert_eq!(contexts(text).is_ok(), is_readable);
    assert_eq!(clusters(text).is_ok(), is_readable);
    if !is_readable {
        assert!(converted_users(text).is_empty());
    }
    // Of the same file twice, the first counts.
    let twice = Entries::read([text, text]);
    assert_eq!(twice.contexts, entries.contexts);
    assert_eq!(twice.clusters, entries.clusters);
    for user in &entries.users {
        let Some(exec) = &user.exec else { continue };
        let cluster = entries.clusters.first().map(|cluster| (cluster, None));
        let info = exec_info_of(exec, cluster);
        if let Err(error) = Request::parse(Some(&info)) {
            assert_shown(&error.to_string());
        }
    }
    entries
}

/// Like `get-token`, takes no secret beside the file of one: a restore would not know which of them the conversion has written.
fn check_arguments(arguments: &[String]) -> Result<(), String> {
    let has_file = |argument: &String| {
        ["--oidc-client-secret-file", "--password-file"]
            .iter()
            .any(|flag| argument.starts_with(flag))
    };
    if arguments.iter().any(has_file) {
        return Err("it has a secret and a file".to_owned());
    }
    Ok(())
}

/// Converts all users, with and without files for their secrets.
fn convert(text: &str) {
    for secret_file in [None, Some("/home/me/.kube/a b.secret")] {
        let options = ConvertOptions {
            is_selected: &|_| true,
            check_arguments: &check_arguments,
            secret_file: &|_, _, _| secret_file.map(str::to_owned),
        };
        let plan_of = |text: &str| plan(text, &options);
        let converted = match plan_of(text) {
            Ok(converted) => converted,
            Err(error) => {
                assert_ne!(error, TextError::VerificationFailed, "an edit went wrong");
                return;
            }
        };
        for (_, outcome) in &converted.users {
            if let UserOutcome::NotConvertible(reason) = outcome {
                assert_shown(UntrustedText::new(reason).as_str());
            }
        }
        let is_converted =
            |(_, outcome): &(String, UserOutcome)| matches!(outcome, UserOutcome::Converted { .. });
        if !converted.users.iter().any(is_converted) {
            assert_eq!(converted.text, text, "a file without such users stays as it is");
            continue;
        }
        assert!(is_conversion_of(text, &converted.text), "it cannot be restored");
        let again = plan_of(&converted.text).expect("the result is a kubeconfig");
        assert_eq!(
            again.text, converted.text,
            "a second conversion changes something"
        );
        let diff = unified_diff(("config", "converted"), text, &converted.text);
        assert!(
            diff.chars().all(|c| matches!(c, '\n' | '\t') || is_harmless(c)),
            "{diff:?}"
        );
        let _has_secret = has_secret(&converted.text);
    }
}

/// Adds a user and a context, as `setup` does.
fn add_entry(text: &str) {
    let user = NewUser {
        name: "added: by #setup".to_owned(),
        arguments: vec!["--oidc-issuer-url=https://issuer.example".to_owned()],
    };
    let context = NewContext::of(&user.name, "a cluster");
    let Ok(added) = merge(text, &user, Some(&context)) else {
        return;
    };
    let entries = Entries::read([added.as_str()]);
    assert!(entries.broken.is_empty());
    assert!(entries.user(&user.name).is_some_and(|user| user.exec.is_some()));
    assert_eq!(entries.current_context.as_ref(), Some(&context.name));
    assert_eq!(
        merge(&added, &user, Some(&context)).as_ref(),
        Ok(&added),
        "it is there already"
    );
}

fn replace_tokens(text: &str, user: &str) {
    let Ok(Some(Ok(_))) = auth_provider(text, user) else {
        return;
    };
    let (id_token, refresh_token) = (
        Secret::new("header.claims.signature"),
        Secret::new("a: 'b' \"c\" #d\u{85}"),
    );
    let Ok(written) = with_tokens(text, user, Some(&id_token), Some(&refresh_token)) else {
        return;
    };
    let Ok(Some(Ok(read))) = auth_provider(&written, user) else {
        panic!("the user is lost");
    };
    assert_eq!(read.id_token, Some(id_token));
    assert_eq!(read.refresh_token, Some(refresh_token));
}
