//! The authorization response, correct or with the configured fault.

use super::{
    behaviour::Behaviour,
    bodies,
    choices::Callback,
    exchange::{Answer, AuthorizationServer},
    pages,
    provider::Provider,
};

/// Where a response to an authorization request goes.
#[derive(Debug, Clone)]
pub(crate) struct Return {
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<String>,
}

/// How the parameters travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// Sends a code.
pub(crate) fn success(
    provider: &Provider,
    rules: &Behaviour,
    server: AuthorizationServer,
    back: &Return,
    code: String,
) -> Answer {
    let mut parameters = match rules.callback {
        Callback::NoCode => Vec::new(),
        Callback::DuplicateCode => vec![("code", code.clone()), ("code", code)],
        Callback::CodeAndError => vec![("code", code), ("error", "access_denied".to_owned())],
        Callback::Normal
        | Callback::WrongState
        | Callback::NoState
        | Callback::WrongIss
        | Callback::CorrectIss => {
            vec![("code", code)]
        }
    };
    sign(provider, rules, server, back, &mut parameters);
    deliver(back, &parameters)
}

/// Sends an error.
pub(crate) fn failure(
    provider: &Provider,
    rules: &Behaviour,
    server: AuthorizationServer,
    back: &Return,
    error: &str,
    description: &str,
) -> Answer {
    let mut parameters = vec![("error", error.to_owned())];
    if !description.is_empty() {
        parameters.push(("error_description", description.to_owned()));
    }
    failure_of(provider, rules, server, back, parameters)
}

/// Sends an error with these parameters.
pub(crate) fn failure_of(
    provider: &Provider,
    rules: &Behaviour,
    server: AuthorizationServer,
    back: &Return,
    mut parameters: Vec<(&'static str, String)>,
) -> Answer {
    sign(provider, rules, server, back, &mut parameters);
    deliver(back, &parameters)
}

/// Adds `state` and `iss`.
fn sign(
    provider: &Provider,
    rules: &Behaviour,
    server: AuthorizationServer,
    back: &Return,
    parameters: &mut Vec<(&'static str, String)>,
) {
    match rules.callback {
        Callback::NoState => {}
        Callback::WrongState => parameters.push(("state", bodies::random())),
        Callback::Normal
        | Callback::WrongIss
        | Callback::CorrectIss
        | Callback::DuplicateCode
        | Callback::CodeAndError
        | Callback::NoCode => parameters.extend(back.state.clone().map(|state| ("state", state))),
    }
    match rules.callback {
        Callback::WrongIss => parameters.push(("iss", "https://evil.example/oauth2/default".to_owned())),
        Callback::CorrectIss => parameters.push(("iss", provider.issuer(server))),
        Callback::Normal
        | Callback::WrongState
        | Callback::NoState
        | Callback::DuplicateCode
        | Callback::CodeAndError
        | Callback::NoCode => {}
    }
}

fn deliver(back: &Return, parameters: &[(&str, String)]) -> Answer {
    // The redirect URI is exactly the registered one. Only the parameters are appended.
    let answer = match back.mode {
        ResponseMode::Query => {
            let joint = if back.redirect_uri.contains('?') { '&' } else { '?' };
            Answer::redirect(
                302,
                &format!("{}{joint}{}", back.redirect_uri, bodies::encoded(parameters)),
            )
        }
        ResponseMode::Fragment => Answer::redirect(
            302,
            &format!("{}#{}", back.redirect_uri, bodies::encoded(parameters)),
        ),
        ResponseMode::FormPost => pages::form_post(&back.redirect_uri, parameters),
    };
    answer
        .header("Referrer-Policy", "no-referrer")
        .header("Cache-Control", "no-cache, no-store")
}

/// Returns a loopback redirect URI without its port, to compare the rest exactly.
pub(crate) fn without_loopback_port(uri: &str) -> Option<String> {
    [
        "http://127.0.0.1",
        "http://localhost",
        "http://[::1]",
        "https://localhost",
    ]
    .into_iter()
    .find_map(|host| {
        let rest = uri.strip_prefix(host)?;
        let path = match rest.strip_prefix(':') {
            Some(port_and_path) => port_and_path.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => rest,
        };
        (path.is_empty() || path.starts_with(['/', '?'])).then(|| format!("{host}{path}"))
    })
}
