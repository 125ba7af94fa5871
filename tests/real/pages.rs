//! The three pages that end a sign-in, as a real browser shows them: in light, in dark, on a phone, and loading nothing.

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    parts,
    process::{Outcome, wait_for},
    user::{self, Kubesesame},
};
use okta::{Defect, MockOkta};

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_page_after_a_sign_in() {
    let outcome = page("signed-in", "You are signed in", user::identify);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(credential["kind"], "ExecCredential");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_page_after_a_refusal() {
    let outcome = page("refused", "The sign-in was refused", |browser, _| {
        browser.press("cancel");
    });
    assert_failed(&outcome);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_page_after_a_failure() {
    let outcome = page("failed", "The sign-in failed", |browser, okta| {
        okta.behave(|behaviour| behaviour.id_token_defect = Defect::BadSignature);
        user::identify(browser, okta);
    });
    assert_failed(&outcome);
}

/// Signs in as `answer` says, looks at the page it ends on, and returns how kubesesame ended.
fn page(name: &str, title: &str, answer: impl FnOnce(&Browser, &MockOkta)) -> Outcome {
    let browser = Browser::start(&parts::folder(&format!("logs/page-{name}")));
    let okta = user::okta();
    let kubesesame = Kubesesame::new(&okta);
    let mut get_token = kubesesame.start();
    browser.open(&kubesesame.first_tab(&mut get_token));
    browser.photograph(&format!("{name}-before"));
    answer(&browser, &okta);
    wait_for("page at the end of the sign-in", || {
        browser.address().starts_with("http://localhost:").then_some(())
    });
    let outcome = get_token.outcome();

    assert_eq!(browser.title(), title);
    assert_eq!(browser.evaluate("document.querySelector('h1').innerText"), title);
    look_at(&browser, name);
    loads_nothing(&browser, &okta);
    assert_eq!(kubesesame.tabs().len(), 1);
    outcome
}

/// Photographs the page in every setting and checks that it follows them.
fn look_at(browser: &Browser, name: &str) {
    let paper = || browser.evaluate("getComputedStyle(document.body).backgroundColor");
    browser.prefer("light");
    let light = paper();
    browser.photograph(&format!("{name}-light"));
    is_readable(browser);

    browser.prefer("dark");
    assert_ne!(paper(), light, "dark is no other colour");
    browser.photograph(&format!("{name}-dark"));
    is_readable(browser);

    browser.become_phone();
    // A phone widens the window for a page that does not fit.
    let widths = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    assert_eq!(widths, json!([390, 390]), "wider than the screen");
    browser.photograph(&format!("{name}-phone-dark"));
    browser.prefer("light");
    browser.photograph(&format!("{name}-phone"));
}

/// Checks the contrast of every text with its card: WCAG 2 AA wants 4.5.
fn is_readable(browser: &Browser) {
    let worst = browser.evaluate(
        "(() => {
            const light = color => {
                const [r, g, b] = color.match(/[\\d.]+/g).map(v => v / 255)
                    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const card = light(getComputedStyle(document.querySelector('main')).backgroundColor);
            const ratios = [...document.querySelectorAll('h1, p, footer')].map(text => {
                const ink = light(getComputedStyle(text).color);
                return (Math.max(ink, card) + .05) / (Math.min(ink, card) + .05);
            });
            return Math.min(...ratios);
        })()",
    );
    assert!(worst.as_f64() >= Some(4.5), "a text has a contrast of {worst}");
}

/// Checks that the browser fetched the page and nothing for it, nor wanted to.
fn loads_nothing(browser: &Browser, okta: &MockOkta) {
    let loaded = browser.loaded();
    let (here, there): (Vec<_>, Vec<_>) = loaded
        .iter()
        .filter(|url| url.starts_with("http"))
        .partition(|url| !url.starts_with(&okta.origin()));
    let [page] = here[..] else {
        panic!("{here:?} besides {there:?}")
    };
    assert!(page.contains("code=") || page.contains("error="), "{page}");
    // The script of the page has removed the code and the state.
    assert_eq!(Some(&*browser.address()), page.split('?').next());

    // The status of the page itself is a complaint too.
    let mut complaints = browser.complaints();
    complaints
        .retain(|text| !text.contains("Failed to load resource: the server responded with a status of"));
    assert_eq!(complaints, Vec::<String>::new());
}

fn assert_failed(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    let told = outcome.stderr.lines().any(|line| line.starts_with("error: "));
    assert!(told, "{}", outcome.stderr);
}
