//! `kubeconfig convert` and `restore` where others can make files, and where somebody interrupts.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use super::layouts::{BLOCK, SECRET_STAYS};
use super::{backup, config, convert, names, restore, write};
use crate::files::chmod;
use crate::support::{Sandbox, finish, wait_until};

const RUNS_ANOTHER: &str = "users:\n- name: n\n  user:\n    exec:\n      apiVersion: x\n      args:\n      - get-token\n      - --oidc-issuer-url=https://i\n      - --oidc-client-id=c\n      command: /tmp/evil/kubelogin\n";

fn is_root(path: &Path) -> bool {
    fs::metadata(path).unwrap().uid() == 0
}

/// A kubeconfig that was converted, and whose backup anybody may have planted.
fn converted(sandbox: &Sandbox) -> (std::path::PathBuf, String) {
    let path = config(sandbox, RUNS_ANOTHER);
    chmod(&path, 0o600);
    assert_eq!(convert(sandbox, &[]).code, Some(0));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("command: kubesesame"), "{text}");
    (path, text)
}

type Plant = fn(&Sandbox, &Path);

const PLANTED: [(Plant, &[&str]); 8] = [
    (
        |_, backup| chmod(backup, 0o620),
        &["other users may write to it (mode 0620)", "chmod go-w "],
    ),
    (
        |_, backup| chmod(backup, 0o602),
        &[
            "other users may write to it (mode 0602)",
            "; where that changes nothing: cp ",
        ],
    ),
    (
        |sandbox, backup| {
            fs::rename(backup, sandbox.path("elsewhere")).unwrap();
            symlink(sandbox.path("elsewhere"), backup).unwrap();
        },
        &["it is not a file but a link", "move it away: mv "],
    ),
    (
        |_, backup| {
            fs::remove_file(backup).unwrap();
            mkfifo(backup, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        },
        &["it is not a file but a pipe"],
    ),
    (
        |_, backup| {
            fs::remove_file(backup).unwrap();
            fs::create_dir(backup).unwrap();
        },
        &["it is not a file but a directory"],
    ),
    (
        |sandbox, backup| fs::hard_link(backup, sandbox.path("other")).unwrap(),
        &["it has 2 names"],
    ),
    (
        |_, backup| chmod(backup.parent().unwrap(), 0o777),
        &[
            "other users may replace what is in `",
            ".kube` (mode 0777)",
            "chmod o-w ",
        ],
    ),
    (
        |_, backup| {
            if is_root(backup) {
                chown(backup, Some(4242), None).unwrap();
            } else {
                chmod(backup, 0o606);
            }
        },
        &["the backup `", "is not used: "],
    ),
];

#[test]
fn a_backup_that_others_may_have_made_is_not_put_back() {
    for (plant, words) in PLANTED {
        let sandbox = Sandbox::new();
        let (path, text) = converted(&sandbox);
        plant(&sandbox, &backup(&path));
        restore(&sandbox, &[]).fails(1, words);
        restore(&sandbox, &["--force"]).fails(1, words);
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{words:?}");
        assert!(fs::symlink_metadata(backup(&path)).is_ok(), "{words:?}");
    }
}

/// What can be written there by others anyway needs no protection; a directory as `/tmp` is one where each has files.
#[test]
fn a_backup_that_is_as_open_as_the_file_is_put_back() {
    for (file_mode, backup_mode, dir_mode) in [
        (0o666, 0o666, 0o777),
        (0o660, 0o620, 0o700),
        (0o600, 0o644, 0o1777),
    ] {
        let sandbox = Sandbox::new();
        let (path, _) = converted(&sandbox);
        chmod(&path, file_mode);
        chmod(&backup(&path), backup_mode);
        chmod(path.parent().unwrap(), dir_mode);
        let outcome = restore(&sandbox, &[]);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!(fs::read_to_string(&path).unwrap(), RUNS_ANOTHER);
    }
}

#[test]
fn a_planted_backup_stops_a_conversion_too() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, RUNS_ANOTHER);
    chmod(&path, 0o600);
    symlink(sandbox.path("elsewhere"), backup(&path)).unwrap();
    convert(&sandbox, &[]).fails(1, &["it is not a file but a link"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), RUNS_ANOTHER);
}

/// A kubeconfig whose difference does not fit into a pipe that nobody reads.
fn long() -> String {
    let user = |number: usize| {
        format!(
            "- name: user-{number}\n  user:\n    exec: {{apiVersion: x, command: kubelogin, args: [get-token, --oidc-issuer-url=https://i, \
             --oidc-client-id=c, --oidc-client-secret=hunter{number}]}}\n"
        )
    };
    format!("kind: Config\nusers:\n{}", (0..500).map(user).collect::<String>())
}

