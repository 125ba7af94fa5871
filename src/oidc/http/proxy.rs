//! Decides which proxy a URL needs, from the variables `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Pure.
//!
//! The rules of `NO_PROXY` are those of Go, and so of kubectl and kubelogin. The HTTP library has different rules. It decides only if no
//! variable names a proxy, from the settings of macOS and Windows.

use std::net::IpAddr;

use url::{Host, Url};

use crate::settings::is_loopback;

/// The schemes of proxies that the HTTP library supports.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The values of the proxy variables.
#[derive(Debug, Clone, Default)]
pub(in crate::oidc) struct ProxyVariables {
    /// `HTTPS_PROXY`, or else `ALL_PROXY`. Plain http is used only on this machine, and never through a proxy.
    pub(in crate::oidc) proxy: Option<Url>,
    pub(in crate::oidc) no_proxy: String,
}

impl ProxyVariables {
    /// Uses the first value that names a proxy.
    pub(in crate::oidc) fn new(proxies: impl IntoIterator<Item = String>, no_proxy: String) -> Self {
        Self {
            proxy: proxies.into_iter().find_map(|text| parse_proxy_url(&text)),
            no_proxy,
        }
    }
}

/// Parses the address of a proxy. The scheme is optional.
fn parse_proxy_url(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    let mut url = url.ok()?;
    if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    if url.scheme().starts_with("socks") && url.port().is_none() {
        // The default port of SOCKS (RFC 1928 3).
        url.set_port(Some(1080)).ok()?;
    }
    Some(url)
}

/// Whether a request to this URL goes through the proxy, if there is one.
pub(in crate::oidc) fn uses_proxy(url: &Url, no_proxy: &str) -> bool {
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return true;
    };
    !is_loopback(url)
        && !no_proxy
            .split(',')
            .any(|entry| matches_entry(entry.trim(), &host, port))
}

/// Whether an entry of `NO_PROXY` matches a host and port.
fn matches_entry(entry: &str, host: &Host<&str>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let host_address = match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address).to_canonical()),
    };
    if let Some((network, length)) = parse_network(entry) {
        return host_address.is_some_and(|address| contains(network, length, address));
    }
    let (name, wanted_port) = split_port(entry);
    if wanted_port.is_some_and(|wanted| wanted.parse() != Ok(port)) {
        return false;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return host_address == Some(address.to_canonical());
    }
    matches!(host, Host::Domain(host) if is_in_domain(host, name))
}

/// Splits a port from an entry. An IPv6 address has brackets if a port follows.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':'));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port).filter(|port| !port.is_empty())),
        _ => (entry, None),
    }
}

/// Whether a host is in a domain. `corp.example` matches this host and its subdomains. `.corp.example` and `*.corp.example` match only the
/// subdomains.
fn is_in_domain(host: &str, domain: &str) -> bool {
    let (domain, only_subdomains) = match domain.strip_prefix('*').unwrap_or(domain).strip_prefix('.') {
        Some(domain) => (domain, true),
        None => (domain, false),
    };
    let Ok(Host::Domain(domain)) = Host::parse(domain) else {
        return false;
    };
    let (host, domain) = (without_final_dot(host), without_final_dot(&domain));
    match host.strip_suffix(domain) {
        Some("") => !only_subdomains,
        Some(subdomain) => subdomain.ends_with('.'),
        None => false,
    }
}

/// Removes the dot at the end of a fully qualified name.
fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Parses a network such as `10.0.0.0/8` (RFC 4632 3.1, RFC 4291 2.3).
fn parse_network(entry: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = entry.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u32 = length.parse().ok()?;
    let max_length = if address.is_ipv4() { 32 } else { 128 };
    (length <= max_length).then_some((address, length))
}

