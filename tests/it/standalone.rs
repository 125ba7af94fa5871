//! No command: the `auth-provider: oidc` user of a kubeconfig is signed in, and nothing else in the file changes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{Call, Sandbox, mode};
use okta::{Endpoint, Fault, FaultBody, FaultKind, RefreshRepeats, Rotation};

/// A kubeconfig with a comment and an order of its own; `more` are lines of the provider's `config`.
pub(crate) fn kubeconfig(sandbox: &Sandbox, more: &[&str]) -> String {
    let more: Vec<String> = more.iter().map(|line| format!("          {line}\n")).collect();
    let more = more.concat();
    format!(
        "apiVersion: v1
kind: Config
current-context: work   # the usual one
contexts:
- {{name: work, context: {{cluster: c, user: 'alice'}}}}
- name: other
  context:
    cluster: c
    user: bob
- name: bare
  context: {{cluster: c}}
users:
- name: bob
  user: {{token: bobs}}
- name: alice
  user:
    auth-provider:
        name: oidc
        config:
          client-id: {} # the app
          idp-issuer-url: {}
{more}clusters: []
",
        sandbox.okta.client_id(),
        sandbox.okta.issuer()
    )
}

pub(crate) fn write(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// The file with this entry, and a run on it.
pub(crate) fn standalone(sandbox: &Sandbox, more: &[&str]) -> (PathBuf, Call) {
    let file = write(sandbox, ".kube/config", &kubeconfig(sandbox, more));
    (file, sandbox.standalone())
}

/// The value of a key of the entry.
pub(crate) fn value(file: &PathBuf, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(&format!("{key}: ")))?;
    Some(line.trim_matches('"').to_owned())
}

pub(crate) fn id_token(file: &PathBuf) -> String {
    value(file, "id-token").expect("an ID token in the kubeconfig")
}

pub(crate) fn sign_in(file: &PathBuf, call: &Call) -> String {
    let outcome = call.run();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(0), ""),
        "{outcome}"
    );
    assert!(outcome.stderr.contains("you have a token until 20"), "{outcome}");
    assert!(
        outcome.stderr.contains("kubesesame kubeconfig convert"),
        "{outcome}"
    );
    id_token(file)
}

/// Makes tokens that have ended by this machine's clock and live by the provider's, which is a minute behind.
pub(crate) fn short_lives(sandbox: &Sandbox) {
    sandbox.okta.behave(|behaviour| {
        behaviour.clock_offset_secs = -60;
        behaviour.id_token_lifetime_secs = 55;
    });
}

#[test]
fn a_browser_signs_in_and_only_the_tokens_are_new_in_the_file() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &["extra-scopes: offline_access"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    sign_in(&file, &call);
    let text = fs::read_to_string(&file).unwrap();
    let (tokens, rest): (Vec<&str>, Vec<&str>) = text
        .split_inclusive('\n')
        .partition(|line| line.contains("-token: "));
    assert_eq!(tokens.len(), 2);
    assert_eq!(
        rest.concat(),
        kubeconfig(&sandbox, &["extra-scopes: offline_access"])
    );
    assert_eq!((mode(&file), sandbox.tabs()), (0o640, 1));
    assert_eq!(sandbox.session_count(".kube/cache/kubesesame"), 0);
    assert!(!sandbox.path(".kube/config.lock").exists());
}

#[test]
fn over_tls_the_entry_says_whom_to_trust_by_file_or_by_data() {
    for by_data in [false, true] {
        let sandbox = Sandbox::with_tls();
        let trust = if by_data {
            let pem = fs::read(sandbox.path("ca.pem")).unwrap();
            format!(
                "idp-certificate-authority-data: {}",
                data_encoding::BASE64.encode(&pem)
            )
        } else {
            format!("idp-certificate-authority: {}", sandbox.path("ca.pem").display())
        };
        let (file, call) = standalone(&sandbox, &[&trust]);
        sign_in(&file, &call);
        // Without it, nobody is believed.
        let (file, call) = standalone(&sandbox, &[]);
        call.run().fails(1, &["certificate"]);
        let ca = format!("--certificate-authority={}", sandbox.path("ca.pem").display());
        sign_in(&file, &call.arg(&ca));
    }
}

