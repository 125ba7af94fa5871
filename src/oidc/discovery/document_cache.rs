//! Where documents are stored between calls.

/// A cache for documents, which have a name. Losing a document costs a request.
pub(crate) trait DocumentCache: Send + Sync {
    fn load(&self, name: &str) -> Option<Vec<u8>>;
    fn save(&self, name: &str, document: &[u8]);
    fn remove(&self, name: &str);
}

/// A cache that stores nothing.
#[derive(Debug)]
pub(crate) struct NoDocumentCache;

impl DocumentCache for NoDocumentCache {
    fn load(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn save(&self, _: &str, _: &[u8]) {}
    fn remove(&self, _: &str) {}
}
