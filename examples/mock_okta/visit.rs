//! A browser without a window: follows a URL's redirects as a tab does, and shows the last page.
//!
//! For whoever has nobody to look: tests, the demo, the bench.

use std::time::Duration;

/// A page as the browser shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status of the last response.
    pub status: u16,
    /// Its body, as text.
    pub body: String,
    /// Its headers, in the order of their arrival.
    pub headers: Vec<(String, String)>,
}

/// Visits a URL, with these headers on the first request.
///
/// Any certificate is trusted: what the browser trusts is not what is tried here.
pub fn visit(url: &str, headers: &[(&str, &str)]) -> Result<Page, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime
        .block_on(follow(url, headers))
        .map_err(|error| format!("{url}: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "the browser has a client of its own")]
async fn follow(url: &str, headers: &[(&str, &str)]) -> reqwest::Result<Page> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .tls_danger_accept_invalid_certs(true)
        .timeout(Duration::from_mins(5))
        .build()?;
    let mut request = client.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
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