#[test]
fn the_flags_of_tls_count_beside_what_the_entry_says() {
    let sandbox = Sandbox::with_tls();
    let (file, call) = standalone(&sandbox, &[]);
    let outcome = call
        .arg("--insecure-skip-tls-verify")
        .arg("--tls-renegotiation-once")
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    for words in [
        "warning: --insecure-skip-tls-verify",
        "--tls-renegotiation-freely do nothing",
    ] {
        assert!(outcome.stderr.contains(words), "{words}: {outcome}");
    }
    id_token(&file);
}

/// The two transports, each with the lines that an entry has for it.
fn transports() -> [(Sandbox, Vec<String>); 2] {
    let tls = Sandbox::with_tls();
    let ca = format!("idp-certificate-authority: {}", tls.path("ca.pem").display());
    let scopes = "extra-scopes: offline_access".to_owned();
    [(Sandbox::new(), vec![scopes.clone()]), (tls, vec![scopes, ca])]
}

#[test]
fn a_password_signs_in_without_a_browser() {
    for (sandbox, entry) in transports() {
        a_password_signs_in_at(&sandbox, &entry);
    }
}

fn a_password_signs_in_at(sandbox: &Sandbox, entry: &[String]) {
    let user = sandbox.okta.behaviour().user;
    let entry: Vec<&str> = entry.iter().map(String::as_str).collect();
    let (file, call) = standalone(sandbox, &entry);
    let call = call
        .arg(&format!("--username={}", user.login))
        .arg(&format!("--password={}", user.password));
    sign_in(&file, &call);
    assert_eq!((sandbox.tabs(), sandbox.grants("password")), (0, 1));
    assert!(value(&file, "refresh-token").is_some());
}

#[test]
fn a_token_that_lives_is_all_that_is_wanted() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &[]);
    sign_in(&file, &call);
    let before = fs::read(&file).unwrap();
    sandbox.okta.clear_requests();
    let outcome = call.run();
    assert_eq!(outcome.to_string(), "exit: 0");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(sandbox.okta.requests().is_empty());
}

#[test]
fn an_ended_token_is_refreshed_and_an_answer_without_a_refresh_token_keeps_the_old_one() {
    for (sandbox, entry) in transports() {
        an_ended_token_is_refreshed_at(&sandbox, &entry);
    }
}

fn an_ended_token_is_refreshed_at(sandbox: &Sandbox, entry: &[String]) {
    short_lives(sandbox);
    let entry: Vec<&str> = entry.iter().map(String::as_str).collect();
    let (file, call) = standalone(sandbox, &entry);
    let first = sign_in(&file, &call);
    let first_refresh = value(&file, "refresh-token").unwrap();
    let second = sign_in(&file, &call);
    let second_refresh = value(&file, "refresh-token").unwrap();
    assert!(first != second && first_refresh != second_refresh);
    sandbox.okta.behave(|behaviour| {
        behaviour.refresh = Rotation::Static;
        behaviour.refresh_repeats = RefreshRepeats::Absent;
    });
    let third = sign_in(&file, &call);
    assert_ne!(third, second);
    assert_eq!(value(&file, "refresh-token").unwrap(), second_refresh);
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 2));
}

#[test]
fn a_session_that_is_over_is_a_sign_in_and_a_passing_fault_is_none() {
    let sandbox = Sandbox::new();
    short_lives(&sandbox);
    let (file, call) = standalone(&sandbox, &["extra-scopes: offline_access"]);
    sign_in(&file, &call);
    let before = fs::read(&file).unwrap();
    let down = Fault::once(Endpoint::Token, FaultKind::status(503, FaultBody::Html));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![down]);
    call.run().fails(1, &["could not be refreshed", "503"]);
    assert_eq!(fs::read(&file).unwrap(), before);
    let revoked = fs::read_to_string(&file)
        .unwrap()
        .replace(&value(&file, "refresh-token").unwrap(), "revoked");
    fs::write(&file, revoked).unwrap();
    sign_in(&file, &call);
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn extra_scopes_and_parameters_are_asked_for_and_nothing_more() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &["extra-scopes: profile,email"]);
    sign_in(&file, &call.arg("--oidc-auth-request-extra-params=ttl=60"));
    let requests = sandbox.okta.requests();
    let authorize = requests
        .iter()
        .find(|request| request.endpoint == Endpoint::Authorize)
        .unwrap();
    let query = |name: &str| {
        let found = authorize.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(query("scope"), "openid profile email");
    assert_eq!(query("ttl"), "60");
    assert_eq!(query("code_challenge_method"), "S256");
    assert!(query("redirect_uri").starts_with("http://localhost:"));
}

