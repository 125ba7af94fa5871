//! Sealed sessions with a real Secret Service: gnome-keyring on a bus of its own, unlocked, locked, and not there at all.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    keeper::{CACHE, Someone, forget_in_kernel, key_name},
    person::{KUBESESAME, token},
    secret_service::Bus,
};

/// The keyring's own limit, and what a loaded machine needs besides.
const BOUND: Duration = Duration::from_secs(13);

impl Someone {
    fn fails(&self, words: &[&str]) {
        let began = Instant::now();
        let outcome = self.person.run(&[]);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(1), ""),
            "{outcome:?}"
        );
        for word in words.iter().chain(&["error: ", "hint: "]) {
            assert!(outcome.stderr.contains(word), "`{word}` is missing: {outcome:?}");
        }
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    }
}

/// Whether the text stands in any file of the directory.
fn stands_in(dir: &Path, text: &str) -> bool {
    let entries = fs::read_dir(dir).unwrap();
    entries.into_iter().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_session_is_sealed_and_refreshed_without_the_keyring_and_opened_by_it() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    let first = someone.token();
    assert!(
        !stands_in(&someone.person.home().join(CACHE), &first),
        "the token lies open"
    );
    assert_eq!(someone.plain().len(), 0);
    assert_eq!(someone.token(), first);
    // Locked: the key is at hand in the kernel, and a refresh has nothing to write to the keyring.
    bus.lock();
    let refreshed = token(&someone.person.run(&["--force-refresh"]));
    assert_ne!(refreshed, first);
    assert_eq!(someone.token(), refreshed);
    // A new login session: the keyring is needed, and says that it is locked.
    someone.forget_in_kernel();
    let before = fs::read(someone.sealed()).unwrap();
    someone.fails(&["the OS keyring is locked", "--token-cache-storage=disk"]);
    assert_eq!(
        (fs::read(someone.sealed()).unwrap(), someone.plain().len()),
        (before, 0)
    );
    assert_eq!(someone.logins(), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_keyring_opens_what_the_kernel_has_forgotten() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    let first = someone.token();
    someone.forget_in_kernel();
    assert_eq!(someone.token(), first);
    assert_eq!(someone.logins(), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_key_that_is_lost_or_wrong_costs_a_sign_in_and_puts_the_record_aside() {
    let bus = Bus::unlocked();
    let mut someone = Someone::new(&bus, "keyring");
    let first = someone.token();
    // Another machine's keyring with the same home.
    let other = Bus::unlocked();
    someone.person.set("DBUS_SESSION_BUS_ADDRESS", &other.address);
    someone.forget_in_kernel();
    let sealed = fs::read(someone.sealed()).unwrap();
    let lost = someone.person.run(&[]);
    assert_ne!(token(&lost), first);
    assert!(
        lost.stderr.contains("its key is not in the OS keyring"),
        "{lost:?}"
    );
    let aside = someone.person.files(CACHE, ".session.sealed.quarantined");
    assert_eq!(fs::read(&aside[0]).unwrap(), sealed);
    // Back with the first keyring, which knows nothing of the second one's key.
    someone.person.set("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    someone.forget_in_kernel();
    let wrong = someone.person.run(&[]);
    assert!(
        wrong.stderr.contains("its key is not in the OS keyring"),
        "{wrong:?}"
    );
    token(&wrong);
    assert_eq!(someone.logins(), 3);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_keyring_that_does_not_answer_ends_in_bounded_time() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    someone.token();
    someone.forget_in_kernel();
    bus.send(Signal::SIGSTOP);
    someone.fails(&["did not answer within 3 s", "--token-cache-storage=disk"]);
    bus.send(Signal::SIGCONT);
    someone.token();
    assert_eq!(someone.logins(), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn without_a_keyring_it_is_an_error_and_with_auto_a_plain_file_that_is_told() {
    let bus = Bus::without_service();
    let someone = Someone::new(&bus, "keyring");
    someone.fails(&["there is no OS keyring here", "--token-cache-storage=disk"]);
    assert_eq!((someone.plain().len(), someone.logins()), (0, 0));
    let someone = Someone::new(&bus, "auto");
    let outcome = someone.person.run(&[]);
    let first = token(&outcome);
    assert!(
        outcome.stderr.contains(
            "the session is kept in a file that only you can read, since there is no OS keyring here"
        ),
        "{outcome:?}"
    );
    assert_eq!(someone.plain().len(), 1);
    let second = someone.person.run(&[]);
    assert_eq!((token(&second), second.stderr.as_str()), (first, ""));
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn auto_seals_where_there_is_a_keyring_and_says_so() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "auto");
    let outcome = someone.person.run(&[]);
    assert!(
        outcome
            .stderr
            .contains("the session is kept sealed, with its key in the OS keyring"),
        "{outcome:?}"
    );
    someone.sealed();
    assert_eq!(someone.token(), token(&outcome));
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_plain_session_is_taken_in_and_clean_removes_the_key() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "disk");
    let first = someone.token();
    let sealed = token(&someone.person.run(&["--token-cache-storage=keyring"]));
    assert_eq!(
        (sealed, someone.plain().len(), someone.logins()),
        (first.clone(), 0, 1)
    );
    let file = fs::read(someone.sealed()).unwrap();
    let path = someone.sealed();
    let cleaned = someone.person.run_alone(&["clean"]);
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned:?}");
    // Whoever kept a copy of the file has nothing of it.
    fs::write(&path, file).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let after = someone.person.run(&["--token-cache-storage=keyring"]);
    assert!(
        after.stderr.contains("its key is not in the OS keyring"),
        "{after:?}"
    );
    assert_ne!(token(&after), first);
}

/// Whoever can write to the directory puts a session of their own there, so that a person acts as them.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_plain_session_in_place_of_a_sealed_one_is_not_used() {
    for storage in ["keyring", "auto"] {
        let bus = Bus::unlocked();
        let someone = Someone::new(&bus, storage);
        someone.token();
        let planted = token(&someone.person.run(&["--token-cache-storage=disk"]));
        fs::remove_file(someone.sealed()).unwrap();
        let outcome = someone.person.run(&[]);
        assert!(
            outcome.stderr.contains("a plain file is in its place"),
            "{outcome:?}"
        );
        assert_ne!(token(&outcome), planted);
        assert_eq!((token(&outcome), someone.logins()), (someone.token(), 3));
        // What is cleaned is forgotten.
        someone.person.run_alone(&["clean"]);
        let plain = token(&someone.person.run(&["--token-cache-storage=disk"]));
        assert_eq!(someone.token(), plain);
    }
}

/// kubelogin's way to keep accounts apart: a directory for each.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn two_directories_have_a_key_each() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    let other = format!(
        "--token-cache-dir={}",
        someone.person.home().join("other").display()
    );
    let first = someone.token();
    let second = token(&someone.person.run(&[&other]));
    let cleaned = someone.person.run_alone(&["clean", &other]);
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned:?}");
    someone.forget_in_kernel();
    assert_eq!(someone.token(), first);
    assert_ne!(token(&someone.person.run(&[&other])), second);
    assert_eq!(someone.logins(), 3);
}

