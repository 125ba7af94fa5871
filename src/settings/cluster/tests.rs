//! What a cluster may set, row by row.

use serde_json::json;

use super::*;
use crate::cli::{Cli, Command, ConfigSources, GrantChoice};

fn args(typed: &[&str]) -> GetTokenArgs {
    let words = ["k", "get-token"].iter().chain(typed).map(Into::into);
    match Cli::parse_from_os(words, &ConfigSources::default())
        .unwrap()
        .command
    {
        Command::GetToken(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn applied(typed: &[&str], config: &Value) -> (GetTokenArgs, Result<ClusterChoice, ConfigError>) {
    let mut args = args(typed);
    let cluster = Cluster {
        config: config.as_object().cloned().unwrap(),
        server: "s".to_owned(),
    };
    let choice = ClusterChoice::apply(&mut args, &cluster);
    (args, choice)
}

#[test]
fn it_counts_only_where_the_user_names_no_issuer_and_does_not_ignore_it() {
    let whole = json!({ "oidc-issuer-url": "c", "oidc-client-id": 7 });
    let own = "--oidc-issuer-url=u";
    let allow = "--cluster-config=allow";
    for (typed, config, counts, remarks) in [
        (&[][..], &whole, true, 0),
        (&["--cluster-config=ignore"], &whole, false, 0),
        (&[allow], &whole, true, 0),
        (&[allow, "--oidc-issuer-url="], &whole, true, 0),
        (&[own], &whole, false, 1),
        (&[allow, own], &whole, false, 1),
        (&[allow], &json!({ "oidc-client-id": "c" }), false, 1),
        (
            &[allow],
            &json!({ "oidc-issuer-url": "", "oidc-client-id": "c" }),
            false,
            1,
        ),
        (&[allow], &json!({ "oidc-issuer-url": null }), false, 1),
        (&[allow], &json!({ "audience": "x" }), false, 0),
        (&[], &json!({ "audience": "x", "kind": "Config" }), false, 0),
    ] {
        let before = format!("{:?}", args(typed));
        let (after, choice) = applied(typed, config);
        let choice = choice.unwrap();
        let expected = (counts.then(|| "s".to_owned()), remarks);
        assert_eq!(
            (choice.server, choice.remarks.len()),
            expected,
            "{typed:?} {config}"
        );
        if counts {
            assert_eq!(after.provider.oidc_issuer_url.as_deref(), Some("c"));
            assert_eq!(after.provider.oidc_client_id.as_deref(), Some("7"));
        } else {
            assert_eq!(format!("{after:?}"), before);
        }
    }
}

#[test]
fn where_it_counts_nothing_of_the_user_goes_with_it() {
    let config = json!({ "oidc-issuer-url": "c", "oidc-extra-scope": ["a", "b"] });
    for flag in [
        "account",
        "oidc-auth-request-extra-params",
        "oidc-client-id",
        "oidc-client-secret",
        "oidc-client-secret-file",
        "oidc-client-secret-command",
        "oidc-client-secret-keyring",
        "oidc-client-private-key-file",
        "oidc-client-private-key-command",
        "oidc-client-key-id",
        "oidc-client-auth-audience",
        "oidc-extra-scope",
        "oidc-request-header",
        "certificate-authority",
        "certificate-authority-data",
        "password",
        "password-file",
        "password-command",
    ] {
        let typed = format!("--{flag}=x=typed");
        let (after, choice) = applied(&["--cluster-config=allow", &typed], &config);
        let choice = choice.unwrap();
        assert!(!format!("{after:?}").contains("typed"), "{flag}");
        let remark = format!("the cluster's entry chose the issuer, so these flags are not used: --{flag}");
        assert_eq!(choice.remarks, [remark]);
    }
    for (typed, told) in [("private_key_jwt", 1), ("none", 0), ("auto", 0)] {
        let typed = format!("--oidc-client-auth-method={typed}");
        let (after, choice) = applied(&[&typed], &config);
        let method = after.provider.oidc_client_auth_method;
        assert_eq!(method, ClientAuthChoice::Auto, "{typed}");
        assert_eq!(choice.unwrap().remarks.len(), told, "{typed}");
    }
    for (typed, told) in [("true", 1), ("false", 0)] {
        let typed = format!("--oidc-use-access-token={typed}");
        let (after, choice) = applied(&[&typed], &config);
        assert_eq!(after.provider.oidc_use_access_token, None, "{typed}");
        assert_eq!(choice.unwrap().remarks.len(), told, "{typed}");
    }
    // What is the same is no loss, and what is the user's own business stays.
    let (after, choice) = applied(
        &[
            "--cluster-config=allow",
            "--oidc-extra-scope=a",
            "--oidc-extra-scope=b",
            "--grant-type=device-code",
        ],
        &config,
    );
    assert_eq!(choice.unwrap().remarks, [""; 0]);
    assert_eq!(after.login.grant_type, GrantChoice::DeviceCode);
}

#[test]
fn of_all_flags_a_cluster_can_set_four() {
    let names: Vec<String> = cli::flags_of_get_token();
    assert!(names.len() > 30, "{names:?}");
    for name in names
        .iter()
        .filter(|name| !CLUSTER_SETTINGS.contains(&name.as_str()))
    {
        let config = json!({ "oidc-issuer-url": "c", name: "of the cluster" });
        for typed in [&[][..], &["--cluster-config=allow"], &["--oidc-issuer-url=u"]] {
            let (_, choice) = applied(typed, &config);
            assert_eq!(
                choice,
                Err(ConfigError::NotForClusters(name.clone())),
                "{typed:?}"
            );
        }
        let (after, choice) = applied(&["--cluster-config=ignore"], &config);
        assert!(choice.is_ok() && !format!("{after:?}").contains("of the cluster"));
    }
}

#[test]
fn a_value_that_counts_and_cannot_be_used_is_named() {
    for (key, value) in [
        ("oidc-issuer-url", json!(["c"])),
        ("oidc-client-id", json!({ "a": "b" })),
        ("oidc-extra-scope", json!([["a"]])),
        ("certificate-authority-data", json!({})),
        ("oidc-extra-scope", json!(vec!["x"; 101])),
    ] {
        let mut config = json!({ "oidc-issuer-url": "c" });
        config[key] = value;
        let (_, choice) = applied(&["--cluster-config=allow"], &config);
        assert!(
            matches!(choice, Err(ConfigError::ClusterConfig(named, _)) if named == key),
            "{key}"
        );
        let (_, ignored) = applied(&["--cluster-config=ignore"], &config);
        assert!(ignored.is_ok(), "{key}");
    }
}
