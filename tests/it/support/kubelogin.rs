//! kubelogin's sessions, as `kubectl oidc-login` leaves them behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Call, Sandbox, now, with_claims};

pub(crate) const RECORD: &str = "0000000000000000000000000000000000000000000000000000000000000001";
pub(crate) const OTHER_RECORD: &str = "0000000000000000000000000000000000000000000000000000000000000002";

/// A person with a session of kubelogin and none of ours: the tokens are those of a real sign-in, taken out of our store.
pub(crate) struct Kubelogin {
    pub(crate) sandbox: Sandbox,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

impl Kubelogin {
    pub(crate) fn new() -> Self {
        Self::signed_in(Sandbox::new(), &[])
    }

    pub(crate) fn signed_in(sandbox: Sandbox, args: &[&str]) -> Self {
        let call = args.iter().fold(sandbox.get_token(), |call, arg| call.arg(arg));
        let token = call.run().token();
        let refresh_token = sandbox.session()["refresh_token"].as_str().unwrap().to_owned();
        fs::remove_dir_all(sandbox.cache_dir()).unwrap();
        sandbox.okta.clear_requests();
        Self {
            sandbox,
            token,
            refresh_token,
        }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.sandbox.path(".kube/cache/oidc-login")
    }

    /// Writes a record as kubelogin does.
    pub(crate) fn write(&self, name: &str, record: &Value) {
        fs::create_dir_all(self.dir()).unwrap();
        for (path, mode, text) in [
            (name.to_owned(), 0o600, record.to_string()),
            (format!("{name}.lock"), 0o600, String::new()),
        ] {
            let path = self.dir().join(path);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(self.dir(), Permissions::from_mode(0o700)).unwrap();
    }

    pub(crate) fn live(self) -> Self {
        let record = json!({ "id_token": self.token, "refresh_token": self.refresh_token });
        self.write(RECORD, &record);
        self
    }

    pub(crate) fn expired(self) -> Self {
        let token = with_claims(&self.token, |claims| claims["exp"] = (now() - 60).into());
        self.write(
            RECORD,
            &json!({ "id_token": token, "refresh_token": self.refresh_token }),
        );
        self
    }

    pub(crate) fn call(&self) -> Call {
        self.sandbox.get_token()
    }

    /// Tabs since kubelogin's own sign-in.
    pub(crate) fn tabs(&self) -> usize {
        self.sandbox.tabs() - 1
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.dir().join(name).exists()
    }

    pub(crate) fn moved(&self) -> bool {
        !self.has(RECORD) && self.has(&format!("{RECORD}.moved-to-kubesesame"))
    }
}
