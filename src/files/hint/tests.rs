use std::path::PathBuf;

use super::*;
use crate::files::UserFileError;
use crate::files::error::Action;

const PURPOSES: [Purpose; 5] = [
    Purpose::Sessions,
    Purpose::MovedSecret,
    Purpose::Flag("password-file"),
    Purpose::Kubeconfig,
    Purpose::Typed("filename"),
];

fn io(action: Action, path: &str, source: io::Error) -> Error {
    let path = path.into();
    Error::Io { action, path, source }
}

fn others() -> Vec<Error> {
    let path = || PathBuf::from("/d/f");
    let owner = || "uid 7".to_owned();
    let mut faults = vec![
        Error::UnsafeAncestor {
            path: path(),
            ancestor: "/d".into(),
            mode: 0o777,
        },
        Error::Link { path: path() },
        Error::LinkedDirectory {
            path: path(),
            target: "/e".into(),
        },
        Error::HardLinked {
            path: path(),
            links: 2,
        },
        Error::TooLarge { path: path() },
    ];
    for kind in [Kind::Directory, Kind::File] {
        faults.extend([
            Error::ForeignOwner {
                kind,
                path: path(),
                owner: owner(),
            },
            Error::OpenToOthers {
                kind,
                path: path(),
                mode: 0o666,
            },
            Error::WrongType {
                path: path(),
                expected: kind,
            },
        ]);
    }
    faults
}

fn kinds() -> Vec<io::Error> {
    use io::ErrorKind as K;
    [
        K::PermissionDenied,
        K::NotFound,
        K::StorageFull,
        K::QuotaExceeded,
        K::FileTooLarge,
        K::OutOfMemory,
        K::StaleNetworkFileHandle,
        K::ReadOnlyFilesystem,
        K::NotADirectory,
        K::IsADirectory,
        K::TimedOut,
        K::Other,
    ]
    .map(io::Error::from)
    .into()
}

/// The hints for each kind of error of a file.
fn hints(purpose: Purpose) -> Vec<String> {
    let read = kinds().into_iter().map(|kind| io(Action::Read, "/d/f", kind));
    let write = kinds().into_iter().map(|kind| io(Action::Write, "/d/f", kind));
    let faults = others().into_iter().chain(read).chain(write);
    faults.map(|fault| fault.hint(purpose)).collect()
}

/// The file may belong to another user, or may be the only copy of a session.
#[test]
fn no_hint_deletes_a_file() {
    for hint in PURPOSES.into_iter().flat_map(hints) {
        let words: Vec<&str> = hint.split_whitespace().collect();
        assert!(!words.contains(&"rm") && !words.contains(&"unlink"), "{hint}");
    }
}

/// For each kind of error of each file: a hint must not name another kind of file, or a flag that does not decide where this file is.
#[test]
fn a_hint_is_only_about_its_own_file() {
    for purpose in PURPOSES {
        let hints = hints(purpose);
        assert!(hints.iter().any(|hint| hint.contains(&purpose.alternative())));
        for hint in hints {
            let of_sessions = ["--token-cache-dir", "session", "none of ours", "clean"];
            let about = of_sessions.iter().any(|word| hint.contains(word));
            assert!(!about || purpose == Purpose::Sessions, "{purpose:?}: {hint}");
            for (other, words) in [
                (PURPOSES[1], "--secret-to-file"),
                (PURPOSES[2], "--password-file"),
                (PURPOSES[3], "--kubeconfig"),
            ] {
                assert!(!hint.contains(words) || purpose == other, "{purpose:?}: {hint}");
            }
        }
    }
}

#[test]
fn a_hint_of_a_kubeconfig_names_no_other_file() {
    for kind in kinds() {
        let error = UserFileError::io("write", Path::new("/d/f"))(kind);
        let hint = error.hint();
        assert!(
            !hint.contains("session") && !hint.contains("token-cache"),
            "{hint}"
        );
    }
}

