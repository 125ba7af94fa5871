//! One app with everything: an assertion by its secret, DPoP, rotation. No secret of it is in any output, nor in a file beside its session.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Call, Outcome, Sandbox};
use data_encoding::{BASE64, BASE64URL_NOPAD, Encoding};
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

/// So many characters of a secret are too many to be shown.
const SHOWN_PIECE: usize = 24;

/// The part of a secret that is looked for, so that one that was cut off is found too. The header of a JWT is the same in all of them.
fn piece(secret: &str) -> &str {
    let payload = secret.strip_prefix("eyJ").and_then(|rest| rest.split_once('.'));
    let text = payload.map_or(secret, |(_, payload)| payload);
    text.get(..SHOWN_PIECE).unwrap_or(text)
}

/// The characters of Base64 that are the same whatever is before and after the text, which begins at this byte of three.
fn base64_at(offset: usize, text: &str, encoding: &Encoding) -> String {
    let bytes = [&b"xx"[..offset], text.as_bytes()].concat();
    let encoded = encoding.encode(&bytes);
    encoded[(offset * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
}

/// The spellings in which a secret may be written.
fn spellings(secret: &str) -> Vec<String> {
    let piece = piece(secret);
    let each = |spell: fn(u8) -> String| piece.bytes().map(spell).collect::<String>();
    let mut spellings = vec![
        piece.to_owned(),
        form_urlencoded::byte_serialize(piece.as_bytes()).collect(),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("\\u{{{byte:x}}}")),
        each(|byte| format!("&#{byte};")),
    ];
    for offset in 0..3 {
        spellings.push(base64_at(offset, piece, &BASE64));
        spellings.push(base64_at(offset, piece, &BASE64URL_NOPAD));
    }
    spellings
}

/// A search that finds nothing proves nothing.
#[test]
fn a_secret_is_found_in_each_spelling_and_when_it_is_cut_off() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsInZlciI6MX0x.c2lnbmF0dXJl";
    for secret in ["mock-web-secret-0123456789-0123456789", jwt, "short/1+"] {
        let hex = |spell: fn(u8) -> String| secret.bytes().map(spell).collect::<String>();
        let cut = &secret[..secret.len() - secret.len() / 4 * usize::from(secret.len() > 30)];
        for told in [
            secret.to_owned(),
            cut.to_owned(),
            form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            hex(|byte| format!("%{byte:02x}")),
            hex(|byte| format!("%{byte:02X}")),
            hex(|byte| format!("{byte:02x}")),
            hex(|byte| format!("\\u{byte:04x}")),
            hex(|byte| format!("\\u{{{byte:x}}}")),
            hex(|byte| format!("&#{byte};")),
            BASE64.encode(format!("client:{secret}").as_bytes()),
            BASE64.encode(format!("a:{secret}&more").as_bytes()),
            BASE64URL_NOPAD.encode(format!("abc{secret}").as_bytes()),
        ] {
            let is_found = spellings(secret).iter().any(|spelling| told.contains(spelling));
            assert!(is_found, "{told}");
        }
    }
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
