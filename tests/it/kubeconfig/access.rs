//! Who can read a kubeconfig stays as it is, where POSIX access lists say it too.

use std::fs;
use std::path::Path;

use super::layouts::LEGACY;
use super::{backup, config, convert, restore};
use crate::files::chmod;
use crate::standalone::{kubeconfig, sign_in};
use crate::support::{Sandbox, mode, skip};

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";
const NO_ID: u32 = u32::MAX;
const NO_LISTS: &str = "needs a file system with POSIX access lists";

/// A list that lets one named user in, besides its owner: entries of tag, permissions and id (`linux/posix_acl_xattr.h`).
fn list_for_one_user(owner: u16, named: u16) -> Vec<u8> {
    let entries = [
        (0x01, owner, NO_ID),
        (0x02, named, 4800),
        (0x04, 0, NO_ID),
        (0x10, named, NO_ID),
        (0x20, 0, NO_ID),
    ];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(u16::to_le_bytes(permissions));
        bytes.extend(u32::to_le_bytes(id));
    }
    bytes
}

fn access_list(path: &Path) -> Option<Vec<u8>> {
    xattr::get(path, ACCESS).unwrap()
}

#[test]
fn the_access_list_of_a_kubeconfig_stays_whatever_rewrites_it() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, kubeconfig(&sandbox, &[]));
    chmod(&path, 0o600);
    let list = list_for_one_user(6, 4);
    if xattr::set(&path, ACCESS, &list).is_err() {
        return skip(NO_LISTS);
    }
    let has_attribute = xattr::set(&path, "user.comment", b"mine").is_ok();
    let check = |step: &str| {
        assert_eq!(mode(&path), 0o640, "{step}: the group's bits are the mask");
        assert_eq!(access_list(&path).as_ref(), Some(&list), "{step}");
        if has_attribute {
            assert_eq!(
                xattr::get(&path, "user.comment").unwrap().unwrap(),
                b"mine",
                "{step}"
            );
        }
    };
    sign_in(&path, &sandbox.standalone());
    check("standalone");
    let outcome = convert(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    check("convert");
    let outcome = restore(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    check("restore");
}

#[test]
fn the_access_list_of_a_directory_lets_nobody_read_what_is_written_there() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, LEGACY);
    chmod(&path, 0o640);
    let dir = path.parent().unwrap();
    if xattr::set(dir, DEFAULT, &list_for_one_user(7, 7)).is_err() {
        return skip(NO_LISTS);
    }
    let outcome = convert(&sandbox, &["--secret-to-file"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!((mode(&path), access_list(&path)), (0o640, None));
    let backup = backup(&path);
    assert_eq!((mode(&backup), access_list(&backup)), (0o600, None));
    let secrets: Vec<_> = fs::read_dir(dir.join("kubesesame")).unwrap().collect();
    assert!(!secrets.is_empty());
    for secret in secrets {
        // The mask is that of the mode, whatever the list says.
        assert_eq!(mode(&secret.unwrap().path()), 0o600);
    }
    let outcome = restore(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!((mode(&path), access_list(&path)), (0o640, None));
}
