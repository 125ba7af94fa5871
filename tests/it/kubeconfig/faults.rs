//! Faults of the file system: what is told has to fit the file that it is about.

use std::fs;
use std::os::unix::fs::chown;

use super::layouts::{BLOCK, SECRET_STAYS};
use super::{convert, write};
use crate::files::chmod;
use crate::support::{Sandbox, as_user_or_skip};

/// Nothing of it is a matter of the directory for sessions, which `convert` does not know.
#[test]
fn a_fault_of_the_directory_for_secrets_says_nothing_of_sessions() {
    let sandbox = Sandbox::new();
    write(&sandbox, ".kube/config", BLOCK);
    let dir = sandbox.path(".kube/kubesesame");
    fs::create_dir_all(&dir).unwrap();
    chmod(&dir, 0o777);
    let outcome = convert(&sandbox, &["--secret-to-file"]);
    outcome.fails(
        1,
        &[
            "is open to other users",
            "chmod 700 ",
            "leave --secret-to-file out",
        ],
    );
    assert!(!outcome.stderr.contains("token-cache-dir"), "{outcome}");
    assert!(!outcome.stderr.contains("session"), "{outcome}");
}

#[test]
fn a_limit_on_the_size_of_files_is_named_as_the_cause() {
    let sandbox = Sandbox::new();
    let path = write(&sandbox, ".kube/config", BLOCK);
    let limited = ["sh", "-c", "ulimit -f 0; exec \"$@\"", "sh"];
    let call = sandbox.bare(&["kubeconfig", "convert"]).through(&limited);
    call.run().fails(1, &["(ulimit -f)", SECRET_STAYS]);
    assert_eq!(fs::read_to_string(path).unwrap(), BLOCK);
}

/// A user cannot give a file away, nor to a group that they are not in; root can give both.
#[test]
fn a_kubeconfig_of_another_owner_or_group_says_which_of_the_two_it_is() {
    let Some(by_user) = as_user_or_skip(4242, 4343) else {
        return;
    };
    let sandbox = Sandbox::new();
    let path = write(&sandbox, ".kube/config", BLOCK);
    let call = sandbox.bare(&["kubeconfig", "convert"]).through(&by_user);
    for dir in [sandbox.path(".kube"), sandbox.path("")] {
        chmod(&dir, 0o777);
    }
    for (uid, gid, words) in [
        (
            4242,
            4444,
            ["the group of `", "chgrp \"$(id -gn)\" ", SECRET_STAYS],
        ),
        (4545, 4343, ["the owner of `", "run it as uid 4545", SECRET_STAYS]),
    ] {
        chown(&path, Some(uid), Some(gid)).unwrap();
        chmod(&path, 0o666);
        call.run().fails(1, &words);
    }
}
