# The habits, one word each. `just --list` shows them.

# So that an argument with spaces stays one.
set positional-arguments

# Everything that needs only Rust and a C compiler
test *FILTER:
    cargo test --locked "$@"

# Format, lints, spelling, licences
lint:
    cargo fmt --all
    cargo clippy --locked --workspace --all-targets -- -D warnings
    typos
    cargo deny --locked check bans licenses sources

# Inputs that nobody wrote by hand, for each parser; `just fuzz --seconds 600` takes longer
fuzz *ARGS:
    tests/fuzz/run "$@"

# Speed and memory; `just bench --against 'kubelogin get-token …'` compares
bench *ARGS:
    cargo bench --locked --bench cached -- "$@"

# Tests on real parts: kubectl, kube-apiserver, browser, keyring, providers
real *FILTER:
    tests/real/provision
    cargo test --locked --test real "$@" -- --ignored --test-threads=1

# All that has to hold before a change lands
ci:
    .ci/run

# A sign-in, a cached call and a refresh against the mock Okta
demo:
    cargo run --locked --example demo

# The API of the crate, the picture of the README, the pages of errors, and the check of the pages
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
    cargo run --locked --example demo -- --picture docs/demo.svg
    INSTA_UPDATE=always cargo test --locked --lib catalogue
    INSTA_UPDATE=always cargo test --locked --test it conformance
    cargo test --locked --test docs
