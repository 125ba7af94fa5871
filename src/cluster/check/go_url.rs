//! Reads a URL as Go's `url.Parse` does, as far as the API server looks at it.
//!
//! Other readers of URLs refuse or repair what this one accepts, and the verdict has to be the API server's.

use std::net::Ipv6Addr;

use super::go_text::quoted;

/// What the API server looks at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GoUrl {
    pub(super) scheme: String,
    pub(super) has_user: bool,
    pub(super) has_query: bool,
    pub(super) has_fragment: bool,
}

/// Returns the parts of a URL, or the text of Go's error.
pub(super) fn parse(text: &str) -> Result<GoUrl, String> {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let parsed = without_fragment(before).map_err(|reason| format!("parse {}: {reason}", quoted(before)));
    let mut url = parsed?;
    if !fragment.is_empty() {
        unescape(fragment, Part::Fragment).map_err(|reason| format!("parse {}: {reason}", quoted(text)))?;
    }
    url.has_fragment = !fragment.is_empty();
    Ok(url)
}

fn without_fragment(text: &str) -> Result<GoUrl, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = GoUrl::default();
    if text == "*" {
        return Ok(url);
    }
    let (scheme, mut rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    if rest.ends_with('?') && rest.matches('?').count() == 1 {
        rest = &rest[..rest.len() - 1];
    } else if let Some((path, query)) = rest.split_once('?') {
        url.has_query = !query.is_empty();
        rest = path;
    }
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            return Ok(url);
        }
        if rest.split('/').next().unwrap_or_default().contains(':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if (!url.scheme.is_empty() || !rest.starts_with("///")) && rest.starts_with("//") {
        let authority = &rest[2..];
        let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
        url.has_user = check_authority(&url.scheme, authority)?;
        rest = path;
    }
    unescape(rest, Part::Path)?;
    Ok(url)
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Returns whether the authority has user information.
fn check_authority(scheme: &str, authority: &str) -> Result<bool, String> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        check_host(scheme, authority)?;
        return Ok(false);
    };
    check_host(scheme, host)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    for part in user.splitn(2, ':') {
        unescape(part, Part::User)?;
    }
    Ok(true)
}

fn check_host(scheme: &str, host: &str) -> Result<(), String> {
    match host.rfind('[') {
        Some(0) => return check_ip_literal(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    let colon = if matches!(scheme, "http" | "https") {
        host.find(':')
    } else {
        host.rfind(':')
    };
    if let Some(at) = colon {
        check_port(&host[at..])?;
    }
    unescape(host, Part::Host)
}

fn check_ip_literal(host: &str) -> Result<(), String> {
    let end = host.rfind(']').ok_or("missing ']' in host")?;
    check_port(&host[end + 1..])?;
    let (address, zone) = match host[1..end].split_once("%25") {
        Some((address, zone)) => (address, Some(zone)),
        None => (&host[1..end], None),
    };
    unescape(address, Part::Host)?;
    if let Some(zone) = zone {
        unescape(zone, Part::Zone)?;
    }
    if address.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".to_owned());
    }
    match address.parse::<Ipv6Addr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "invalid host: ParseAddr({}): unable to parse IP",
            quoted(address)
        )),
    }
}

fn check_port(port: &str) -> Result<(), String> {
    let is_valid = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if is_valid {
        Ok(())
    } else {
        Err(format!("invalid port {} after host", quoted(port)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Zone,
    Path,
    Fragment,
}

/// Checks the escapes and characters of a part.
fn unescape(text: &str, part: Part) -> Result<(), String> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'%' {
            let value = escaped(bytes, at);
            let Some(value) = value else {
                let end = (at + 3).min(bytes.len());
                return Err(format!(
                    "invalid URL escape {}",
                    quoted(&String::from_utf8_lossy(&bytes[at..end]))
                ));
            };
            let zone_allows = |value: u8| value == b'%' || value == b' ' || !refused_in_host(value);
            if (part == Part::Host && value < 0x80 && value != b'%')
                || (part == Part::Zone && !zone_allows(value))
            {
                let escape = String::from_utf8_lossy(&bytes[at..at + 3]).into_owned();
                return Err(format!("invalid URL escape {}", quoted(&escape)));
            }
            at += 3;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && byte < 0x80 && refused_in_host(byte) {
            return Err(format!(
                "invalid character {} in host name",
                quoted(&char::from(byte).to_string())
            ));
        }
        at += 1;
    }
    Ok(())
}

fn escaped(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}

fn refused_in_host(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_url_that_go_refuses_is_refused_for_the_same_reason() {
        for (url, reason) in [
            ("://x", r#"parse "://x": missing protocol scheme"#),
            ("https://[::1", r#"parse "https://[::1": missing ']' in host"#),
            (
                "https://a b",
                r#"parse "https://a b": invalid character " " in host name"#,
            ),
            (
                "https://a:xx",
                r#"parse "https://a:xx": invalid port ":xx" after host"#,
            ),
            (
                "https://a:80:90",
                r#"parse "https://a:80:90": invalid port ":80:90" after host"#,
            ),
            ("https://%zz", r#"parse "https://%zz": invalid URL escape "%zz""#),
            (
                "https://a/%zz",
                r#"parse "https://a/%zz": invalid URL escape "%zz""#,
            ),
            (
                "1a:b",
                r#"parse "1a:b": first path segment in URL cannot contain colon"#,
            ),
            (
                "https://a\u{7f}",
                r#"parse "https://a\x7f": net/url: invalid control character in URL"#,
            ),
            (
                "https://u ser@h",
                r#"parse "https://u ser@h": net/url: invalid userinfo"#,
            ),
            (
                "https://[zz]",
                r#"parse "https://[zz]": invalid host: ParseAddr("zz"): unable to parse IP"#,
            ),
        ] {
            assert_eq!(parse(url), Err(reason.to_owned()), "{url}");
        }
    }

    #[test]
    fn a_url_that_go_accepts_is_accepted() {
        for url in [
            "https://a<b",
            "https://ä",
            "https:a",
            "https://h/a b",
            "HTTPS://a",
            "https://h:",
            "https://[fe80::1%25en0]:80/",
            "https://a?%zz",
        ] {
            assert_eq!(parse(url).map(|url| url.scheme), Ok("https".to_owned()), "{url}");
        }
        let full = parse("https://u:p@h/?q#f").unwrap();
        assert!(full.has_user && full.has_query && full.has_fragment);
        let bare = parse("https://h?#").unwrap();
        assert!(!bare.has_query && !bare.has_fragment);
    }
}
