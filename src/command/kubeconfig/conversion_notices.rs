//! Reports the warnings about a converted entry, each with what to do about it.

use crate::cli::variable_of;
use crate::kubeconfig::{ConversionNotices, DroppedTokens};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

pub(super) fn report(user: &UntrustedText, notices: &ConversionNotices, ui: Ui) {
    if notices.replaces_install_hint {
        ui.warn(&format!(
            "the `installHint` of user `{user}` names another program; it names kubesesame now"
        ));
    }
    for (name, flag) in &notices.unread_variables {
        ui.warn(&unread_variable(user, name, *flag));
    }
    for flag in &notices.unexpanded_flags {
        ui.warn(&unexpanded_flag(user, flag));
    }
    let refreshes = match notices.dropped_tokens {
        DroppedTokens::None => return,
        DroppedTokens::Tokens => "",
        // The conversion adds no scope itself: a provider may refuse a scope that it does not know.
        DroppedTokens::RefreshTokenWithoutScope => {
            "; where the provider gives refresh tokens for a scope only, as Okta and most do, add --oidc-extra-scope=offline_access \
             to the args"
        }
    };
    ui.note(&format!(
        "the tokens of user `{user}` stay in the backup alone: the next kubectl signs in anew{refreshes}"
    ));
}

fn unread_variable(user: &UntrustedText, name: &str, flag: Option<&str>) -> String {
    let name = UntrustedText::with_limit(name, 80);
    match flag {
        Some(flag) => format!(
            "the `env` of user `{user}` sets {name}, which nothing has read since kubelogin 1.11: remove it, and if it is still \
             wanted, add the argument {flag}"
        ),
        None => format!(
            "the `env` of user `{user}` sets {name}, which neither kubelogin nor kubesesame reads: remove it, or say it by a \
             flag or its variable (--oidc-issuer-url is KUBESESAME_OIDC_ISSUER_URL)"
        ),
    }
}

/// Flags that take a path, in which `~/` is the home directory.
const PATH_FLAGS: [&str; 11] = [
    "--token-cache-dir",
    "--certificate-authority",
    "--local-server-cert",
    "--local-server-key",
    "--browser-command",
    "--oidc-client-secret-file",
    "--oidc-client-private-key-file",
    "--oidc-client-secret-command",
    "--oidc-client-private-key-command",
    "--password-file",
    "--password-command",
];

fn unexpanded_flag(user: &UntrustedText, flag: &str) -> String {
    let fix = match flag {
        "--oidc-client-secret" | "--password" => format!("name a private file with {flag}-file"),
        _ if PATH_FLAGS.contains(&flag) => "write the path itself, which may begin with `~/`".to_owned(),
        _ => "write the value itself".to_owned(),
    };
    let other = variable_of(flag).map_or_else(
        || "leave it out".to_owned(),
        |variable| format!("leave the flag out and set {variable}"),
    );
    let flag = UntrustedText::with_limit(flag, 80);
    format!(
        "{flag} of user `{user}` has a variable in it, and kubectl runs no shell that would expand it: {fix}, or {other}"
    )
}
