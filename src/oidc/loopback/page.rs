//! The pages that the browser shows at the end.
//!
//! Pages are constants. They contain nothing of the request, the tokens or the provider, so nothing can be injected (rule L9). The page
//! about the outcome is sent only when the outcome is known.

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use data_encoding::BASE64;
use url::Url;

use crate::oidc::event::Continuation;

/// How the sign-in ended, as the page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Outcome {
    SignedIn,
    /// The provider or the person refused it.
    Refused,
    Failed,
}

/// What the browser shows after a successful sign-in.
#[derive(Debug, Clone)]
pub(in crate::oidc) struct AfterSignIn {
    /// The URL that the browser is redirected to instead of our page.
    pub(in crate::oidc) url: Option<Url>,
    pub(in crate::oidc) continuation: Continuation,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#5b636d;--paper:#f6f7f9;--card:#fff;--line:#e2e5ea;--mark:#1a7f4b}\
.refused{--mark:#9a6700}.failed{--mark:#c0362c}\
@media(prefers-color-scheme:dark){:root{--ink:#eceef1;--soft:#a3abb6;--paper:#15181c;--card:#1e2227;--line:#30363d;--mark:#3fb97c}\
.refused{--mark:#e0b252}.failed{--mark:#f0786e}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.25rem;\
background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
main{width:100%;max-width:27rem;padding:2rem;background:var(--card);border:1px solid var(--line);\
border-top:.3rem solid var(--mark);border-radius:.6rem}\
h1{margin:0 0 .6rem;font-size:1.4rem;line-height:1.25}\
p{margin:0 0 .6rem}\
footer{margin-top:1.4rem;color:var(--soft);font-size:.85rem}";

impl Outcome {
    fn status(self) -> StatusCode {
        match self {
            Self::SignedIn => StatusCode::OK,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::Failed => StatusCode::BAD_GATEWAY,
        }
    }

    /// Returns the class, the title and the text of the page.
    fn texts(self, continuation: Continuation) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SignedIn => (
                "signed-in",
                "You are signed in",
                match continuation {
                    Continuation::Kubectl => {
                        "<p>kubectl goes on in your terminal. You can close this tab.</p>"
                    }
                    Continuation::Command => "<p>The result is in your terminal. You can close this tab.</p>",
                },
            ),
            Self::Refused => (
                "refused",
                "The sign-in was refused",
                "<p>Your identity provider said no. The reason, and what to do about it, is in your terminal.</p>\
                 <p>Nothing was changed. You can close this tab.</p>",
            ),
            Self::Failed => (
                "failed",
                "The sign-in failed",
                "<p>Your identity provider sent you back, but what it sent could not be used. The reason, and what \
                 to do about it, is in your terminal.</p><p>You are not signed in. You can close this tab.</p>",
            ),
        }
    }

    /// Returns the page, or after a successful sign-in a redirect to the configured URL. The URL never comes from a request.
    pub(in crate::oidc) fn response(self, after: &AfterSignIn) -> Response<Body> {
        if let (Self::SignedIn, Some(url)) = (self, &after.url)
            && let Ok(location) = HeaderValue::from_str(url.as_str())
        {
            let mut response = page_response(StatusCode::SEE_OTHER, String::new());
            response.headers_mut().insert(header::LOCATION, location);
            return response;
        }
        let (class, title, text) = self.texts(after.continuation);
        page_response(self.status(), html(class, title, text))
    }
}

fn html(class: &str, title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=en class={class}><head><meta charset=utf-8>\
         <meta name=viewport content='width=device-width,initial-scale=1'><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{text}<footer>kubesesame</footer></main></body>\
         </html>\n"
    )
}

/// Returns the page for a browser that runs as a different user than the command in the terminal.
pub(in crate::oidc) fn other_user() -> Response<Body> {
    let text = "<p>The command in the terminal was started by one user of this machine, and this browser by another user, so \
                this page cannot finish the sign-in.</p><p>If you are both: open the URL that the terminal shows, and paste the \
                address of the page that you end on into the terminal.</p>";
    let title = "This sign-in belongs to another user";
    page_response(StatusCode::FORBIDDEN, html("refused", title, text))
}

/// Returns the page for a browser whose user the system did not tell.
pub(in crate::oidc) fn unknown_user() -> Response<Body> {
    let text = "<p>The system did not say in time which user of this machine runs this browser, so this page cannot finish the \
                sign-in.</p><p>Open the URL that the terminal shows, and paste the address of the page that you end on into the \
                terminal.</p>";
    let title = "This sign-in needs one more step";
    page_response(StatusCode::FORBIDDEN, html("refused", title, text))
}

/// Returns the page for an authorization response that another provider may have sent.
pub(in crate::oidc) fn other_redirect() -> Response<Body> {
    let text = "<p>The cluster's entry in your kubeconfig names the identity provider, and this answer did not come to the address that \
                belongs to that provider. Another provider may have sent it: nothing of it was used.</p><p>What to do about it is in \
                your terminal, at the end of the wait.</p>";
    page_response(
        StatusCode::FORBIDDEN,
        html("refused", "This answer may be another provider's", text),
    )
}

/// Returns the page for an authorization response that a script fetched: a service worker that another program registered for this
/// origin.
pub(in crate::oidc) fn not_navigation() -> Response<Body> {
    let text = "<p>A script that another program left in this browser for this address (a service worker) has fetched this page, \
                so it cannot be told from an attack.</p><p>Clear the browser's data for this site, its host and port, and sign in \
                again; or paste the address of this page into the terminal.</p>";
    let title = "This sign-in was intercepted";
    page_response(StatusCode::FORBIDDEN, html("refused", title, text))
}

/// Returns a response without a page, for requests that are no authorization response.
pub(in crate::oidc) fn empty(status: StatusCode) -> Response<Body> {
    page_response(status, String::new())
}

/// Creates a response with the headers of rule L10: the page loads nothing and cannot be framed, its type is not guessed, and it is neither
/// cached nor sent as a referrer.
fn page_response(status: StatusCode, html: String) -> Response<Body> {
    let style = BASE64.encode(digest(&SHA256, STYLE.as_bytes()).as_ref());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONNECTION, "close"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: AfterSignIn = AfterSignIn {
        url: None,
        continuation: Continuation::Kubectl,
    };

    #[test]
    fn the_policy_allows_the_style_of_the_page_and_nothing_else() {
        let response = Outcome::SignedIn.response(&AFTER);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert_eq!(response.headers()[header::CONNECTION], "close");
        assert!(!response.headers().contains_key(header::SERVER));
    }

    #[test]
    fn each_outcome_has_its_own_status() {
        let statuses = [Outcome::SignedIn, Outcome::Refused, Outcome::Failed]
            .map(|o| o.response(&AFTER).status().as_u16());
        assert_eq!(statuses, [200, 403, 502]);
    }
}
