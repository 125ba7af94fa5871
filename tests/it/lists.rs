//! Flags that are lists, in the quotes that kubeconfigs from the web have.

use crate::drop_in::{authorize_request, query};
use crate::support::Sandbox;

/// A YAML scalar that only begins with `--` is plain, so that the quotes in it are a part of the argument.
#[test]
fn quotes_of_a_list_are_read_as_csv_from_a_flag_and_from_a_variable() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.custom_scopes.push("groups".to_owned()));
    for (text, wanted) in [
        ("\"email\"", "openid email"),
        ("\"email\",\"groups\"", "openid email groups"),
        (
            "\"email offline_access profile\"",
            "openid email offline_access profile",
        ),
        ("email, groups", "openid email groups"),
        ("\"email\", \"groups\"", "openid email groups"),
        ("email\ngroups\n", "openid email groups"),
    ] {
        let bare = sandbox.get_token().without("--oidc-extra-scope");
        let bare = bare.without("--listen-address").arg("--token-cache-storage=none");
        let by_flag = bare
            .clone()
            .arg(&format!("--oidc-extra-scope={text}"))
            .arg("--listen-address=\"127.0.0.1:0\", 127.0.0.1:0");
        let by_variable = bare
            .env("KUBESESAME_OIDC_EXTRA_SCOPE", text)
            .env("KUBESESAME_LISTEN_ADDRESS", "\"127.0.0.1:0\"");
        for call in [by_flag, by_variable] {
            sandbox.okta.clear_requests();
            call.run().token();
            let scope = query(&authorize_request(&sandbox), "scope");
            assert_eq!(scope.as_deref(), Some(wanted), "{text}");
        }
    }
    for (flag, value, example) in [
        (
            "oidc-extra-scope",
            "\"email,groups",
            "--oidc-extra-scope=email,groups",
        ),
        (
            "listen-address",
            "127.0.0.1:0\"",
            "--listen-address=127.0.0.1:8000",
        ),
    ] {
        let call = sandbox.get_token().with(&format!("--{flag}"), value);
        call.run().fails(2, &["its quotes do not pair up", example]);
    }
}
