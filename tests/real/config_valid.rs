//! Makes files that kube-apiserver accepts: each expression has the type of its place. Whether a token fits is another matter.

use std::fmt::Write as _;

use crate::config_generator::{Generator, HEAD};

const ISSUERS: [&str; 3] = [
    "https://a.example",
    "https://b.example/x",
    "https://accounts.google.com",
];
const CLAIMS: [&str; 8] = ["sub", "email", "upn", "tenant", "hd", "x-y", "a.b", "groups"];
const PREFIXES: [&str; 5] = ["'p:'", "''", "'é#'", "\"a b\"", "'okta:'"];
const KEYS: [&str; 4] = ["a.example/b", "a.example/c", "b.example/x.y_z", "c.d/~e"];

/// What an expression is made for.
#[derive(Clone, Copy)]
struct Scope {
    is_user: bool,
    depth: usize,
}

impl Scope {
    fn inner(self) -> Self {
        Self {
            depth: self.depth.saturating_sub(1),
            ..self
        }
    }
}

/// Returns the text of a file.
pub(crate) fn file(generator: &mut Generator) -> String {
    let issuer = issuer(generator);
    file_with(generator, &issuer)
}

/// Returns the text of a file that has this issuer, and perhaps another one.
pub(crate) fn file_with(generator: &mut Generator, issuer: &str) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("jwt:\n");
    let others: Vec<&str> = ISSUERS.into_iter().filter(|url| *url != issuer).collect();
    let other = generator.pick(&others);
    let issuers =
        vec![vec![issuer], vec![issuer, other], vec![other, issuer]].swap_remove(generator.below(3));
    for url in issuers {
        text.push_str(&jwt(generator, url));
    }
    if generator.chance(10) {
        text.push_str("anonymous: {enabled: true, conditions: [{path: /livez}]}\n");
    }
    text
}

/// Returns one of the issuers.
pub(crate) fn issuer(generator: &mut Generator) -> String {
    generator.pick(&ISSUERS).to_owned()
}

#[expect(clippy::too_many_lines, reason = "a list of the fields")]
fn jwt(generator: &mut Generator, url: &str) -> String {
    let audiences = generator.pick(&["[x]", "[x]", "[x, z9], audienceMatchPolicy: MatchAny"]);
    let more = generator.pick(&["", "", "", ", discoveryURL: 'https://d.example/NAME'"]);
    let mut text = format!(
        "- issuer: {{url: '{url}', audiences: {audiences}{}}}\n",
        more.replace("NAME", &url[8..10])
    );
    let username = username(generator);
    let mut rules: Vec<String> = (0..generator.below(3))
        .map(|at| claim_rule(generator, at))
        .collect();
    if username.contains("claims.email") {
        rules.push("{expression: 'claims.?email_verified.orValue(true) == true'}".to_owned());
    }
    if !rules.is_empty() {
        writeln!(text, "  claimValidationRules:\n  - {}", rules.join("\n  - ")).unwrap();
    }
    writeln!(text, "  claimMappings:\n    username: {username}").unwrap();
    if generator.chance(70) {
        let groups = if generator.chance(40) {
            format!(
                "{{claim: {}, prefix: {}}}",
                generator.pick(&["groups", "roles", "tenant"]),
                generator.pick(&PREFIXES)
            )
        } else {
            quoted("expression", &made(generator, list, false))
        };
        writeln!(text, "    groups: {groups}").unwrap();
    }
    if generator.chance(40) {
        let uid = if generator.chance(50) {
            "{claim: sub}".to_owned()
        } else {
            quoted("expression", &made(generator, self::text, false))
        };
        writeln!(text, "    uid: {uid}").unwrap();
    }
    if generator.chance(40) {
        text.push_str("    extra:\n");
        let first = generator.below(KEYS.len());
        for at in 0..=generator.below(2) {
            let value = made(generator, list, false);
            let value = serde_json::Value::String(value);
            writeln!(
                text,
                "    - {{key: {}, valueExpression: {value}}}",
                KEYS[(first + at) % KEYS.len()]
            )
            .unwrap();
        }
    }
    if generator.chance(50) {
        let rule = made(generator, truth, true);
        let rule = format!(
            "({rule}) || {}",
            generator.pick(&["false", "true", "user.username != ''"])
        );
        writeln!(
            text,
            "  userValidationRules:\n  - {}",
            quoted("expression", &rule)
        )
        .unwrap();
    }
    text
}

