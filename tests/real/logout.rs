//! `logout --browser` in Chromium at a certified provider: its own session is gone after it.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    browser::Browser,
    certified::Certified,
    parts,
    person::{KUBESESAME, Person, token},
    process::{Process, wait_for},
};

/// Someone whose tabs are written down, so that Chromium opens them.
struct Someone {
    person: Person,
    browser: Browser,
    tabs: usize,
}

impl Someone {
    fn at(certified: &Certified, logs: &Path) -> Self {
        let mut arguments = vec![
            "get-token".to_owned(),
            format!("--oidc-issuer-url={}", certified.issuer),
            "--oidc-client-id=kubectl".to_owned(),
            "--listen-address=127.0.0.1:0".to_owned(),
            "--authentication-timeout-sec=60".to_owned(),
        ];
        let home = Person::new(&[]);
        // Appended in one write, so a line is there whole or not at all.
        arguments.push(format!(
            "--browser-command=sh -c 'printf \"%s\\n\" \"$1\" >>{}/tabs' sh",
            home.home().display()
        ));
        let person = home.with_arguments(&arguments);
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{ "name": "c", "context": { "user": "u", "cluster": "k" } }],
            "clusters": [{ "name": "k", "cluster": { "server": "https://127.0.0.1:1" } }],
            "users": [{ "name": "u", "user": { "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": KUBESESAME,
                "args": arguments,
            } } }],
        });
        fs::create_dir_all(person.home().join(".kube")).unwrap();
        fs::write(person.home().join(".kube/config"), config.to_string()).unwrap();
        Self {
            person,
            browser: Browser::start(logs),
            tabs: 0,
        }
    }

    /// Opens in Chromium the next tab that the process opens.
    fn open_tab(&mut self, opener: &mut Process) {
        let file = self.person.home().join("tabs");
        let at = self.tabs;
        let url = opener.wait_for("tab", |_| {
            let told = fs::read_to_string(&file).unwrap_or_default();
            told.lines().nth(at).map(str::to_owned)
        });
        self.tabs += 1;
        self.browser.open(&url);
    }

    fn start(&self, more: &[&str]) -> Process {
        self.person.start(Path::new(KUBESESAME), more)
    }

    /// Whether the page in the browser asks who signs in.
    fn is_asked(&self) -> bool {
        self.browser
            .evaluate("document.getElementsByName('login').length")
            == 1
    }

    fn is_signed_in(&self) -> bool {
        self.browser.title().contains("signed in")
    }

    /// Presses the button that submits the form of the page, once its heading begins so.
    fn submit(&self, heading: &str) {
        wait_for(heading, || {
            let found = self.browser.evaluate("document.querySelector('h1')?.textContent");
            found.as_str()?.starts_with(heading).then_some(())
        });
        self.browser
            .evaluate("document.querySelector('button[type=submit]').click()");
    }
}

/// `localhost` is another site than `127.0.0.1`, where the page is that leads the browser to the provider.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_provider_asks_who_signs_in_after_the_browser_has_signed_out() {
    for host in ["127.0.0.1", "localhost"] {
        let logs = parts::folder(&format!("logs/logout-{host}"));
        let certified =
            Certified::start_with(&format!("logout-{host}"), &[("HOST_NAME", host), ("POSTS", "1")]);
        let mut someone = Someone::at(&certified, &logs);
        let mut first = someone.start(&[]);
        someone.open_tab(&mut first);
        assert!(someone.is_asked(), "{host}");
        someone
            .browser
            .evaluate("document.getElementsByName('login')[0].value = 'alice'");
        someone
            .browser
            .evaluate("document.getElementsByName('password')[0].value = 'x'");
        someone.submit("Sign-in");
        someone.submit("Authorize");
        token(&first.outcome());
        // The provider's session is there: nobody is asked who they are, only what the app may do.
        let mut again = someone.start(&["--token-cache-storage=none"]);
        someone.open_tab(&mut again);
        assert!(!someone.is_asked(), "{host}");
        someone.submit("Authorize");
        token(&again.outcome());
        wait_for("the last page", || someone.is_signed_in().then_some(()));

        let mut logout = someone.person.start_alone(&["logout", "--browser"]);
        someone.open_tab(&mut logout);
        let outcome = logout.outcome();
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(
            outcome.stderr.contains("your browser signs out at "),
            "{outcome:?}"
        );
        someone.submit("Do you want to sign-out");
        wait_for("the end of the session", || {
            someone
                .browser
                .address()
                .contains("/session/end/success")
                .then_some(())
        });

        let mut anew = someone.start(&[]);
        someone.open_tab(&mut anew);
        assert!(someone.is_asked(), "{host}: the provider still knows who it is");
        anew.kill();
    }
}
