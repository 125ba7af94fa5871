//! An app that proves itself with a signed assertion: by its secret (`client_secret_jwt`) or by its key (`private_key_jwt`).

mod refused;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use crate::support::{Call, Sandbox, claims_of, finish};
use okta::{AccessTokenForm, AssertionAudience, Behaviour, ClientAuth, Endpoint, Fault, FaultKind};

const LONG_SECRET: &str = "mock-web-secret-0123456789-0123456789";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Writes a file that is private to this user, and returns its path.
fn file(sandbox: &Sandbox, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = sandbox.path(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64.encode(der)
    )
}

/// A key with its public part as the provider has it.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: Value,
}

impl Key {
    fn new(algorithm: &'static EcdsaSigningAlgorithm, curve: &str) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(point.len() / 2);
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let public = json!({"kty": "EC", "crv": curve, "kid": "key-1", "x": text(x), "y": text(y)});
        Self { pair, public }
    }

    pub(crate) fn p256() -> Self {
        Self::new(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    fn pem(&self) -> String {
        pem("PRIVATE KEY", self.pair.to_pkcs8v1().unwrap().as_ref())
    }

    fn jwk(&self) -> String {
        let mut jwk = self.public.clone();
        let private = self.pair.private_key();
        let d = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&private).unwrap();
        jwk["d"] = BASE64URL_NOPAD.encode(d.as_ref()).into();
        jwk.to_string()
    }
}

/// The call of an app with a key.
pub(crate) fn by_key(sandbox: &Sandbox, key: &Key) -> Call {
    sandbox.okta.behave(|behaviour| {
        behaviour.web_client_auth = ClientAuth::PrivateKeyJwt;
        behaviour.web_client_keys = vec![key.public.clone()];
    });
    let call = sandbox.get_token();
    call.with("--oidc-client-id", &sandbox.okta.web_client_id()).with(
        "--oidc-client-private-key-file",
        &file(sandbox, "client-key", key.jwk()),
    )
}

/// The call of an app with a secret that it signs with.
pub(crate) fn by_secret(sandbox: &Sandbox) -> Call {
    sandbox.okta.behave(|behaviour| {
        behaviour.web_client_auth = ClientAuth::SecretJwt;
        LONG_SECRET.clone_into(&mut behaviour.web_client_secret);
    });
    let call = sandbox.get_token().by_web_app(&sandbox.okta);
    call.with("--oidc-client-auth-method", "client_secret_jwt")
}

/// The claims of the assertions in the requests to an endpoint. A request has nothing else that authenticates the client.
fn assertions(sandbox: &Sandbox, endpoint: Endpoint) -> Vec<Value> {
    let requests = sandbox.okta.requests();
    let requests = requests.iter().filter(|request| request.endpoint == endpoint);
    requests
        .map(|request| {
            let value = |name: &str| {
                let mut values = request.form.iter().filter(|(known, _)| known == name);
                values.next().map(|(_, value)| value.as_str())
            };
            assert_eq!(value("client_secret"), None);
            assert!(!request.headers.iter().any(|(name, _)| name == "authorization"));
            assert_eq!(value("client_id"), Some(&*sandbox.okta.web_client_id()));
            claims_of(value("client_assertion").expect("an assertion"))
        })
        .collect()
}

#[track_caller]
fn have_each_its_own_id(assertions: &[Value]) {
    let ids: BTreeSet<&str> = assertions
        .iter()
        .map(|claims| claims["jti"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), assertions.len());
}

#[test]
fn the_code_and_the_refresh_have_an_assertion_each() {
    for by in [by_secret, |sandbox: &Sandbox| by_key(sandbox, &Key::p256())] {
        let sandbox = Sandbox::new();
        let call = by(&sandbox);
        call.run().token();
        for _ in 0..2 {
            sandbox.expire();
            call.run().token();
        }
        assert_eq!(sandbox.tabs(), 1);
        let sent = assertions(&sandbox, Endpoint::Token);
        assert_eq!(sent.len(), 3);
        have_each_its_own_id(&sent);
        for claims in &sent {
            let client = sandbox.okta.web_client_id();
            assert_eq!([&claims["iss"], &claims["sub"]], [&client, &client]);
            assert_eq!(claims["aud"], format!("{}/v1/token", sandbox.okta.issuer()));
            let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert_eq!(lifetime, 65, "it begins a little before now");
        }
    }
}

#[test]
fn the_device_code_and_each_poll_have_an_assertion_for_their_endpoint() {
    for by in [by_secret, |sandbox: &Sandbox| by_key(sandbox, &Key::p256())] {
        let sandbox = Sandbox::unattended();
        let call = by(&sandbox).arg("--grant-type=device-code");
        sandbox.okta.behave(|behaviour| {
            behaviour.web_device_grant_allowed = true;
            behaviour.device_interval_secs = Some(0);
        });
        sandbox.hold_token_answers();
        let child = call.spawn();
        sandbox.wait_for_tabs(1);
        sandbox.let_answers_go();
        finish(child).token();
        let device = assertions(&sandbox, Endpoint::DeviceAuthorize);
        let polls = assertions(&sandbox, Endpoint::Token);
        assert_eq!((device.len(), polls.len()), (1, sandbox.grants(DEVICE)));
        assert!(polls.len() > 1, "{polls:?}");
        assert_eq!(
            device[0]["aud"],
            format!("{}/v1/device/authorize", sandbox.okta.issuer())
        );
        have_each_its_own_id(&[device, polls].concat());
    }
}

#[test]
fn the_grant_of_a_program_has_an_assertion() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.access_token_form = AccessTokenForm::Jwt;
        behaviour.custom_scopes.push("kubernetes".to_owned());
    });
    let call = by_key(&sandbox, &Key::p256()).without("--oidc-extra-scope=");
    let call = call
        .arg("--grant-type=client-credentials")
        .arg("--oidc-use-access-token")
        .arg("--oidc-extra-scope=kubernetes");
    call.run().token();
    have_each_its_own_id(&assertions(&sandbox, Endpoint::Token));
}

