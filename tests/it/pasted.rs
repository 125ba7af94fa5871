//! What is pasted and is no answer: told, and the question stays.

use std::io::{BufRead, Write};

use crate::prompts::{INTERACTIVE, keyboard, typing, up_to, url_before_prompt};
use crate::support::{Sandbox, finish, unread};
use okta::Callback;

#[test]
fn a_sentence_is_refused_and_the_question_stays() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    let address = crate::support::redirect_of(&url_before_prompt(&mut child));
    writeln!(terminal, "garbage hello").unwrap();
    writeln!(terminal).unwrap();
    writeln!(terminal, "{address}").unwrap();
    let outcome = finish(child);
    outcome.token();
    for told in ["a code has no spaces in it", "paste the code, or the address"] {
        assert!(outcome.stderr.contains(told), "{told}: {outcome}");
    }
    assert!(!outcome.stderr.contains("it is empty"), "{outcome}");
}

#[test]
fn a_code_of_something_else_is_told_and_the_right_one_still_counts() {
    for pastes in [true, false] {
        let sandbox = Sandbox::unattended();
        let call = sandbox
            .get_token()
            .without("--browser-command")
            .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
        let (mut child, mut terminal) = typing(&call);
        let mut stderr = unread(&mut child);
        let mut url = String::new();
        while !url.starts_with("http") {
            url.clear();
            assert_ne!(stderr.read_line(&mut url).unwrap(), 0);
        }
        child.stderr = Some(stderr.into_inner());
        writeln!(terminal, "garbage").unwrap();
        let (child, told) = up_to(child, "paste the whole address that the browser ended on");
        assert!(
            told.contains("the provider refused this code: invalid_grant"),
            "{told}"
        );
        if pastes {
            writeln!(terminal, "{}", crate::support::redirect_of(url.trim())).unwrap();
        } else {
            crate::support::visit(url.trim());
        }
        finish(child).token();
    }
}

/// Its state shows that nobody else opened the redirect URI.
#[test]
fn a_damaged_code_in_a_pasted_address_is_told_as_one() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    let address = crate::support::redirect_of(&url_before_prompt(&mut child));
    writeln!(terminal, "{}", address.replace("code=", "code=x")).unwrap();
    let outcome = finish(child);
    outcome.fails(
        1,
        &[
            "invalid_grant",
            "hint: the code in the pasted address",
            "run the command again",
        ],
    );
    assert!(!outcome.stderr.contains("before the browser does"), "{outcome}");
}

#[test]
fn codes_by_hand_are_tried_five_times_at_most() {
    let sandbox = Sandbox::unattended();
    let outcome = keyboard(&sandbox)
        .through(&["sh", "-c", "yes garbage | \"$@\"", "sh"])
        .run();
    outcome.fails(
        1,
        &["invalid_grant", "what was pasted is not the code of this sign-in"],
    );
    assert!(!outcome.stderr.contains("before the browser does"), "{outcome}");
    assert_eq!(sandbox.grants("authorization_code"), 5);
}

/// The kernel keeps 4095 bytes of a line that is typed, and drops the rest without a word.
#[cfg(target_os = "linux")]
#[test]
fn a_line_that_the_terminal_has_cut_is_not_taken_for_the_code() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    let address = crate::support::redirect_of(&url_before_prompt(&mut child));
    writeln!(terminal, "{}", "c".repeat(5000)).unwrap();
    let (child, told) = up_to(child, "was cut after 4095 bytes; paste the code alone");
    assert!(!told.contains("invalid_grant"), "{told}");
    writeln!(terminal, "{address}").unwrap();
    finish(child).token();
    assert_eq!(sandbox.grants("authorization_code"), 1);
}

/// RFC 9207 2.4: the address is an authorization response like any other. A code alone shows no issuer, and is taken.
#[test]
fn a_pasted_address_names_its_issuer_where_the_provider_promises_it() {
    for (callback, words) in [
        (Callback::CorrectIss, None),
        (Callback::WrongIss, Some("came from issuer")),
        (Callback::Normal, Some("does not name its issuer")),
    ] {
        let sandbox = Sandbox::unattended();
        sandbox.okta.behave(|behaviour| {
            behaviour.advertise_iss = true;
            behaviour.callback = callback;
        });
        let (mut child, mut terminal) = typing(&keyboard(&sandbox));
        let address = crate::support::redirect_of(&url_before_prompt(&mut child));
        writeln!(terminal, "{address}").unwrap();
        let outcome = finish(child);
        match words {
            None => drop(outcome.token()),
            Some(words) => {
                outcome.fails(1, &[words]);
                assert_eq!(sandbox.grants("authorization_code"), 0);
            }
        }
    }
}
