//! The real program against the mock Okta, each test in a home of its own.
//!
//! What a user sees is asserted as a whole: standard output, standard error, exit code, and what is on disk.
#![cfg(unix)]
#![cfg_attr(
    not(target_os = "linux"),
    expect(
        unused_imports,
        dead_code,
        reason = "some tests, and what they use, are for Linux alone"
    )
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts the program, looks at its files and plays the browser"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it has to be"
)]

mod support;

mod accounts;
mod admission;
mod adopt;
mod adopt_whose;
#[cfg(target_os = "linux")]
mod background_refresh;
#[cfg(target_os = "linux")]
mod background_refresh_ends;
mod cached;
mod callback;
mod callback_load;
#[cfg(target_os = "linux")]
mod callback_other_user;
mod client_assertions;
mod client_auth;
mod cluster_apply;
mod cluster_authorities;
mod cluster_check;
mod cluster_command;
mod cluster_config;
mod cluster_diff;
mod cluster_hints;
mod cluster_issuer;
mod cluster_secrets;
mod cluster_tune;
mod companion;
mod completion;
#[cfg(target_os = "linux")]
mod conformance;
mod declared;
mod device;
mod doctor;
mod documents;
mod dpop;
mod dpop_kills;
mod drop_in;
mod exec_info;
mod explain;
mod explain_list;
mod failed_login;
mod files;
mod grant_demands;
mod grants;
mod help;
mod id_token;
mod job_control;
mod kubeconfig;
mod kubelogin_cases;
mod kubelogin_flags;
mod lists;
mod local_server;
mod log_levels;
mod login;
mod logout;
mod logout_aside;
mod logout_browser;
mod logout_doubt;
mod logout_faults;
mod logout_kubelogin;
mod logout_marks;
mod logout_pending;
mod logout_places;
mod logout_races;
mod loopback;
mod network;
mod network_limits;
mod opener;
mod org_server;
mod par;
mod parallel;
#[cfg(target_os = "linux")]
mod passwords;
mod pasted;
#[cfg(target_os = "linux")]
mod pipes;
mod prompts;
mod provider_errors;
mod proxies;
mod rbac;
mod rbac_diff;
mod rbac_explain;
mod rbac_graph;
mod rbac_lint;
mod rbac_list;
mod rbac_live;
mod rbac_requests;
mod rbac_who_can;
mod refresh;
mod refresh_answers;
#[cfg(target_os = "linux")]
mod refused;
mod resources;
mod screens;
mod secret_commands;
mod secrets;
mod secrets_echoed;
mod secrets_everywhere;
mod session_end;
mod session_places;
mod setup;
mod setup_missing;
mod setup_result;
mod setup_write;
mod sign_in_command;
mod sources;
mod standalone;
mod standalone_dpop;
mod standalone_kept;
#[cfg(target_os = "linux")]
mod standalone_killed;
mod standalone_selection;
mod standalone_turns;
mod standalone_writing;
mod status;
mod status_screens;
mod status_server;
mod step_up;
#[cfg(target_os = "linux")]
mod storage;
#[cfg(target_os = "linux")]
mod storage_without_keyring;
#[cfg(target_os = "linux")]
mod storms;
mod strangers;
#[cfg(target_os = "linux")]
mod survival;
mod table;
mod tls;
mod tls_faults;
mod token_answers;
mod token_inspect;
mod token_limits;
mod unusable_cache;
mod usage;

/// The names of all tests here, as `module::test`, so that a table of them cannot name one that is gone.
fn tests_named() -> std::collections::BTreeSet<String> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let mut names = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        for (_, rest) in text
            .match_indices("#[test]\n")
            .map(|(at, found)| text.split_at(at + found.len()))
        {
            if let Some((name, _)) = rest
                .trim_start()
                .strip_prefix("fn ")
                .and_then(|rest| rest.split_once('('))
            {
                names.insert(format!("{module}::{name}"));
            }
        }
    }
    names
}
