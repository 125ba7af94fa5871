//! What each grant sends of what is demanded of a sign-in (`resource`, DPoP, `acr_values`, `max_age`, `claims`), and what it checks of it.
//!
//! The tables of `docs/settings.md` and `docs/protocol.md` say the same.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::prompts::{keyboard, typing, url_before_prompt};
use crate::support::{Call, Outcome, Sandbox, finish, redirect_of};
use okta::{Defect, DeviceVerification, Dpop, Endpoint, Recorded};

const RESOURCE: &str = "https://api.example.com/k8s";
const ESSENTIAL_ACR: &str =
    r#"--oidc-auth-request-extra-params=claims={"id_token":{"acr":{"essential":true,"value":"phr"}}}"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    Browser,
    Keyboard,
    Device,
    Password,
    Program,
}

const GRANTS: [Grant; 5] = [
    Grant::Browser,
    Grant::Keyboard,
    Grant::Device,
    Grant::Password,
    Grant::Program,
];

/// A provider with each grant, which binds tokens to keys and knows the service.
fn provider() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.resources = Some(vec![RESOURCE.to_owned()]);
        behaviour.dpop.mode = Dpop::Supported;
        behaviour.device_interval_secs = Some(0);
        behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
        behaviour.client_credentials_id_token = true;
    });
    sandbox
}

impl Grant {
    fn run(self, sandbox: &Sandbox, args: &[&str]) -> Outcome {
        let call = self.call(sandbox);
        let call = args.iter().fold(call, |call, arg| call.arg(arg));
        if self != Self::Keyboard {
            return call.run();
        }
        let (mut child, mut terminal) = typing(&call);
        let address = redirect_of(&url_before_prompt(&mut child));
        writeln!(terminal, "{address}").unwrap();
        finish(child)
    }

    fn call(self, sandbox: &Sandbox) -> Call {
        let call = sandbox.get_token();
        match self {
            Self::Browser => call,
            Self::Keyboard => keyboard(sandbox),
            Self::Device => call.arg("--grant-type=device-code"),
            Self::Password => call
                .arg("--username=alice@example.com")
                .arg("--password=correct horse"),
            Self::Program => call
                .by_web_app(&sandbox.okta)
                .without("--oidc-extra-scope")
                .arg("--grant-type=client-credentials"),
        }
    }
}

/// Which of the demands a request has.
fn shown(request: &Recorded) -> String {
    let pairs = request.query.iter().chain(&request.form);
    let names = ["resource", "dpop_jkt", "acr_values", "max_age", "claims"];
    let sent: Vec<_> = pairs
        .map(|(name, _)| name.as_str())
        .filter(|name| names.contains(name))
        .collect();
    let has_proof = request.headers.iter().any(|(name, _)| name == "dpop");
    let proof = has_proof.then_some("(proof)");
    let endpoint = format!("{:?}", request.endpoint);
    let all: Vec<&str> = sent.into_iter().chain(proof).collect();
    format!("{endpoint}: {}", all.join(" "))
}

