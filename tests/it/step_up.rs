//! Step-up (RFC 9470): the provider refuses a refresh or a request, and says what it demands of the sign-in.

use std::fs;

use crate::support::Sandbox;
use okta::{Endpoint, Fault, FaultKind, Recorded, StepUp, StepUpAt};

fn demand(at: StepUpAt) -> StepUp {
    StepUp {
        at,
        acr_values: "phr phrh".to_owned(),
        max_age: Some(300),
        ..StepUp::default()
    }
}

/// Signs in, lets the token expire, and lets the provider demand this from now on.
fn expired(sandbox: &Sandbox, demand: StepUp) {
    sandbox.signed_in();
    sandbox.expire();
    sandbox.okta.behave(|behaviour| behaviour.step_up = Some(demand));
}

fn requests_to(sandbox: &Sandbox, endpoint: Endpoint) -> Vec<Recorded> {
    let mut requests = sandbox.okta.requests();
    requests.retain(|request| request.endpoint == endpoint);
    requests
}

fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let mut pairs = pairs.iter().filter(|(known, _)| known == name);
    pairs.next().map(|(_, value)| value.as_str())
}

#[test]
fn a_refresh_that_is_refused_for_the_sign_in_leads_to_one_that_has_what_is_demanded() {
    for (at, error) in [
        (StepUpAt::Refresh, "insufficient_user_authentication"),
        (StepUpAt::Refresh, "insufficient_authentication_context"),
        (StepUpAt::RefreshHeader, "insufficient_user_authentication"),
    ] {
        let sandbox = Sandbox::new();
        expired(
            &sandbox,
            StepUp {
                error: error.to_owned(),
                ..demand(at)
            },
        );
        let outcome = sandbox.get_token().run();
        outcome.token();
        assert_eq!(
            sandbox.filtered_stderr(&outcome),
            format!(
                "stderr: the session has ended, so a new sign-in is needed: {error}: A different authentication level is required (request id \
                 [ID])\n\
                 stderr: the provider demands this of the sign-in: acr_values=phr phrh, max_age=300\n\
                 stderr: signing in at [ISSUER] in your browser\n\
                 exit: 0"
            ),
            "{at:?}"
        );
        let visit = requests_to(&sandbox, Endpoint::Authorize).remove(0);
        assert_eq!(value(&visit.query, "acr_values"), Some("phr phrh"));
        assert_eq!(value(&visit.query, "max_age"), Some("300"));
        // The demand is met, so it is forgotten.
        assert_eq!(sandbox.session().get("step_up"), None);
        sandbox.expire();
        sandbox.get_token().run().token();
        assert_eq!(sandbox.tabs(), 2, "{at:?}");
    }
}

#[test]
fn a_request_that_is_refused_for_the_sign_in_is_made_once_more_with_what_is_demanded() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.step_up = Some(demand(StepUpAt::Authorize)));
    let outcome = sandbox.get_token().run();
    outcome.token();
    insta::assert_snapshot!(sandbox.filtered_stderr(&outcome), @"
    stderr: signing in at [ISSUER] in your browser
    stderr: the provider demands more of the sign-in (acr_values=phr phrh, max_age=300), so it begins once more
    stderr: signing in at [ISSUER] in your browser
    exit: 0
    ");
    let visits = requests_to(&sandbox, Endpoint::Authorize);
    let asked: Vec<_> = visits
        .iter()
        .map(|visit| value(&visit.query, "acr_values"))
        .collect();
    assert_eq!(asked, [None, Some("phr phrh")]);
}

/// Nothing to ask for, or nothing that an address and a terminal could have.
#[test]
fn a_demand_that_no_request_can_meet_is_an_error_and_no_loop() {
    for (acr_values, max_age) in [("\u{1b}[2J", None), ("", Some(-1))] {
        let sandbox = Sandbox::new();
        let demand = StepUp {
            acr_values: acr_values.to_owned(),
            max_age,
            ..demand(StepUpAt::Authorize)
        };
        sandbox.okta.behave(|behaviour| behaviour.step_up = Some(demand));
        let outcome = sandbox.get_token().run();
        outcome.fails(
            1,
            &["the provider refused the sign-in: insufficient_user_authentication: A different authentication level is required"],
        );
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
        assert_eq!(sandbox.tabs(), 1, "{acr_values:?}");
    }
}

