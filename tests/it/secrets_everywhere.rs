//! One app with everything: an assertion by its secret, DPoP, rotation. No secret of it is in any output, nor in a file beside its session.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Call, Outcome, Sandbox};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use okta::{ClientAuth, DeviceVerification, Dpop, Rotation};

const SECRET: &str = "mock-web-secret-0123456789-0123456789";

/// The app, and the call of `get-token` for it.
fn app(sandbox: &Sandbox) -> Call {
    sandbox.okta.behave(|behaviour| {
        behaviour.web_client_auth = ClientAuth::SecretJwt;
        SECRET.clone_into(&mut behaviour.web_client_secret);
        behaviour.web_device_grant_allowed = true;
        behaviour.device_interval_secs = Some(0);
        behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
        behaviour.dpop.mode = Dpop::Required;
        behaviour.refresh = Rotation::Rotate;
        behaviour.leeway_secs = 30;
    });
    let file = sandbox.path("client-secret");
    fs::write(&file, SECRET).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let call = sandbox
        .get_token()
        .with("--oidc-client-id", &sandbox.okta.web_client_id());
    call.with("--oidc-client-secret-file", file.to_str().unwrap())
        .with("--oidc-client-auth-method", "client_secret_jwt")
}

/// The spellings in which a secret may be written.
fn spellings(secret: &str) -> [String; 4] {
    [
        secret.to_owned(),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        BASE64.encode(secret.as_bytes()).trim_end_matches('=').to_owned(),
        BASE64URL_NOPAD.encode(secret.as_bytes()),
    ]
}

/// All regular files below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.is_file())
        .collect()
}

#[track_caller]
fn has_none(text: &str, secrets: &BTreeSet<String>, place: &str) {
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(!text.contains(&spelling), "{place}: {spelling}\n{text}");
        }
    }
}

#[test]
fn no_secret_of_a_whole_session_is_told_or_left() {
    let sandbox = Sandbox::new();
    let call = app(&sandbox);
    let entry_args = call.entry_args();
    let call = call.arg("-v=9");
    let mut secrets: BTreeSet<String> = [SECRET.to_owned()].into();
    let mut told: Vec<(&str, Outcome)> = Vec::new();
    told.push(("sign-in", call.run()));
    told.push(("cached", call.run()));
    for _ in 0..2 {
        secrets.insert(sandbox.session()["dpop_key"].as_str().unwrap().to_owned());
        sandbox.expire();
        told.push(("refresh", call.run()));
    }
    let by_device = call.arg("--grant-type=device-code").arg("--force-refresh");
    told.push(("device code", by_device.run()));
    let kubeconfig = sandbox.path("kubeconfig");
    let entry = format!(
        "users: [{{name: okta, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, \
         command: kubesesame, args: [{entry_args}]}}}}}}]\n"
    );
    fs::write(&kubeconfig, format!("apiVersion: v1\nkind: Config\n{entry}")).unwrap();
    for command in ["status", "doctor", "logout"] {
        let call = sandbox.bare(&[command, "--user=okta", "-v=9"]);
        told.push((
            command,
            call.env("KUBECONFIG", kubeconfig.to_str().unwrap()).run(),
        ));
    }
    secrets.extend(
        sandbox
            .okta
            .secrets()
            .into_iter()
            .filter(|secret| secret.len() >= 8),
    );
    assert!(secrets.len() > 10, "{}", secrets.len());
    for (name, outcome) in &told {
        if *name != "doctor" {
            assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
        }
        has_none(&outcome.stderr, &secrets, name);
        if ["status", "doctor", "logout"].contains(name) {
            has_none(&outcome.stdout, &secrets, name);
        }
    }
    for path in files(sandbox.path("").as_path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // The session itself, and what the person wrote.
        if name.contains(".session.") || name == "client-secret" {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        has_none(&text, &secrets, &name);
    }
}
