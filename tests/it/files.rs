//! Each state of the disk that a call may find.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, chown};

use crate::support::{Sandbox, as_user_or_skip, is_root_or_skip, mode, works_or_skip};
use okta::Endpoint;

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_record_that_is_none_is_a_warning_and_a_login_and_is_put_aside() {
    let whole = {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        fs::read(sandbox.session_file()).unwrap()
    };
    let cases: [(&[u8], &str); 5] = [
        (b"", "it is empty"),
        (&whole[..whole.len() / 2], "it is broken"),
        (b"\x00\xff\xfe\x9f binary", "it is broken"),
        (br#"{"version":2,"sessions":[]}"#, "a newer kubesesame wrote it"),
        // A whole record, of another issuer (the port differs).
        (&whole, "it belongs to another issuer or client"),
    ];
    for (bytes, reason) in cases {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let session = sandbox.session_file();
        fs::write(&session, bytes).unwrap();
        let outcome = sandbox.get_token().run();
        outcome.token();
        assert!(
            outcome.stderr.contains("warning: the stored session") && outcome.stderr.contains(reason),
            "{outcome}"
        );
        assert_eq!(sandbox.tabs(), 2);
        let aside = sandbox.cache_files(".quarantined");
        assert_eq!(aside.len(), usize::from(!bytes.is_empty()));
        assert!(
            aside
                .iter()
                .all(|path| fs::read(path).unwrap() == bytes && mode(path) == 0o600)
        );
        assert_eq!(sandbox.get_token().run().stderr, "");
    }
}

#[test]
fn a_record_that_others_can_read_is_refused_with_the_cure() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    for loose in [0o644, 0o640, 0o660] {
        chmod(&sandbox.session_file(), loose);
        sandbox
            .get_token()
            .run()
            .fails(
                1,
                &[
                    "is open to other users",
                    "chmod 600 ",
                    "where that changes nothing (a Windows drive under WSL), keep sessions on a Linux file system with \
                     --token-cache-dir",
                ],
            );
    }
    chmod(&sandbox.session_file(), 0o600);
    assert_eq!(sandbox.get_token().run().token(), token);
}

impl Sandbox {
    fn expire_or_ignore(&self) {
        if self.session_file().is_file() {
            self.expire();
        }
    }
}

#[test]
fn a_link_in_place_of_a_record_or_a_lock_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let elsewhere = sandbox.path("elsewhere");
    for suffix in [".session.json", ".lock"] {
        let path = sandbox.cache_file(suffix);
        sandbox.expire_or_ignore();
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        sandbox
            .get_token()
            .run()
            .fails(1, &["is a symbolic link", "kubesesame clean --token-cache-dir="]);
        fs::remove_file(&path).unwrap();
        fs::rename(&elsewhere, &path).unwrap();
    }
    let dir = sandbox.cache_dir();
    fs::rename(&dir, &elsewhere).unwrap();
    symlink(&elsewhere, &dir).unwrap();
    let outcome = sandbox.get_token().run();
    let cure = format!("--token-cache-dir={}", elsewhere.display());
    outcome.fails(1, &["is a symbolic link to the directory", &cure]);
    let cured = sandbox.get_token().arg(&cure).run();
    assert_eq!((cured.code, cured.stderr.as_str()), (Some(0), ""), "{cured}");
}

#[test]
fn a_record_with_a_second_name_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    fs::hard_link(sandbox.session_file(), sandbox.path("second")).unwrap();
    sandbox.get_token().run().fails(1, &["has 2 names"]);
}

#[test]
fn a_directory_that_others_may_write_to_is_refused_with_the_cure() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    for loose in [0o777, 0o770, 0o702, 0o1777] {
        chmod(&sandbox.cache_dir(), loose);
        sandbox.get_token().run().fails(
            1,
            &[
                "is open to other users",
                &format!("(mode {loose:04o})"),
                "chmod 700 ",
            ],
        );
    }
    // That others may read the names in it is let be, since the files are private; but not below a shared directory,
    // where this very checkout may lie.
    chmod(&sandbox.cache_dir(), 0o755);
    let shared = sandbox
        .cache_dir()
        .ancestors()
        .any(|ancestor| mode(ancestor) & 0o002 != 0);
    let outcome = sandbox.get_token().run();
    assert_eq!(outcome.code, Some(i32::from(shared)), "{outcome}");
}

