//! The reader of simple YAML gives the events of the parser of all YAML, and knows what manifests are made of.

use proptest::prelude::*;
use proptest::sample::select;

use crate::rbac::policy::load::yaml_lines::is_known_and_equal;

#[test]
fn manifests_are_known() {
    let texts = [
        include_str!("../../../tests/data/rbac/team-platform.yaml"),
        "apiVersion: v1\nitems:\n- apiVersion: x/v1\n  metadata:\n    annotations:\n      last-applied: |\n        {\"a\": 1}\n    name: \"a\"\n  \
         rules: []\nkind: List\n",
        "# Source: chart\n---\na: b # comment\n---\n\na:\n  - 'x'\n  -   b: {}\n      c: [get, \"*\", '']\n# end\n",
    ];
    for text in texts {
        assert!(is_known_and_equal(text), "{text}");
    }
}

#[test]
fn what_may_reach_over_lines_is_left_to_the_parser() {
    let texts = [
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: [b,\n  c]\n",
        "a: \"\\u0041\"\n",
        "a: it''s\na: 'it''s'\n",
        "a: &x b\n",
        "a: *x\n",
        "a: !!str b\n",
        "a: >\n  b\n",
        "a: |+\n  b\n",
        "a: |\n  b\n\n  c\n",
        "? a\n: b\n",
        "a:\nb: c\n",
        "a:\n  - b\n - c\n",
        "- a\n",
        "--- a\n",
        "---\n",
        "a: b\n...\n",
        "a: b: c\n",
        "a: b",
        "a: b\r\n",
        "a:\tb\n",
        "a: ü\n",
        "{a: b}\n",
        "a: {b: c}\n",
    ];
    for text in texts {
        assert!(!is_known_and_equal(text), "{text}");
    }
}

const KEYS: [&str; 7] = ["", "", "a:", "rules: ", "- b: ", "- c:", "- "];
const VALUES: [&str; 36] = [
    "",
    "",
    "x",
    "null",
    "~",
    "\"*\"",
    "''",
    "'a b'",
    "[]",
    "{}",
    "[a, \"b\"]",
    "[ a,'b' ] # c",
    "|",
    "|-",
    "x # c",
    "x#c",
    "u:m",
    "a,b]",
    "a - b",
    "/a*",
    "# c",
    "x: y",
    "x:",
    "- x",
    "-",
    "---",
    "&a x",
    "*a",
    "'a' x",
    "\"a\"#c",
    "[a b]",
    "%x",
    "<<",
    "1.0",
    "true  ",
    "? x",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn events_are_those_of_the_parser(
        lines in prop::collection::vec((0..4_usize, select(&KEYS[..]), select(&VALUES[..])), 1..9),
    ) {
        let lines = lines.iter().map(|(depth, key, value)| format!("{}{key}{value}\n", "  ".repeat(*depth)));
        let _is_known = is_known_and_equal(&lines.collect::<String>());
    }
}
