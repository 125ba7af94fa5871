//! The pages that the browser shows at the end.
//!
//! Pages are constants, with one exception: after a sign-in the page has the name of the person and the end of the token, from the verified
//! token and escaped. Nothing comes from the request or from the provider's error, so nothing can be injected (rule L9). The page about
//! the outcome is sent only when the outcome is known.

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use data_encoding::BASE64;
use url::Url;

use crate::clock::Timestamp;
use crate::oidc::event::ReturnTo;
use crate::untrusted_text::UntrustedText;

/// How the sign-in ended, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::oidc) enum Outcome {
    SignedIn(SignedIn),
    /// The provider or the person refused it.
    Refused,
    Failed,
    /// Another authorization request follows, in another tab.
    Repeated,
}

/// Who signed in, and until when the token is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::oidc) struct SignedIn {
    /// `None` if the token has no name that a person would know.
    pub(in crate::oidc) name: Option<UntrustedText>,
    pub(in crate::oidc) valid_until: Timestamp,
}

/// What the browser shows after a successful sign-in.
#[derive(Debug, Clone)]
pub(in crate::oidc) struct AfterSignIn {
    /// The URL that the browser is redirected to instead of our page.
    pub(in crate::oidc) url: Option<Url>,
    pub(in crate::oidc) return_to: ReturnTo,
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
strong,time{overflow-wrap:anywhere}\
footer{margin-top:1.4rem;color:var(--soft);font-size:.85rem}";

/// Removes the code and the state from the address bar and the history, and shows times as the browser's clock shows them.
const SCRIPT: &str = "\
history.replaceState(null,'',location.pathname);\
for(const e of document.querySelectorAll('time'))\
e.textContent=new Date(e.dateTime).toLocaleString([],{dateStyle:'medium',timeStyle:'short'})";

/// The icon of the tab: a keyhole.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
%3Crect width='16' height='16' rx='4' fill='%231a7f4b'/%3E\
%3Cpath d='M8 3a2.6 2.6 0 0 1 1.3 4.9L10 13H6l.7-5.1A2.6 2.6 0 0 1 8 3z' fill='%23fff'/%3E%3C/svg%3E";

impl Outcome {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignedIn(_) | Self::Repeated => StatusCode::OK,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::Failed => StatusCode::BAD_GATEWAY,
        }
    }

    /// Returns the class, the title and the text of the page.
    fn texts(&self, return_to: ReturnTo) -> (&'static str, &'static str, String) {
        match self {
            Self::SignedIn(signed_in) => {
                let next = match return_to {
                    ReturnTo::Kubectl => "kubectl goes on in your terminal.",
                    ReturnTo::Command => "The result is in your terminal.",
                };
                (
                    "signed-in",
                    "You are signed in",
                    format!("{}<p>{next} You can close this tab.</p>", signed_in.html()),
                )
            }
            Self::Refused => (
                "refused",
                "The sign-in was refused",
                "<p>Your identity provider said no. The reason, and what to do about it, is in your terminal.</p>\
                 <p>Nothing was changed. You can close this tab.</p>"
                    .to_owned(),
            ),
            Self::Repeated => (
                "refused",
                "The sign-in goes on in another tab",
                "<p>Your identity provider demands more of this sign-in, so it begins once more in another tab, or at the address \
                 that your terminal shows.</p><p>You can close this tab.</p>"
                    .to_owned(),
            ),
            Self::Failed => (
                "failed",
                "The sign-in failed",
                "<p>Your identity provider sent you back, but what it sent could not be used. The reason, and what \
                 to do about it, is in your terminal.</p><p>You are not signed in. You can close this tab.</p>"
                    .to_owned(),
            ),
        }
    }

    /// Returns the page, or after a successful sign-in a redirect to the configured URL. The URL never comes from a request.
    pub(in crate::oidc) fn response(&self, after: &AfterSignIn) -> Response<Body> {
        if let (Self::SignedIn(_), Some(url)) = (self, &after.url)
            && let Ok(location) = HeaderValue::from_str(url.as_str())
        {
            let mut response = page_response(StatusCode::SEE_OTHER, String::new());
            response.headers_mut().insert(header::LOCATION, location);
            return response;
        }
        let (class, title, text) = self.texts(after.return_to);
        page_response(self.status(), html(class, title, &text))
    }
}

