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
        format!(
            "{text}\n{}\n",
            titles.map(|title| format!("  {title}\n")).collect::<String>()
        )
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
#[expect(clippy::too_many_lines, reason = "the whole screen is the snapshot")]
fn all_ids_are_listed_in_one_line_each() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.bare(&["explain"]).run();
    insta::assert_snapshot!(outcome.to_string(), @"
    Errors of kubesesame
      issuer-missing                no issuer is given
      issuer-invalid                the issuer cannot be one
      client-id-missing             no client id is given
      setting-invalid               the value of a setting cannot be used
      flags-contradict              two settings do not go together
      secret-in-kubeconfig          a secret would be written into a kubeconfig
      not-confirmed                 nobody said yes
      cluster-config-invalid        a cluster's own config cannot be used
      exec-info-invalid             what kubectl passed is no ExecCredential
      api-version-unsupported       the kubeconfig asks for an unknown API version
      authority-unusable            a certificate authority cannot be read
      system-authorities-missing    the system's certificates cannot be read
      flag-file-unusable            the file of a flag cannot be used
      provider-unreachable          the provider cannot be reached
      host-unknown                  the provider's host name is not found
      proxy                         the proxy cannot be used
      provider-unavailable          the provider does not answer now
      rate-limited                  the provider asks to slow down
      request-refused               the server refuses the request
      request-too-large             the request is too large for the server
      not-a-provider                something else than a provider answers
      tls-unknown-authority         the provider's certificate is not trusted
      tls-expired                   the provider's certificate is not valid now
      tls-name                      the provider's certificate is for another name
      tls-handshake                 no TLS connection comes about
      discovery-not-found           there is no discovery document at the issuer
      issuer-mismatch               the issuer differs from the provider's own
      provider-answer-invalid       an answer of the provider cannot be used
      device-code-unsupported       the provider has no device codes
      client-refused                the provider does not accept the client
      token-bound-to-key            the token is bound to a key
      token-not-bound               the tokens are not bound to a key
      port-in-use                   no port is free for the browser to come back to
      sign-in-impossible-here       a sign-in is needed, and nobody can do it here
      sign-in-timeout               nobody signed in in time
      nothing-typed                 nothing was typed where it was asked for
      pasted-text-refused           what was pasted is not the answer
      pasted-code-forbidden         a code alone does not show its provider
      answer-mixed-up               the answer belongs to another sign-in
      sign-in-in-progress           another kubesesame is signing in
      other-account                 you are signed in as another person
      id-token-missing              the provider sent no ID token
      clock                         the clocks do not agree
      token-too-long                the token is too long
      token-invalid                 the token cannot be accepted
      audience-mismatch             the token is for another client
      signature-not-verified        the token's signature cannot be verified
      token-on-command-line         a token was passed as an argument
      token-not-given               there is no token to look at
      not-signed-in                 there is no session yet
      session-ended                 the provider ended the session
      storage-not-private           the place of the sessions is not private
      storage-unusable              sessions cannot be stored
      keyring-unavailable           the OS keyring cannot be used
      pending-tokens-unreadable     tokens that wait for a kubeconfig are unreadable
      kubeconfig-missing            there is no kubeconfig
      kubeconfig-broken             the kubeconfig cannot be read
      kubeconfig-not-usable         the kubeconfig cannot be read or written
      kubeconfig-name-unknown       the kubeconfig has no entry of that name
      kubeconfig-entry-unsupported  an entry cannot be used or converted
      kubeconfig-changed            the kubeconfig or its backup has changed
      kubeconfig-not-added          an entry cannot be added
      kubectl-unusable              kubectl cannot be used
      api-server-unreachable        the API server cannot be asked
      api-server-too-old            the API server does not say who you are
      token-rejected                the API server rejects the token (Unauthorized)
      token-unfit                   the API server will refuse this token
      system-limits                 this machine has reached a limit
      output-failed                 the result could not be written
      internal-error                a fault of kubesesame

    Errors that a provider reports
      acr-values-not-supported     The parameter `acr_values` of the request names…
      openid-scope-missing         The request asks for claims of a person without…
      scopes-missing               The request asks for no scope, and the…
      prompt-none-refused          The request has `prompt=none`, and the provider…
      consent-missing              The request has `prompt=none`, and the person…
      state-invalid                The `state` of the request was changed or…
      pkce-method-not-supported    The provider accepts no PKCE challenge of the…
      other-authorization-server   The code is of another authorization server of…
      app-is-for-browsers          The app is a single-page application, whose…
      app-not-assigned             The app is not assigned to the person who signed…
      no-access-policy             No access policy of the authorization server…
      all-scopes-rejected          The rule of the access policy that applies…
      refresh-scopes-not-granted   The refresh asks for scopes that the sign-in did…
      scopes-denied-by-policy      The rule of the access policy that applies…
      network-zone-not-permitted   The app is restricted to networks that this…
      sign-in-denied               The person cancelled the sign-in, or a sign-on…
      factor-not-met               The person has not signed in with the factors…
      scope-unknown                The authorization server does not have one of…
      custom-scope-not-allowed     The org authorization server of Okta has only…
      scope-invalid                A requested scope is misspelled, or the app may…
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
      dpop-required                The app requires DPoP (RFC 9449), which binds a…
      dpop-proof-from-the-future   The DPoP proof was made later than now by the…
      dpop-proof-too-old           The DPoP proof was made long ago by the…
      dpop-other-key               The refresh token is bound to another key than…
      dpop-nonce-refused           The provider wants a nonce in the DPoP proof…
      dpop-proof-refused           The provider does not take the DPoP proof of the…
      sign-in-page-expired         The person did not finish the sign-in in the…
      interaction-code-flow        The app uses Okta's interaction code flow, and…
      custom-server-not-allowed    The app belongs to the org authorization server…
      grant-type-not-enabled       The grant type of the request is not enabled for…
      pkce-required                The app requires PKCE, and the request had none.
      redirect-uri-not-registered  The redirect URI of the request is not one of…
      several-client-credentials   The request authenticated the client in more…
      too-many-groups              The groups claim matches more groups than the…
      claim-expression-failed      The expression of a claim fails for this person.
      client-secret-wrong          The client secret is wrong, or was replaced at…
      client-secret-missing        The app is a confidential client, and the…
      client-credentials-invalid   The provider does not know this client ID, or…
      client-id-unknown            The provider has no active app with this client…
      code-invalid                 The authorization code is too old, was used…
      pkce-verification-failed     The code verifier of the token request does not…
      access-denied                The provider does not let this person use the…
      client-rejected              The provider does not accept the client or the…
      scope-refused                The provider does not allow one of the requested…
      password-rejected            The provider does not accept the user name or…
      client-credentials-rejected  The provider does not let the app sign in for…
      grant-rejected               The code or the refresh token has expired, was…
      provider-fault               The provider has a fault or is overloaded.
      person-required              The provider wants to ask the person something…
      interaction-required         The provider wants to ask the person something…
      slow-down                    The provider gets too many requests from this…
      response-type-not-supported  The authorization code flow is not enabled for…
      grant-type-not-supported     The grant type of the request is not enabled for…
      unknown-error                The catalogue does not have this error.

    Checks of kubesesame doctor
      kubeconfig          The files of `--kubeconfig`, of `KUBECONFIG`, or…
      context             The context that is meant (`--context`, or the current…
      kubeconfig-mode     A kubeconfig with tokens, keys or passwords in it cannot…
      credential          The user's credential comes from kubesesame, and from…
      api-version         `apiVersion` of the entry is…
      interactive-mode    `interactiveMode` of the entry is `IfAvailable`. v1…
      command             kubectl finds the program of the entry: a name on the…
      plugin-policy       The kuberc (`~/.kube/kuberc`, kubectl 1.35 and newer)…
      flags               The arguments of the entry, its variables and those of…
      deprecated-flags    No flag has a spelling that only old versions of…
      variables           Each variable that begins with `KUBESESAME_` belongs to a…
      inline-secrets      No client secret, password or header is among the…
      issuer-url          The issuer is an address that an API server accepts:…
      proxy               Which proxy the environment chooses for the provider…
      connection          The host of the issuer has an address and answers within…
      tls                 The provider's certificate is of a trusted authority, for…
      discovery           The discovery document is at…
      issuer-spelling     The issuer is byte for byte the `issuer` of the discovery…
      clock               This machine's clock agrees with the provider's (header…
      key-set             The provider's keys can be fetched, and one of them can…
      endpoints           The discovery document has the endpoints that the grant…
      grant-type          The provider announces the grant…
      pkce                The provider announces PKCE with S256…
      scopes              The provider announces the scopes that are asked for…
      client-auth         The way in which the app proves who it is fits what the…
      signing-algorithm   ID tokens are signed with RS256…
      listener-port       An address that the browser comes back to is free…
      redirect-uri        Which redirect URIs have to be registered for the app at…
      browser             A sign-in can reach a person here: by a browser, by a…
      storage             The directory of sessions is yours, closed to others, no…
      keyring             The keyring of the operating system answers, where…
      session             Whether there is a session, whose it is, and until when…
      refresh             The session can be refreshed without a person. That needs…
      last-sign-in        The last sign-in did not fail. After a failure, programs…
      provider-outage     The provider did not fail or ask callers to wait within…
      background-refresh  The refresh in the background, before a token ends, did…
      token-issuer        `iss` of the stored token is byte for byte the issuer. If…
      token-audience      `aud` of the stored token has the client id, which the…
      token-algorithm     The stored token is a JSON Web Token with a signature…
      username            The token has the claim that the API server takes the…
      groups              The token has a groups claim that the API server can…
      token-size          The token fits the limits of load balancers in front of…
      api-server          The API server of the context answers within five…
      cluster-user        The API server accepts the stored token, and says who the…

    More about one of them: kubesesame explain ID
    exit: 0
    ");
}

#[test]
fn a_failure_of_a_typed_command_ends_with_the_command_that_explains_it() {
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