fn contains(network: IpAddr, length: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(url: &str, no_proxy: &str) -> bool {
        !uses_proxy(&Url::parse(url).unwrap(), no_proxy)
    }

    #[test]
    fn no_proxy_is_interpreted_like_in_go() {
        for (url, no_proxy, expected) in [
            ("https://idp.corp.example", "", false),
            ("https://idp.corp.example", "*", true),
            ("https://10.1.2.3", "foo, *", true),
            ("https://idp.corp.example", "corp.example", true),
            ("https://corp.example", "corp.example", true),
            ("https://IDP.corp.example", " foo ,,CORP.example ", true),
            ("https://xcorp.example", "corp.example", false),
            ("https://corp.example", ".corp.example", false),
            ("https://idp.corp.example", ".corp.example", true),
            ("https://corp.example", "*.corp.example", false),
            ("https://a.idp.corp.example", "*.corp.example", true),
            ("https://xcorp.example", "*corp.example", false),
            ("https://idp.corp.example", "idp.corp.example.", true),
            ("https://idp.corp.example.", "idp.corp.example", true),
            ("https://idp.corp.example:8443", "idp.corp.example:8443", true),
            ("https://idp.corp.example:8443", "idp.corp.example:443", false),
            ("https://idp.corp.example", "idp.corp.example:443", true),
            ("https://idp.corp.example:8443", ".corp.example:8443", true),
            ("https://idp.corp.example:8443", ".corp.example:x", false),
            ("https://idp.corp.example", "a;idp.corp.example", false),
            ("https://idp.corp.example", "foo idp.corp.example", false),
            ("https://idp.corp.example", "https://idp.corp.example", false),
            ("https://idp.corp.example", ":443", false),
            ("https://idp.corp.example", "idp.corp.example:", true),
            ("https://idp.corp.example", ".", false),
            ("https://idp.b\u{fc}cher.example", "b\u{fc}cher.example", true),
            ("https://10.255.255.1:8443", "10.255.255.1:8443", true),
            ("https://10.255.255.1", "10.255.255.1:8443", false),
            ("https://10.255.255.1", "10.255.255.1", true),
            ("https://10.255.255.1", "10.0.0.0/8", true),
            ("https://10.255.255.1", "::ffff:10.255.255.1", true),
            ("https://[::ffff:10.255.255.1]", "10.0.0.0/8", true),
            ("https://[::ffff:10.255.255.1]", "10.255.255.1", true),
            ("https://11.255.255.1", "10.0.0.0/8", false),
            ("https://11.255.255.1", "0.0.0.0/0", true),
            ("https://10.0.0.1", "10.0.0.0/33", false),
            ("https://10.0.0.1", "10.0.0.1/32", true),
            ("https://[2001:db8::1]", "2001:db8::/32", true),
            ("https://[2001:db8::1]", "2001:db8::1", true),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443", true),
            ("https://[2001:db8::1]", "[2001:db8::2]", false),
            ("https://[2001:db8::1]", "10.0.0.0/8,::/0", true),
            ("https://localhost:8443", "", true),
            ("https://127.0.0.1", "", true),
            ("https://[::1]", "", true),
        ] {
            assert_eq!(direct(url, no_proxy), expected, "{url} NO_PROXY={no_proxy}");
        }
    }

    #[test]
    fn the_first_value_that_names_a_proxy_is_used() {
        let proxy = |values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned());
            let proxy = ProxyVariables::new(values, String::new()).proxy;
            proxy.map(String::from)
        };
        assert_eq!(proxy(&["http://p:1", "http://q"]).unwrap(), "http://p:1/");
        assert_eq!(proxy(&[" p:3128 "]).unwrap(), "http://p:3128/");
        assert_eq!(proxy(&["u:x@p:3128"]).unwrap(), "http://u:x@p:3128/");
        assert_eq!(proxy(&["HTTP://p"]).unwrap(), "http://p/");
        assert_eq!(proxy(&["socks5h://p"]).unwrap(), "socks5h://p:1080");
        assert_eq!(
            proxy(&["::::bad", "ftp://p", "socks5://q:1"]).unwrap(),
            "socks5://q:1"
        );
        assert_eq!(proxy(&["", " "]), None);
    }
}
