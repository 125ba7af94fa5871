//! What the property tests share: how they run, and texts with the characters that break parsers.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// Runs the same inputs each time, and writes no file into the source tree. To look for more, set `PROPTEST_RNG_SEED` and
/// `PROPTEST_CASES`; a failure prints the smallest input that it found.
pub(crate) fn config() -> Config {
    let config = Config::default();
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        chosen @ RngSeed::Fixed(_) => chosen,
    };
    Config {
        rng_seed,
        failure_persistence: None,
        ..config
    }
}

/// Any characters: controls, quotes, separators, several bytes long, from right to left.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..16).prop_map(String::from_iter)
}

/// Any bytes, most of which are no UTF-8.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..64)
}
