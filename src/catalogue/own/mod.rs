//! What our own errors mean, and what to do about them: one entry for each id of `Id`.
//!
//! `docs/troubleshooting.md` and `explain` are made of the entries. A hint is about one failure and names its files and values; an entry is
//! about all failures with its id.

mod cluster;
mod kubeconfig;
mod network;
mod provider;
mod sessions;
mod settings;
mod sign_in;
mod tokens;

/// The explanation of one kind of error.
pub(super) struct OwnEntry {
    /// A constant of [`super::Id`] has the same text.
    pub(super) id: &'static str,
    /// What is wrong, in a few words.
    pub(super) summary: &'static str,
    /// What usually leads to it, in sentences.
    pub(super) causes: &'static [&'static str],
    /// What to do, in sentences.
    pub(super) fixes: &'static [&'static str],
}

/// All entries, by topic.
pub(super) fn entries() -> impl Iterator<Item = &'static OwnEntry> {
    let topics = [
        settings::ENTRIES,
        network::ENTRIES,
        provider::ENTRIES,
        sign_in::ENTRIES,
        tokens::ENTRIES,
        sessions::ENTRIES,
        kubeconfig::ENTRIES,
        cluster::ENTRIES,
    ];
    topics.into_iter().flatten()
}