/// A lost response is followed by the same request, and a provider takes no assertion twice.
#[test]
fn a_request_that_is_sent_again_has_a_new_assertion() {
    let sandbox = Sandbox::new();
    let call = by_secret(&sandbox);
    call.run().token();
    sandbox.okta.clear_requests();
    sandbox.expire();
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![Fault::once(Endpoint::Token, FaultKind::ResetAfterCommit)];
    });
    let outcome = call.run();
    outcome.token();
    let sent = assertions(&sandbox, Endpoint::Token);
    assert_eq!(sent.len(), 2, "{outcome}");
    have_each_its_own_id(&sent);
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_key_is_taken_as_pem_with_its_name_and_on_other_curves() {
    let sandbox = Sandbox::new();
    let key = Key::new(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384");
    let call = by_key(&sandbox, &key)
        .with(
            "--oidc-client-private-key-file",
            &file(&sandbox, "client-key.pem", key.pem()),
        )
        .arg("--oidc-client-auth-method=private_key_jwt");
    // The only key needs no name.
    call.run().token();
    let other = Key::p256().public;
    sandbox.okta.behave(|behaviour| {
        behaviour.web_client_keys[0]["kid"] = "mine".into();
        behaviour.web_client_keys.push(other);
    });
    sandbox.expire();
    call.arg("--oidc-client-key-id=mine").run().token();
    assert_eq!(sandbox.tabs(), 1, "the same session");
}

#[test]
fn an_app_whose_method_is_set_sends_its_secret_in_that_way_alone() {
    for (method, auth) in [
        ("client_secret_basic", ClientAuth::SecretBasic),
        ("client_secret_post", ClientAuth::SecretPost),
    ] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| behaviour.web_client_auth = auth);
        let call = sandbox.get_token().by_web_app(&sandbox.okta);
        call.clone()
            .with("--oidc-client-auth-method", method)
            .run()
            .token();
        assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
        let other = if method == "client_secret_post" {
            "client_secret_basic"
        } else {
            "client_secret_post"
        };
        sandbox.okta.clear_requests();
        let other = call.with("--oidc-client-auth-method", other);
        other
            .arg("--force-refresh")
            .run()
            .fails(1, &["invalid_client", "could not be refreshed"]);
        assert_eq!(
            sandbox.okta.count(Endpoint::Token),
            1,
            "it is not tried in another way"
        );
    }
}

