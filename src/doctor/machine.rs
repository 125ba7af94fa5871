//! Checks of this machine: where the browser comes back to, whether one can be opened, where sessions are stored.

use super::check::{Check, Fault, Outcome};
use super::facts::{Facts, Settings};
use super::provider::NO_SETTINGS;
use crate::oidc::ListenerState;
use crate::settings::{Browser, Grant, NoBrowser};

const NO_LISTENER: &str = "the grant has no listener";
const DEVICE_CODE: &str =
    "use --grant-type=device-code, or sign in at a terminal, where the address can be pasted";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "listener-port",
        about: "An address that the browser comes back to is free (`--listen-address`), or what holds it.",
        fix: "End the program that holds the port, or name another address and register its redirect URI.",
        run: listener_port,
    },
    Check {
        name: "redirect-uri",
        about: "Which redirect URIs have to be registered for the app at the provider. A provider tells nobody which ones are, so compare them.",
        fix: "Add them to the app, byte for byte (at Okta: Sign-in redirect URIs).",
        run: redirect_uri,
    },
    Check {
        name: "browser",
        about: "A sign-in can reach a person here: by a browser, by a terminal, or not at all. Over SSH and in containers there is mostly \
                no display.",
        fix: "Use `--grant-type=device-code`, or paste the address at a terminal. See [how-to.md](how-to.md#sign-in-over-ssh-or-in-a-container).",
        run: browser,
    },
    Check {
        name: "storage",
        about: "The directory of sessions is yours, closed to others, no link, and can be written.",
        fix: "The fix names the command. Nothing is repaired by itself, since somebody may have read or planted the files.",
        run: storage,
    },
    Check {
        name: "keyring",
        about: "The keyring of the operating system answers, where `--token-cache-storage` needs it.",
        fix: "Unlock it, or use `--token-cache-storage=disk`.",
        run: keyring,
    },
];

/// Applies a check to the settings.
pub(super) fn with_settings(facts: &Facts, check: impl FnOnce(&Settings) -> Outcome) -> Outcome {
    match &facts.settings {
        Some(Ok(settings)) => check(settings),
        Some(Err(_)) | None => Outcome::Skipped(NO_SETTINGS),
    }
}

fn listener_port(facts: &Facts) -> Outcome {
    with_settings(facts, |_| {
        let Some(probe) = &facts.machine.listener else {
            return Outcome::Skipped(NO_LISTENER);
        };
        match &probe.state {
            ListenerState::Free => Outcome::Passed("free".to_owned()),
            ListenerState::Alternative(why) => Outcome::Warning(Fault::new(
                format!("{why}, so a sign-in uses the next address"),
                "end what holds the port, if its redirect URI is the only one that is registered",
            )),
            ListenerState::Unavailable(why, fix) => Outcome::Failure(
                Fault::new("a browser cannot come back to any address", fix.clone()).because(why.clone()),
            ),
        }
    })
}

fn redirect_uri(facts: &Facts) -> Outcome {
    with_settings(facts, |settings| {
        let login = &settings.sign_in.login;
        match (&facts.machine.listener, &login.grant, &login.keyboard_redirect) {
            (Some(probe), _, _) => {
                Outcome::PassedNotable(format!("register {}", probe.redirect_uris.join(" and ")))
            }
            (None, Grant::Keyboard, Some(uri)) => Outcome::PassedNotable(format!("register {uri}")),
            (None, Grant::Keyboard, None) => Outcome::Warning(Fault::new(
                "no redirect URI is sent, and few providers sign in without one",
                "add --oidc-redirect-url=URI with one that is registered for the app",
            )),
            (None, _, _) => Outcome::Skipped("the grant has no redirect"),
        }
    })
}

fn browser(facts: &Facts) -> Outcome {
    with_settings(facts, |settings| {
        let login = &settings.sign_in.login;
        match &login.grant {
            Grant::Browser => browser_of(facts, &login.browser),
            Grant::Keyboard | Grant::Device | Grant::Password { .. } => {
                Outcome::PassedNotable("none is opened: the grant needs a person at a terminal".to_owned())
            }
            Grant::ClientCredentials => {
                Outcome::PassedNotable("none is needed: a program signs in".to_owned())
            }
        }
    })
}

fn browser_of(facts: &Facts, browser: &Browser) -> Outcome {
    let place = if facts.machine.is_ssh { " (over SSH)" } else { "" };
    match browser {
        Browser::Desktop => Outcome::PassedNotable(format!("the one of the desktop{place}")),
        Browser::Command { .. } if facts.machine.browser_command_exists == Some(false) => {
            Outcome::Warning(Fault::new(
                "there is no program that --browser-command names",
                "correct --browser-command, or leave it out for the browser of the desktop",
            ))
        }
        Browser::Command { .. } => Outcome::PassedNotable("the one of --browser-command".to_owned()),
        Browser::Print(NoBrowser::Skipped) => {
            Outcome::PassedNotable("none is opened, as --skip-open-browser says; the URL is shown".to_owned())
        }
        Browser::Print(NoBrowser::NoDisplay) => Outcome::PassedNotable(format!(
            "no display{place}: the URL is shown, and its end can be pasted"
        )),
        Browser::Unavailable => Outcome::Warning(Fault::new(
            format!("there is neither a display nor a terminal{place}, so nobody can sign in from here"),
            DEVICE_CODE,
        )),
    }
}

fn storage(facts: &Facts) -> Outcome {
    with_settings(facts, |settings| {
        if settings.cache.storage.is_none() {
            return Outcome::Warning(Fault::new(
                "--token-cache-storage=none: each command signs in anew",
                "leave the flag out, or use --token-cache-storage=keyring",
            ));
        }
        let Some(storage) = &facts.machine.storage else {
            return Outcome::Warning(Fault::new(
                "there is no home directory, so no session is stored",
                "set HOME, or give --token-cache-dir=DIR",
            ));
        };
        match &storage.state {
            Ok(true) => Outcome::PassedNotable(format!("`{}`", storage.dir)),
            Ok(false) => Outcome::PassedNotable(format!("`{}` is made at the first sign-in", storage.dir)),
            Err(problem) => Outcome::Failure(Fault::of("sessions cannot be stored", problem)),
        }
    })
}

fn keyring(facts: &Facts) -> Outcome {
    match &facts.machine.keyring {
        None => Outcome::Skipped("sessions need no keyring"),
        Some(Ok(())) => Outcome::Passed("answers".to_owned()),
        Some(Err(problem)) => Outcome::Failure(Fault::of("the keyring cannot be used", problem)),
    }
}