#[test]
fn what_is_sent() {
    let mut table = String::new();
    for grant in GRANTS {
        let sandbox = provider();
        let resource = format!("--oidc-resource={RESOURCE}");
        let args = [
            &*resource,
            "--oidc-dpop=always",
            "--oidc-auth-request-extra-params=acr_values=phr",
            "--oidc-auth-request-extra-params=max_age=60",
            ESSENTIAL_ACR,
        ];
        let outcome = grant.run(&sandbox, &args);
        outcome.token();
        assert!(!outcome.stderr.contains("warning"), "{outcome}");
        if grant != Grant::Program {
            sandbox.expire();
            let call = args.iter().fold(grant.call(&sandbox), |call, arg| call.arg(arg));
            call.run().token();
        }
        for request in sandbox.okta.requests() {
            let counts = matches!(
                request.endpoint,
                Endpoint::Authorize | Endpoint::DeviceAuthorize | Endpoint::Token
            );
            if counts {
                writeln!(table, "{grant:?}: {}", shown(&request)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table, @"
    Browser: Authorize: acr_values claims max_age resource dpop_jkt
    Browser: Token: resource (proof)
    Browser: Token: resource (proof)
    Browser: Token: resource (proof)
    Keyboard: Authorize: acr_values claims max_age resource dpop_jkt
    Keyboard: Token: resource (proof)
    Keyboard: Token: resource (proof)
    Keyboard: Token: resource (proof)
    Device: DeviceAuthorize: resource (proof)
    Device: Token: resource (proof)
    Device: Token: resource (proof)
    Device: Token: resource (proof)
    Password: Token: resource (proof)
    Password: Token: resource (proof)
    Password: Token: resource (proof)
    Program: Token: acr_values claims max_age resource (proof)
    Program: Token: acr_values claims max_age resource (proof)
    ");
}

const MAX_AGE: &str = "--oidc-auth-request-extra-params=max_age=60";
const ACR_VALUES: &str = "--oidc-auth-request-extra-params=acr_values=other";

/// What is demanded, and what the provider does.
const UNMET: [(&str, &str, Defect); 5] = [
    ("DPoP, and a bearer token", "--oidc-dpop=always", Defect::None),
    ("`max_age`, and no `auth_time`", MAX_AGE, Defect::MissingAuthTime),
    ("`max_age`, and an old `auth_time`", MAX_AGE, Defect::OldAuthTime),
    ("an essential `acr`, and none", ESSENTIAL_ACR, Defect::None),
    ("`acr_values`, and another `acr`", ACR_VALUES, Defect::None),
];

/// A token, or why there is none.
fn found(outcome: &Outcome) -> &str {
    // A prompt may stand before it in its line.
    let why = ["caused by: ", "error: "]
        .into_iter()
        .find_map(|prefix| outcome.stderr.split_once(prefix)?.1.lines().next());
    let found = match outcome.code {
        Some(0) => "(a token)",
        _ => why.unwrap_or("no error"),
    };
    let found = found.split(" s ago").next().unwrap_or_default();
    found.trim_end_matches(|c: char| c.is_ascii_digit())
}

#[test]
fn what_is_checked() {
    let mut table = String::new();
    for grant in GRANTS {
        for (demand, arg, defect) in UNMET {
            let sandbox = provider();
            sandbox.okta.behave(|behaviour| {
                behaviour.dpop.answers_bearer = arg == "--oidc-dpop=always";
                behaviour.id_token_defect = defect;
                behaviour.step_up = Some(okta::StepUp {
                    reached: (arg == ACR_VALUES).then(|| "pwd".to_owned()),
                    acr_values: String::new(),
                    ..okta::StepUp::default()
                });
            });
            let outcome = grant.run(&sandbox, &[arg]);
            writeln!(table, "{grant:?}: {demand}: {}", found(&outcome)).unwrap();
        }
    }
    insta::assert_snapshot!(table, @"
    Browser: DPoP, and a bearer token: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    Browser: `max_age`, and no `auth_time`: it has no `auth_time` claim
    Browser: `max_age`, and an old `auth_time`: the person signed in at the provider 
    Browser: an essential `acr`, and none: it has no `acr` claim, and the request demands another level
    Browser: `acr_values`, and another `acr`: (a token)
    Keyboard: DPoP, and a bearer token: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    Keyboard: `max_age`, and no `auth_time`: it has no `auth_time` claim
    Keyboard: `max_age`, and an old `auth_time`: the person signed in at the provider 
    Keyboard: an essential `acr`, and none: it has no `acr` claim, and the request demands another level
    Keyboard: `acr_values`, and another `acr`: (a token)
    Device: DPoP, and a bearer token: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    Device: `max_age`, and no `auth_time`: (a token)
    Device: `max_age`, and an old `auth_time`: (a token)
    Device: an essential `acr`, and none: (a token)
    Device: `acr_values`, and another `acr`: (a token)
    Password: DPoP, and a bearer token: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    Password: `max_age`, and no `auth_time`: (a token)
    Password: `max_age`, and an old `auth_time`: (a token)
    Password: an essential `acr`, and none: (a token)
    Password: `acr_values`, and another `acr`: (a token)
    Program: DPoP, and a bearer token: the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed
    Program: `max_age`, and no `auth_time`: (a token)
    Program: `max_age`, and an old `auth_time`: (a token)
    Program: an essential `acr`, and none: (a token)
    Program: `acr_values`, and another `acr`: (a token)
    ");
}