#[test]
fn an_audience_that_is_set_is_sent_to_each_endpoint() {
    let sandbox = Sandbox::new();
    let call = by_secret(&sandbox);
    sandbox
        .okta
        .behave(|behaviour| behaviour.assertion_audience = AssertionAudience::Issuer);
    call.clone()
        .arg("--oidc-client-auth-audience=issuer")
        .run()
        .token();
    sandbox.expire();
    let issuer = sandbox.okta.issuer();
    call.clone()
        .with("--oidc-client-auth-audience", &issuer)
        .run()
        .token();
    let sent = assertions(&sandbox, Endpoint::Token);
    assert!(sent.iter().all(|claims| claims["aud"] == issuer), "{sent:?}");
    sandbox.expire();
    let outcome = call.run();
    outcome.fails(1, &["--oidc-client-auth-audience=issuer", "the session is kept"]);
}

/// The document of one provider can name the endpoint of another one, which would then get an assertion that is good there.
#[test]
fn no_assertion_goes_to_an_endpoint_that_is_not_the_issuer_s() {
    let sandbox = Sandbox::new();
    let other = Sandbox::new();
    let call = by_secret(&sandbox).arg("--oidc-request-header=X-Key=s3cret/header");
    sandbox.okta.behave(|behaviour| {
        let endpoint = format!("{}/v1/token?key=s3cret%2Fheader", other.okta.issuer());
        behaviour
            .discovery
            .insert("token_endpoint".to_owned(), endpoint.into());
    });
    let outcome = call.run();
    let words = [
        "is not at the issuer's own address",
        "--oidc-client-auth-audience=issuer",
    ];
    outcome.fails(2, &words);
    assert!(
        !outcome.stderr.contains("s3cret"),
        "the provider repeats what was sent: {outcome}"
    );
    assert_eq!((sandbox.tabs(), other.okta.count(Endpoint::Token)), (0, 0));
}

#[test]
fn no_key_secret_or_assertion_is_printed() {
    let key = Key::p256();
    for with_key in [true, false] {
        let sandbox = Sandbox::new();
        let call = if with_key {
            by_key(&sandbox, &key)
        } else {
            by_secret(&sandbox)
        };
        let call = call.arg("-v3");
        let mut told = call.run().stderr;
        assert_eq!(assertions(&sandbox, Endpoint::Token).len(), 1);
        for change in [
            (|behaviour: &mut Behaviour| behaviour.clock_offset_secs = 7200) as fn(&mut Behaviour),
            |behaviour| behaviour.web_client_keys.clear(),
        ] {
            sandbox.okta.behave(change);
            told += &call.clone().arg("--force-refresh").run().stderr;
        }
        let jwk: Value = serde_json::from_str(&key.jwk()).unwrap();
        let private = jwk["d"].as_str().unwrap().to_owned();
        for secret in sandbox.okta.secrets().into_iter().chain([private]) {
            let parts = secret.split('.').filter(|part| part.len() > 12);
            for part in parts {
                assert!(!told.contains(part), "`{part}` was printed:\n{told}");
            }
        }
    }
}

#[test]
fn setup_puts_the_method_into_the_entry() {
    let sandbox = Sandbox::new();
    let key = Key::p256();
    by_key(&sandbox, &key);
    let call = sandbox
        .setup()
        .with("--oidc-client-id", &sandbox.okta.web_client_id())
        .arg("--oidc-client-private-key-file=~/client-key")
        .arg("--oidc-client-key-id=key-1")
        .arg("--oidc-client-auth-method=private_key_jwt")
        .with(
            "--oidc-client-auth-audience",
            &format!("{}/v1/token", sandbox.okta.issuer()),
        );
    let outcome = call.run();
    for argument in [
        "--oidc-client-private-key-file=~/client-key",
        "--oidc-client-key-id=key-1",
        "--oidc-client-auth-method=private_key_jwt",
        "--oidc-client-auth-audience=",
    ] {
        assert!(outcome.stdout.contains(argument), "{argument}:\n{outcome}");
    }
}