/// It may issue tokens below the level that it demands of sessions (RFC 9470 5).
#[test]
fn a_token_of_a_provider_that_does_not_meet_its_own_demand_is_used() {
    let sandbox = Sandbox::new();
    let below = StepUp {
        reached: Some("pwd".to_owned()),
        ..demand(StepUpAt::Refresh)
    };
    expired(&sandbox, below);
    let outcome = sandbox.get_token().run();
    outcome.token();
    insta::assert_snapshot!(sandbox.filtered_stderr(&outcome), @"
    stderr: the session has ended, so a new sign-in is needed: insufficient_user_authentication: A different authentication level is required (request id [ID])
    stderr: the provider demands this of the sign-in: acr_values=phr phrh, max_age=300
    stderr: signing in at [ISSUER] in your browser
    stderr: warning: the provider demanded a sign-in with acr_values=phr phrh, max_age=300, and the token shows the `acr` claim `pwd`, so it may demand another one: enroll the factor that it wants in your account there, or tell whoever runs it
    exit: 0
    ");
    assert_eq!(sandbox.tabs(), 2);
    // The demand ended with its session.
    sandbox.okta.behave(|behaviour| behaviour.step_up = None);
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 2));
}

fn refused_once(endpoint: Endpoint, body: &str) -> Vec<Fault> {
    let kind = FaultKind::Answer {
        code: 400,
        content_type: "application/json".to_owned(),
        body: body.to_owned(),
    };
    vec![Fault::once(endpoint, kind)]
}

