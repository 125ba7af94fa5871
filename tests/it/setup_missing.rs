//! `setup` without all that it needs: asked for at a terminal, listed elsewhere.

use std::io::Write;

use crate::prompts::typing;
use crate::support::{Call, Outcome, Sandbox, finish};

/// Without issuer and client id.
fn incomplete(sandbox: &Sandbox) -> Call {
    sandbox
        .setup()
        .without("--oidc-issuer-url")
        .without("--oidc-client-id")
}

/// Runs with these lines typed at the terminal.
fn typed(call: &Call, lines: &str) -> Outcome {
    let (child, mut terminal) = typing(call);
    terminal.write_all(lines.as_bytes()).unwrap();
    finish(child)
}

#[test]
fn everything_that_is_missing_is_listed_with_an_example() {
    let sandbox = Sandbox::new();
    let one = sandbox.setup().without("--oidc-client-id").run();
    let outcomes = [("both", incomplete(&sandbox).run()), ("one", one)];
    let told = outcomes.map(|(heading, outcome)| sandbox.told(heading, &outcome));
    insta::assert_snapshot!(told.concat(), @"
    both
    stderr: error: --oidc-issuer-url and --oidc-client-id are missing
    stderr: hint: for example: kubesesame setup --oidc-issuer-url=https://example.okta.com/oauth2/default --oidc-client-id=0oa1b2c3d4e5f6g7h8i9; the provider's console shows both, and at a terminal setup asks for them
    exit: 2

    one
    stderr: error: --oidc-client-id is missing
    stderr: hint: for example: kubesesame setup --oidc-issuer-url=https://example.okta.com/oauth2/default --oidc-client-id=0oa1b2c3d4e5f6g7h8i9; the provider's console shows both, and at a terminal setup asks for them
    exit: 2
    ");
}

/// Otherwise a sign-in waits for minutes in front of the provider's error page.
#[test]
fn what_is_certainly_no_client_id_is_refused_before_the_sign_in() {
    let sandbox = Sandbox::new();
    let placeholder = sandbox.setup().with("--oidc-client-id", "YOUR-CLIENT-ID").run();
    let of_help = "https://ORG.okta.com/oauth2/default";
    let issuer = sandbox.setup().with("--oidc-issuer-url", of_help).run();
    let outcomes = [("client id", placeholder), ("issuer", issuer)];
    let told = outcomes.map(|(heading, outcome)| sandbox.told(heading, &outcome));
    insta::assert_snapshot!(told.concat(), @"
    client id
    stderr: error: --oidc-client-id `YOUR-CLIENT-ID` is a placeholder of an example
    stderr: hint: for example: kubesesame setup --oidc-issuer-url=https://example.okta.com/oauth2/default --oidc-client-id=0oa1b2c3d4e5f6g7h8i9; the provider's console shows both, and at a terminal setup asks for them
    exit: 2

    issuer
    stderr: error: --oidc-issuer-url `https://ORG.okta.com/oauth2/default` still has the placeholder `ORG`
    stderr: hint: put the value of your organization in place of ORG; the API server's own issuer URL has it
    exit: 2
    ");
    assert_eq!(sandbox.okta.requests().len(), 0);
}

#[test]
fn a_client_id_that_is_none_is_asked_for_again() {
    let sandbox = Sandbox::new();
    let call = sandbox.setup().with("--oidc-client-id", "YOUR-CLIENT-ID");
    let outcome = typed(&call, &format!("<client-id>\n{}\n", sandbox.okta.client_id()));
    assert_eq!(outcome.code, Some(0), "{outcome}");
    for text in ["YOUR-CLIENT-ID", "<client-id>"] {
        let note = format!("`{text}` is a placeholder of an example");
        assert!(outcome.stderr.contains(&note), "{outcome}");
    }
}

#[test]
fn the_address_of_something_else_is_named_with_the_issuer_that_was_meant() {
    let sandbox = Sandbox::new();
    let told = [
        "https://dev-1-admin.okta.com/admin/dashboard",
        "https://dev-1.okta.com/app/UserHome",
        "dev-1.okta.com",
        "https://sso.example.com/realms/x/.well-known/openid-configuration",
    ]
    .map(|address| {
        let outcome = sandbox.setup().with("--oidc-issuer-url", address).run();
        sandbox.told(address, &outcome)
    });
    insta::assert_snapshot!(told.concat(), @"
    https://dev-1-admin.okta.com/admin/dashboard
    stderr: error: --oidc-issuer-url `https://dev-1-admin.okta.com/admin/dashboard` is the address of Okta's admin console, and not an issuer
    stderr: hint: use --oidc-issuer-url=https://dev-1.okta.com/oauth2/default
    exit: 2

    https://dev-1.okta.com/app/UserHome
    stderr: error: --oidc-issuer-url `https://dev-1.okta.com/app/UserHome` is the address of a page in the browser, and not an issuer
    stderr: hint: use --oidc-issuer-url=https://dev-1.okta.com/oauth2/default
    exit: 2

    dev-1.okta.com
    stderr: error: --oidc-issuer-url `dev-1.okta.com` does not begin with https://
    stderr: hint: use --oidc-issuer-url=https://dev-1.okta.com/oauth2/default
    exit: 2

    https://sso.example.com/realms/x/.well-known/openid-configuration
    stderr: error: --oidc-issuer-url `https://sso.example.com/realms/x/.well-known/openid-configuration` is the address of a discovery document, and not an issuer
    stderr: hint: use --oidc-issuer-url=https://sso.example.com/realms/x
    exit: 2
    ");
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn at_a_terminal_what_is_missing_is_asked_for() {
    let sandbox = Sandbox::new();
    let lines = format!(
        "\nhttps://dev-1-admin.okta.com/\n{}\n\n{}\n",
        sandbox.okta.issuer(),
        sandbox.okta.client_id()
    );
    let outcome = typed(&incomplete(&sandbox), &lines);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let asked = sandbox.filtered_stderr(&outcome);
    let (asked, _) = asked.split_once("discovery document").unwrap();
    insta::assert_snapshot!(asked, @"
    stderr: Issuer, such as https://example.okta.com/oauth2/default: type the issuer, as the API server and the provider spell it (Ctrl-C to stop)
    stderr: Issuer, such as https://example.okta.com/oauth2/default: `https://dev-1-admin.okta.com/` is the address of Okta's admin console, and not an issuer
    stderr: Issuer [https://dev-1.okta.com/oauth2/default]: Client id of the app, such as 0oa1b2c3d4e5f6g7h8i9: the provider gave it to the app for kubectl (Ctrl-C to stop)
    stderr: Client id of the app, such as 0oa1b2c3d4e5f6g7h8i9:
    ");
    let issuer = format!("--exec-arg=--oidc-issuer-url={}", sandbox.okta.issuer());
    assert!(outcome.stdout.contains(&issuer), "{outcome}");
}

#[test]
fn the_end_of_the_input_ends_the_questions() {
    let sandbox = Sandbox::new();
    let outcome = typed(&incomplete(&sandbox), "\u{4}");
    outcome.fails(2, &["--oidc-issuer-url and --oidc-client-id are missing"]);
}
