//! Makes files that are or were an `AuthenticationConfiguration`: those of [`config_valid`] with up to two changes of fields, types, values and
//! characters, and others of a few shapes, with expressions of a grammar, most of which are wrong.

use std::fmt::Write as _;

use crate::config_expressions::expression;
use crate::config_valid;

pub(crate) const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";

/// A source of numbers (splitmix64), so that a seed makes the same files everywhere.
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Returns one of the good values, or in one of ten cases one of the others.
    fn often<'a>(&mut self, good: &[&'a str], others: &[&'a str]) -> &'a str {
        if self.chance(90) {
            self.pick(good)
        } else {
            self.pick(others)
        }
    }

    /// Returns the text of a file: a valid one with up to two changes, or in one of three cases one that is right by chance.
    pub(crate) fn file(&mut self) -> String {
        if self.chance(33) {
            return self.any_file();
        }
        let mut text = config_valid::file(self);
        for _ in 0..[0, 0, 0, 1, 2][self.below(5)] {
            text = self.changed(&text);
        }
        text
    }

    fn any_file(&mut self) -> String {
        let mut text = match self.below(20) {
            0 => HEAD.replace("v1\n", self.pick(&["v1beta1\n", "v1alpha1\n", "v2\n", "v1\n"])),
            1 => format!("---\n{HEAD}"),
            _ => HEAD.to_owned(),
        };
        text.push_str("jwt:\n");
        for _ in 0..=self.below(2) {
            text.push_str(&self.jwt());
        }
        if self.chance(20) {
            text.push_str(self.pick(&[
                "anonymous: {enabled: true}\n",
                "anonymous: {enabled: false, conditions: [{path: /livez}]}\n",
                "anonymous: {enabled: true, conditions: [{path: /livez}, {path: /readyz}]}\n",
                "anonymous: {enabled: \"true\"}\n",
                "anonymous: null\n",
            ]));
        }
        if self.chance(25) {
            for _ in 0..=self.below(3) {
                text = self.changed(&text);
            }
        }
        text
    }

    #[expect(clippy::too_many_lines, reason = "a list of the fields")]
    fn jwt(&mut self) -> String {
        let url = self.often(
            &["https://a.example", "https://b.example/x", "https://c.example/"],
            &[
                "http://a.example",
                "https://u@h",
                "https://a?b",
                "https://a b",
                "https://[::1",
                "https://a/%zz",
                "",
            ],
        );
        let audiences = self.often(&["[x]"], &["[x, y]", "[]", "[x, x]", "['']", "x", "[1]", "null"]);
        let more = self.often(
            &[
                "",
                ", audienceMatchPolicy: MatchAny",
                ", discoveryURL: 'https://d.example'",
                ", egressSelectorType: cluster",
            ],
            &[
                ", audienceMatchPolicy: x",
                ", discoveryURL: 'https://a.example/'",
                ", egressSelectorType: x",
                ", certificateAuthority: abc",
            ],
        );
        let mut text = format!("- issuer: {{url: '{url}', audiences: {audiences}{more}}}\n");
        if self.chance(40) {
            text.push_str("  claimValidationRules:\n");
            for _ in 0..=self.below(2) {
                writeln!(text, "  - {}", self.claim_rule()).unwrap();
            }
        }
        text.push_str("  claimMappings:\n");
        writeln!(text, "    username: {}", self.mapping()).unwrap();
        if self.chance(50) {
            writeln!(text, "    groups: {}", self.mapping()).unwrap();
        }
        if self.chance(30) {
            writeln!(
                text,
                "    uid: {}",
                self.mapping()
                    .replace(", prefix: 'p:'", "")
                    .replace(", prefix: ''", "")
            )
            .unwrap();
        }
        if self.chance(30) {
            let key = self.pick(&["a.example/b", "a.example/b", "A.example/b", "x.k8s.io/b", "b", ""]);
            let expression = self.expression("claims");
            writeln!(
                text,
                "    extra: [{{key: '{key}', valueExpression: {expression}}}]"
            )
            .unwrap();
        }
        if self.chance(50) {
            text.push_str("  userValidationRules:\n");
            for _ in 0..=self.below(2) {
                let expression = self.expression("user");
                writeln!(text, "  - expression: {expression}").unwrap();
            }
        }
        text
    }

    fn claim_rule(&mut self) -> String {
        match self.below(5) {
            0 => "{claim: hd, requiredValue: a.example}".to_owned(),
            1 => self
                .pick(&[
                    "{claim: hd, message: m}",
                    "{}",
                    "{claim: hd, expression: 'true'}",
                    "{claim: hd}",
                ])
                .to_owned(),
            2 => format!("{{expression: {}, message: m}}", self.expression("claims")),
            _ => format!("{{expression: {}}}", self.expression("claims")),
        }
    }

    fn mapping(&mut self) -> String {
        match self.below(8) {
            0 => "{claim: sub, prefix: 'p:'}".to_owned(),
            1 => "{claim: email, prefix: ''}".to_owned(),
            2 => self
                .pick(&[
                    "{claim: sub}",
                    "{}",
                    "{prefix: 'p:'}",
                    "{claim: sub, expression: 'true'}",
                    "null",
                ])
                .to_owned(),
            3 if self.chance(20) => format!("{{expression: {}, prefix: 'p:'}}", self.expression("claims")),
            _ => format!("{{expression: {}}}", self.expression("claims")),
        }
    }

    fn expression(&mut self, variable: &'static str) -> String {
        let depth = [0, 0, 1, 1, 2, 2, 3][self.below(7)];
        let mut text = expression(self, variable, depth, &[]);
        // A rule has to be a bool.
        if depth < 2 && self.chance(50) {
            text = format!("dyn({text}) != null");
        }
        if self.chance(5) {
            text = self.changed(&text);
        }
        serde_json::Value::String(text).to_string()
    }

    /// Returns the text with one change.
    fn changed(&mut self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let at = self.below(letters.len().max(1));
        let (before, after) = (
            letters[..at].iter().collect::<String>(),
            letters[at..].iter().skip(1).collect::<String>(),
        );
        match self.below(6) {
            0 => format!("{before}{after}"),
            1 => format!(
                "{before}{}{after}",
                self.pick(&[
                    "x", "1", "'", "\"", "{", "}", "[", "]", ":", ",", " ", "\n", "\t", "&a ", "*a", "#",
                    "é", "?", "|"
                ])
            ),
            2 => {
                let lines: Vec<&str> = text.lines().collect();
                let gone = self.below(lines.len().max(1));
                let kept = lines.iter().enumerate().filter(|(at, _)| *at != gone);
                let kept: Vec<&str> = kept.flat_map(|(_, line)| [*line, "\n"]).collect();
                kept.concat()
            }
            3 => {
                let (from, to) = [
                    ("issuer", "Issuer"),
                    ("url:", "urls:"),
                    ("expression", "expresion"),
                    ("audiences: [x]", "audiences: {x: y}"),
                    ("claimMappings:", "claimMappings: null #"),
                    ("'p:'", "yes"),
                    ("'p:'", "1"),
                    ("'p:'", "null"),
                    ("sub", "2001-01-01"),
                    ("kind:", "Kind:"),
                    ("jwt:", "jwt: []\njwt:"),
                    ("prefix", "claim"),
                    ("{", "{foo: 1, "),
                    ("[x]", "[x, null]"),
                    ("sub", "!!str 1"),
                ][self.below(15)];
                text.replacen(from, to, 1)
            }
            4 => format!(
                "{text}{}",
                self.pick(&["---\nfoo: 1\n", "foo: bar\n", "...\n", "# end\n", "\n\n", "- a\n"])
            ),
            _ => text.replacen('\n', "\r\n", 1 + self.below(4)),
        }
    }
}