#[test]
fn the_hint_follows_the_purpose() {
    let open = |path: &str| Error::OpenToOthers {
        kind: Kind::File,
        path: path.into(),
        mode: 0o644,
    };
    let denied = |action| io(action, "/d/f", io::ErrorKind::PermissionDenied.into());
    for (purpose, fault, words) in [
        (PURPOSES[0], open("/d/f"), "keep sessions on a Linux file system"),
        (
            PURPOSES[1],
            open("/d/f"),
            "chmod 600 /d/f; or leave --secret-to-file out",
        ),
        (
            PURPOSES[2],
            open("/d/f"),
            "close it to other users: chmod 600 /d/f",
        ),
        (PURPOSES[0], denied(Action::Read), "chmod u+rwX /d/f"),
        (
            PURPOSES[0],
            denied(Action::Write),
            "make its directory /d writable",
        ),
        (
            PURPOSES[1],
            denied(Action::MakeDirectory),
            "or leave --secret-to-file out",
        ),
        (PURPOSES[2], denied(Action::Read), "chmod u+r /d/f"),
        (
            PURPOSES[3],
            denied(Action::Write),
            "its directory /d readable and writable",
        ),
        (
            PURPOSES[0],
            Error::WrongType {
                path: "/dev/null".into(),
                expected: Kind::Directory,
            },
            "choose another place with --token-cache-dir",
        ),
    ] {
        let hint = fault.hint(purpose);
        assert!(
            hint.contains(words) && !hint.contains("mv /dev"),
            "{purpose:?}: {hint}"
        );
    }
}

#[test]
fn the_hint_for_a_missing_file_does_not_name_the_cache_directory() {
    for (kind, path, words) in [
        (
            io::ErrorKind::NotFound,
            "/s",
            "correct the path that --password-file has",
        ),
        (io::ErrorKind::NotFound, "s", "in which kubectl was called"),
        (io::ErrorKind::PermissionDenied, "/a b", "chmod u+r '/a b'"),
        (
            io::ErrorKind::IsADirectory,
            "/s",
            "another file with --password-file",
        ),
    ] {
        let hint = io(Action::Read, path, kind.into()).hint(Purpose::Flag("password-file"));
        assert!(hint.contains(words) && !hint.contains("cache"), "{hint}");
    }
}

#[test]
fn the_hint_for_a_typed_path_speaks_of_the_current_directory_and_of_what_the_flag_names() {
    use Action::{Read, Write};
    for (action, kind, path, flag, words) in [
        (
            Read,
            io::ErrorKind::NotFound,
            "s",
            "filename",
            "begins in the current directory",
        ),
        (
            Read,
            io::ErrorKind::NotFound,
            "/s",
            "filename",
            "the path that --filename has",
        ),
        (
            Write,
            io::ErrorKind::AlreadyExists,
            "s",
            "dir",
            "another directory with --dir",
        ),
        (
            Write,
            io::ErrorKind::AlreadyExists,
            "s",
            "file",
            "another file with --file",
        ),
        (
            Write,
            io::ErrorKind::NotFound,
            "s/t",
            "dir",
            "the path that --dir has",
        ),
        (
            Read,
            io::ErrorKind::PermissionDenied,
            "/a b",
            "filename",
            "chmod u+r '/a b'",
        ),
        (
            Write,
            io::ErrorKind::PermissionDenied,
            "/a/b",
            "dir",
            "directory /a writable for you, or name another directory",
        ),
    ] {
        let hint = io(action, path, kind.into()).hint(Purpose::Typed(flag));
        assert!(hint.contains(words) && !hint.contains("kubectl"), "{hint}");
    }
}

#[cfg(unix)]
#[test]
fn the_hint_follows_the_system_error() {
    use nix::errno::Errno;
    for (code, words) in [
        (Errno::EACCES, "chmod u+rwX /s"),
        (Errno::EMFILE, "ulimit -n"),
        (Errno::ENFILE, "ulimit -n"),
        (Errno::EFBIG, "ulimit -f"),
        (Errno::ENOMEM, "free some memory"),
        (Errno::EIO, "has a fault"),
        (Errno::ELOOP, "a link on the way"),
        (Errno::ESTALE, "mount"),
        (Errno::EDQUOT, "quota"),
        (Errno::ENOSPC, "free some space"),
        (Errno::EROFS, "make it writable"),
    ] {
        let error = io(Action::Read, "/s", io::Error::from_raw_os_error(code as i32));
        for purpose in [Purpose::Sessions, Purpose::MovedSecret] {
            let hint = error.hint(purpose);
            assert!(hint.contains(words), "{code}: {hint}");
        }
    }
}
