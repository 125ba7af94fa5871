//! Without a command: whether the tokens can be written is known before anybody is asked for them, and none is lost.

use std::fs;
use std::process::Command;

use crate::standalone::{sign_in, standalone, write};
use crate::support::Sandbox;

/// A wrapper that runs a program with mounts of its own, if that can be had here.
fn with_mounts(mount: &str) -> Option<[String; 7]> {
    let run = format!("{mount} && exec \"$@\"");
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", &run, "sh"].map(str::to_owned);
    let tried = Command::new(&wrapper[0]).args(&wrapper[1..]).arg("true").output();
    tried.is_ok_and(|tried| tried.status.success()).then_some(wrapper)
}

/// As with `docker run -v ~/.kube/config:/root/.kube/config`: nothing can take its place by a rename.
#[test]
fn a_kubeconfig_that_is_a_mount_of_its_own_is_written_in_place() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &["extra-scopes: offline_access"]);
    let text = fs::read_to_string(&file).unwrap();
    let outside = write(&sandbox, "outside", &text);
    let mount = format!("mount --bind '{}' '{}'", outside.display(), file.display());
    let Some(wrapper) = with_mounts(&mount) else {
        return;
    };
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
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
