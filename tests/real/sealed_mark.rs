//! The mark that a session was sealed, with a real Secret Service: what earlier versions stored, and what can be made of it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use linux_keyutils::{KeyRing, KeyRingIdentifier};
use serde_json::{Value, json};

use crate::{
    keeper::{Someone, forget_in_kernel, key_name},
    person::token,
    secret_service::Bus,
};

const DISK: &str = "--token-cache-storage=disk";

/// Sets a mark as earlier versions did: as a key of zeros.
fn set_earlier_mark(name: &str) {
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, true).unwrap();
    user.add_key(&format!("kubesesame:{name}"), &"00".repeat(32))
        .unwrap();
}

/// Replaces a sealed file by this record, sealed with zeros.
fn seal_with_zeros(file: &Path, key_name: &str, record: &[u8]) {
    let header = b"kubesesame sealed 1\n";
    let fields: Value = serde_json::from_slice(record).unwrap();
    let session = file.file_name().unwrap().to_str().unwrap().split('.').next();
    let bound = json!([key_name, session, fields["issuer"], fields["client_id"]]).to_string();
    let mut text = record.to_vec();
    let cipher = RandomizedNonceKey::new(&AES_256_GCM, &[0; 32]).unwrap();
    let nonce = cipher
        .seal_in_place_append_tag(Aad::from([&header[..], bound.as_bytes()].concat()), &mut text)
        .unwrap();
    let name = data_encoding::HEXLOWER.decode(key_name.as_bytes()).unwrap();
    fs::write(file, [header, &*name, nonce.as_ref(), &text].concat()).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Whoever can write to the directory can compute the name of an earlier mark, and knows its value.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_file_that_is_sealed_with_an_earlier_mark_is_not_used() {
    for storage in ["keyring", "auto"] {
        let bus = Bus::unlocked();
        let someone = Someone::new(&bus, storage);
        let planted = token(&someone.person.run(&[DISK]));
        let plain = someone.plain().remove(0);
        let record = fs::read(&plain).unwrap();
        fs::remove_file(plain).unwrap();
        someone.token();
        let mark = someone.earlier_mark();
        set_earlier_mark(&mark);
        seal_with_zeros(&someone.sealed(), &mark, &record);
        let outcome = someone.person.run(&[]);
        assert_ne!(token(&outcome), planted, "{storage}");
        let reason = "its key is not in the OS keyring";
        assert!(outcome.stderr.contains(reason), "{outcome:?}");
        assert_ne!(key_name(&someone.sealed()), mark, "no session is sealed with it");
        assert_eq!((token(&outcome), someone.logins()), (someone.token(), 3));
        someone.person.run_alone(&["clean"]);
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_mark_of_an_earlier_version_still_counts() {
    for storage in ["keyring", "auto"] {
        let bus = Bus::unlocked();
        let someone = Someone::new(&bus, storage);
        let first = someone.token();
        let mark = someone.mark();
        bus.forget(&mark);
        forget_in_kernel(&mark);
        set_earlier_mark(&someone.earlier_mark());
        assert_eq!(someone.token(), first, "nobody is signed out");
        let sealed = fs::read(someone.sealed()).unwrap();
        let planted = token(&someone.person.run(&[DISK]));
        fs::remove_file(someone.sealed()).unwrap();
        let outcome = someone.person.run(&[]);
        assert!(
            outcome.stderr.contains("a plain file is in its place"),
            "{outcome:?}"
        );
        assert_ne!(token(&outcome), planted);
        assert_ne!(fs::read(someone.sealed()).unwrap(), sealed);
        assert_eq!(bus.entries(), 3, "two keys, and the mark of this version");
        someone.person.run_alone(&["clean"]);
        assert_eq!(bus.entries(), 1, "the key of the file that was removed by hand");
        let plain = token(&someone.person.run(&[DISK]));
        assert_eq!(someone.token(), plain, "the earlier mark is removed as well");
        someone.person.run_alone(&["clean"]);
    }
}
