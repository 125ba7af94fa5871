//! A container's first process: nothing is left behind there, since nobody would look after it.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    keeper::{CACHE, Someone},
    person::{KUBESESAME, token},
    process::Process,
    secret_service::Bus,
};

fn come_near_the_end(session: &Path) {
    let mut record: Value = serde_json::from_slice(&fs::read(session).unwrap()).unwrap();
    let now = record["issued_at"].as_i64().unwrap();
    record["issued_at"] = (now - 3420).into();
    record["expires_at"] = (now + 180).into();
    fs::write(session, record.to_string()).unwrap();
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_first_process_of_a_container_leaves_nothing_behind() {
    let someone = Someone::new(&Bus::without_service(), "disk");
    let first = someone.token();
    let sessions = someone.person.files(CACHE, ".session.json");
    come_near_the_end(&sessions[0]);
    let mut container = Command::new("unshare");
    container
        .args(["--user", "--map-root-user", "--pid", "--fork", "--"])
        .arg(KUBESESAME);
    let outcome = Process::start(
        "unshare",
        someone.person.home(),
        someone.person.usual(&mut container),
    )
    .outcome();
    assert_eq!(token(&outcome), first);
    assert_eq!(
        someone.person.files(CACHE, ".background-refresh.json").len(),
        0,
        "a refresh was begun"
    );
    // Elsewhere it is begun.
    assert_eq!(someone.token(), first);
    crate::process::wait_for("the refreshed token", || {
        let record: Value = serde_json::from_slice(&fs::read(&sessions[0]).ok()?).ok()?;
        (record["token"] != first.as_str()).then_some(())
    });
}