#[test]
fn a_directory_below_tmp_is_taken_only_while_it_is_private() {
    let sandbox = Sandbox::new();
    let shared = sandbox.path("shared");
    fs::create_dir(&shared).unwrap();
    chmod(&shared, 0o1777);
    let dir = shared.join("oidc-cache");
    let call = sandbox
        .get_token()
        .arg(&format!("--token-cache-dir={}", dir.display()));
    let token = call.run().token();
    assert_eq!(mode(&dir), 0o700);
    chmod(&dir, 0o755);
    call.run().fails(1, &["is open to other users", "chmod 700 "]);
    chmod(&dir, 0o700);
    chmod(&shared, 0o777);
    call.run().fails(1, &["lies below", "chmod o-w "]);
    chmod(&shared, 0o700);
    assert_eq!(call.run().token(), token);
}

#[test]
fn another_user_s_directory_or_record_is_refused_and_the_owner_named() {
    if !is_root_or_skip() {
        return;
    }
    let nobody = (Some(Uid::from_raw(65534)), Some(Gid::from_raw(65534)));
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    chown(&sandbox.session_file(), nobody.0, nobody.1).unwrap();
    sandbox.get_token().run().fails(
        1,
        &[
            "belongs to `nobody` (uid 65534)",
            "kubesesame clean --token-cache-dir=",
        ],
    );
    chown(&sandbox.session_file(), Some(Uid::effective()), None).unwrap();
    chown(&sandbox.cache_dir(), nobody.0, nobody.1).unwrap();
    sandbox
        .get_token()
        .run()
        .fails(1, &["belongs to `nobody` (uid 65534)", "--token-cache-dir"]);
}

/// `sudo kubectl` with the home of a person: nothing of root's may appear in there.
#[test]
fn nothing_is_made_in_another_user_s_home() {
    if !is_root_or_skip() {
        return;
    }
    let sandbox = Sandbox::new();
    let home = sandbox.path("their-home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(Uid::from_raw(65534)), None).unwrap();
    let outcome = sandbox.get_token().env("HOME", &home.to_string_lossy()).run();
    outcome.fails(1, &["belongs to `nobody`"]);
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0);
}

/// In a sandbox that maps the own user alone, the directories of root seem to belong to `nobody`.
#[cfg(target_os = "linux")]
#[test]
fn a_session_is_found_in_a_user_namespace() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let namespace = ["unshare", "--user", "--map-current-user"].map(str::to_owned);
    let home = sandbox.path(".").to_string_lossy().into_owned();
    let wrapper = if Uid::effective().is_root() {
        let owned = Command::new("chown").args(["-R", "4242:4242", &home]).status();
        assert!(owned.unwrap().success());
        let Some(by_user) = as_user_or_skip(4242, 4242) else {
            return;
        };
        [by_user, namespace.into()].concat()
    } else {
        namespace.into()
    };
    let reason = "needs a system where a user may make a user namespace";
    let Some(wrapper) = works_or_skip(wrapper, &["test", "-x", &home], reason) else {
        return;
    };
    let outcome = sandbox.get_token().through(&wrapper).run();
    assert_eq!((outcome.token(), outcome.stderr.as_str()), (token, ""));
}

/// It may be a good session, so it is neither replaced nor put aside; the token is had in another way, and kept in another place.
#[test]
fn a_record_that_cannot_be_read_stays_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let (file, before) = (sandbox.session_file(), fs::read(sandbox.session_file()).unwrap());
    chmod(&file, 0o000);
    fs::create_dir(sandbox.path("run")).unwrap();
    let call = sandbox
        .get_token()
        .env("XDG_RUNTIME_DIR", &sandbox.path("run").display().to_string());
    let Some(call) = call.without_rights_of_root_or_skip() else {
        return;
    };
    let outcome = call.run();
    outcome.token();
    assert!(
        sandbox
            .filtered(&outcome)
            .contains("since `[HOME]/.kube/cache/kubesesame` cannot be used"),
        "{outcome}"
    );
    assert_eq!(call.run().token(), outcome.token());
    assert_eq!(sandbox.tabs(), 2);
    chmod(&file, 0o600);
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(sandbox.cache_files(".quarantined").len(), 0);
}

