//! Without a command: whether the tokens can be written is known before anybody is asked for them, and none is lost.

use std::fs;
use std::path::{Path, PathBuf};

use crate::standalone::{id_token, kubeconfig, short_lives, sign_in, standalone, value, write};
use crate::support::{Call, Outcome, Sandbox, finish, wait_until, works_or_skip};
use okta::{Endpoint, Fault, FaultKind};

/// Signed in, with a token that has ended and a refresh token.
pub(crate) fn ended(sandbox: &Sandbox) -> (PathBuf, Call) {
    short_lives(sandbox);
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let (file, call) = standalone(sandbox, &["extra-scopes: offline_access"]);
    sign_in(&file, &call);
    (file, call)
}

pub(crate) fn change(file: &Path, change: impl FnOnce(String) -> String) -> String {
    let text = change(fs::read_to_string(file).unwrap());
    fs::write(file, &text).unwrap();
    text
}

/// Refreshes while another program holds kubectl's lock on the kubeconfig, so that the new tokens cannot be written.
pub(crate) fn refresh_while_locked(sandbox: &Sandbox, file: &Path, call: &Call) -> Outcome {
    sandbox.hold_token_answers();
    let running = call.clone().with_skipped_sleeps().spawn();
    wait_until("the refresh is sent", || sandbox.grants("refresh_token") > 0);
    let lock = file.with_file_name("config.lock");
    fs::write(&lock, "").unwrap();
    sandbox.let_answers_go();
    let outcome = finish(running);
    outcome.fails(1, &["the new tokens are kept in `"]);
    fs::remove_file(lock).unwrap();
    outcome
}

#[test]
fn tokens_in_block_scalars_are_refreshed_and_replaced() {
    for style in ["|-", ">-", "|", ">"] {
        for key in ["id-token: ", "refresh-token: "] {
            let sandbox = Sandbox::new();
            let (file, call) = ended(&sandbox);
            let token = value(&file, key.trim_end_matches(": ")).unwrap();
            let before = change(&file, |text| {
                text.replace(
                    &format!("{key}{token}\n"),
                    &format!("{key}{style}\n            {token}\n"),
                )
            });
            sign_in(&file, &call);
            assert_eq!(
                (sandbox.tabs(), sandbox.grants("refresh_token")),
                (1, 1),
                "{style} {key}"
            );
            let rest = |text: &str| -> Vec<String> {
                let lines = text.lines().filter(|line| !line.contains("-token:"));
                lines
                    .filter(|line| !line.contains(&token))
                    .map(str::to_owned)
                    .collect()
            };
            assert_eq!(rest(&fs::read_to_string(&file).unwrap()), rest(&before));
        }
    }
}

/// kubectl reads YAML 1.1, where these are line breaks, so that the whole file would be another one.
#[test]
fn a_refresh_token_with_line_breaks_of_yaml_1_1_is_written_without_them_and_read_back() {
    for style in ["refresh-token: 'old'", "refresh-token: \"old\"", "# none"] {
        for token in [
            "x\u{85}---\u{85}a:",
            "x\u{2028}... \u{2028}",
            "x\u{2029}---\u{2029}y\u{85}",
        ] {
            let sandbox = Sandbox::new();
            let lines = ["extra-scopes: offline_access", style];
            let (file, call) = standalone(&sandbox, &lines);
            let replaced = FaultKind::Replace {
                field: "refresh_token".to_owned(),
                value: token.into(),
            };
            // The first request is the refresh with `old`, which is refused.
            let fault = Fault::always(Endpoint::Token, replaced);
            short_lives(&sandbox);
            sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
            sign_in(&file, &call);
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.is_ascii(), "{text:?}");
            sandbox.okta.clear_requests();
            assert_eq!(call.run().code, Some(0));
            let requests = sandbox.okta.requests();
            let mut sent = requests.iter().flat_map(|request| &request.form);
            let sent = sent.find(|(name, _)| name == "refresh_token").unwrap();
            assert_eq!(sent.1, token);
        }
    }
}

#[test]
fn a_layout_that_takes_no_tokens_is_told_before_anybody_is_asked() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &["extra-scopes: offline_access", "? id-token"]);
    let before = fs::read_to_string(&file).unwrap();
    let outcome = call.run();
    outcome.fails(
        1,
        &["the tokens of user `alice`", "kubesesame kubeconfig convert"],
    );
    assert!(!outcome.stderr.contains("conversion"), "{outcome}");
    assert!(sandbox.okta.requests().is_empty());
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn a_refresh_token_alone_is_used() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    change(&file, |text| {
        let lines = text
            .split_inclusive('\n')
            .filter(|line| !line.contains(" id-token:"));
        lines.collect()
    });
    sign_in(&file, &call);
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
}