#[test]
fn a_demand_ends_with_its_session() {
    let sandbox = Sandbox::new();
    expired(&sandbox, demand(StepUpAt::Refresh));
    let nowhere = sandbox.get_token().without("--browser-command");
    nowhere.in_new_command().run().fails(3, &["acr_values=phr phrh"]);
    sandbox.okta.behave(|behaviour| {
        behaviour.step_up = None;
        behaviour.faults = refused_once(Endpoint::Token, r#"{"error":"invalid_grant"}"#);
    });
    let outcome = sandbox.get_token().in_new_command().run();
    outcome.token();
    assert!(!outcome.stderr.contains("demand"), "{outcome}");
    let asked = requests_to(&sandbox, Endpoint::Authorize).remove(0);
    assert_eq!(value(&asked.query, "acr_values"), None);
}

/// Where no sign-in is possible, the reason and the command are told; that command signs in with what is demanded.
#[test]
fn a_demand_waits_for_a_sign_in_that_is_possible() {
    let sandbox = Sandbox::new();
    let entry = format!(
        "{{current-context: c, contexts: [{{name: c, context: {{user: u, cluster: k}}}}], clusters: [{{name: k, cluster: {{server: \
         'https://127.0.0.1:1'}}}}], users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: kubesesame, \
         args: [{}]}}}}}}]}}",
        sandbox.entry_args()
    );
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    fs::write(sandbox.path(".kube/config"), entry).unwrap();
    expired(&sandbox, demand(StepUpAt::Refresh));
    let nowhere = sandbox.get_token().without("--browser-command");
    for _ in 0..2 {
        let outcome = nowhere.clone().in_new_command().run();
        outcome.fails(3, &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(sandbox.filtered(&outcome), @"
            stderr: the session has ended, so a new sign-in is needed: insufficient_user_authentication: A different authentication level is required (request id [ID])
            stderr: the provider demands this of the sign-in: acr_values=phr phrh, max_age=300
            stderr: error: the provider demands another sign-in, with acr_values=phr phrh, max_age=300, and none is possible here
            stderr: caused by: a sign-in is needed, and there is neither a browser nor a terminal here: kubectl lets nobody be asked (`interactiveMode: Never`, or its standard input is no terminal)
            stderr: hint: sign in at a terminal or where there is a browser: kubesesame login (or with --grant-type=device-code, on any machine)
            exit: 3
            ");
        }
    }
    assert_eq!(sandbox.tabs(), 1);
    let outcome = sandbox.bare(&["login"]).run();
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: the provider demands this of the sign-in: acr_values=phr phrh, max_age=300
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in as 00ualice for [N] minutes, until [TIME] UTC (2 groups)
    exit: 0
    ");
    let visit = requests_to(&sandbox, Endpoint::Authorize).remove(0);
    assert_eq!(value(&visit.query, "acr_values"), Some("phr phrh"));
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn a_device_code_is_asked_for_with_what_is_demanded() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.device_interval_secs = Some(0));
    let call = sandbox.get_token().arg("--grant-type=device-code");
    call.run().token();
    sandbox.expire();
    sandbox.okta.clear_requests();
    sandbox
        .okta
        .behave(|behaviour| behaviour.step_up = Some(demand(StepUpAt::Refresh)));
    call.run().token();
    let asked = requests_to(&sandbox, Endpoint::DeviceAuthorize).remove(0);
    assert_eq!(value(&asked.form, "acr_values"), Some("phr phrh"));
    assert_eq!(value(&asked.form, "max_age"), Some("300"));
    sandbox.expire();
    call.run().token();
    assert_eq!(sandbox.grants("refresh_token"), 2);
    // A provider that ignores the parameters.
    sandbox.expire();
    sandbox.okta.behave(|behaviour| {
        behaviour.step_up = Some(StepUp {
            acr_values: "other".to_owned(),
            reached: Some("phr".to_owned()),
            ..StepUp::default()
        });
    });
    let outcome = call.run();
    outcome.token();
    let warning =
        "the provider demanded a sign-in with acr_values=other, and the token shows the `acr` claim `phr`";
    assert!(outcome.stderr.contains(warning), "{outcome}");
}

#[test]
fn a_device_code_that_is_refused_for_the_sign_in_is_asked_for_once_more() {
    const BODY: &str = r#"{"error":"insufficient_user_authentication","acr_values":"phr"}"#;
    for endpoint in [Endpoint::DeviceAuthorize, Endpoint::Token] {
        let sandbox = Sandbox::unattended();
        sandbox.okta.behave(|behaviour| {
            behaviour.device_interval_secs = Some(0);
            behaviour.faults = refused_once(endpoint, BODY);
        });
        let call = sandbox.get_token().arg("--grant-type=device-code");
        call.run().token();
        let asked = requests_to(&sandbox, Endpoint::DeviceAuthorize);
        let asked: Vec<_> = asked
            .iter()
            .map(|request| value(&request.form, "acr_values"))
            .collect();
        assert_eq!(asked, [None, Some("phr")], "{endpoint:?}");
    }
}

/// Whoever cannot meet the demand gets no command that ends in the same way.
#[test]
fn a_demand_that_is_not_met_names_no_command_that_is_refused_again() {
    const BODY: &str = r#"{"error":"insufficient_user_authentication","acr_values":"phr"}"#;
    let sandbox = Sandbox::unattended();
    sandbox.okta.behave(|behaviour| {
        let fault = refused_once(Endpoint::DeviceAuthorize, BODY).remove(0);
        behaviour.faults = vec![Fault { times: None, ..fault }];
    });
    let outcome = sandbox.get_token().arg("--grant-type=device-code").run();
    outcome.fails(1, &["enroll the factor"]);
    assert!(!outcome.stderr.contains("kubesesame login"), "{outcome}");
    assert_eq!(requests_to(&sandbox, Endpoint::DeviceAuthorize).len(), 2);
}

/// The person is at no page of the provider, so there is nothing to ask for, and the token that the provider gives is used.
#[test]
fn a_password_signs_in_as_before() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .arg("--grant-type=password")
        .arg("--username=alice@example.com")
        .arg("--password=correct horse");
    call.run().token();
    sandbox.expire();
    sandbox
        .okta
        .behave(|behaviour| behaviour.step_up = Some(demand(StepUpAt::Refresh)));
    call.run().token();
    let asked = requests_to(&sandbox, Endpoint::Token);
    assert!(
        asked
            .iter()
            .all(|request| value(&request.form, "acr_values").is_none())
    );
}

/// What the demand repeats of the request goes into no address, no record and no message.
#[test]
fn a_demand_that_repeats_a_secret_is_not_used() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let secret = sandbox.session()["refresh_token"].as_str().unwrap().to_owned();
    sandbox.expire();
    let body =
        format!(r#"{{"error":"insufficient_user_authentication","acr_values":"phr {secret}","max_age":60}}"#);
    let fault = Fault::once(
        Endpoint::Token,
        FaultKind::Answer {
            code: 400,
            content_type: "application/json".to_owned(),
            body,
        },
    );
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = sandbox.get_token().arg("-v=9").run();
    outcome.token();
    assert!(!outcome.to_string().contains(&secret), "{outcome}");
    let asked = requests_to(&sandbox, Endpoint::Authorize).remove(0);
    assert_eq!(value(&asked.query, "acr_values"), Some("phr"));
}