#[test]
fn a_record_that_is_far_too_large_is_not_read() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    fs::OpenOptions::new()
        .write(true)
        .open(sandbox.session_file())
        .unwrap()
        .set_len(5 << 20)
        .unwrap();
    sandbox.get_token().run().token();
    assert_eq!(sandbox.get_token().run().stderr, "");
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn a_directory_in_place_of_the_record_costs_a_sign_in_and_is_put_aside() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let session = sandbox.session_file();
    fs::remove_file(&session).unwrap();
    fs::create_dir(&session).unwrap();
    let outcome = sandbox.get_token().run();
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: the stored session"),
        "{outcome}"
    );
    assert_eq!(sandbox.get_token().run().stderr, "");
    assert_eq!(sandbox.tabs(), 2);
}

/// What somebody has put in the place of a session or its lock: the hint's command removes it.
#[test]
fn clean_removes_links_in_place_of_sessions_and_locks_and_not_what_they_point_to() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    for suffix in [".session.json", ".lock"] {
        let (path, elsewhere) = (sandbox.cache_file(suffix), sandbox.path("elsewhere"));
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_eq!(sandbox.bare(&["clean"]).run().code, Some(0));
        assert!(
            fs::symlink_metadata(&path).is_err() && elsewhere.exists(),
            "{suffix}"
        );
        sandbox.get_token().run().token();
    }
}

/// The others go, and what stays is told with a way to remove it.
#[test]
fn clean_goes_on_after_an_entry_that_it_cannot_remove() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    for name in ["0", "f"] {
        fs::create_dir(
            sandbox
                .cache_dir()
                .join(format!("{}.session.json", name.repeat(64))),
        )
        .unwrap();
    }
    let outcome = sandbox.bare(&["clean"]).run();
    outcome.fails(
        1,
        &[
            "removed 1 session: ",
            ".session.json` is not a file",
            "move it away: mv ",
        ],
    );
    assert_eq!(sandbox.cache_files(".session.json").len(), 2);
    assert_eq!(sandbox.cache_files(".fast-path.json").len(), 0);
    let cure = outcome.stderr.split_once("move it away: ").unwrap().1;
    let cure = cure.split_once(", or").unwrap().0;
    let moved = Command::new("sh").args(["-c", cure]).status().unwrap();
    assert!(moved.success(), "{cure}");
    assert_eq!(sandbox.cache_files(".session.json").len(), 1);
}

#[test]
fn a_session_is_bound_to_its_issuer_even_under_the_right_name() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.change_session(|session| session["client_id"] = "another".into());
    sandbox.get_token().run().token();
    assert_eq!(sandbox.grants("refresh_token"), 0);
    assert_eq!(sandbox.okta.count(Endpoint::Authorize), 1);
}

/// A backup with `cp -al` gives each file a second name.
#[test]
fn a_second_name_is_found_and_removed_by_what_the_hint_says() {
    for suffix in [".session.json", ".lock"] {
        let sandbox = Sandbox::new();
        let token = sandbox.signed_in();
        let second = sandbox.path("a second name");
        fs::hard_link(sandbox.cache_file(suffix), &second).unwrap();
        let call = sandbox.get_token().arg("--force-refresh");
        let outcome = call.run();
        outcome.fails(1, &["has 2 names (hard links)", "kubesesame clean"]);
        let find = outcome.stderr.split_once("find ~ ").expect("a command").1;
        let find = format!("find ~ {}", find.split_once(" -print").expect("its end").0);
        let found = Command::new("sh")
            .args(["-c", &find])
            .env("HOME", sandbox.path(""))
            .output()
            .unwrap();
        let mut found: Vec<_> = String::from_utf8(found.stdout)
            .unwrap()
            .lines()
            .map(PathBuf::from)
            .collect();
        found.sort();
        let mut both = vec![sandbox.cache_file(suffix), second.clone()];
        both.sort();
        assert_eq!(found, both, "{find}");
        fs::remove_file(second).unwrap();
        assert_ne!(call.run().token(), token);
        assert_eq!(sandbox.tabs(), 1, "the session goes on");
    }
}
