//! A thousand kills at random moments of refreshes: in both kinds of storage, and of two refreshes at once of an app that requires DPoP.

use std::{path::Path, thread, time::Duration};

use crate::{
    keeper::Someone,
    person::{KUBESESAME, Person},
    process::Process,
    secret_service::Bus,
};

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

/// A refresh that has begun.
fn refresh_of(person: &Person) -> Process {
    person.start(Path::new(KUBESESAME), &["--force-refresh"])
}

/// Rotation with Okta's leeway of 30 s. Which of the two is killed when differs from round to round.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_thousand_kills_of_two_refreshes_at_once_cost_an_app_with_dpop_no_login() {
    let bus = Bus::unlocked();
    let someone = Someone::of_strict_app(&bus, "disk");
    someone.token();
    let (mut killed, mut round) = (0, 0);
    while killed < ROUNDS {
        assert!(
            round < 4 * ROUNDS,
            "only {killed} of {} refreshes were killed in time",
            2 * round
        );
        let mut both = [refresh_of(&someone.person), refresh_of(&someone.person)];
        for (index, refresh) in (0..).zip(&mut both) {
            thread::sleep(moment(2 * round + index));
            killed += u64::from(refresh.ended().is_none());
            refresh.kill();
        }
        round += 1;
    }
    someone.token();
    assert_eq!((someone.logins(), someone.okta.reuse_detected()), (1, 0));
}