/// Starts a conversion, and returns when it shows the difference to somebody who takes their time.
fn showing(sandbox: &Sandbox, args: &[&str]) -> Child {
    let call = sandbox.bare(&[&["kubeconfig", "convert"], args].concat());
    let mut child = call.by_clock_of(sandbox).spawn();
    let mut first = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"-");
    child
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

#[test]
fn a_reader_of_the_difference_holds_nobody_up_and_may_interrupt() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGKILL] {
        let sandbox = Sandbox::new();
        let path = config(&sandbox, long());
        let child = showing(&sandbox, &["--secret-to-file"]);
        assert_eq!(names(path.parent().unwrap()), ["config"]);
        send(&child, signal);
        assert_eq!(finish(child).code, None, "{signal}");
        assert_eq!(names(path.parent().unwrap()), ["config"], "{signal}");
        assert_eq!(fs::read_to_string(&path).unwrap(), long());
    }
}

#[test]
fn what_was_changed_while_the_difference_was_shown_is_not_overwritten() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, long());
    let child = showing(&sandbox, &["--secret-to-file"]);
    let changed = format!("{}current-context: other\n", long());
    fs::write(&path, &changed).unwrap();
    let outcome = finish(child);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        outcome.stderr.contains("was changed just now, by somebody else"),
        "{outcome}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), changed);
    assert_eq!(names(path.parent().unwrap()), ["config"]);
}

/// At a moment of the machine's choice, while something is there that must not stay.
#[test]
fn an_interrupt_leaves_no_lock_and_no_half_made_file() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]
        .iter()
        .cycle()
        .take(12)
    {
        let sandbox = Sandbox::new();
        let path = config(&sandbox, BLOCK);
        let dir = path.parent().unwrap();
        let child = sandbox
            .bare(&["kubeconfig", "convert", "--secret-to-file"])
            .spawn();
        // Files come and go while they are listed.
        wait_until("the conversion writes", || {
            let entries = fs::read_dir(dir).unwrap().flatten();
            let mut names = entries.map(|entry| entry.file_name());
            names.any(|name| name != "config")
        });
        send(&child, *signal);
        finish(child);
        let mut left = names(dir);
        left.retain(|name| !["config", "config.kubesesame-backup", "kubesesame"].contains(&name.as_str()));
        assert!(left.is_empty(), "{signal}: {left:?}");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text != BLOCK, backup(&path).exists(), "{signal}: {text}");
        if let Some(at) = text.find("--oidc-client-secret-file=") {
            let name = text[at..].lines().next().unwrap().split('=').nth(1).unwrap();
            let name = name.split(' ').next().unwrap();
            assert_eq!(fs::read_to_string(name).unwrap(), "hunter2");
        }
    }
}

#[test]
fn what_a_killed_conversion_left_is_removed_by_the_next_and_by_clean() {
    const OURS: &str = ".kubesesame-config-aB3dE6.tmp";
    const OF_OTHERS: [&str; 3] = [
        ".kubesesame-config-2-aB3dE6.tmp",
        ".kubesesame-config-.-xx.tmp",
        "x.kubesesame-config-aB3dE6.tmp",
    ];
    for args in [&["kubeconfig", "convert"][..], &["clean"]] {
        let sandbox = Sandbox::new();
        let path = config(&sandbox, "kind: Config\n");
        let dir = path.parent().unwrap();
        let leave = |name: &str| write(&sandbox, &format!(".kube/{name}"), "hunter2");
        for name in OF_OTHERS {
            leave(name);
        }
        leave(OURS);
        let run = || {
            let outcome = sandbox.bare(args).run();
            assert_eq!(outcome.code, Some(0), "{outcome}");
            names(dir)
        };
        // Somebody is at work.
        write(&sandbox, ".kube/config.lock", "");
        assert!(run().iter().any(|name| name == OURS));
        fs::remove_file(dir.join("config.lock")).unwrap();
        let left = run();
        assert!(!left.iter().any(|name| name == OURS), "{left:?}");
        assert_eq!(left.len(), 1 + OF_OTHERS.len(), "{left:?}");
    }
}

#[test]
fn a_lock_that_was_left_tells_how_old_it_is() {
    let sandbox = Sandbox::new();
    config(&sandbox, BLOCK);
    let lock = write(&sandbox, ".kube/config.lock", "");
    convert(&sandbox, &[]).fails(
        1,
        &["config.lock` exists, made ", "wait for the kubectl", SECRET_STAYS],
    );
    let old = SystemTime::now() - Duration::from_mins(121);
    fs::File::options()
        .write(true)
        .open(&lock)
        .unwrap()
        .set_modified(old)
        .unwrap();
    convert(&sandbox, &[]).fails(
        1,
        &[
            "made 2 hours ago",
            "has ended before its time",
            "the lock is stale: mv ",
            SECRET_STAYS,
        ],
    );
    assert!(lock.exists());
}
