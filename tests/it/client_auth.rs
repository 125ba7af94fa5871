//! How an app with a secret proves itself, and what is learned where the provider announces too much or too little.

use serde_json::Value;

use crate::support::{Call, Sandbox};
use okta::{Behaviour, ClientAuth, Endpoint, Fault, FaultBody, FaultKind, Recorded};

fn web(change: impl FnOnce(&mut Behaviour)) -> (Sandbox, Call) {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(change);
    let call = sandbox.get_token().by_web_app(&sandbox.okta);
    (sandbox, call)
}

/// Where the secret was, in each token request.
fn places(sandbox: &Sandbox) -> Vec<&'static str> {
    let place = |request: &Recorded| {
        let form = |name: &str| request.form.iter().any(|(known, _)| known == name);
        let header = request.headers.iter().any(|(name, _)| name == "authorization");
        assert!(
            form("client_id"),
            "client_id is always in the form: {:?}",
            request.form
        );
        match (header, form("client_secret")) {
            (true, false) => "basic",
            (false, true) => "post",
            (false, false) => "none",
            (true, true) => "both",
        }
    };
    let requests = sandbox.okta.requests();
    let mut token_requests = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Token);
    token_requests.by_ref().map(place).collect()
}

fn nothing_announced(behaviour: &mut Behaviour) {
    let name = "token_endpoint_auth_methods_supported".to_owned();
    behaviour.discovery.insert(name, Value::Null);
}

#[test]
fn an_app_without_a_secret_names_itself_in_the_form() {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    assert_eq!(places(&sandbox), ["none"]);
}

#[test]
fn the_other_place_of_the_secret_is_tried_once_and_remembered() {
    for announced in [true, false] {
        let (sandbox, call) = web(|behaviour| {
            behaviour.web_client_auth = ClientAuth::SecretPost;
            if !announced {
                nothing_announced(behaviour);
            }
        });
        call.run().token();
        assert_eq!(places(&sandbox), ["basic", "post"]);
        sandbox.okta.clear_requests();
        for _ in 0..2 {
            sandbox.expire();
            call.run().token();
        }
        assert_eq!(places(&sandbox), ["post", "post"], "a refresh is one request");
        // The app's setting changes: found out once more.
        sandbox
            .okta
            .behave(|behaviour| behaviour.web_client_auth = ClientAuth::SecretBasic);
        sandbox.okta.clear_requests();
        for _ in 0..2 {
            sandbox.expire();
            call.run().token();
        }
        assert_eq!(places(&sandbox), ["post", "basic", "basic"]);
        assert_eq!(sandbox.tabs(), 1);
    }
}

#[test]
fn a_place_that_is_the_only_one_announced_is_used_first() {
    for (method, place) in [("client_secret_basic", "basic"), ("client_secret_post", "post")] {
        let (sandbox, call) = web(|behaviour| behaviour.token_auth = vec![method.to_owned()]);
        call.run().token();
        assert_eq!(places(&sandbox), [place]);
    }
}

/// Discovery may list one method while the client is registered for the other.
#[test]
fn a_client_registered_for_the_method_that_is_not_announced_signs_in() {
    for (announced, registered, sent) in [
        (
            "client_secret_basic",
            ClientAuth::SecretPost,
            ["basic", "post", "post"],
        ),
        (
            "client_secret_post",
            ClientAuth::SecretBasic,
            ["post", "basic", "basic"],
        ),
    ] {
        let (sandbox, call) = web(|behaviour| {
            behaviour.token_auth = vec![announced.to_owned()];
            behaviour.web_client_auth = registered;
        });
        call.run().token();
        sandbox.expire();
        call.run().token();
        assert_eq!(places(&sandbox), sent, "{announced}: a refresh is one request");
        assert_eq!(sandbox.tabs(), 1);
    }
}

/// Some providers say `unauthorized_client`, which is about the grant elsewhere: it is sent once more, and not for ever.
#[test]
fn an_unauthorized_client_is_tried_with_the_other_method_once() {
    let (sandbox, call) = web(|behaviour| behaviour.token_auth = vec!["client_secret_basic".to_owned()]);
    call.run().token();
    sandbox.okta.clear_requests();
    sandbox.expire();
    let refused = Fault::always(
        Endpoint::Token,
        FaultKind::status(
            400,
            FaultBody::OAuth {
                error: "unauthorized_client".to_owned(),
                description: String::new(),
            },
        ),
    );
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![refused]);
    for _ in 0..2 {
        let outcome = call.clone().arg("--force-refresh").run();
        outcome.fails(1, &["unauthorized_client"]);
    }
    assert_eq!(places(&sandbox), ["basic", "post", "basic"]);
    sandbox.okta.behave(|behaviour| behaviour.faults = Vec::new());
    call.run().token();
    assert_eq!(sandbox.tabs(), 1);
}

/// Each failure counts as an attack at the provider.
#[test]
fn a_wrong_secret_is_not_sent_twice_for_ever() {
    let (sandbox, call) = web(|_| ());
    call.run().token();
    sandbox.okta.clear_requests();
    let wrong = call
        .clone()
        .with("--oidc-client-secret", "wrong-secret-0123456789");
    for _ in 0..3 {
        sandbox.expire();
        let outcome = wrong.clone().arg("--force-refresh").run();
        outcome.fails(1, &["invalid_client", "--oidc-client-secret"]);
    }
    let sent = places(&sandbox);
    assert_eq!(
        sent.iter().filter(|place| **place == "post").count(),
        1,
        "{sent:?}"
    );
    // The right one is another secret, and nothing is held against it.
    sandbox
        .okta
        .behave(|behaviour| behaviour.web_client_auth = ClientAuth::SecretPost);
    sandbox.expire();
    call.run().token();
    assert_eq!(sandbox.tabs(), 1);
}

