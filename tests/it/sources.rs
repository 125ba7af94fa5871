//! Flags that nobody typed: from the environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Call, Outcome, Sandbox};

/// `get-token` with nothing typed that says which provider it is.
fn untyped(sandbox: &Sandbox) -> Call {
    sandbox.get_token().without("--oidc-")
}

#[test]
fn every_setting_can_be_a_variable() {
    let sandbox = Sandbox::new();
    let call = untyped(&sandbox)
        .env("KUBESESAME_OIDC_ISSUER_URL", &sandbox.okta.issuer())
        .env("KUBESESAME_OIDC_CLIENT_ID", &sandbox.okta.client_id())
        .env("KUBESESAME_OIDC_EXTRA_SCOPE", "email,offline_access")
        .env("KUBESESAME_TOKEN_CACHE_DIR", "~/variable")
        .env("KUBESESAME_PASSWORD", "");
    let token = call.run().token();
    assert!(sandbox.path("variable").exists());
    // The same settings, typed, are the same session.
    let typed = sandbox
        .get_token()
        .arg("--oidc-extra-scope=email")
        .arg("--token-cache-dir=~/variable");
    assert_eq!(typed.run().token(), token);
    assert_eq!(sandbox.session_count("variable"), 1);
    let cleaned = sandbox
        .bare(&["clean"])
        .env("KUBESESAME_TOKEN_CACHE_DIR", "~/variable")
        .run();
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned}");
}

#[test]
fn setup_reads_variables_too() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .setup()
        .without("--oidc-")
        .env("KUBESESAME_OIDC_ISSUER_URL", &sandbox.okta.issuer())
        .env("KUBESESAME_OIDC_CLIENT_ID", &sandbox.okta.client_id());
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let line = format!("--oidc-client-id={}", sandbox.okta.client_id());
    assert!(outcome.stdout.contains(&line), "{outcome}");
}

#[test]
fn what_is_typed_counts_more_than_a_variable() {
    let sandbox = Sandbox::new();
    sandbox
        .get_token()
        .env("KUBESESAME_OIDC_ISSUER_URL", "https://192.0.2.1")
        .env("KUBESESAME_LISTEN_PORT", "1")
        .env("KUBESESAME_GRANT_TYPE", "authcode")
        .run()
        .token();
}

