//! A thousand kills at random moments of refreshes, in both kinds of storage.

use std::{path::Path, thread, time::Duration};

use crate::{keeper::Someone, person::KUBESESAME, secret_service::Bus};

const ROUNDS: u64 = 1000;

/// Spread over a whole refresh, which takes some 20 ms in a build without optimisation.
fn moment(round: u64) -> Duration {
    Duration::from_micros(round * 7919 % 22_000)
}

fn survives_kills(storage: &str) {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, storage);
    someone.token();
    let mut killed = 0;
    for round in 0..ROUNDS {
        let mut refresh = someone.person.start(Path::new(KUBESESAME), &["--force-refresh"]);
        thread::sleep(moment(round));
        killed += usize::from(refresh.ended().is_none());
        // SIGKILL, if there is anything left to kill.
        refresh.kill();
    }
    assert!(
        killed > 250,
        "only {killed} of {ROUNDS} refreshes were killed in time"
    );
    someone.token();
    assert_eq!(
        (someone.logins(), someone.okta.reuse_detected()),
        (1, 0),
        "{storage}"
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_thousand_kills_cost_no_login_with_a_plain_session() {
    survives_kills("disk");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_thousand_kills_cost_no_login_with_a_sealed_session() {
    survives_kills("keyring");
}
