//! Tokens and what a configuration makes of them.

use serde_json::{Map, Value, json};

use super::{Login, User, Validity, log_in};

/// In seconds.
const NOW: i64 = 1_800_000_000;

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
    all.insert("exp".to_owned(), json!(NOW + 100));
    all.extend(more.clone());
    log_in(&text, &all, NOW).unwrap_or_else(|| panic!("the configuration is refused:\n{text}"))
}

fn user(login: Login) -> User {
    match login {
        Login::Accepted {
            entry: 1,
            user,
            validity: Validity::Valid,
        } => user,
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

#[test]
fn claims_are_read_as_the_api_server_reads_them() {
    let both = "{username: {claim: sub, prefix: 'u:'}, groups: {claim: groups, prefix: 'g:'}}";
    let named = user(judged(
        both,
        "",
        &json!({"sub": null, "groups": ["a", null, ""], "jti": "7"}),
    ));
    assert_eq!(
        (named.name.as_str(), named.groups.join(" ").as_str()),
        ("u:", "g:a g: g:")
    );
    assert_eq!(
        named.extra,
        [(
            "authentication.kubernetes.io/credential-id".to_owned(),
            vec!["JTI=7".to_owned()]
        )]
    );
    assert!(user(judged(both, "", &json!({"groups": null}))).groups.is_empty());
    for (claims, part) in [
        (json!({"nonce": 1}), "`nonce` is no text"),
        (json!({"iat": null}), "`iat` is no time"),
        (json!({"aud": ["app", 1]}), "`aud` is no text"),
        (json!({"_claim_names": {"groups": ""}}), "no source for `groups`"),
        (json!({"_claim_names": {"groups": "s"}}), "no source `s`"),
        (json!({"_claim_names": []}), "no object of texts"),
    ] {
        match judged(both, "", &claims) {
            Login::Refused {
                entry: Some(1),
                reason,
            } => assert!(reason.contains(part), "{claims}: {reason}"),
            other => panic!("{claims}: {other:?}"),
        }
    }
    let distributed =
        json!({"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": "https://d.example"}}});
    assert!(matches!(judged(both, "", &distributed), Login::Unknown { .. }));
}

#[test]
fn times_are_judged_apart() {
    let validity = |claims: Value| match judged(CLAIM, "", &claims) {
        Login::Accepted { validity, .. } => validity,
        other => panic!("{other:?}"),
    };
    for (claims, wanted) in [
        (json!({"exp": NOW + 1}), Validity::Valid),
        (json!({"exp": format!("{}", NOW + 1)}), Validity::Valid),
        (json!({"exp": NOW - 60}), Validity::Expired(Some(60))),
        (json!({"nbf": NOW + 60}), Validity::Valid),
        (json!({"nbf": NOW + 61}), Validity::Early(61)),
        (json!({"nbf": null}), Validity::Valid),
    ] {
        assert_eq!(validity(claims.clone()), wanted, "{claims}");
    }
}

#[test]
fn expressions_are_evaluated_as_the_api_server_does() {
    let groups = |expression: &str, claims: &Value| {
        let mapping = format!(
            "{{username: {{claim: sub, prefix: ''}}, groups: {{expression: {}}}}}",
            json!(expression)
        );
        match judged(&mapping, "", claims) {
            Login::Accepted { user, .. } => Some(user.groups.join(" ")),
            Login::Refused { .. } => None,
            other @ Login::Unknown { .. } => panic!("{expression}: {other:?}"),
        }
    };
    let claims = json!({"g": "a,b", "n": 1_700_000_000, "m": 0.5, "a.b": "x", "o": {"c-d": "y"}, "small": 1e-7, "l": ["a"]});
    for (expression, wanted) in [
        ("claims.g.split(',')", None),
        ("claims.g.split(',').map(x, x)", Some("a b")),
        ("claims.g.split(',') + ['c']", Some("a b c")),
        ("claims.g.split(',') + []", None),
        ("true ? claims.g.split(',') : []", None),
        ("string(claims.n)", Some("1.7e+09")),
        ("string(int(claims.n))", Some("1700000000")),
        ("string(claims.m)", Some("0.5")),
        ("string(claims.small)", Some("1e-07")),
        ("claims.a__dot__b", Some("x")),
        ("claims.o.c__dash__d", Some("y")),
        ("['a'] + dyn(claims.o)", None),
        ("claims.l.?c.orValue('n')", None),
        ("claims.m.?c.orValue('n')", Some("n")),
        ("claims.?o.?c__dash__d.orValue('n')", Some("y")),
        ("has(claims.l.c) ? 'a' : 'b'", None),
        ("'g' in claims ? 'a' : 'b'", None),
        ("b'abc'", None),
        ("claims.?g", None),
    ] {
        assert_eq!(groups(expression, &claims).as_deref(), wanted, "{expression}");
    }
    for rule in [
        "has(user.uid)",
        "user.uid == ''",
        "has(user.groups) && user.groups == []",
    ] {
        let rules = format!("userValidationRules: [{{expression: {}}}]", json!(rule));
        user(judged("{username: {claim: sub, prefix: ''}}", &rules, &json!({})));
    }
}