/// A shell that seals, and an IDE that does not: each has a session, and neither ends the other's.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_plain_session_beside_a_sealed_one_lives_on() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    someone.token();
    let plain = ["--token-cache-storage=disk"];
    token(&someone.person.run(&plain));
    for _ in 0..2 {
        token(&someone.person.run(&["--force-refresh"]));
        token(&someone.person.run(&[plain[0], "--force-refresh"]));
    }
    assert_eq!((someone.logins(), someone.okta.reuse_detected()), (2, 0));
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_token_with_three_hundred_groups_fits() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    someone.okta.behave(|behaviour| {
        behaviour.group_count = Some(300);
        behaviour.groups_limit_lifted = true;
    });
    let first = token(&someone.person.run(&[]));
    assert!(first.len() > 6000, "{}", first.len());
    assert_eq!(token(&someone.person.run(&[])), first);
}

/// Nothing was sealed, so the plain session of the time between is the person's own.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_sign_in_that_nobody_finished_leaves_no_mark() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    let alone = ["--skip-open-browser", "--authentication-timeout-sec=1"];
    assert_eq!(someone.person.run(&alone).code, Some(1));
    let plain = token(&someone.person.run(&["--token-cache-storage=disk"]));
    let taken_in = someone.person.run(&[]);
    assert_eq!((token(&taken_in), taken_in.stderr.as_str()), (plain, ""));
    assert_eq!((someone.plain().len(), someone.logins()), (0, 1));
}

/// As on a full disk.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_plain_session_that_cannot_be_sealed_now_is_taken_in_later() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "disk");
    let first = someone.token();
    let full = someone.person.home().join("full");
    fs::write(
        &full,
        format!("#!/bin/sh\n(ulimit -f 0; exec {KUBESESAME} \"$@\") | cat\n"),
    )
    .unwrap();
    fs::set_permissions(&full, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let on_full = someone
        .person
        .start(&full, &["--token-cache-storage=keyring"])
        .outcome();
    assert_eq!((token(&on_full), someone.plain().len()), (first.clone(), 1));
    assert_eq!(bus.entries(), 0, "a key of nothing is not kept");
    let taken_in = someone.person.run(&["--token-cache-storage=keyring"]);
    assert_eq!((token(&taken_in), taken_in.stderr.as_str()), (first, ""));
    assert_eq!((someone.plain().len(), someone.logins()), (0, 1));
}

/// Killed after the session was sealed, and before the mark was set and the plain file removed.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_kill_while_a_session_is_taken_in_is_made_good_by_the_next_refresh() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "disk");
    let first = someone.token();
    let plain = someone.plain().remove(0);
    let copy = fs::read(&plain).unwrap();
    let keyring = ["--token-cache-storage=keyring"];
    assert_eq!(token(&someone.person.run(&keyring)), first);
    let (key, mark) = (key_name(&someone.sealed()), someone.mark());
    assert_eq!(bus.entries(), 2);
    bus.forget(&mark);
    forget_in_kernel(&mark);
    fs::write(&plain, copy).unwrap();
    fs::set_permissions(&plain, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let cached = someone.person.run(&keyring);
    assert_eq!((token(&cached), cached.stderr.as_str()), (first.clone(), ""));
    let refreshed = someone.person.run(&[keyring[0], "--force-refresh"]);
    assert_eq!(refreshed.stderr, "");
    assert_ne!(token(&refreshed), first);
    assert_eq!(
        (someone.plain().len(), someone.logins()),
        (0, 1),
        "it is in one place only"
    );
    assert_eq!(bus.entries(), 2, "the mark is back");
    assert_eq!(
        (key_name(&someone.sealed()), someone.okta.reuse_detected()),
        (key, 0)
    );
    // It counts.
    token(&someone.person.run(&[]));
    fs::remove_file(someone.sealed()).unwrap();
    let outcome = someone.person.run(&keyring);
    assert!(
        outcome.stderr.contains("a plain file is in its place"),
        "{outcome:?}"
    );
}
