//! The table of `docs/migrating.md`: each command and flag of kubelogin is in it, and each row has a test.

use std::collections::BTreeSet;

use crate::kubelogin_flags::{GROUPS, Group};
use crate::support::Sandbox;

/// The first cell of each row, and the test that shows it.
const ROWS: [(&str, &str); 48] = [
    (
        "`get-token`",
        "cached::the_first_call_signs_in_and_the_second_is_silent",
    ),
    (
        "`setup`",
        "setup::setup_shows_claims_user_and_the_line_for_kubectl_and_touches_no_session",
    ),
    ("`clean`", "drop_in::clean_removes_our_sessions_and_nothing_else"),
    ("`version`, `--version`", "drop_in::version_is_on_stdout"),
    (
        "`help`",
        "help::help_is_a_word_too_also_under_the_name_that_kubectl_looks_for",
    ),
    (
        "`completion`",
        "completion::a_shell_gets_commands_flags_and_the_names_in_the_kubeconfig",
    ),
    (
        "without a command (standalone mode)",
        "standalone::a_browser_signs_in_and_only_the_tokens_are_new_in_the_file",
    ),
    (
        "`--oidc-issuer-url`, `--oidc-client-id`",
        "usage::settings_that_are_missing_or_wrong_are_named_with_the_right_form",
    ),
    (
        "`--oidc-client-secret`",
        "login::a_secret_goes_by_the_method_that_discovery_lists_first",
    ),
    (
        "`--oidc-client-secret-file`",
        "login::a_secret_in_a_private_file_is_used_and_a_public_one_refused",
    ),
    ("`--oidc-extra-scope`", "kubelogin_cases::extra_scopes"),
    (
        "`--oidc-redirect-url`",
        "login::a_given_redirect_url_is_sent_and_answered_to_the_letter",
    ),
    (
        "`--oidc-pkce-method`",
        "login::pkce_is_sent_whatever_discovery_says_and_only_a_flag_turns_it_off",
    ),
    ("`--oidc-use-pkce`", "kubelogin_cases::pkce_enforce"),
    (
        "`--oidc-auth-request-extra-params`",
        "drop_in::extra_parameters_go_into_the_authorization_request_and_make_another_session",
    ),
    (
        "`--oidc-request-header`",
        "drop_in::request_headers_are_on_every_request_to_the_provider",
    ),
    (
        "`--oidc-use-access-token`",
        "grants::an_access_token_is_returned_verified_and_refreshed",
    ),
    (
        "`--grant-type`",
        "grants::an_unknown_grant_is_refused_with_the_known_ones",
    ),
    (
        "`--username`, `--password`",
        "accounts::each_user_name_of_the_password_grant_has_a_session_of_its_own",
    ),
    (
        "`--password-file`",
        "accounts::a_password_file_is_private_and_there_alone",
    ),
    ("`--account`", "accounts::each_account_has_a_session_of_its_own"),
    (
        "`--cluster-config`",
        "cluster_config::a_cluster_s_config_counts_unless_the_user_s_entry_names_an_issuer_or_ignores_it",
    ),
    (
        "`--listen-address`",
        "login::the_second_listen_address_is_taken_when_the_first_is_not_free",
    ),
    (
        "`--skip-open-browser`, `--authentication-timeout-sec`",
        "opener::with_skip_open_browser_the_url_is_printed_and_no_tab_opens",
    ),
    (
        "`--browser-command`",
        "opener::a_browser_that_stays_open_holds_nothing_up",
    ),
    (
        "`--open-url-after-authentication`",
        "kubelogin_cases::open_url_after_authentication",
    ),
    (
        "`--local-server-cert`, `--local-server-key`",
        "local_server::the_browser_comes_back_by_https",
    ),
    (
        "`--token-cache-dir`",
        "cached::the_cache_is_where_the_flag_says_and_a_tilde_is_the_home",
    ),
    (
        "`--token-cache-storage`",
        "drop_in::without_storage_each_call_signs_in_and_nothing_is_kept",
    ),
    (
        "`--notice-refusal=off`",
        "refused::noticing_refusals_can_be_switched_off_for_programs_that_ask_over_and_over",
    ),
    (
        "`--refresh-ahead=off`",
        "background_refresh::it_can_be_switched_off",
    ),
    (
        "`--force-refresh`",
        "refresh::force_refresh_refreshes_a_good_token",
    ),
    ("`--adopt=off`", "adopt::adopt_off_leaves_kubelogin_alone"),
    (
        "`--certificate-authority`, `--certificate-authority-data`",
        "tls::an_authority_in_a_file_or_as_data_is_trusted",
    ),
    (
        "`--insecure-skip-tls-verify`",
        "tls::skipping_the_check_works_warns_and_keeps_no_documents",
    ),
    (
        "`--tls-renegotiation-once`, `--tls-renegotiation-freely`",
        "drop_in::flags_without_a_meaning_here_are_accepted",
    ),
    ("`-v`, `--v`", "cached::verbose_tells_the_steps"),
    (
        "klog's others (`--logtostderr`, `--log_file`, …)",
        "drop_in::flags_without_a_meaning_here_are_accepted",
    ),
    (
        "`--listen-port`, `--oidc-redirect-url-hostname`",
        "drop_in::spellings_that_the_peer_dropped_work_with_a_note_of_the_new_way",
    ),
    (
        "`--oidc-redirect-url-authcode-keyboard`",
        "prompts::the_redirect_of_the_older_flag_is_sent_with_a_note_and_the_session_is_refreshed",
    ),
    (
        "`--kubeconfig`, `--context`, `--user`",
        "standalone_selection::the_user_beats_the_context",
    ),
    (
        "`KUBECONFIG`",
        "standalone_selection::the_first_file_of_kubeconfig_that_has_a_name_counts",
    ),
    (
        "`KUBECACHEDIR`",
        "drop_in::the_cache_is_below_kubectls_own_where_that_is_set",
    ),
    (
        "`KUBERNETES_EXEC_INFO`",
        "exec_info::each_version_is_answered_in_kind",
    ),
    (
        "`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`",
        "proxies::a_proxy_is_used_where_the_environment_says_so",
    ),
    (
        "`SSL_CERT_FILE`",
        "drop_in::the_authorities_of_the_environment_are_trusted",
    ),
    (
        "`SSL_CERT_DIR`",
        "drop_in::a_directory_of_authorities_in_the_environment_is_trusted",
    ),
    ("`KUBESESAME_…`", "sources::every_setting_can_be_a_variable"),
];

