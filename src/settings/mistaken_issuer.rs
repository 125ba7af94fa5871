//! Texts that people give for the issuer and that are the address of something else, with the issuer that was meant; and texts that are
//! certainly no client id.
//!
//! Only for the person who sets kubesesame up: `get-token` takes an issuer as it is.

use url::Url;

use super::issuer::{find_placeholder, is_okta};

/// What a text is, and the issuer that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MistakenIssuer {
    /// To be read after the text.
    pub(crate) what: &'static str,
    pub(crate) issuer: String,
}

/// The authorization server that every developer org of Okta has.
const DEFAULT_SERVER: &str = "/oauth2/default";
const DISCOVERY_PATHS: [&str; 2] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];
/// The first part of the path of pages that people have in their browsers.
const OKTA_PAGES: [&str; 8] = [
    "admin", "app", "enduser", "home", "login", "reports", "signin", "user",
];

const ADMIN_CONSOLE: &str = "is the address of Okta's admin console, and not an issuer";
const PAGE: &str = "is the address of a page in the browser, and not an issuer";
const DISCOVERY: &str = "is the address of a discovery document, and not an issuer";
const ENDPOINT: &str = "is the address of an endpoint, and not an issuer";
const NO_SCHEME: &str = "does not begin with https://";
const SLASH: &str = "ends with a slash, which no issuer of Okta does";

/// Returns what a text is if it is certainly no issuer; `None` if it may be one.
pub(crate) fn mistaken_issuer(text: &str) -> Option<MistakenIssuer> {
    let text = text.trim();
    let mistaken = |what, issuer: String| Some(MistakenIssuer { what, issuer });
    if !text.contains("://") {
        let host = text.split(['/', ':']).next().unwrap_or_default();
        let is_host = host.contains('.')
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
        if !is_host {
            return None;
        }
        let with_scheme = format!("https://{text}");
        let of_org = Url::parse(&with_scheme).ok().and_then(|url| custom_server(&url));
        let meant = mistaken_issuer(&with_scheme).map(|found| found.issuer);
        let issuer = meant.or(of_org).unwrap_or(with_scheme);
        return mistaken(NO_SCHEME, issuer);
    }
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https")?;
    let origin = origin(&url)?;
    if let Some(path) = DISCOVERY_PATHS
        .iter()
        .find_map(|suffix| url.path().strip_suffix(suffix))
    {
        return mistaken(DISCOVERY, format!("{}{path}", without_admin(&origin)));
    }
    if !is_okta(&url) {
        let is_page = url.query().is_some() || url.fragment().is_some();
        let path = realm(url.path()).unwrap_or_else(|| url.path());
        return (is_page || realm(url.path()).is_some()).then(|| MistakenIssuer {
            what: PAGE,
            issuer: format!("{origin}{}", path.trim_end_matches('/')),
        });
    }
    let server = server_path(url.path());
    let first = url.path().split('/').nth(1).unwrap_or_default();
    if without_admin(&origin) != origin {
        return mistaken(
            ADMIN_CONSOLE,
            format!("{}{DEFAULT_SERVER}", without_admin(&origin)),
        );
    }
    if OKTA_PAGES.contains(&first.to_ascii_lowercase().as_str()) {
        return mistaken(PAGE, format!("{origin}{DEFAULT_SERVER}"));
    }
    if url.path().contains("/v1/") {
        return mistaken(ENDPOINT, format!("{origin}{server}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return mistaken(PAGE, format!("{origin}{DEFAULT_SERVER}"));
    }
    match text.ends_with('/') {
        true if server.is_empty() => mistaken(PAGE, format!("{origin}{DEFAULT_SERVER}")),
        true => mistaken(SLASH, format!("{origin}{server}")),
        false => None,
    }
}

/// Returns the issuer of the authorization server `default` of an org, for its URL without a path. Some orgs have no such server.
pub(super) fn custom_server(url: &Url) -> Option<String> {
    let is_org = is_okta(url) && matches!(url.path(), "" | "/");
    is_org
        .then(|| origin(url))
        .flatten()
        .map(|origin| format!("{origin}{DEFAULT_SERVER}"))
}

/// Returns what a text is that is certainly no client id, to be read after it; `None` if it may be one. At some providers a client id is an
/// address.
pub(crate) fn mistaken_client_id(text: &str, issuer: Option<&str>) -> Option<&'static str> {
    let text = text.trim();
    if text == "ID" || find_placeholder(text).is_some() {
        return Some("is a placeholder of an example");
    }
    let at_okta = issuer
        .and_then(|issuer| Url::parse(issuer).ok())
        .is_some_and(|url| is_okta(&url));
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    (at_okta && is_address).then_some("is an address, and no client id of Okta is one")
}

fn origin(url: &Url) -> Option<String> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

/// Returns the origin of the org for that of its admin console: `dev-1-admin.okta.com` belongs to `dev-1.okta.com`.
fn without_admin(origin: &str) -> String {
    match origin.split_once('.') {
        Some((org, domain)) => format!("{}.{domain}", org.strip_suffix("-admin").unwrap_or(org)),
        None => origin.to_owned(),
    }
}

/// Returns `/oauth2/ID` of a path below it, and nothing for the org's own server (`/oauth2/v1/…`).
fn server_path(path: &str) -> String {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("oauth2"), Some(id)) if !matches!(id, "" | "v1") => format!("/oauth2/{id}"),
        _ => String::new(),
    }
}