#[test]
fn a_link_stays_a_link_and_its_file_gets_the_tokens() {
    let sandbox = Sandbox::new();
    let real = write(&sandbox, "dotfiles/kube", &kubeconfig(&sandbox, &[]));
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    let link = sandbox.path(".kube/config");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    sign_in(&real, &sandbox.standalone());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(sandbox.standalone().run().to_string(), "exit: 0");
}

#[test]
fn a_device_code_signs_in_where_there_is_no_browser() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.device_interval_secs = Some(0));
    let (file, call) = standalone(&sandbox, &[]);
    let call = call.without("--browser-command").arg("--grant-type=device-code");
    sign_in(&file, &call);
    assert!(sandbox.grants("urn:ietf:params:oauth:grant-type:device_code") > 0);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_sign_in() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &[]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    call.run().fails(1, &["is read-only", "chmod u+w"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(sandbox.path(".kube/config.lock"), "").unwrap();
    let call = call.with_skipped_sleeps();
    call.run().fails(1, &["is locked", "mv "]);
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn tokens_that_cannot_be_written_are_an_error() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &[]);
    let before = fs::read_to_string(&file).unwrap();
    // Another program takes kubectl's lock while the person signs in.
    let command = format!(
        "sh -c 'touch {}; printf \"%s\\n\" \"$1\" > {}' sh",
        sandbox.path(".kube/config.lock").display(),
        sandbox.path("browser").display(),
    );
    let call = call.with("--browser-command", &command).with_skipped_sleeps();
    call.run().fails(1, &["is locked", "mv "]);
    assert_eq!((sandbox.tabs(), fs::read_to_string(&file).unwrap()), (1, before));
}

/// As kubectl and helm warn. It is not refused: it worked before, and whose group it is nobody knows.
#[test]
fn tokens_in_a_kubeconfig_that_others_can_read_are_warned_of() {
    for (mode, warned) in [
        (0o600, false),
        (0o622, false),
        (0o640, true),
        (0o604, true),
        (0o644, true),
    ] {
        let sandbox = Sandbox::new();
        let (file, call) = standalone(&sandbox, &[]);
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let outcome = call.run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let words = format!(
            "warning: the tokens are in `{0}`, which other users can read (mode {mode:04o}): chmod go-r {0}\n",
            file.display()
        );
        assert_eq!(outcome.stderr.contains(&words), warned, "{mode:o}: {outcome}");
        assert_eq!(
            outcome.stderr.matches("warning: ").count(),
            usize::from(warned),
            "{outcome}"
        );
    }
}

/// What the entry of the kubeconfig says is corrected there: there are no such flags in this mode.
#[test]
fn a_hint_names_the_keys_of_the_entry_and_not_the_flags_of_get_token() {
    let sandbox = Sandbox::new();
    let text = kubeconfig(&sandbox, &[]);
    let issuer = sandbox.okta.issuer();
    for (wrong, words) in [
        (format!("{issuer}x"), ["HTTP 404", "check `idp-issuer-url`"]),
        (
            "http://idp.example".to_owned(),
            [
                "`idp-issuer-url` `http://idp.example` is not https",
                "give the issuer",
            ],
        ),
    ] {
        write(&sandbox, ".kube/config", &text.replace(&issuer, &wrong));
        let outcome = sandbox.standalone().run();
        outcome.fails(1, &words);
        assert!(!outcome.stderr.contains("--oidc-issuer-url"), "{outcome}");
        assert!(!outcome.stderr.contains("just run kubectl"), "{outcome}");
    }
}
