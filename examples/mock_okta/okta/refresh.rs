//! The refresh grant: static or rotating tokens, the grace period, and the end of a family after the reuse of a token.

use super::{
    behaviour::Behaviour,
    choices::{RefreshRepeats, Rotation},
    client_auth::App,
    dpop, errors,
    exchange::{Answer, Asked},
    grants::{FamilyId, Grants, Limits},
    id_token::VerificationContext,
    provider::Provider,
    step_up, token,
};

/// Okta's text for an expired, idle, revoked or reused token. Only its System Log distinguishes these cases.
const DEAD: &str = "The refresh token is invalid or expired.";

/// Responds to a refresh request.
pub(crate) fn refresh(
    provider: &Provider,
    rules: &Behaviour,
    asked: &Asked,
    app: App,
    jkt: Option<String>,
) -> Result<Answer, Answer> {
    let presented = asked.form("refresh_token").unwrap_or_default();
    let now = rules.now_millis();
    let mut grants = provider.grants();
    let family = grants
        .present(presented, app.id(), limits(rules))
        .ok_or_else(|| token::invalid_grant(DEAD))?;
    let grant = &grants.family(family).grant;
    if grant.server != asked.server {
        return Err(token::invalid_grant(DEAD));
    }
    dpop::check_binding(grant.jkt.as_deref(), jkt.as_deref())?;
    step_up::check_grant(rules, grant)?;
    let scope = narrowed(&grant.scope, asked.form("scope"))?;
    grants.bind(family, jkt);
    grants.used(family, now);
    // Okta returns a refresh token only if `offline_access` is requested again.
    let offline = scope.iter().any(|word| word == "offline_access");
    let next = if offline {
        successor(&mut grants, rules, family, presented, now)
    } else {
        None
    };
    drop(grants);
    Ok(token::issue(
        provider,
        rules,
        family,
        VerificationContext::Refresh,
        &scope,
        next,
    ))
}

/// Returns the current limits.
pub(crate) fn limits(rules: &Behaviour) -> Limits {
    Limits {
        now: rules.now_millis(),
        leeway: rules.leeway_secs.saturating_mul(1000),
        idle: rules.refresh_idle_secs.saturating_mul(1000),
        absolute: rules.refresh_absolute_secs.saturating_mul(1000),
    }
}

fn successor(
    grants: &mut Grants,
    rules: &Behaviour,
    family: FamilyId,
    presented: &str,
    now: i64,
) -> Option<String> {
    match (rules.refresh_repeats, rules.refresh) {
        (RefreshRepeats::Absent, _) => None,
        (RefreshRepeats::Same, _) | (RefreshRepeats::ByRotation, Rotation::Static) => {
            Some(presented.to_owned())
        }
        (RefreshRepeats::New, Rotation::Static) => Some(grants.mint_refresh_token(family)),
        (RefreshRepeats::New | RefreshRepeats::ByRotation, Rotation::Rotate) => {
            Some(grants.rotate(family, now))
        }
    }
}

/// Returns the scopes of the response: the requested ones, which must have been granted (RFC 6749 6).
fn narrowed(granted: &[String], asked: Option<&str>) -> Result<Vec<String>, Answer> {
    let asked: Vec<String> = asked
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    let denied: Vec<&str> = asked
        .iter()
        .filter(|word| !granted.contains(word))
        .map(String::as_str)
        .collect();
    if denied.is_empty() {
        return Ok(asked);
    }
    let text = format!(
        "Some of the scopes requested for the refresh request were not granted in the original authorize request. \
         Denied scopes: [{}].",
        denied.join(", ")
    );
    Err(errors::oauth(400, "access_denied", &text))
}