/// Another program that knows nothing of our lock may have refreshed meanwhile.
#[test]
fn a_refused_refresh_token_is_no_sign_in_where_the_kubeconfig_has_another_by_then() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let good = fs::read_to_string(&file).unwrap();
    change(&file, |text| {
        text.replace(&value(&file, "refresh-token").unwrap(), "spent")
    });
    sandbox.hold_token_answers();
    let call = call.spawn();
    wait_until("the spent one is sent", || sandbox.grants("refresh_token") > 0);
    fs::write(&file, good).unwrap();
    sandbox.let_answers_go();
    let outcome = finish(call);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!outcome.stderr.contains("sign-in is needed"), "{outcome}");
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 2));
}

/// What was spent or typed for them is not asked for again.
#[test]
fn tokens_that_cannot_be_written_are_kept_for_the_next_call() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let before = fs::read_to_string(&file).unwrap();
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_lifetime_secs = 3600);
    let outcome = refresh_while_locked(&sandbox, &file, &call);
    outcome.fails(1, &["is locked", "mv ", "the next call"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    sandbox.okta.clear_requests();
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_ne!(fs::read_to_string(&file).unwrap(), before);
    assert!(sandbox.okta.requests().is_empty());
    assert_eq!(
        (sandbox.tabs(), sandbox.session_count(".kube/cache/kubesesame")),
        (1, 0)
    );
    assert_eq!(call.run().to_string(), "exit: 0");
}

/// Tokens that were kept are of no use once the kubeconfig has later ones.
#[test]
fn kept_tokens_do_not_replace_later_ones() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    refresh_while_locked(&sandbox, &file, &call);
    // Signed in for by another program, which changes both.
    sandbox
        .okta
        .behave(|behaviour| (behaviour.clock_offset_secs, behaviour.id_token_lifetime_secs) = (0, 3600));
    let text = kubeconfig(&sandbox, &["extra-scopes: offline_access"]);
    let other = write(&sandbox, "other", &text);
    sign_in(
        &other,
        &sandbox
            .standalone()
            .arg(&format!("--kubeconfig={}", other.display())),
    );
    fs::copy(&other, &file).unwrap();
    let later = id_token(&file);
    assert_eq!(call.run().to_string(), "exit: 0");
    assert_eq!(id_token(&file), later);
    assert_eq!(sandbox.session_count(".kube/cache/kubesesame"), 0);
}

/// A wrapper that runs a program with mounts of its own. None, and the test is skipped, where that is not allowed.
#[cfg(target_os = "linux")]
pub(crate) fn with_mounts_or_skip(mount: &str) -> Option<Vec<String>> {
    let run = format!("{mount} && exec \"$@\"");
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", &run, "sh"].map(str::to_owned);
    works_or_skip(
        wrapper.into(),
        &["true"],
        "needs a system where a user may mount in a namespace",
    )
}

/// As with `docker run -v ~/.kube/config:/root/.kube/config`: nothing can take its place by a rename.
#[cfg(target_os = "linux")]
#[test]
fn a_kubeconfig_that_is_a_mount_of_its_own_is_written_in_place() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &["extra-scopes: offline_access"]);
    let text = fs::read_to_string(&file).unwrap();
    let outside = write(&sandbox, "outside", &text);
    let mount = format!("mount --bind '{}' '{}'", outside.display(), file.display());
    let Some(wrapper) = with_mounts_or_skip(&mount) else {
        return;
    };
    sign_in(&outside, &call.through(&wrapper));
    let signed_in = fs::read_to_string(&outside).unwrap();
    let names = |dir: &str| fs::read_dir(sandbox.path(dir)).unwrap().count();
    assert_eq!(
        (fs::read_to_string(&file).unwrap(), names(".kube")),
        (text, 2),
        "with the cache"
    );
    // A shorter text leaves nothing of the longer one behind it.
    for args in [["kubeconfig", "convert"], ["kubeconfig", "restore"]] {
        let outcome = sandbox.bare(&args).through(&wrapper).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
    }
    assert_eq!(fs::read_to_string(&outside).unwrap(), signed_in);
    assert_eq!(names(".kube"), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_no_longer_file_is_told_before_anybody_is_asked() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &["extra-scopes: offline_access"]);
    // One block, and there are two.
    let block = 4096;
    change(&file, |text| {
        format!("{text}#{}\n", "x".repeat(block - text.len() - 10))
    });
    let (disk, copy) = (sandbox.path("disk"), sandbox.path("disk/config"));
    fs::create_dir(&disk).unwrap();
    let mount = format!(
        "mount -t tmpfs -o size=8k,mode=700 tmpfs '{}' && cp '{}' '{}' && chmod 600 '{2}'",
        disk.display(),
        file.display(),
        copy.display()
    );
    let Some(wrapper) = with_mounts_or_skip(&mount) else {
        return;
    };
    let call = call.arg(&format!("--kubeconfig={}", copy.display()));
    call.through(&wrapper).run().fails(1, &["No space left"]);
    assert!(sandbox.okta.requests().is_empty());
}