#[test]
fn a_secret_can_be_in_a_variable_or_in_a_file_that_it_names() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("secret");
    fs::write(&file, sandbox.okta.web_client_secret()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let call = sandbox
        .get_token()
        .with("--oidc-client-id", &sandbox.okta.web_client_id());
    let in_variable = call
        .clone()
        .env("KUBESESAME_OIDC_CLIENT_SECRET", &sandbox.okta.web_client_secret());
    let in_file = call
        .arg("--force-refresh")
        .env("KUBESESAME_OIDC_CLIENT_SECRET_FILE", "~/secret");
    in_variable.run().token();
    in_file.run().token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_variable_that_cannot_be_used_is_named() {
    let sandbox = Sandbox::new();
    let outcome = sandbox
        .get_token()
        .env("KUBESESAME_AUTHENTICATION_TIMEOUT_SEC", "soon")
        .run();
    insta::assert_snapshot!(outcome, @"
    stderr: error: the variable KUBESESAME_AUTHENTICATION_TIMEOUT_SEC cannot be used: invalid value 'soon' for '--authentication-timeout-sec <SECONDS>': expected a number of seconds from 1 to 86400, without a unit (300 means 5 minutes)
    stderr: hint: correct it, or: unset KUBESESAME_AUTHENTICATION_TIMEOUT_SEC
    exit: 2
    ");
    let outcome = sandbox.get_token().env("KUBESESAME_V", "2").run();
    assert!(outcome.stderr.contains("GET http://"), "{outcome}");
}

/// Whether the command line, a setting or the file that it names is what cannot be used.
#[test]
fn a_variable_is_named_whenever_its_value_turns_out_to_be_of_no_use() {
    let sandbox = Sandbox::new();
    for (name, value, words) in [
        ("OIDC_ISSUER_URL", "ftp://x", "`ftp://x` is not https"),
        (
            "OIDC_ISSUER_URL",
            "https://{tenantid}/",
            "the placeholder `{tenantid}`",
        ),
        (
            "GRANT_TYPE",
            "foo",
            "invalid value 'foo' for '--grant-type <GRANT>' [possible values: auto, ",
        ),
        ("OIDC_PKCE_METHOD", "plain", "invalid value 'plain'"),
        ("TOKEN_CACHE_STORAGE", "disc", "invalid value 'disc'"),
        ("LISTEN_ADDRESS", "8000", "is not HOST:PORT"),
        ("OIDC_EXTRA_SCOPE", "\"email", "its quotes do not pair up"),
        ("OIDC_AUTH_REQUEST_EXTRA_PARAMS", "nonsense", "is not NAME=VALUE"),
        ("OIDC_REDIRECT_URL", "nonsense", "it is not a URL"),
        ("BROWSER_COMMAND", "firefox 'x", "cannot be split into words"),
        ("LOCAL_SERVER_KEY", "key.pem", "one of them is missing"),
        ("OPEN_URL_AFTER_AUTHENTICATION", "x", "is no http or https URL"),
        ("CERTIFICATE_AUTHORITY", "/nowhere/ca.pem", "No such file"),
        ("CERTIFICATE_AUTHORITY_DATA", "%%%", "not base64"),
        ("OIDC_CLIENT_SECRET_FILE", "/nowhere/s", "No such file"),
        ("OIDC_REQUEST_HEADER", "X Y=blue", "is no HTTP header"),
    ] {
        let flag = format!("--{}=", name.to_lowercase().replace('_', "-"));
        let variable = format!("KUBESESAME_{name}");
        let outcome = sandbox.get_token().without(&flag).env(&variable, value).run();
        let hint = format!("or: unset {variable}\n");
        let error = format!("error: the variable {variable} cannot be used: ");
        outcome.fails(2, &[&error, words, &hint]);
    }
    // What is typed is not blamed on a variable that it takes the place of.
    let outcome = sandbox
        .get_token()
        .arg("--grant-type=foo")
        .env("KUBESESAME_GRANT_TYPE", "authcode")
        .run();
    outcome.fails(2, &["error: invalid value 'foo' for '--grant-type <GRANT>'"]);
    let outcome = sandbox
        .get_token()
        .arg("--username=alice")
        .env("KUBESESAME_ACCOUNT", "bob")
        .run();
    insta::assert_snapshot!(outcome, @"
    stderr: error: the variable KUBESESAME_ACCOUNT cannot be used: --account and --username are two people: `bob` and `alice`
    stderr: hint: correct it, or: unset KUBESESAME_ACCOUNT
    exit: 2
    ");
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn a_variable_that_names_what_is_not_in_the_kubeconfig_is_named() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path(".kube")).unwrap();
    let text =
        "kind: Config\ncontexts: [{name: c, context: {user: u}}]\nusers: [{name: u, user: {token: t}}]\n";
    fs::write(sandbox.path(".kube/config"), text).unwrap();
    for (name, value, words) in [
        ("KUBECONFIG", "/nowhere/x", "`/nowhere/x` is missing"),
        ("CONTEXT", "elsewhere", "the contexts are: c"),
        ("USER", "carol", "the users are: u"),
    ] {
        let variable = format!("KUBESESAME_{name}");
        let outcome = sandbox.standalone().env(&variable, value).run();
        let error = format!("error: the variable {variable} cannot be used: ");
        outcome.fails(2, &[&error, words, &format!("or: unset {variable}\n")]);
    }
}

#[test]
fn a_variable_that_nothing_reads_is_told_unless_there_is_nothing_else_to_do() {
    let sandbox = Sandbox::new();
    let slip = |call: Call| call.env("KUBESESAME_OIDC_EXTRA_SCOPES", "email").run();
    let warning = "warning: nothing reads the variable KUBESESAME_OIDC_EXTRA_SCOPES; did you mean KUBESESAME_OIDC_EXTRA_SCOPE?\n";
    let told = |outcome: &Outcome| outcome.stderr.matches(warning).count();
    let first = slip(sandbox.get_token());
    assert!(first.stderr.starts_with(warning) && told(&first) == 1, "{first}");
    // By the long way, and by the short one that it leaves.
    for _ in 0..2 {
        let cached = slip(sandbox.get_token());
        assert_eq!((cached.token(), cached.stderr.as_str()), (first.token(), ""));
    }
    let refreshed = slip(sandbox.get_token().arg("--force-refresh"));
    assert_eq!((refreshed.code, told(&refreshed)), (Some(0), 1), "{refreshed}");
    let clean = slip(sandbox.bare(&["clean"]));
    assert_eq!((clean.code, told(&clean)), (Some(0), 1), "{clean}");
    for args in [&["version"][..], &["--help"]] {
        let outcome = slip(sandbox.bare(args));
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), warning), "{outcome}");
    }
    let refused = slip(sandbox.bare(&["get-token"]));
    refused.fails(2, &["--oidc-issuer-url is missing", warning]);
    assert!(
        refused.stderr.starts_with(warning) && told(&refused) == 1,
        "{refused}"
    );
    let wrong = slip(sandbox.bare(&["get-token", "--nonsense"]));
    assert_eq!((wrong.code, told(&wrong)), (Some(2), 1), "{wrong}");
    // Those of other commands are known, and one that is empty is none.
    let known = sandbox
        .bare(&["version"])
        .env("KUBESESAME_GROUPS_CLAIM", "x")
        .env("KUBESESAME_CONTEXT", "x")
        .env("KUBESESAME_ELSE", "");
    assert_eq!(known.run().stderr, "");
}
