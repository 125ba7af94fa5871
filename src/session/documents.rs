//! The cache of the provider's documents, in the directory of the sessions.

use crate::files::PrivateDir;
use crate::oidc::DocumentCache;

/// A failure to store a document is not reported: it only costs a request.
impl DocumentCache for PrivateDir {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.read(name).ok().flatten()
    }

    fn save(&self, name: &str, document: &[u8]) {
        drop(self.replace(name, document));
    }

    fn remove(&self, name: &str) {
        drop(Self::remove(self, name));
    }
}
