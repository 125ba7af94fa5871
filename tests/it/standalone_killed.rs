//! What `kill -9` leaves of a kubeconfig that is written in place: the whole of it is beside it until it is put back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::standalone::{sign_in, standalone, write};
use crate::standalone_writing::with_mounts_or_skip;
use crate::support::{Sandbox, works_or_skip};

const WHOLE: &str = ".kube/config.kubesesame-new";

/// A write of the tokens in place that is ended before the rest of a longer text is cut off. None, and the test is skipped, where a program
/// cannot be traced or have mounts of its own.
fn killed_or_skip(sandbox: &Sandbox) -> Option<(PathBuf, Vec<String>)> {
    let (file, call) = standalone(sandbox, &["extra-scopes: offline_access"]);
    let outside = write(sandbox, "outside", &fs::read_to_string(&file).unwrap());
    let mount = format!("mount --bind '{}' '{}'", outside.display(), file.display());
    let mounts = with_mounts_or_skip(&mount)?;
    let kill = "--inject=ftruncate:signal=KILL:when=1";
    let trace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "--trace=ftruncate",
        kill,
    ];
    let traced = [mounts.clone(), trace.map(str::to_owned).into()].concat();
    let traced = works_or_skip(traced, &["true"], "needs `strace`, and the right to trace")?;
    sign_in(&outside, &call.through(&mounts));
    let convert = sandbox.bare(&["kubeconfig", "convert"]);
    let before = fs::read(&outside).unwrap();
    let outcome = convert.through(&traced).run();
    assert_ne!(outcome.code, Some(0), "{outcome}");
    assert_ne!(fs::read(&outside).unwrap(), before);
    fs::remove_file(sandbox.path(".kube/config.lock")).unwrap();
    Some((outside, mounts))
}

#[test]
fn a_write_in_place_that_is_killed_leaves_the_whole_text_beside_the_file() {
    let sandbox = Sandbox::new();
    let Some((outside, mounts)) = killed_or_skip(&sandbox) else {
        return;
    };
    let whole = fs::read(sandbox.path(WHOLE)).unwrap();
    assert_ne!(fs::read(&outside).unwrap(), whole);
    for args in [&["clean"][..], &["kubeconfig", "convert"]] {
        drop(sandbox.bare(args).through(&mounts).run());
        assert_eq!(fs::read(sandbox.path(WHOLE)).unwrap(), whole, "{args:?}");
    }
    fs::copy(sandbox.path(WHOLE), &outside).unwrap();
    assert_eq!(sandbox.bare(&["clean"]).through(&mounts).run().code, Some(0));
    assert!(!sandbox.path(WHOLE).exists());
}

/// As the above, where nothing can be mounted or traced.
#[test]
fn the_whole_text_beside_a_broken_kubeconfig_is_named_and_stays_until_it_is_back() {
    let sandbox = Sandbox::new();
    let (file, _) = standalone(&sandbox, &[]);
    let text = fs::read_to_string(&file).unwrap();
    let whole = write(&sandbox, WHOLE, &text);
    // The rest of a longer text.
    fs::write(&file, format!("{text}  - [rest\n")).unwrap();
    let cure = format!("cp {} {}", whole.display(), file.display());
    let names = |path: &Path| fs::read_to_string(path).unwrap();
    for args in [
        &["kubeconfig", "convert"][..],
        &["kubeconfig", "restore"],
        &["--context=work"],
    ] {
        let outcome = sandbox.bare(args).run();
        outcome.fails(1, &[]);
        assert!(
            args[1..] == ["restore"] || outcome.stderr.contains(&cure),
            "{outcome}"
        );
        assert_eq!(names(&whole), text);
    }
    let outcome = sandbox.bare(&["clean"]).run();
    assert!(
        outcome.code == Some(0) && outcome.stderr.contains(&cure),
        "{outcome}"
    );
    assert_eq!(names(&whole), text);
    fs::copy(&whole, &file).unwrap();
    assert_eq!(sandbox.bare(&["clean"]).run().code, Some(0));
    assert!(!whole.exists());
}
