//! What every module of the suite checks of each request: played here by a sign-in and a refresh, and checked in all other cases too.

use std::sync::LazyLock;

use super::case::{Case, Played, accepts, all_came_out, play};
use super::found::{RULES, of_refresh};
use crate::support::Sandbox;

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    RULES
        .iter()
        .map(|rule| {
            accepts(rule.name, rule.must, || {
                let sandbox = Sandbox::new();
                let call = sandbox.get_token();
                call.run().token();
                sandbox.expire();
                let outcome = call.run();
                let requests = sandbox.okta.requests();
                for request in &requests {
                    assert!(
                        (rule.is_kept)(&sandbox, &requests, request),
                        "{}: {request:?}",
                        rule.name
                    );
                }
                of_refresh(&sandbox, &outcome).and(format!("{} requests keep the rule", requests.len()))
            })
        })
        .collect()
}

#[test]
fn each_request_keeps_the_rules_of_all_modules() {
    all_came_out(&PLAYED);
}