fn made(generator: &mut Generator, of: fn(&mut Generator, Scope) -> String, is_user: bool) -> String {
    let depth = [0, 0, 1, 1, 2, 3][generator.below(6)];
    of(generator, Scope { is_user, depth })
}

fn quoted(name: &str, expression: &str) -> String {
    format!("{{{name}: {}}}", serde_json::Value::String(expression.to_owned()))
}

fn username(generator: &mut Generator) -> String {
    if generator.chance(50) {
        return format!(
            "{{claim: {}, prefix: {}}}",
            generator.pick(&CLAIMS),
            generator.pick(&PREFIXES)
        );
    }
    quoted("expression", &made(generator, text, false))
}

fn claim_rule(generator: &mut Generator, at: usize) -> String {
    if generator.chance(30) {
        let claim = ["hd", "tenant", "email", "sub"][at % 2 + 2 * generator.below(2)];
        return format!(
            "{{claim: {claim}, requiredValue: {}}}",
            generator.pick(&["a", "''", "é", "'1'"])
        );
    }
    // No expression may be there twice.
    let rule = made(generator, truth, false);
    let rest = generator
        .pick(&["{at} > 5", "{at} >= 0", "claims.iss != '{at}'"])
        .replace("{at}", &at.to_string());
    format!(
        "{{expression: {}, message: m{at}}}",
        serde_json::Value::String(format!("({rule}) || {rest}"))
    )
}

/// An expression for a text, or for anything if a claim is one.
fn text(generator: &mut Generator, scope: Scope) -> String {
    if scope.depth == 0 {
        return leaf(generator, scope);
    }
    let inner = scope.inner();
    match generator.below(18) {
        0 | 1 => format!("'okta:' + {}", text(generator, inner)),
        2 => format!("string({})", number(generator, inner)),
        3 => format!("dyn({}).lowerAscii()", text(generator, inner)),
        4 => format!("dyn({}).split('@')[0]", text(generator, inner)),
        5 => format!(
            "({} ? dyn({}) : dyn({}))",
            truth(generator, inner),
            text(generator, inner),
            text(generator, inner)
        ),
        6 => format!(
            "dyn({})[{}]",
            list(generator, inner),
            generator.pick(&["0", "1", "0"])
        ),
        7 => format!("dyn({}).replace('a', 'b')", text(generator, inner)),
        8 => format!("dyn({}).join('-')", list(generator, inner)),
        9 => format!(
            "dyn({}) + dyn({})",
            text(generator, inner),
            text(generator, inner)
        ),
        10 => format!("dyn({}).substring(1)", text(generator, inner)),
        11 => format!("string({})", text(generator, inner)),
        12 => format!("dyn({}).trim().upperAscii()", text(generator, inner)),
        _ => leaf(generator, scope),
    }
}

fn leaf(generator: &mut Generator, scope: Scope) -> String {
    let names: &[&str] = if scope.is_user {
        &[
            "user.username",
            "user.username",
            "user.uid",
            "user.?uid.orValue('u')",
            "user.extra['a.example/b'][0]",
            "'a'",
        ]
    } else {
        &[
            "claims.sub",
            "claims.sub",
            "claims.email",
            "claims.upn",
            "claims['x-y']",
            "claims.?tenant.orValue('t')",
            "claims.?hd.orValue('')",
            "claims.a.b",
            "claims.a.?c.orValue('n')",
            "'a'",
            "'é'",
            "claims.iss",
            "claims['a.b']",
            "claims.a__dot__b",
            "claims.jti",
        ]
    };
    generator.pick(names).to_owned()
}

fn number(generator: &mut Generator, scope: Scope) -> String {
    let inner = scope.inner();
    match generator.below(7) {
        0 => format!("size(dyn({}))", text(generator, inner)),
        1 => format!("size(dyn({}))", list(generator, inner)),
        2 if !scope.is_user => "claims.iat".to_owned(),
        3 if !scope.is_user => "claims.n".to_owned(),
        4 if !scope.is_user => "claims.exp - claims.iat".to_owned(),
        5 => format!("dyn({}).indexOf('a')", text(generator, inner)),
        _ => generator.pick(&["1", "2.5", "0", "-3"]).to_owned(),
    }
}