/// Returns the path of a realm of Keycloak, for a path below it.
fn realm(path: &str) -> Option<&str> {
    let at = path.find("/realms/")? + "/realms/".len();
    let end = at + path[at..].find('/')?;
    let rest = &path[end..];
    (rest.starts_with("/account") || rest.starts_with("/protocol/")).then(|| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_that_was_meant_is_offered() {
        let custom = "https://dev-1.okta.com/oauth2/default";
        for (text, what, issuer) in [
            (
                "https://dev-1-admin.okta.com/admin/dashboard",
                ADMIN_CONSOLE,
                custom,
            ),
            ("https://dev-1-admin.okta.com", ADMIN_CONSOLE, custom),
            ("https://dev-1.okta.com/app/UserHome?session_hint=x", PAGE, custom),
            ("https://dev-1.okta.com/", PAGE, custom),
            ("https://dev-1.okta.com/oauth2/default/", SLASH, custom),
            (
                "https://dev-1.okta.com/oauth2/aus1/v1/authorize?client_id=x",
                ENDPOINT,
                "https://dev-1.okta.com/oauth2/aus1",
            ),
            (
                "https://dev-1.okta.com/oauth2/v1/keys",
                ENDPOINT,
                "https://dev-1.okta.com",
            ),
            (
                "https://dev-1.okta.com/oauth2/default/.well-known/openid-configuration",
                DISCOVERY,
                custom,
            ),
            ("dev-1.okta.com/oauth2/default", NO_SCHEME, custom),
            ("dev-1-admin.okta.com", NO_SCHEME, custom),
            ("dev-1.okta.com", NO_SCHEME, custom),
            (
                "sso.example.com/realms/x",
                NO_SCHEME,
                "https://sso.example.com/realms/x",
            ),
            (
                "https://sso.example.com/realms/x/.well-known/openid-configuration",
                DISCOVERY,
                "https://sso.example.com/realms/x",
            ),
            (
                "https://sso.example.com/realms/x/account/#/",
                PAGE,
                "https://sso.example.com/realms/x",
            ),
            ("https://sso.example.com/x?a=b", PAGE, "https://sso.example.com/x"),
        ] {
            let expected = MistakenIssuer {
                what,
                issuer: issuer.to_owned(),
            };
            assert_eq!(mistaken_issuer(text), Some(expected), "{text}");
            assert_eq!(mistaken_issuer(issuer), None, "{issuer}");
        }
    }

    #[test]
    fn what_may_be_an_issuer_is_taken_as_it_is() {
        for text in [
            "https://dev-1.okta.com",
            "https://dev-1.okta.com/oauth2/aus1",
            "https://accounts.google.com",
            "https://login.microsoftonline.com/x/v2.0",
            "https://sso.example.com/realms/x",
            "https://tenant.auth0.com/",
            "http://127.0.0.1:9443/oauth2/default",
            "http://localhost:8080/realms/x",
            "nonsense",
            "",
        ] {
            assert_eq!(mistaken_issuer(text), None, "{text}");
        }
    }

    #[test]
    fn a_client_id_that_is_certainly_none_is_found() {
        let (okta, entra) = (
            "https://dev-1.okta.com/oauth2/default",
            "https://login.microsoftonline.com/x/v2.0",
        );
        for (text, issuer, is_mistaken) in [
            ("YOUR-CLIENT-ID", entra, true),
            ("ID", okta, true),
            ("<client-id>", okta, true),
            ("https://dev-1.okta.com", okta, true),
            ("http://foo", okta, true),
            ("https://app.example.com", entra, false),
            ("api://0aa1", entra, false),
            ("0oa1b2c3d4", okta, false),
            ("kubernetes", entra, false),
        ] {
            let found = mistaken_client_id(text, Some(issuer));
            assert_eq!(found.is_some(), is_mistaken, "{text}: {found:?}");
        }
    }

    #[test]
    fn an_org_has_a_custom_server() {
        let custom = |text: &str| custom_server(&Url::parse(text).unwrap());
        assert_eq!(
            custom("https://dev-1.okta.com").unwrap(),
            "https://dev-1.okta.com/oauth2/default"
        );
        assert_eq!(custom("https://dev-1.okta.com/oauth2/aus1"), None);
        assert_eq!(custom("https://accounts.google.com"), None);
    }
}