impl SignedIn {
    fn html(&self) -> String {
        let until = self.valid_until.rfc3339();
        let shown = until.replacen('T', " ", 1).replacen('Z', " UTC", 1);
        let name = self.name.as_ref().map(|name| {
            let name = name.to_string();
            format!("as <strong>{}</strong> ", html_escape::encode_text(&name))
        });
        format!(
            "<p>{}until <time datetime={until}>{shown}</time>.</p>",
            name.unwrap_or_default()
        )
    }
}

fn html(class: &str, title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=en class={class}><head><meta charset=utf-8>\
         <meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href=\"{ICON}\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{text}\
         <footer>kubesesame</footer></main><script>{SCRIPT}</script></body></html>\n"
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

/// Posts the form of the page. It replaces the page in the history.
const POST_SCRIPT: &str = "history.replaceState(null,'','/');document.forms[0].submit()";

/// Returns a page that posts these fields to a page of the provider, by itself or by a button.
pub(in crate::oidc) fn form_html(action: &Url, fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| {
        let value = html_escape::encode_double_quoted_attribute(value);
        format!("<input type=hidden name={name} value=\"{value}\">")
    });
    let action = html_escape::encode_double_quoted_attribute(action.as_str());
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Signing out</title><style>{STYLE}</style></head>\
         <body><main><h1>Signing out</h1><form method=post action=\"{action}\">{}<button>Go on to your identity provider</button></form>\
         <footer>kubesesame</footer></main><script>{POST_SCRIPT}</script></body></html>\n",
        fields.collect::<String>()
    )
}

/// Returns the response with a page of [`form_html`]. Where the form may lead is not limited: some browsers apply that to the provider's
/// redirects too.
pub(in crate::oidc) fn form(html: &str) -> Response<Body> {
    response_with(StatusCode::OK, html.to_owned(), POST_SCRIPT, "")
}

/// Returns a response without a page, for requests that are no authorization response.
pub(in crate::oidc) fn empty(status: StatusCode) -> Response<Body> {
    page_response(status, String::new())
}

/// Creates a response with the headers of rule L10: the page loads nothing and cannot be framed, its type is not guessed, and it is neither
/// cached nor sent as a referrer.
fn page_response(status: StatusCode, html: String) -> Response<Body> {
    response_with(status, html, SCRIPT, "; form-action 'none'")
}

fn response_with(status: StatusCode, html: String, script: &str, form_policy: &str) -> Response<Body> {
    let hash = |text: &str| BASE64.encode(digest(&SHA256, text.as_bytes()).as_ref());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; frame-ancestors 'none'; base-uri 'none'\
         {form_policy}",
        hash(STYLE),
        hash(script),
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
        return_to: ReturnTo::Kubectl,
    };

    fn signed_in(name: Option<&str>) -> Outcome {
        Outcome::SignedIn(SignedIn {
            name: name.map(UntrustedText::new),
            valid_until: Timestamp::from_secs(1_700_000_000),
        })
    }

    #[test]
    fn the_policy_allows_the_style_the_script_and_the_icon_of_the_page_and_nothing_else() {
        let response = signed_in(None).response(&AFTER);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        let rest = policy.strip_prefix("default-src 'none'; style-src 'sha256-");
        assert!(
            rest.is_some_and(|rest| rest.contains("'; script-src 'sha256-")),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()[header::CONNECTION], "close");
        assert!(!response.headers().contains_key(header::SERVER));
    }

    #[test]
    fn the_page_has_the_name_as_text_and_the_end_of_the_token() {
        let text = |name| signed_in(name).texts(ReturnTo::Kubectl).2;
        let end = "until <time datetime=2023-11-14T22:13:20Z>2023-11-14 22:13:20 UTC</time>.</p>\
                   <p>kubectl goes on in your terminal. You can close this tab.</p>";
        assert_eq!(text(None), format!("<p>{end}"));
        for (name, shown) in [
            ("alice@example.com", "alice@example.com"),
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            ("a&\u{7}b", "a&amp;b"),
        ] {
            assert_eq!(
                text(Some(name)),
                format!("<p>as <strong>{shown}</strong> {end}"),
                "{name:?}"
            );
        }
    }

    #[test]
    fn each_outcome_has_its_own_status() {
        let statuses = [signed_in(None), Outcome::Refused, Outcome::Failed]
            .map(|outcome| outcome.response(&AFTER).status().as_u16());
        assert_eq!(statuses, [200, 403, 502]);
    }
}
