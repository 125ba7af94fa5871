//! Measures cached calls and a refresh with cached documents, as whole processes. The floor is a minimal C program that does the same work.
//!
//! `cargo bench --bench cached` prints a table. It needs a C compiler for the floor. Rows that need another program (GNU time, valgrind,
//! strace, gnome-keyring) say so if the program is missing. The compared programs run alternately, so that the load of the machine affects
//! all of them. The table has medians, and the median of the ratios of the pairs. The bench does not fail: the budgets are in
//! docs/performance.md.
//!
//! `cargo bench --bench cached -- --against 'COMMAND'` (may be repeated) compares another plugin: a command line that prints a credential
//! from its cache. It is split into words like in a shell, and run with the environment of the bench.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench starts programs and looks at their files"
)]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![expect(clippy::unwrap_used, reason = "a bench stops if its requirements are not met")]

mod measure;
mod plugin;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::{Pairs, all_at_once, instructions, mebibytes, millis, peak_memory, system_calls, time};
use okta::{Endpoint, MockOkta};
use plugin::Plugin;

const ROUNDS: usize = 500;
/// The number of processes that are started at the same time.
const CROWD: usize = 200;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut others = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // The plugin starts this executable as its browser.
            "visit" => return drop(okta::visit::visit(&arguments.next_back().unwrap(), &[]).unwrap()),
            "--against" => others.push(arguments.next().expect("--against COMMAND")),
            // Arguments that cargo adds.
            _ => {}
        }
    }
    let home = tempfile::tempdir().unwrap();
    let okta = MockOkta::start();
    okta.behave(|behaviour| behaviour.any_loopback_port = true);
    let plugin = Plugin::build(&okta, home.path());
    let floor = build_floor(home.path());

    println!("| what | measured |");
    println!("|---|---|");
    let floor_of = cached(&plugin, &floor);
    for other in &others {
        against(other, &plugin, &floor_of);
    }
    refresh(&plugin, &okta);
    sealed(&plugin, &floor);
    static_build(&plugin, &floor_of);
    if let Some((found, all)) = plugin.names_in_order() {
        row(
            "names of the linker's order that are found",
            &format!("{found} of {all}"),
        );
    }
    let size = fs::metadata(&plugin.program).unwrap().len();
    row("binary", &mebibytes(size));
}

fn row(what: &str, measured: &str) {
    println!("| {what} | {measured} |");
}

/// Returns the command line of the floor for a session file.
fn floor_command(floor: &Path, session: &Path) -> impl Fn() -> Command + use<> {
    let (floor, session) = (floor.to_owned(), session.to_owned());
    move || {
        let mut command = Command::new(&floor);
        command.arg(&session);
        command
    }
}

fn cached(plugin: &Plugin, floor: &Path) -> impl Fn() -> Command + use<> {
    plugin.sign_in(&[]);
    let floor = floor_command(floor, &plugin.session_file(".session.json"));
    let ours = || plugin.command(&[]);
    let pairs = Pairs::measure(ROUNDS, ours, &floor);
    row(
        "floor (static C, reads and writes the session file)",
        &millis(pairs.second()),
    );
    row("cached `get-token`", &millis(pairs.first()));
    row("its ratio to the floor", &format!("{:.2}", pairs.ratio()));
    row("its peak memory", &peak_memory(&ours()));
    row("its instructions (callgrind)", &instructions(&ours()));
    row("the floor's instructions", &instructions(&floor()));
    row("its system calls (strace)", &system_calls(&ours()));
    assert!(plugin.typed().output().unwrap().status.success());
    let typed = || plugin.typed();
    let pairs = Pairs::of_crowds(|| all_at_once(CROWD, typed), || all_at_once(CROWD, &floor));
    row(&format!("{CROWD} cached calls at once"), &millis(pairs.first()));
    row(
        &format!("their ratio to {CROWD} floors at once"),
        &format!("{:.2}", pairs.ratio()),
    );
    floor
}

fn against(other: &str, plugin: &Plugin, floor: &impl Fn() -> Command) {
    let words = shlex::split(other).expect("--against: quotes are closed");
    let theirs = || {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    };
    let name = Path::new(&words[0])
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let beside_floor = Pairs::measure(ROUNDS, theirs, floor);
    row(&format!("`{name}`"), &millis(beside_floor.first()));
    row("its ratio to the floor", &format!("{:.2}", beside_floor.ratio()));
    row("its peak memory", &peak_memory(&theirs()));
    let beside_us = Pairs::measure(ROUNDS, theirs, || plugin.command(&[]));
    row("its ratio to ours", &format!("{:.2}", beside_us.ratio()));
}

/// Measures cached calls with a sealed session. The key is created in a keyring that is stopped afterwards. Cached calls find it in the
/// kernel.
fn sealed(plugin: &Plugin, floor: &Path) {
    let what = "cached `get-token`, sealed, key in the kernel's keyring";
    if !plugin.sign_in_with_keyring() {
        return row(what, "gnome-keyring or the kernel's keyring is not here");
    }
    let floor = floor_command(floor, &plugin.session_file(".session.sealed"));
    let ours = || plugin.command(&["--token-cache-storage=keyring"]);
    let pairs = Pairs::measure(ROUNDS, ours, floor);
    row(what, &millis(pairs.first()));
    row("its ratio to the floor", &format!("{:.2}", pairs.ratio()));
    row("its peak memory", &peak_memory(&ours()));
}

/// Measures a static build, like that of a release: no library is loaded or relocated at the start.
fn static_build(plugin: &Plugin, floor: &impl Fn() -> Command) {
    let what = "cached `get-token`, static build";
    let Some(plugin) = plugin.build_static() else {
        return row(what, "no static C library is here");
    };
    plugin.sign_in(&[]);
    let ours = || plugin.command(&[]);
    let pairs = Pairs::measure(ROUNDS, ours, floor);
    row(what, &millis(pairs.first()));
    row("its ratio to the floor", &format!("{:.2}", pairs.ratio()));
    row("its peak memory", &peak_memory(&ours()));
    if let Some((found, all)) = plugin.names_in_order() {
        row(
            "names of the linker's order that are found",
            &format!("{found} of {all}"),
        );
    }
    let size = fs::metadata(&plugin.program).unwrap().len();
    row("its size", &mebibytes(size));
}

fn refresh(plugin: &Plugin, okta: &MockOkta) {
    okta.clear_requests();
    let took = time(&mut plugin.command(&["--force-refresh"]));
    let grants = (okta.count(Endpoint::Token), okta.count(Endpoint::Authorize));
    assert_eq!(grants, (1, 0), "it was a refresh");
    row("a warm refresh: requests", &okta.requests().len().to_string());
    row("a warm refresh: time, provider on loopback", &millis(took));
}

fn build_floor(dir: &Path) -> PathBuf {
    let floor = dir.join("floor");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/cached/floor.c");
    let status = Command::new("cc")
        .args(["-O2", "-static", "-o"])
        .arg(&floor)
        .arg(source)
        .status();
    assert!(status.expect("a C compiler").success(), "cc");
    floor
}
