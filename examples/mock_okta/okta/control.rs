//! The mock's own endpoints, for other processes: they return the requests and change the behaviour.
//!
//! A request is refused if its `Host` is not loopback, or if it comes from a page of another origin: a web site that is
//! open in a browser must not control the mock (DNS rebinding).

use serde_json::{Value, json};

use super::{
    behaviour::Behaviour,
    errors,
    exchange::{Answer, Asked},
    provider::Provider,
};

/// Responds to a control request.
pub(crate) fn answer(provider: &Provider, asked: &Asked) -> Answer {
    if !is_local(provider, asked) {
        return errors::okta_by_status(403);
    }
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/control/behaviour") => behaviour(provider),
        ("PATCH", "/control/behaviour") => changed(provider, patch(provider, &asked.body)),
        // Omitted members get their defaults.
        ("PUT", "/control/behaviour") => changed(provider, put(provider, &asked.body)),
        ("GET", "/control/requests") => Answer::json(200, &json!(provider.requests())),
        ("DELETE", "/control/requests") => {
            provider.clear_requests();
            Answer::empty(204)
        }
        ("GET", "/control/counts") => Answer::json(200, &counts(provider)),
        ("POST", "/control/rotate-keys") => {
            provider.rotate_keys();
            Answer::empty(204)
        }
        ("POST", "/control/end-sessions") => {
            provider.grants().end_all();
            Answer::empty(204)
        }
        _ => errors::okta_by_status(404),
    }
}

fn changed(provider: &Provider, outcome: serde_json::Result<()>) -> Answer {
    match outcome {
        Ok(()) => behaviour(provider),
        Err(problem) => errors::okta(
            400,
            "E0000003",
            &format!("The behaviour was not understood: {problem}"),
        ),
    }
}

fn behaviour(provider: &Provider) -> Answer {
    match serde_json::to_value(provider.behaviour()) {
        Ok(value) => Answer::json(200, &value),
        Err(_) => errors::okta_by_status(500),
    }
}

fn patch(provider: &Provider, body: &[u8]) -> serde_json::Result<()> {
    let changes: Value = serde_json::from_slice(body)?;
    let mut outcome = Ok(());
    provider.behave(|behaviour| {
        let merged = serde_json::to_value(&*behaviour).and_then(|mut value| {
            merge(&mut value, &changes);
            serde_json::from_value(value)
        });
        match merged {
            Ok(merged) => *behaviour = merged,
            Err(problem) => outcome = Err(problem),
        }
    });
    outcome
}

/// Merges objects, and replaces other values. Unlike in RFC 7396, null is a value: it turns a switch off, and as a discovery
/// override it removes a member of the document.
fn merge(target: &mut Value, changes: &Value) {
    match (target, changes) {
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(members.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
        (target, change) => *target = change.clone(),
    }
}

fn put(provider: &Provider, body: &[u8]) -> serde_json::Result<()> {
    let whole: Behaviour = serde_json::from_slice(body)?;
    provider.behave(|behaviour| *behaviour = whole);
    Ok(())
}

fn counts(provider: &Provider) -> Value {
    let mut endpoints = serde_json::Map::new();
    for recorded in provider.requests() {
        let name = json!(recorded.endpoint).as_str().unwrap_or_default().to_owned();
        let count = endpoints.get(&name).and_then(Value::as_u64).unwrap_or(0);
        endpoints.insert(name, (count + 1).into());
    }
    let reuse_detected = provider.grants().reuse_detected;
    json!({ "endpoints": endpoints, "reuse_detected": reuse_detected })
}

fn is_local(provider: &Provider, asked: &Asked) -> bool {
    let host = asked.header("host").unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let own_page = asked
        .header("origin")
        .is_none_or(|origin| origin == provider.origin());
    ["127.0.0.1", "localhost", "[::1]"].contains(&name) && own_page
}
