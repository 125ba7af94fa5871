//! `explain`: what an error means, looked up by the id that a failure at a terminal ends with.

use crate::support::Sandbox;
use okta::AuthorizeError;

/// What kubectl passes to a plugin.
pub(crate) const EXEC_INFO: &str =
    r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":true}}"#;

#[test]
fn an_error_of_ours_is_explained_with_causes_and_fixes() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.bare(&["explain", "issuer-mismatch"]).run();
    insta::assert_snapshot!(outcome.to_string(), @"
    issuer-mismatch: the issuer differs from the provider's own

    Usual causes
      - A slash at the end, http in place of https, or another spelling of the host.
      - At Okta: the authorization server's issuer is the org's address, and the
        custom domain is used here, or the other way round.
      - At Entra: the address is that of all tenants, and the issuer has the
        tenant's id in it.

    What to do
      - Use the issuer that the error shows, here and in the API server. They are
        compared to the letter.
      - Or change the issuer at the provider. At Okta: Security > API > the server >
        Issuer.
      - `kubesesame token inspect` compares the token with the settings.

    In the documentation: docs/troubleshooting.md#issuer-mismatch
    exit: 0
    ");
}

#[test]
fn an_error_of_a_provider_is_explained_with_how_it_is_recognized() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.bare(&["explain", "no-access-policy"]).run();
    insta::assert_snapshot!(outcome.to_string(), @r#"
    no-access-policy: No access policy of the authorization server allows this app,
      person, grant and set of scopes.

    What the provider sends
      - the error `access_denied`
      - with the description "policy evaluation failed"

    What to do at Okta
      - no access policy fits: Okta > Security > API > the server > Access Policies
        needs a policy for this app and a rule with the grant Authorization Code,
        your group and these scopes

    What to do elsewhere
      - no policy of the provider allows this app, user, grant and scopes: ask its
        administrator

    In the documentation: docs/errors.md#no-access-policy
    exit: 0
    "#);
    let outcome = sandbox.bare(&["explain", "grant-type-not-supported"]).run();
    insta::assert_snapshot!(outcome.to_string(), @"
    grant-type-not-supported: The grant type of the request is not enabled for the
      app, or the provider does not have it.

    What the provider sends
      - the error `unsupported_grant_type`

    What to do at Okta
      - enable the grant type of the request on the app (Okta > the app > General)

    What to do elsewhere
      - enable the grant type of the request on the app at the provider

    In the documentation: docs/errors.md#grant-type-not-supported
    exit: 0
    ");
}

#[test]
fn a_text_leads_to_the_errors_that_it_is_about() {
    let sandbox = Sandbox::new();
    let told: Vec<String> = [
        "invalid_client",
        "Unauthorized",
        "error: access_denied: User is not assigned to the client application.",
    ]
    .iter()
    .map(|text| format!("{text:?}\n{}\n", sandbox.bare(&["explain", text]).run()))
    .collect();
    insta::assert_snapshot!(told.concat(), @r#"
    "invalid_client"
    Explanations that mention invalid_client
      app-is-for-browsers          The app is a single-page application, whose…
      assertion-audience-refused   The client assertion names another audience…
      assertion-expired            The client assertion had ended by the provider's…
      assertion-from-the-future    The client assertion was made later than now by…
      assertion-lives-too-long     The client assertion ends later than the…
      assertion-used-before        The provider has seen this client assertion…
      assertion-key-unknown        The app has no key of the name (`kid`) that the…
      assertion-signature-invalid  The client assertion was signed with another…
      assertion-algorithm-refused  The provider expects another signature algorithm…
      assertion-secret-too-short   The app's secret at the provider is too short…
      assertion-keys-missing       The provider has no key to check the client…
      assertion-of-another-client  The provider has no active app of the client ID…
      assertion-unreadable         The provider could not read the client assertion.
      several-client-credentials   The request authenticated the client in more…
      client-secret-wrong          The client secret is wrong, or was replaced at…
      client-secret-missing        The app is a confidential client, and the…
      client-credentials-invalid   The provider does not know this client ID, or…
      client-id-unknown            The provider has no active app with this client…
      client-rejected              The provider does not accept the client or the…

    More about one of them: kubesesame explain ID
    exit: 0
    "Unauthorized"
    Explanations that mention Unauthorized
      token-rejected             the API server rejects the token (Unauthorized)
      custom-server-not-allowed  The app belongs to the org authorization server…
      grant-type-not-enabled     The grant type of the request is not enabled for…
      client-rejected            The provider does not accept the client or the way…

    More about one of them: kubesesame explain ID
    exit: 0
    "error: access_denied: User is not assigned to the client application."
    app-not-assigned: The app is not assigned to the person who signed in, nor to a
      group of theirs.

    What the provider sends
      - the error `access_denied`
      - with the description "not assigned to the client application"

    What to do at Okta
      - ask an Okta administrator to assign you, or a group of yours, to the app
        (Applications > the app > Assignments)

    What to do elsewhere
      - ask an administrator of the provider to allow you, or a group of yours, to
        use the app

    In the documentation: docs/errors.md#app-not-assigned
    exit: 0
    "#);
}

#[test]
fn a_check_of_doctor_is_explained_by_its_name() {
    let sandbox = Sandbox::new();
    let told: Vec<String> = ["issuer-spelling", "clock"]
        .iter()
        .map(|name| format!("{name:?}\n{}\n", sandbox.bare(&["explain", name]).run()))
        .collect();
    insta::assert_snapshot!(told.concat(), @r#"
    "issuer-spelling"
    issuer-spelling: The issuer is byte for byte the `issuer` of the discovery
      document

    What is looked at
      - The API server compares the same texts; a slash at the end is enough to
        differ.

    What to do
      - Use the spelling of the discovery document, in the kubeconfig and in the API
        server.

    In the documentation: docs/doctor.md#issuer-spelling
    exit: 0
    "clock"
    clock: the clocks do not agree

    Usual causes
      - The clock of this machine is wrong by more than 5 minutes: a laptop after
        sleep, a virtual machine, a container host.
      - The provider's clock is wrong.

    What to do
      - Set the clock: timedatectl set-ntp true. To compare it: date -u
      - `kubesesame doctor` compares the clock with the provider's.
      - The API server has a clock too, and gives the end of a token no leeway.

    In the documentation: docs/troubleshooting.md#clock

    clock: This machine's clock agrees with the provider's (header `Date`): a
      warning from ten seconds on, a failure where tokens are refused

    What to do
      - Synchronize the clock: `timedatectl set-ntp true`, or the settings of the
        system.

    In the documentation: docs/doctor.md#clock
    exit: 0
    "#);
}

/// A line with nothing of a provider in it.
#[test]
fn a_pasted_line_of_kubectl_of_the_api_server_or_of_kubesesame_is_explained() {
    let sandbox = Sandbox::new();
    let titles = |text: &&str| {
        let outcome = sandbox.bare(&["explain", text]).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let titles = outcome
            .stdout
            .lines()
            .filter(|line| !line.starts_with(' ') && line.contains(": "));
        let titles = titles.filter(|line| !line.starts_with("In the documentation"));
        let titles: Vec<_> = titles.collect();
        format!("{text}\n  {}\n\n", titles.join("\n  "))
    };
    let explained: Vec<String> = [
        "error: You must be logged in to the server (Unauthorized)",
        "executable kubesesame failed with exit code 1",
        "executable kubesesame not found",
        "oidc: email not verified",
        "certificate signed by unknown authority",
        "connection refused",
        "error: the discovery document is of issuer `https://a`, not of `https://b`",
    ]
    .iter()
    .map(titles)
    .collect();
    insta::assert_snapshot!(explained.concat(), @"
    error: You must be logged in to the server (Unauthorized)
      token-rejected: the API server rejects the token (Unauthorized)

    executable kubesesame failed with exit code 1
      plugin-failed: kubectl got no token, and does not say why

    executable kubesesame not found
      command: kubectl finds the program of the entry: a name on the `PATH`, or a

    oidc: email not verified
      token-unfit: the API server will refuse this token

    certificate signed by unknown authority
      api-server: The API server of the context answers within five seconds
      tls-unknown-authority: the provider's certificate is not trusted

    connection refused
      provider-unreachable: the provider cannot be reached
      api-server: The API server of the context answers within five seconds

    error: the discovery document is of issuer `https://a`, not of `https://b`
      issuer-mismatch: the issuer differs from the provider's own
    ");
}

#[test]
fn an_unknown_id_is_refused_with_the_nearest() {
    let sandbox = Sandbox::new();
    let told: Vec<String> = [
        "isuer-mismatch",
        "\u{1b}[31mred",
        "something entirely different",
        "",
    ]
    .iter()
    .map(|id| sandbox.told(&format!("{id:?}"), &sandbox.bare(&["explain", id]).run()))
    .collect();
    insta::assert_snapshot!(told.concat(), @r#"
    "isuer-mismatch"
    stderr: error: invalid value 'isuer-mismatch' for '[ID|TEXT]'
    stderr: hint: did you mean `issuer-mismatch`? otherwise see kubesesame explain --help
    exit: 2

    "\u{1b}[31mred"
    stderr: error: nothing that is known here matches `[31mred`
    stderr: hint: kubesesame explain lists all errors; kubesesame doctor looks for faults; see kubesesame explain --help
    exit: 2

    "something entirely different"
    stderr: error: nothing that is known here matches `something entirely different`
    stderr: hint: kubesesame explain lists all errors; kubesesame doctor looks for faults; see kubesesame explain --help
    exit: 2

    ""
    stderr: error: a value is required for '[ID|TEXT]' but none was supplied
    stderr: hint: see kubesesame explain --help
    exit: 2
    "#);
}

#[test]
fn a_failure_at_a_terminal_ends_with_the_command_that_explains_it() {
    let sandbox = Sandbox::new();
    let call = || sandbox.bare(&["get-token"]);
    let told = [
        sandbox.told("at a terminal", &call().at_terminal().run()),
        sandbox.told("in a script", &call().run()),
        sandbox.told(
            "by kubectl, with standard error elsewhere",
            &call().env("KUBERNETES_EXEC_INFO", EXEC_INFO).at_terminal().run(),
        ),
    ];
    insta::assert_snapshot!(told.concat(), @"
    at a terminal
    stderr: error: --oidc-issuer-url is missing
    stderr: hint: give the issuer that the API server trusts, for example --oidc-issuer-url=https://example.okta.com/oauth2/default
    stderr: help: kubesesame explain issuer-missing
    exit: 2

    in a script
    stderr: error: --oidc-issuer-url is missing
    stderr: hint: give the issuer that the API server trusts, for example --oidc-issuer-url=https://example.okta.com/oauth2/default
    exit: 2

    by kubectl, with standard error elsewhere
    stderr: error: --oidc-issuer-url is missing
    stderr: hint: give the issuer that the API server trusts, for example --oidc-issuer-url=https://example.okta.com/oauth2/default
    exit: 2
    ");
}

/// It is the id of the entry in `docs/errors.md`.
#[test]
fn a_refusal_of_the_provider_ends_with_the_id_of_its_entry() {
    let sandbox = Sandbox::new();
    let refusal = AuthorizeError {
        error: "access_denied".to_owned(),
        description: "User is not assigned to the client application.".to_owned(),
    };
    sandbox
        .okta
        .behave(|behaviour| behaviour.authorize_error = Some(refusal));
    let outcome = sandbox
        .get_token()
        .without_env("KUBERNETES_EXEC_INFO")
        .at_terminal()
        .run();
    outcome.fails(1, &["\nhelp: kubesesame explain app-not-assigned\n"]);
}

#[test]
fn the_help_has_examples_first() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.bare(&["explain", "--help"]).run();
    insta::assert_snapshot!(outcome.to_string(), @"
    Say what an error means, its usual causes, and what to do

    Examples:
      # The error that a failure at a terminal ended with
      kubesesame explain issuer-mismatch

      # All errors, one line each
      kubesesame explain

    Usage: kubesesame explain [OPTIONS] [ID|TEXT]

    Arguments:
      [ID|TEXT]
              Id of an error, name of a check of doctor, a pasted error of kubesesame, kubectl, the
              provider or the API server's log, or a word; without it, all ids are listed

    Options:
      -v, --v[=<LEVEL>]
              Log to standard error: 1 steps, 2 requests, 3 headers; no secrets

      -h, --help
              Print help (see a summary with '-h')
    exit: 0
    ");
}
