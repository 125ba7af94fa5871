//! Resource indicators (RFC 8707): the services that the tokens are for.

use crate::support::{Call, Sandbox};
use okta::{DeviceVerification, Endpoint, Par};

const RESOURCES: [&str; 2] = ["https://api.example.com/k8s", "urn:example:k8s"];

/// A provider that knows these services.
fn provider() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.resources = Some(RESOURCES.map(str::to_owned).to_vec());
        behaviour.device_interval_secs = Some(0);
        behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
        behaviour.client_credentials_id_token = true;
    });
    sandbox
}

fn with_resources(call: Call) -> Call {
    RESOURCES.iter().fold(call, |call, resource| {
        call.arg(&format!("--oidc-resource={resource}"))
    })
}

/// The resources of each request to an endpoint.
fn sent(sandbox: &Sandbox, endpoint: Endpoint) -> Vec<Vec<String>> {
    let requests = sandbox.okta.requests();
    let requests = requests.iter().filter(|request| request.endpoint == endpoint);
    requests
        .map(|request| {
            let pairs = request.query.iter().chain(&request.form);
            let values = pairs.filter(|(name, _)| name == "resource");
            values.map(|(_, value)| value.clone()).collect()
        })
        .collect()
}

#[test]
fn a_sign_in_and_its_refresh_name_the_services() {
    let sandbox = provider();
    let call = with_resources(sandbox.get_token());
    call.run().token();
    sandbox.expire();
    call.run().token();
    assert_eq!(sent(&sandbox, Endpoint::Authorize), [RESOURCES]);
    assert_eq!(sent(&sandbox, Endpoint::Token), [RESOURCES, RESOURCES]);
}

#[test]
fn a_pushed_request_names_them_and_the_address_does_not() {
    let sandbox = provider();
    sandbox
        .okta
        .behave(|behaviour| behaviour.par.mode = Par::Required);
    with_resources(sandbox.get_token()).run().token();
    assert_eq!(sent(&sandbox, Endpoint::Par), [RESOURCES]);
    assert_eq!(sent(&sandbox, Endpoint::Authorize), [[""; 0]]);
}

#[test]
fn the_other_grants_name_them_too() {
    let sandbox = provider();
    let calls = [
        sandbox.get_token().arg("--grant-type=device-code"),
        sandbox
            .get_token()
            .arg("--username=alice@example.com")
            .arg("--password=correct horse"),
        sandbox
            .get_token()
            .by_web_app(&sandbox.okta)
            .without("--oidc-extra-scope")
            .arg("--grant-type=client-credentials"),
    ];
    for call in calls {
        sandbox.okta.clear_requests();
        with_resources(call.arg("--force-refresh")).run().token();
        for endpoint in [Endpoint::DeviceAuthorize, Endpoint::Token] {
            for resources in sent(&sandbox, endpoint) {
                assert_eq!(resources, RESOURCES, "{endpoint:?}");
            }
        }
        assert_ne!(sandbox.okta.count(Endpoint::Token), 0);
    }
}

#[test]
fn each_set_of_services_has_a_session_of_its_own_in_any_order() {
    let sandbox = provider();
    let one = |resource: &str| sandbox.get_token().arg(&format!("--oidc-resource={resource}"));
    let both = |first: usize| one(RESOURCES[first]).arg(&format!("--oidc-resource={}", RESOURCES[1 - first]));
    let calls = [sandbox.get_token(), one(RESOURCES[0]), one(RESOURCES[1]), both(0)];
    for call in &calls {
        call.run().token();
    }
    both(1).run().token();
    assert_eq!(sandbox.cache_files(".session.json").len(), calls.len());
}

#[test]
fn without_the_flag_nothing_is_sent() {
    let sandbox = provider();
    sandbox.get_token().run().token();
    let none: [[&str; 0]; 1] = [[]];
    assert_eq!(sent(&sandbox, Endpoint::Authorize), none);
    assert_eq!(sent(&sandbox, Endpoint::Token), none);
}

#[test]
fn a_service_that_cannot_be_is_told_with_the_flag() {
    let sandbox = provider();
    let mut told = String::new();
    for resource in [
        "urn:example:other",
        "api.example.com",
        "https://api.example.com/#k8s",
    ] {
        let outcome = sandbox
            .get_token()
            .arg(&format!("--oidc-resource={resource}"))
            .run();
        told += &sandbox.told(resource, &outcome);
    }
    insta::assert_snapshot!(told, @"
    urn:example:other
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the sign-in: invalid_target: The requested resource is invalid, unknown, or malformed.
    stderr: hint: compare --oidc-resource with the services that the provider knows and that this app may use
    exit: 1

    api.example.com
    stderr: error: --oidc-resource `api.example.com` is no absolute URI
    stderr: hint: give it as the provider names the service, without a fragment: for example --oidc-resource=https://api.example.com
    exit: 2

    https://api.example.com/#k8s
    stderr: error: --oidc-resource `https://api.example.com/#k8s` has a fragment
    stderr: hint: give it as the provider names the service, without a fragment: for example --oidc-resource=https://api.example.com
    exit: 2
    ");
}