/// What was seen to work is not forgotten for a secret that does not.
#[test]
fn a_wrong_secret_does_not_hide_where_the_right_one_was_accepted() {
    let (sandbox, call) = web(|behaviour| behaviour.web_client_auth = ClientAuth::SecretPost);
    call.run().token();
    let wrong = call
        .clone()
        .with("--oidc-client-secret", "wrong-secret-0123456789");
    wrong.arg("--force-refresh").run().fails(1, &["invalid_client"]);
    sandbox.okta.clear_requests();
    sandbox.expire();
    call.run().token();
    assert_eq!(places(&sandbox), ["post"]);
    // The same of the right secret, while the provider refuses it for a time.
    let refused = FaultKind::status(
        401,
        FaultBody::OAuth {
            error: "invalid_client".to_owned(),
            description: String::new(),
        },
    );
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, refused)]);
    sandbox.okta.clear_requests();
    for _ in 0..2 {
        let again = call.clone().arg("--force-refresh").in_new_command();
        again.run().fails(1, &["invalid_client"]);
    }
    assert_eq!(places(&sandbox), ["post", "basic", "post"]);
    sandbox.okta.behave(|behaviour| behaviour.faults = Vec::new());
    sandbox.okta.clear_requests();
    sandbox.expire();
    call.run().token();
    assert_eq!((places(&sandbox), sandbox.tabs()), (vec!["post"], 1));
}

/// It says nothing of the client: the provider may not have been asked at all.
#[test]
fn a_401_of_a_gateway_teaches_nothing_about_the_secret() {
    for bare in [1, 2] {
        let (sandbox, call) = web(|behaviour| {
            behaviour.web_client_auth = ClientAuth::SecretPost;
            let gateway = FaultKind::status(401, FaultBody::Html);
            let mut fault = Fault::once(Endpoint::Token, gateway);
            fault.times = Some(2);
            behaviour.faults = vec![fault];
            // The first place is refused by the provider, the second by the gateway.
            if bare == 1 {
                let refused = FaultBody::OAuth {
                    error: "invalid_client".to_owned(),
                    description: String::new(),
                };
                let refused = FaultKind::status(401, refused);
                behaviour.faults[0].times = Some(1);
                behaviour.faults.insert(0, Fault::once(Endpoint::Token, refused));
            }
        });
        let failed = call.clone().in_new_command().run();
        failed.fails(1, &["HTTP 401 and no OAuth error"]);
        assert_eq!(places(&sandbox), ["basic", "post"]);
        sandbox.okta.clear_requests();
        let call = call.at_terminal();
        call.clone().in_new_command().run().token();
        assert_eq!(places(&sandbox), ["basic", "post"]);
        sandbox.expire();
        call.run().token();
        assert_eq!(places(&sandbox), ["basic", "post", "post"]);
    }
}

/// What is learned about a secret is not in the documents that a page in the provider's place may spoil.
/// Some providers refuse a method that the client is not registered for with such codes.
#[test]
fn an_error_that_does_not_prove_the_authentication_teaches_no_method_and_ends_no_session() {
    for code in ["access_denied", "invalid_request"] {
        let (sandbox, call) = web(|behaviour| behaviour.web_client_auth = ClientAuth::SecretBasic);
        let call = call.at_terminal();
        call.run().token();
        sandbox.expire();
        let refused = FaultBody::OAuth {
            error: code.to_owned(),
            description: "Unauthorized".to_owned(),
        };
        sandbox.okta.behave(|behaviour| {
            behaviour.faults = vec![
                Fault::once(Endpoint::Token, FaultKind::status(401, FaultBody::Html)),
                Fault::once(Endpoint::Token, FaultKind::status(401, refused)),
            ];
        });
        let failed = call.clone().in_new_command().run();
        failed.fails(1, &["HTTP 401 and no OAuth error", "the session is kept"]);
        sandbox.okta.clear_requests();
        call.in_new_command().run().token();
        assert_eq!((places(&sandbox), sandbox.tabs()), (vec!["basic"], 1), "{code}");
    }
}

#[test]
fn an_answer_that_spoils_the_documents_does_not_spoil_what_was_learned_of_the_secret() {
    let (sandbox, call) = web(|behaviour| behaviour.web_client_auth = ClientAuth::SecretPost);
    call.run().token();
    let page = Fault::once(Endpoint::Token, FaultKind::status(404, FaultBody::Html));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![page]);
    sandbox.expire();
    call.clone().in_new_command().run().fails(1, &["HTTP 404"]);
    sandbox.okta.clear_requests();
    call.at_terminal().in_new_command().run().token();
    assert_eq!(places(&sandbox), ["post"]);
    let asked = sandbox.okta.requests();
    let discovery = |request: &&Recorded| request.endpoint == Endpoint::Discovery;
    assert_eq!(
        asked.iter().filter(discovery).count(),
        1,
        "the documents are fetched anew"
    );
}
