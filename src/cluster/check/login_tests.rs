//! Tokens and what a configuration makes of them.

use serde_json::{Map, Value, json};

use super::{Login, User, log_in};

fn judged(mappings: &str, rules: &str, claims: &Value) -> Login {
    let text = format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n- issuer: {{url: https://other.example, audiences: [x]}}\n  \
         claimMappings: {{username: {{claim: sub, prefix: 'o:'}}}}\n- issuer: {{url: https://a.example, audiences: [app]}}\n  claimMappings: {mappings}\n  {rules}\n"
    );
    let Value::Object(more) = claims else {
        panic!("{claims}")
    };
    let mut all: Map<String, Value> = Map::new();
    all.insert("iss".to_owned(), json!("https://a.example"));
    all.insert("aud".to_owned(), json!(["app"]));
    all.insert("sub".to_owned(), json!("00u1"));
    all.extend(more.clone());
    log_in(&text, &all).unwrap_or_else(|| panic!("the configuration is refused:\n{text}"))
}

fn user(login: Login) -> User {
    match login {
        Login::Accepted { entry: 1, user } => user,
        other => panic!("{other:?}"),
    }
}

const CLAIM: &str = "{username: {claim: sub, prefix: 'okta:'}, groups: {claim: groups, prefix: 'okta:'}}";

#[test]
fn claims_and_expressions_make_the_user() {
    let named = user(judged(CLAIM, "", &json!({"groups": ["dev", "ops"]})));
    assert_eq!(
        (named.name.as_str(), named.groups),
        ("okta:00u1", vec!["okta:dev".to_owned(), "okta:ops".to_owned()])
    );
    assert_eq!(named.name_source, "claim `sub`, prefix `okta:`");
    assert!(
        user(judged(CLAIM, "", &json!({}))).groups.is_empty(),
        "no claim, no groups"
    );
    let mappings = "{username: {expression: \"'okta:' + claims.sub\"}, uid: {claim: sub}, groups: {expression: \"dyn(claims.groups).filter(g, g != 'b').map(g, 'okta:' + g)\"}, \
                    extra: [{key: a.example/t, valueExpression: \"claims.?tenant.orValue('')\"}, {key: a.example/u, valueExpression: \"['x', '']\"}]}";
    let made = user(judged(mappings, "", &json!({"groups": ["a", "b"]})));
    assert_eq!(
        (made.name.as_str(), made.uid.as_str(), made.groups),
        ("okta:00u1", "00u1", vec!["okta:a".to_owned()])
    );
    assert_eq!(made.extra, [("a.example/u".to_owned(), vec!["x".to_owned()])]);
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn a_token_that_does_not_fit_is_refused_with_the_reason() {
    let claim_rule = |rule: &str| format!("claimValidationRules: [{rule}]");
    let user_rule = "userValidationRules: [{expression: \"user.?groups.orValue([]).all(g, !g.startsWith('system:'))\", message: reserved}]";
    let bare = "{username: {claim: sub, prefix: ''}, groups: {claim: groups, prefix: ''}}";
    for (mappings, rules, claims, part) in [
        (
            CLAIM,
            String::new(),
            json!({"iss": "https://a.example/"}),
            "no entry has the issuer `https://a.example/`",
        ),
        (
            CLAIM,
            String::new(),
            json!({"aud": "other"}),
            "its audience `other` is none of `app`",
        ),
        (
            CLAIM,
            String::new(),
            json!({"groups": [1]}),
            "neither a text nor a list of texts",
        ),
        (
            "{username: {claim: upn, prefix: ''}}",
            String::new(),
            json!({}),
            "parse username claims \"upn\": claim not present",
        ),
        (
            "{username: {claim: email, prefix: ''}}",
            String::new(),
            json!({"email": "a@b", "email_verified": false}),
            "email not verified",
        ),
        (
            "{username: {expression: claims.upn}}",
            String::new(),
            json!({}),
            "no such key: upn",
        ),
        (
            "{username: {expression: claims.iat}}",
            String::new(),
            json!({"iat": 1}),
            "does not result in a text",
        ),
        (
            CLAIM,
            claim_rule("{claim: hd, requiredValue: a}"),
            json!({}),
            "required claim hd not present",
        ),
        (
            CLAIM,
            claim_rule("{claim: hd, requiredValue: a}"),
            json!({"hd": "b"}),
            "`hd` is not `a`",
        ),
        (
            CLAIM,
            claim_rule("{claim: aud, requiredValue: app}"),
            json!({}),
            "`aud` is no text",
        ),
        (
            CLAIM,
            claim_rule("{expression: \"claims.hd == 'a'\", message: wrong domain}"),
            json!({"hd": "b"}),
            "does not hold: wrong domain",
        ),
        (
            bare,
            user_rule.to_owned(),
            json!({"groups": ["system:masters"]}),
            "does not hold: reserved",
        ),
    ] {
        match judged(mappings, &rules, &claims) {
            Login::Refused { reason, .. } => assert!(reason.contains(part), "{claims}: {reason}"),
            other => panic!("{claims}: {other:?}"),
        }
    }
    let own = "{username: {expression: \"isIP(claims.sub) ? 'a' : 'b'\"}}";
    assert!(matches!(
        judged(own, "", &json!({})),
        Login::Unknown { entry: 1, .. }
    ));
}
