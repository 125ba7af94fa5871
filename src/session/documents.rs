//! The provider's documents, kept in the private directory beside the sessions.

use crate::files::PrivateDir;
use crate::oidc::DocumentCache;

/// A failure to keep a document is not reported: it costs a request.
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
