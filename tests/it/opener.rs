//! How the browser is opened, and what there is for a person where none can be.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::prompts::INTERACTIVE;
use crate::support::{Sandbox, finish, url_from_stderr, visit, wait_until};

#[test]
fn a_browser_that_cannot_be_opened_is_told_with_the_url_and_the_login_goes_on() {
    let sandbox = Sandbox::new();
    for command in ["no-such-browser-anywhere", "sh -c 'exit 3'"] {
        let call = sandbox
            .get_token()
            .with("--browser-command", command)
            .arg("--force-refresh");
        let call = call.without("--oidc-extra-scope");
        let child = call.spawn();
        let (child, stderr, url) = url_from_stderr(child);
        assert!(stderr.contains("the browser could not be opened"), "{stderr}");
        assert_eq!(visit(&url).status, 200);
        finish(child).token();
    }
}

/// A call on a desktop whose programs are these scripts.
pub(crate) fn desktop(sandbox: &Sandbox, programs: &[(&str, &str)]) -> crate::support::Call {
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    for (name, script) in programs {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    // Only what is needed from the system, so that no browser of this machine is found.
    for tool in ["/bin/sh", "/usr/bin/seq"] {
        let link = bin.join(std::path::Path::new(tool).file_name().unwrap());
        if !link.exists() {
            std::os::unix::fs::symlink(tool, link).unwrap();
        }
    }
    let call = sandbox.get_token().without("--browser-command");
    call.env("DISPLAY", ":99").env("PATH", &bin.display().to_string())
}

const NOISE: &str = "echo NOISE; echo NOISE >&2; exit 3";

#[test]
fn a_desktop_s_opener_that_fails_with_noise_is_told_and_the_login_goes_on() {
    let sandbox = Sandbox::new();
    let call = desktop(&sandbox, &[("xdg-open", NOISE), ("gio", NOISE)]);
    let (child, stderr, url) = url_from_stderr(call.spawn());
    let told = "the browser could not be opened: `xdg-open` ended with exit status: 3";
    assert!(stderr.contains(told), "{stderr}");
    assert_eq!(visit(&url).status, 200);
    let outcome = finish(child);
    outcome.token();
    assert!(
        !stderr.contains("NOISE") && !outcome.stderr.contains("NOISE"),
        "{outcome}"
    );
}

#[test]
fn the_next_opener_is_tried_and_the_user_s_own_choice_first() {
    let sandbox = Sandbox::new();
    let opens = format!("printf '%s\\n' \"$1\" > '{}'", sandbox.path("browser").display());
    let call = desktop(
        &sandbox,
        &[("xdg-open", NOISE), ("gio", &opens.replace("$1", "$2"))],
    );
    call.run().token();
    let chosen = desktop(&sandbox, &[("mine", &opens), ("gio", NOISE)])
        .env("BROWSER", "no-such-browser:mine")
        .arg("--oidc-extra-scope=email");
    let outcome = chosen.run();
    outcome.token();
    assert!(!outcome.stderr.contains("could not be opened"), "{outcome}");
    assert_eq!(sandbox.tabs(), 2);
}

/// The system then forgets how a child has ended.
#[test]
fn a_caller_that_ignores_the_ends_of_its_children_has_one_browser_opened() {
    let sandbox = Sandbox::new();
    let again = format!("echo again > '{}'", sandbox.path("again").display());
    let call = desktop(
        &sandbox,
        &[("mine", "exit 0"), ("xdg-open", &again), ("gio", &again)],
    );
    let call = call.env("BROWSER", "no-such-browser:mine").at_terminal();
    let call = call.with_children_ignored();
    let (child, told, url) = url_from_stderr(call.spawn());
    assert!(told.contains("if no browser opens, open this URL"), "{told}");
    visit(&url);
    finish(child).token();
    assert!(!sandbox.path("again").exists());
}

#[test]
fn a_desktop_without_an_opener_is_told_with_the_url() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("DISPLAY", ":99")
        .env("PATH", "/nowhere");
    let (child, stderr, url) = url_from_stderr(call.spawn());
    assert!(stderr.contains("the browser could not be opened"), "{stderr}");
    visit(&url);
    finish(child).token();
}

/// A line of a script that goes on for as long as nobody closes it.
fn stay_open(sandbox: &Sandbox) -> String {
    format!("echo $$ > {}; exec sleep 600", sandbox.path("pid").display())
}

/// Ends that script, which has to be there still.
fn close(sandbox: &Sandbox) {
    let read_pid = || fs::read_to_string(sandbox.path("pid")).ok()?.trim().parse().ok();
    wait_until("the script goes on", || read_pid().is_some());
    kill(Pid::from_raw(read_pid().unwrap()), Signal::SIGKILL).expect("it is still there");
}