/// An expression for a text or a list of texts, or for anything if a claim is one.
fn list(generator: &mut Generator, scope: Scope) -> String {
    let inner = scope.inner();
    if scope.depth == 0 {
        let names: &[&str] = if scope.is_user {
            &["user.groups", "user.?groups.orValue([])", "['a', 'b']"]
        } else {
            &[
                "claims.groups",
                "claims.?groups.orValue([])",
                "['a', 'b']",
                "claims.a.list",
                "[]",
                "has(claims.roles) ? claims.roles : []",
                "null",
                "claims.?roles.orValue(null)",
            ]
        };
        return generator.pick(names).to_owned();
    }
    match generator.below(13) {
        0 | 1 => format!("dyn({}).map(g, 'p:' + g)", list(generator, inner)),
        2 => format!("dyn({}).filter(g, g != 'a')", list(generator, inner)),
        3 => format!(
            "dyn({}).filter(g, g.startsWith('d')).map(g, g.upperAscii())",
            list(generator, inner)
        ),
        4 => format!(
            "[dyn({}), dyn({})]",
            text(generator, inner),
            text(generator, inner)
        ),
        5 => format!("dyn({}).split(',')", text(generator, inner)),
        6 => format!(
            "dyn({}) + dyn({})",
            list(generator, inner),
            list(generator, inner)
        ),
        7 => format!(
            "({} ? dyn({}) : dyn({}))",
            truth(generator, inner),
            list(generator, inner),
            list(generator, inner)
        ),
        8 => text(generator, inner),
        9 => format!("dyn({}).distinct()", list(generator, inner)),
        10 => format!("dyn({}).map(g, g.contains('e'), g)", list(generator, inner)),
        11 => format!("dyn({}).sort()", list(generator, inner)),
        _ => list(generator, inner),
    }
}

#[expect(clippy::too_many_lines, reason = "a list of expressions")]
fn truth(generator: &mut Generator, scope: Scope) -> String {
    let inner = scope.inner();
    if scope.depth == 0 {
        let names: &[&str] = if scope.is_user {
            &[
                "!user.username.startsWith('system:')",
                "user.groups.all(g, !g.startsWith('system:'))",
                "has(user.uid)",
                "has(user.groups)",
                "has(user.extra)",
                "user.uid == ''",
                "'a.example/b' in user.extra",
                "user.extra.size() < 2",
                "user.extra.all(k, k != 'a.example/c')",
                "user.?uid.hasValue()",
                "user.?extra.hasValue()",
                "size(user.groups) > 0",
            ]
        } else {
            &[
                "has(claims.email)",
                "claims.hd == 'a'",
                "claims.?email_verified.orValue(false) == true",
                "claims.n > 5",
                "claims.amr == ['mfa']",
                "'hd' in claims",
                "claims.?tenant.hasValue()",
                "type(claims.sub) == string",
                "claims.exp - claims.iat <= 86400",
                "claims.email_verified",
                "has(claims.a.b)",
                "claims.n == 1",
                "claims.aud == 'x'",
                "'x' in dyn(claims.aud)",
                "claims.iat < claims.exp",
                "type(claims.n) == int",
                "has(claims.a__dot__b)",
                "claims.a == {'b': 'c'}",
                "claims.n == 1.0",
                "claims.email_verified == 'true'",
                "claims.?a.?b.orValue('') == 'c'",
            ]
        };
        return dynamic(generator.pick(names));
    }
    match generator.below(13) {
        0 | 1 => format!("({}) && ({})", truth(generator, inner), truth(generator, inner)),
        2 | 3 => format!("({}) || ({})", truth(generator, inner), truth(generator, inner)),
        4 => format!("!({})", truth(generator, inner)),
        5 => format!("dyn({}).startsWith('a')", text(generator, inner)),
        6 => format!(
            "dyn({}) in dyn({})",
            text(generator, inner),
            list(generator, inner)
        ),
        7 => format!("dyn({}).exists(g, g == 'dev')", list(generator, inner)),
        8 => format!("dyn({}).all(g, g != '')", list(generator, inner)),
        9 => format!(
            "dyn({}) {} dyn({})",
            number(generator, inner),
            generator.pick(&["<", "==", ">=", "!="]),
            number(generator, inner)
        ),
        10 => format!(
            "dyn({}) == dyn({})",
            text(generator, inner),
            text(generator, inner)
        ),
        11 => format!("dyn({}).matches('^[a-z]+$')", text(generator, inner)),
        _ => format!("dyn({}).exists_one(g, g.contains('e'))", list(generator, inner)),
    }
}

/// A claim alone may be anything, and a rule has to be a bool.
fn dynamic(expression: &str) -> String {
    if expression == "claims.email_verified" {
        return format!("{expression} == true");
    }
    expression.to_owned()
}
