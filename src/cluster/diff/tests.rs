//! Pairs of settings, with what their difference means for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Person, bindings, compare, person};
use crate::cluster::check::{Login, Settings, SettingsFault, read_settings};
use crate::rbac::policy::load::Loader;

const URL: &str = "https://org.okta.com/oauth2/default";

/// Returns a configuration with one entry, of the parts that differ from the usual ones.
fn entry(parts: &Value) -> Value {
    let mut entry = json!({
        "issuer": { "url": URL, "audiences": ["0oa1"] },
        "claimMappings": {
            "username": { "claim": "sub", "prefix": "okta:" },
            "groups": { "claim": "groups", "prefix": "okta:" },
        },
    });
    for (path, value) in parts.as_object().unwrap() {
        *path.split('.').fold(&mut entry, |at, part| &mut at[part]) = value.clone();
    }
    entry
}

fn of_entries(entries: &[Value]) -> Settings {
    let document = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": entries,
    });
    settings(&document.to_string())
}

fn settings(text: &str) -> Settings {
    read_settings(text).unwrap_or_else(|report| panic!("{report:?}"))
}

fn with(parts: &Value) -> Settings {
    of_entries(&[entry(parts)])
}

fn told(old: &Settings, new: &Settings) -> String {
    let difference = compare(old, new);
    let mut text = String::new();
    for change in difference.changes {
        let _ = writeln!(text, "{}: {}", change.subject.name(), change.text);
        if let (Some(before), Some(after)) = (change.before, change.after) {
            let _ = writeln!(text, "  {before} -> {after}");
        }
        for effect in change.effects {
            let _ = writeln!(text, "  {effect}");
        }
        for people in change.locked_out {
            let _ = writeln!(text, "  out: {people}");
        }
    }
    for note in difference.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

#[test]
fn each_change_of_a_name_says_whom_it_is_about() {
    let text = [
        json!({"claimMappings.username.claim": "email"}),
        json!({"claimMappings.username.prefix": "oidc:"}),
        json!({"claimMappings.username.prefix": ""}),
        json!({"claimMappings.username": {"expression": "'corp:' + claims.sub.lowerAscii()"}}),
        json!({"claimMappings.groups.claim": "roles", "claimMappings.groups.prefix": "r:"}),
        json!({"claimMappings.groups.prefix": ""}),
        json!({"claimMappings.groups": null}),
        json!({"claimMappings.uid": {"claim": "oid"}}),
        json!({"claimMappings.extra": [{"key": "a.example/b", "valueExpression": "claims.b"}]}),
    ]
    .iter()
    .map(|parts| told(&with(&json!({})), &with(parts)) + "\n")
    .collect::<String>();
    insta::assert_snapshot!(text, @"
    username: the username changes from claim `sub` to claim `email`
      claim `sub` with the prefix `okta:` -> claim `email` with the prefix `okta:`
      every user of this issuer gets another name; bindings to names of the old form (claim `sub` with the prefix `okta:`) reach nobody
      out: people whose token has no claim `email`
      out: people whose address is not verified (`email_verified` is there, and not true)

    username: the prefix of user names changes from `okta:` to `oidc:`
      claim `sub` with the prefix `okta:` -> claim `sub` with the prefix `oidc:`
      bindings to user names that begin with `okta:` reach nobody
      every user of this issuer gets another name

    username: the prefix of user names changes from `okta:` to no prefix
      claim `sub` with the prefix `okta:` -> claim `sub` without a prefix
      bindings to user names that begin with `okta:` reach nobody
      every user of this issuer gets another name
      nothing keeps names such as `system:admin` of the provider out, unless a rule does

    username: the source of the username changes
      claim `sub` with the prefix `okta:` -> expression `'corp:' + claims.sub.lowerAscii()`
      every user of this issuer gets another name; bindings to names that begin with `okta:` reach nobody

    groups: groups change from claim `groups` to claim `roles`
      claim `groups` with the prefix `okta:` -> claim `roles` with the prefix `r:`
      people have the groups of `roles`; without that claim they have none
      bindings to groups that begin with `okta:` reach nobody

    groups: the prefix of groups changes from `okta:` to no prefix
      claim `groups` with the prefix `okta:` -> claim `groups` without a prefix
      bindings to groups that begin with `okta:` reach nobody
      a group `system:masters` of the provider may do everything, unless a rule keeps it out

    groups: groups go
      claim `groups` with the prefix `okta:` -> none
      people of this issuer have no groups any more; bindings to groups of this issuer reach nobody

    uid: the UID changes
      none -> claim `oid`
      people keep their rights, since RBAC does not look at it; the audit log has another UID
      out: people whose token has no claim `oid`

    extra: the extra value `a.example/b` changes
      none -> `claims.b`
      people keep their names; what admission policies, webhooks and the audit log see of them changes
      a token for which the expression fails is refused
    ");
}

/// Pairs of the parts that differ from the usual ones.
fn pairs() -> Vec<(Value, Value)> {
    let rule = |claim: &str, value: &str| json!({"claimValidationRules": [{"claim": claim, "requiredValue": value}]});
    let users = |text: &str| json!({"userValidationRules": [{"expression": text, "message": "no"}]});
    let usual = json!({});
    vec![
        (
            usual.clone(),
            json!({"issuer.audiences": ["0oa1", "0oa2"], "issuer.audienceMatchPolicy": "MatchAny"}),
        ),
        (usual.clone(), json!({"issuer.audiences": ["0oa2"]})),
        (usual.clone(), json!({"issuer.url": format!("{URL}/")})),
        (usual.clone(), json!({"issuer.url": "https://other.example"})),
        (
            usual.clone(),
            json!({"issuer.discoveryURL": "https://other.example/.well-known/openid-configuration"}),
        ),
        (usual.clone(), rule("hd", "a")),
        (rule("hd", "a"), rule("hd", "b")),
        (rule("hd", "a"), usual.clone()),
        (usual.clone(), users("user.username != 'a'")),
        (users("user.username != 'a'"), users("user.username != 'b'")),
        (users("user.username != 'a'"), usual.clone()),
        (usual.clone(), users("!user.username.startsWith('system:')")),
        (
            usual.clone(),
            users("user.?groups.orValue([]).all(g, !g.startsWith(\"system:\"))"),
        ),
        (usual, users("!user.username.startsWith('okta:a')")),
    ]
}

#[test]
fn each_change_of_issuers_and_rules_says_who_is_locked_out() {
    let text = pairs()
        .iter()
        .map(|(old, new)| told(&with(old), &with(new)) + "\n")
        .collect::<String>();
    insta::assert_snapshot!(text, @"
    audience: tokens with the audience `0oa2` are accepted too
      `0oa1` -> `0oa1`, `0oa2`

    audience: tokens have to have the audience `0oa2` in place of `0oa1`
      `0oa1` -> `0oa2`
      out: people whose tokens have the audience `0oa1` and none of `0oa2`

    issuer: the issuer changes by a slash at its end
      https://org.okta.com/oauth2/default -> https://org.okta.com/oauth2/default/
      the API server compares `iss` of a token byte for byte, so one of the two accepts nobody
      out: everybody whose token has the issuer https://org.okta.com/oauth2/default

    issuer: the issuer goes, with the client id `0oa1`
      username: claim `sub` with the prefix `okta:`; groups: claim `groups` with the prefix `okta:` -> none
      out: everybody of this issuer
    issuer: the issuer comes, with the client id `0oa1`
      none -> username: claim `sub` with the prefix `okta:`; groups: claim `groups` with the prefix `okta:`
      people of this issuer can sign in

    keys: the provider's keys are fetched from another address
      the issuer's own address -> https://other.example/.well-known/openid-configuration
      if it has other keys or is not reached, every token of this issuer is refused

    claim: claim `hd` has to be `a` from now on
      out: people without claim `hd`, or with another value than `a`

    claim: claim `hd` has to be `b` in place of `a`
      `a` -> `b`
      out: people whose claim `hd` is `a`

    claim: claim `hd` no longer has to be `a`
      people with another value, or without this claim, can sign in too

    rule: a rule about users comes (no)
      none -> `user.username != 'a'`
      out: people for whom `user.username != 'a'` does not hold

    rule: a rule about users changes (no)
      `user.username != 'a'` -> `user.username != 'b'`
      out: people for whom `user.username != 'b'` does not hold

    rule: a rule about users goes (no)
      `user.username != 'a'` -> none
      people whom it refused can sign in



    rule: a rule about users comes (no)
      none -> `!user.username.startsWith('okta:a')`
      out: people for whom `!user.username.startsWith('okta:a')` does not hold
    ");
}

const POD: &str = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    \
    - --oidc-issuer-url=https://org.okta.com/oauth2/default\n    - --oidc-client-id=0oa1\n    - '--oidc-username-prefix=okta:'\n    \
    - --oidc-groups-claim=groups\n    - '--oidc-groups-prefix=okta:'\n";

#[test]
fn what_is_written_in_another_way_is_no_difference() {
    let kubeadm = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n  \
        - {name: oidc-issuer-url, value: https://org.okta.com/oauth2/default}\n  - {name: oidc-client-id, value: 0oa1}\n  \
        - {name: oidc-username-prefix, value: 'okta:'}\n  - {name: oidc-groups-claim, value: groups}\n  - {name: oidc-groups-prefix, value: 'okta:'}\n";
    let eksctl = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nidentityProviders:\n- type: oidc\n  name: okta\n  \
        issuerURL: https://org.okta.com/oauth2/default\n  clientID: 0oa1\n  usernamePrefix: 'okta:'\n  groupsClaim: groups\n  groupsPrefix: 'okta:'\n";
    let usual = with(&json!({}));
    for text in [POD, kubeadm, eksctl] {
        let other = settings(text);
        let difference = compare(&usual, &other);
        // A structured configuration accepts all algorithms, and flags one.
        let changes: Vec<_> = difference
            .changes
            .iter()
            .filter(|change| change.subject.name() != "signature")
            .collect();
        assert!(changes.is_empty(), "{text}: {changes:?}");
        assert!(compare(&other, &usual).changes.is_empty(), "{text}");
    }
    for (a, b) in [
        (
            json!({"claimMappings.username": {"expression": "'okta:' + claims.sub"}}),
            json!({"claimMappings.groups": {"expression": "has(claims.groups) ? claims.groups : []"}}),
        ),
        (
            json!({"claimValidationRules": [{"expression": "claims.hd == 'x'"}]}),
            json!({"claimValidationRules": [{"claim": "hd", "requiredValue": "x"}]}),
        ),
    ] {
        let (a, b) = (with(&a), with(&b));
        let groups = told(&a, &b).contains("prefix of groups");
        assert!(told(&a, &b).is_empty() || groups, "{}", told(&a, &b));
    }
    assert_eq!(
        told(&settings(POD), &usual).lines().count(),
        1,
        "a note on algorithms"
    );
    insta::assert_snapshot!(told(&usual, &settings(POD)), @"
    signature: tokens signed with ES256, ES384, ES512, PS256, PS384, PS512, RS384, RS512 are refused
      only RS256 is accepted; the provider's `alg` is in each token: kubesesame token inspect
      out: people whose tokens are signed with another algorithm than RS256
    ");
}

#[test]
fn anonymous_requests_and_flags_that_name_a_file_are_told() {
    let anonymous = POD.to_owned() + "    - --anonymous-auth=false\n";
    insta::assert_snapshot!(told(&settings(POD), &settings(&anonymous)), @"
    anonymous: requests without a token
      accepted -> refused
      the API server takes this at its start, and not when it reads the file again
    ");
    let elsewhere = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    - --authentication-config=/etc/a.yaml\n";
    let fault = read_settings(elsewhere).unwrap_err();
    let SettingsFault::Elsewhere { line, file } = fault else {
        panic!("{fault:?}")
    };
    assert_eq!((line, file.as_str()), (Some(7), "/etc/a.yaml"));
    let none = settings("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver]\n");
    assert!(none.configuration.jwt.is_empty());
}

const POLICY: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: people}
roleRef: {kind: ClusterRole, name: view}
subjects:
- {kind: User, name: 'okta:00u1'}
- {kind: User, name: 'okta:ada@example.com'}
- {kind: User, name: 'system:kube-scheduler'}
- {kind: User, name: 'new:00u1'}
- {kind: Group, name: 'okta:dev'}
- {kind: ServiceAccount, name: a, namespace: b}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: shop, namespace: shop}
roleRef: {kind: ClusterRole, name: edit}
subjects:
- {kind: Group, name: 'okta:dev'}
";

fn reached(old: &Value, new: &Value) -> Vec<String> {
    let mut loader = Loader::default();
    loader.read(0, POLICY).unwrap();
    let policy = loader.finish().policy;
    bindings(&policy, &with(old), &with(new))
        .iter()
        .map(|change| {
            format!(
                "{} {} {}:{}",
                change.reach.name(),
                change.subject,
                change.name,
                change.place.line
            )
        })
        .collect()
}

#[test]
fn bindings_whose_subjects_nobody_has_any_more_are_found() {
    let usual = json!({});
    let (email, sub) = (json!({"claimMappings.username.claim": "email"}), json!({}));
    for (old, new, expected) in [
        (&usual, json!({}), &[][..]),
        (&usual, email.clone(), &["nobody okta:00u1 people:1"]),
        (&email, sub, &["nobody okta:ada@example.com people:1"]),
        (
            &usual,
            json!({"claimMappings.username.claim": "name"}),
            &[
                "doubtful okta:00u1 people:1",
                "doubtful okta:ada@example.com people:1",
            ],
        ),
        (
            &usual,
            json!({"claimMappings.username.prefix": "new:"}),
            &[
                "nobody okta:00u1 people:1",
                "nobody okta:ada@example.com people:1",
                "somebody new:00u1 people:1",
            ],
        ),
        (
            &usual,
            json!({"claimMappings.groups": null}),
            &["nobody okta:dev people:1", "nobody okta:dev shop:13"],
        ),
        (
            &usual,
            json!({"claimMappings.groups": {"expression": "dyn(claims.groups).filter(g, g != 'x').map(g, 'okta:' + g)"}}),
            &[],
        ),
        (
            &usual,
            json!({"claimMappings.groups": {"expression": "has(claims.g) ? dyn(claims.g).map(g, 'x:' + g) : []"}}),
            &["nobody okta:dev people:1", "nobody okta:dev shop:13"],
        ),
    ] {
        assert_eq!(reached(old, &new), expected, "{old} {new}");
    }
}

fn becomes(claims: &Value, old: &Value, new: &Value) -> Person {
    let mut loader = Loader::default();
    loader.read(0, POLICY).unwrap();
    let policy = loader.finish().policy;
    person(
        (claims.as_object().unwrap(), 1_700_000_000),
        &with(old),
        &with(new),
        Some(&policy),
    )
}

#[test]
fn a_person_is_renamed_or_refused_and_loses_bindings() {
    let claims =
        json!({"iss": URL, "aud": "0oa1", "sub": "00u1", "email": "ada@example.com", "groups": ["dev"]});
    let email = json!({"claimMappings.username.claim": "email", "claimMappings.groups": null});
    let renamed = becomes(&claims, &json!({}), &email);
    assert!(renamed.changes());
    let names = |granted: &[super::Granted]| granted.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&renamed.lost), ["shop"]);
    assert!(renamed.gained.is_empty());
    let refused = becomes(&claims, &json!({}), &json!({"issuer.audiences": ["b"]}));
    assert!(refused.changes() && matches!(refused.after, Login::Refused { .. }));
    assert_eq!(names(&refused.lost), ["people", "shop"]);
    assert!(!becomes(&claims, &json!({}), &json!({})).changes());
}
