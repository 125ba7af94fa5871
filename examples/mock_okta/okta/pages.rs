//! The HTML pages: sign-in, device activation, errors, form post, and signed out.
//!
//! The only script is the line that posts a form. Pages load nothing. Text from requests is escaped.

use super::{bodies, exchange::Answer};

/// Returns the sign-in page. `handle` names the authorization request that waits for it.
pub(crate) fn sign_in(status: u16, base: &str, handle: &str, login: &str, problem: Option<&str>) -> Answer {
    let problem = problem_line(problem);
    let action = bodies::html(&format!("{base}/v1/authorize/signin"));
    let (handle, login) = (bodies::html(handle), bodies::html(login));
    let body = format!(
        "<h1>Sign in</h1>\
         <p class=\"sub\">to continue to <b>kubectl</b></p>\
         {problem}\
         <form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"handle\" value=\"{handle}\">\
         <label for=\"username\">Username</label>\
         <input id=\"username\" name=\"username\" value=\"{login}\" autocomplete=\"username\" autofocus \
         spellcheck=\"false\" autocapitalize=\"none\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\">\
         <button id=\"signin\" type=\"submit\">Sign in</button>\
         <button id=\"cancel\" type=\"submit\" name=\"cancel\" value=\"1\" class=\"quiet\">Cancel</button>\
         </form>"
    );
    page(status, "Mock Okta - Sign in", &body)
}

/// Returns the page that asks for a user code and a decision.
pub(crate) fn activate(status: u16, user_code: &str, problem: Option<&str>) -> Answer {
    let problem = problem_line(problem);
    let user_code = bodies::html(user_code);
    let body = format!(
        "<h1>Activate your device</h1>\
         <p class=\"sub\">Compare the code with the one on your device.</p>\
         {problem}\
         <form method=\"post\" action=\"/activate\">\
         <label for=\"user_code\">Activation code</label>\
         <input id=\"user_code\" name=\"user_code\" value=\"{user_code}\" autocomplete=\"off\" autofocus \
         spellcheck=\"false\" autocapitalize=\"characters\">\
         <button id=\"approve\" type=\"submit\" name=\"decision\" value=\"approve\">Approve</button>\
         <button id=\"deny\" type=\"submit\" name=\"decision\" value=\"deny\" class=\"quiet\">Deny</button>\
         </form>"
    );
    page(status, "Mock Okta - Activate", &body)
}

/// Returns the page after a decision about a device.
pub(crate) fn activated(approved: bool) -> Answer {
    let (heading, text) = if approved {
        (
            "Device activated",
            "Follow the instructions on your device for next steps.",
        )
    } else {
        (
            "Device not activated",
            "Your device cannot be activated because you did not allow access.",
        )
    };
    let body = format!("<h1 id=\"decided\">{heading}</h1><p class=\"sub\">{text}</p>");
    page(200, "Mock Okta - Activate", &body)
}

/// Returns the page that Okta shows when it cannot send the browser back.
pub(crate) fn error(status: u16, error: &str, description: &str) -> Answer {
    let body = format!(
        "<h1>{status}</h1><p class=\"sub\">Your request resulted in an error.</p>\
         <p id=\"description\">{}</p><p><code id=\"error\">{}</code></p>",
        bodies::html(description),
        bodies::html(error),
    );
    page(status, "Mock Okta - Error", &body)
}

/// Returns the page after a logout without a redirect URI.
pub(crate) fn signed_out() -> Answer {
    page(
        200,
        "Mock Okta - Signed out",
        "<h1>Signed out</h1><p class=\"sub\">You may close this window.</p>",
    )
}

/// Returns a page that posts the parameters to the client (OAuth 2.0 Form Post Response Mode).
pub(crate) fn form_post(to: &str, parameters: &[(&str, String)]) -> Answer {
    use std::fmt::Write as _;

    let mut inputs = String::new();
    for (name, value) in parameters {
        let _infallible = write!(
            inputs,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            bodies::html(name),
            bodies::html(value)
        );
    }
    let body = format!(
        "<form method=\"post\" action=\"{}\">{inputs}<noscript><button type=\"submit\">Continue</button></noscript></form>\
         <script>document.forms[0].submit()</script>",
        bodies::html(to),
    );
    page(200, "Mock Okta", &body)
}

fn problem_line(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |text| {
        format!(
            "<p class=\"problem\" id=\"problem\" role=\"alert\">{}</p>",
            bodies::html(text)
        )
    })
}

fn page(status: u16, title: &str, body: &str) -> Answer {
    Answer::html(
        status,
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">\
             <title>{title}</title><style>{STYLE}</style></head>\
             <body><main><div class=\"brand\">mock <b>okta</b></div>{body}\
             <footer>A test provider on this machine. No real account is involved.</footer></main></body></html>"
        ),
    )
}

const STYLE: &str = "\
:root{--ground:#eef1f5;--card:#fff;--ink:#1d2433;--soft:#5c6678;--line:#c9d0db;--accent:#1662dd;--accent-ink:#fff;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ground:#12161d;--card:#1b212b;--ink:#e8ecf2;--soft:#9aa5b6;--line:#394353;\
--accent:#6ea3ff;--accent-ink:#0c1626;--bad:#ff8a80}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--ground);\
color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
main{width:100%;max-width:400px;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:32px;\
overflow-wrap:anywhere}\
.brand{color:var(--soft);margin-bottom:20px}.brand b{color:var(--accent)}\
h1{margin:0;font-size:1.5rem;line-height:1.25}.sub{margin:4px 0 24px;color:var(--soft)}.sub b{color:var(--ink)}\
label{display:block;margin:0 0 6px;font-weight:600;font-size:.9rem}\
input{width:100%;margin:0 0 18px;padding:11px 12px;border:1px solid var(--line);border-radius:8px;background:var(--card);\
color:var(--ink);font:inherit}input:focus,button:focus-visible{outline:2px solid var(--accent);outline-offset:1px}\
button{width:100%;min-height:44px;border:0;border-radius:8px;background:var(--accent);color:var(--accent-ink);font:inherit;\
font-weight:600;cursor:pointer}button.quiet{margin-top:8px;background:none;color:var(--soft);font-weight:400}\
.problem{margin:0 0 18px;padding:10px 12px;border:1px solid var(--bad);border-radius:8px;color:var(--bad)}\
code{color:var(--soft)}footer{margin-top:24px;padding-top:16px;border-top:1px solid var(--line);color:var(--soft);font-size:.8rem}";