/// Some openers are the browser, and end with its last window.
#[test]
fn a_desktop_whose_opener_stays_open_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.path("browser").display().to_string();
    fs::create_dir(sandbox.path("bin")).unwrap();
    let opener = sandbox.path("bin/xdg-open");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$1\" > '{fifo}'\n{}\n",
        stay_open(&sandbox)
    );
    fs::write(&opener, script).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o700)).unwrap();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("DISPLAY", ":99")
        .env(
            "PATH",
            &format!("{}:/usr/bin:/bin", sandbox.path("bin").display()),
        );
    call.run().token();
    close(&sandbox);
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn at_a_terminal_without_a_desktop_the_url_is_printed() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().without("--browser-command").at_terminal();
    let (child, told, url) = url_from_stderr(call.spawn());
    let why = "no browser is opened: none of DISPLAY, WAYLAND_DISPLAY and BROWSER is set\n";
    assert!(told.contains(why), "{told}");
    visit(&url);
    finish(child).token();
}

#[test]
fn with_skip_open_browser_the_url_is_printed_and_no_tab_opens() {
    let sandbox = Sandbox::new();
    let (child, told, url) = url_from_stderr(sandbox.get_token().arg("--skip-open-browser=true").spawn());
    let why = "no browser is opened, as --skip-open-browser says\n";
    assert!(told.contains(why), "{told}");
    visit(&url);
    finish(child).token();
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn without_a_browser_and_a_person_it_says_so_at_once() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.get_token().without("--browser-command").run();
    outcome.fails(
        3,
        &["a sign-in is needed, and there is neither a browser nor a terminal here"],
    );
    assert_eq!(sandbox.okta.requests().len(), 0);
}

/// `kubectl get pods 2>/dev/null` at a terminal: nobody would see the URL, and the wait for it would be a silent one.
#[test]
fn without_a_browser_and_with_a_discarded_standard_error_it_ends_at_once() {
    let discarded = ["sh", "-c", "exec \"$@\" 2>/dev/null", "sh"];
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().arg("--authentication-timeout-sec=1");
    for call in [
        call.clone().without("--browser-command"),
        call.clone().arg("--skip-open-browser"),
        call.clone()
            .without("--browser-command")
            .arg("--grant-type=device-code"),
        call.clone().arg("--grant-type=authcode-keyboard"),
    ] {
        let call = call.env("KUBERNETES_EXEC_INFO", INTERACTIVE).at_terminal();
        let outcome = call.through(&discarded).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(3), ""), "{outcome}");
    }
    assert_eq!(sandbox.okta.requests().len(), 0);
    // A browser needs no text.
    call.clone().through(&discarded).run().token();
    // A file may be read by somebody.
    let told = sandbox.path("told");
    let script = format!("exec \"$@\" 2>'{}'", told.display());
    let child = call
        .without("--browser-command")
        .with("--authentication-timeout-sec", "180")
        .arg("--force-refresh")
        .arg("--oidc-extra-scope=email")
        .at_terminal()
        .through(&["sh", "-c", &script, "sh"])
        .spawn();
    let url = || {
        let told = fs::read_to_string(&told).unwrap_or_default();
        let whole = told.lines().filter(|_| told.ends_with('\n'));
        whole.map(str::to_owned).find(|line| line.starts_with("http"))
    };
    wait_until("the URL is in the file", || url().is_some());
    visit(&url().unwrap());
    finish(child).token();
}

/// kubectl hands its terminal over or not, and says which; why not is known to it alone.
#[test]
fn without_a_browser_it_says_what_kubectl_has_to_do_with_it() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().without("--browser-command");
    let words = ["kubectl lets nobody be asked", "`interactiveMode: Never`"];
    let by_kubectl = call.run();
    by_kubectl.fails(3, &words);
    by_kubectl.fails(
        3,
        &[
            "hint: ",
            "`interactiveMode: IfAvailable`",
            "--grant-type=device-code",
        ],
    );
    let by_hand = call.without_env("KUBERNETES_EXEC_INFO").run();
    by_hand.fails(3, &["neither a browser nor a terminal here\n"]);
    assert!(!by_hand.stderr.contains("kubectl"), "{by_hand}");
}

/// kubelogin's command is one path, spaces and all.
#[test]
fn a_browser_command_may_be_a_path_with_spaces_and_begin_with_a_tilde() {
    let sandbox = Sandbox::new();
    let script = |name: &str, text: &str| {
        let path = sandbox.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path.display().to_string()
    };
    let fifo = sandbox.path("browser").display().to_string();
    let whole = script("My Browser", &format!("printf '%s\\n' \"$1\" > '{fifo}'"));
    script("with-words", &format!("printf '%s\\n' \"$2\" > '{fifo}'"));
    for (command, scope) in [
        (whole.as_str(), "email"),
        ("~/My Browser", "profile"),
        ("~/with-words --new", "address"),
    ] {
        let call = sandbox.get_token().with("--browser-command", command);
        call.arg(&format!("--oidc-extra-scope={scope}")).run().token();
    }
    assert_eq!(sandbox.tabs(), 3);
}

#[test]
fn a_browser_that_stays_open_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let inner = sandbox.get_token();
    // The command goes on for long after the URL was passed, with all streams that it got.
    let command = format!(
        "sh -c 'printf \"%s\\n\" \"$1\" > {}; {}' sh",
        sandbox.path("browser").display(),
        stay_open(&sandbox)
    );
    inner.with("--browser-command", &command).run().token();
    close(&sandbox);
}
