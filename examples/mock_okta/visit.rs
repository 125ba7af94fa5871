//! A browser without a window: follows the redirects of a URL, and returns the last page.
//!
//! Used by the tests, the demo and the bench, which have no person with a browser.

use std::time::Duration;

/// A page as the browser shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status of the last response.
    pub status: u16,
    /// The body of the last response, as text.
    pub body: String,
    /// The headers of the last response, in order.
    pub headers: Vec<(String, String)>,
}

/// Visits a URL, with these headers on the first request.
///
/// Every certificate is trusted, because the tests are not about the browser.
pub fn visit(url: &str, headers: &[(&str, &str)]) -> Result<Page, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime
        .block_on(follow(url, headers))
        .map_err(|error| format!("{url}: {error}"))
}

/// Posts the fields of a form.
pub fn submit(url: &str, fields: &[(String, String)]) -> Result<Page, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let posted = async {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = client()?.post(url).body(form);
        load(request.header("content-type", "application/x-www-form-urlencoded")).await
    };
    runtime
        .block_on(posted)
        .map_err(|error| format!("{url}: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "the browser has a client of its own")]
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .tls_danger_accept_invalid_certs(true)
        .timeout(Duration::from_mins(5))
        .build()
}

async fn follow(url: &str, headers: &[(&str, &str)]) -> reqwest::Result<Page> {
    let mut request = client()?.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    load(request).await
}

async fn load(request: reqwest::RequestBuilder) -> reqwest::Result<Page> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()));
    Ok(Page {
        status,
        headers: headers.collect(),
        body: response.text().await?,
    })
}
