//! Someone whose sessions are kept in a certain way, at a mock Okta that rotates refresh tokens.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use linux_keyutils::{KeyRing, KeyRingIdentifier};
use serde_json::json;

use crate::{
    parts,
    person::{Person, token},
    secret_service::Bus,
};
use okta::{ClientAuth, Dpop, MockOkta, Rotation};

pub(crate) const CACHE: &str = ".kube/cache/kubesesame";

pub(crate) struct Someone {
    pub(crate) okta: MockOkta,
    pub(crate) person: Person,
}

impl Someone {
    pub(crate) fn new(bus: &Bus, storage: &str) -> Self {
        let okta = rotating_okta();
        let client = vec![format!("--oidc-client-id={}", okta.client_id())];
        Self::with_client(okta, client, bus, storage)
    }

    /// The same with an app that requires DPoP and proves itself by `client_secret_jwt`.
    pub(crate) fn of_strict_app(bus: &Bus, storage: &str) -> Self {
        let okta = rotating_okta();
        okta.behave(|behaviour| {
            behaviour.dpop.mode = Dpop::Required;
            behaviour.web_client_auth = ClientAuth::SecretJwt;
            "mock-web-secret-0123456789-0123456789".clone_into(&mut behaviour.web_client_secret);
        });
        let client = vec![
            format!("--oidc-client-id={}", okta.web_client_id()),
            format!("--oidc-client-secret={}", okta.web_client_secret()),
            "--oidc-client-auth-method=client_secret_jwt".to_owned(),
        ];
        Self::with_client(okta, client, bus, storage)
    }

    pub(crate) fn with_client(okta: MockOkta, client: Vec<String>, bus: &Bus, storage: &str) -> Self {
        let browser = format!(
            "{} {}",
            parts::part("node").display(),
            parts::part("provider/person.mjs").display()
        );
        let rest = [
            format!("--oidc-issuer-url={}", okta.issuer()),
            "--oidc-extra-scope=offline_access".to_owned(),
            "--listen-address=127.0.0.1:0".to_owned(),
            format!("--browser-command={browser}"),
            format!("--token-cache-storage={storage}"),
        ];
        let mut person = Person::new(&[vec!["get-token".to_owned()], client, rest.into()].concat());
        person.set("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        Self { okta, person }
    }

    pub(crate) fn token(&self) -> String {
        token(&self.person.run(&[]))
    }

    pub(crate) fn sealed(&self) -> PathBuf {
        let mut files = self.person.files(CACHE, ".session.sealed");
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    pub(crate) fn plain(&self) -> Vec<PathBuf> {
        self.person.files(CACHE, ".session.json")
    }

    pub(crate) fn logins(&self) -> usize {
        let requests = self.okta.requests().into_iter();
        // With DPoP, a code is first refused for the lack of a proof and of a nonce.
        requests
            .filter(|request| {
                request.grant_type.as_deref() == Some("authorization_code") && request.status == 200
            })
            .count()
    }

    /// The name of the mark that the session was sealed.
    pub(crate) fn mark(&self) -> String {
        format!("sealed-mark:{}", self.earlier_mark())
    }

    /// The name that earlier versions gave it.
    pub(crate) fn earlier_mark(&self) -> String {
        let (dir, file) = (self.person.home().join(CACHE), self.sealed());
        let key = file.file_name().unwrap().to_str().unwrap().split('.').next();
        let text = json!(["kubesesame sealed", dir.to_string_lossy(), key]).to_string();
        data_encoding::HEXLOWER.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
    }

    /// Takes the key out of the kernel's keyring, as a new login session would find it.
    pub(crate) fn forget_in_kernel(&self) {
        forget_in_kernel(&key_name(&self.sealed()));
    }
}

pub(crate) fn rotating_okta() -> MockOkta {
    let okta = MockOkta::start();
    okta.behave(|behaviour| {
        behaviour.any_loopback_port = true;
        behaviour.refresh = Rotation::Rotate;
    });
    okta
}

/// Takes an entry of this name out of the kernel's keyring.
pub(crate) fn forget_in_kernel(name: &str) {
    let name = format!("kubesesame:{name}");
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, false).unwrap();
    if let Ok(key) = user.search(&name) {
        user.unlink_key(key).unwrap();
    }
}

/// The name of a sealed file's key, which follows the header.
pub(crate) fn key_name(sealed: &Path) -> String {
    let file = fs::read(sealed).unwrap();
    let name = file.strip_prefix(b"kubesesame sealed 1\n").unwrap();
    data_encoding::HEXLOWER.encode(&name[..16])
}