/// Flags that kubelogin has dropped, with the commands that had them.
const DROPPED: Group = Group {
    commands: &["get-token", "setup", ""],
    flags: &[
        ("listen-port", "8000"),
        ("oidc-redirect-url-hostname", "localhost"),
        ("oidc-redirect-url-authcode-keyboard", "urn:ietf:wg:oauth:2.0:oob"),
    ],
};

/// Rows of the tables; where a row is about something new, its first cell is empty and the name begins the second.
fn rows() -> BTreeSet<String> {
    let page = include_str!("../../docs/migrating.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let named = cells.filter_map(|cells| match cells[..] {
        ["", second] => second.split_once(" is new").map(|(name, _)| name.to_owned()),
        [first, _]
            if !first.starts_with("---")
                && first != "flag"
                && first != "of kubelogin"
                && first != "variable" =>
        {
            Some(first.to_owned())
        }
        _ => None,
    });
    named.collect()
}

#[test]
fn each_row_has_a_test_and_each_test_a_row() {
    let listed: BTreeSet<String> = ROWS.iter().map(|(row, _)| (*row).to_owned()).collect();
    assert_eq!(rows(), listed);
    for (row, test) in ROWS {
        assert!(super::tests_named().contains(test), "{row}: there is no {test}");
    }
}

#[test]
fn each_flag_of_the_peer_is_in_the_table_or_among_klogs_others() {
    let rows: String = rows().into_iter().collect::<Vec<_>>().concat();
    let [.., klogs] = &GROUPS;
    for group in GROUPS.iter().chain([&DROPPED]) {
        for (flag, _) in group.flags {
            let is_klogs = klogs.flags.iter().any(|(known, _)| known == flag);
            let is_named = rows.contains(&format!("`--{flag}`"));
            assert!(is_named || is_klogs, "--{flag} is in no row");
        }
    }
}

/// In each of pflag's spellings: the command line is taken, so that what fails is what fails without the flag.
#[test]
fn each_flag_of_the_peer_is_accepted() {
    let sandbox = Sandbox::new();
    for group in GROUPS.iter().chain([&DROPPED]) {
        for (flag, value) in group.flags {
            for command in group.commands {
                let mut spellings = vec![vec![format!("--{flag}={value}")]];
                if *value == "true" {
                    spellings.push(vec![format!("--{flag}")]);
                    spellings.push(vec![format!("--{flag}=false")]);
                } else {
                    spellings.push(vec![format!("--{flag}"), (*value).to_owned()]);
                }
                for spelling in spellings {
                    let words = [command].into_iter().copied().filter(|word| !word.is_empty());
                    let words: Vec<&str> = words.chain(spelling.iter().map(String::as_str)).collect();
                    let outcome = sandbox.bare(&words).run();
                    for refusal in ["Usage:", "invalid value"] {
                        assert!(!outcome.stderr.contains(refusal), "{words:?}: {outcome}");
                    }
                }
            }
        }
    }
}
