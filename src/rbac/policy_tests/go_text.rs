//! Texts as Go writes them.

use crate::rbac::policy::go_text::{aggregate, quoted};

#[test]
fn a_text_is_quoted_as_go_does() {
    let cases = [
        ("a\"b\\c'", r#""a\"b\\c'""#),
        ("\u{7}\u{8}\u{c}\n\r\t\u{b}", r#""\a\b\f\n\r\t\v""#),
        ("\u{1b}\u{7f}", r#""\x1b\x7f""#),
        ("é 한 🔑 e\u{301}\u{301}", "\"é 한 🔑 e\u{301}\u{301}\""),
        ("\u{301}", "\"\u{301}\""),
        (
            "\u{9b}\u{a0}\u{202e}\u{e0001}",
            r#""\u009b\u00a0\u202e\U000e0001""#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(quoted(text), expected);
    }
}

#[test]
fn equal_errors_are_named_once_and_several_are_in_brackets() {
    let errors = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(aggregate(&errors(&["a"])), "a");
    assert_eq!(aggregate(&errors(&["a", "a"])), "a");
    assert_eq!(aggregate(&errors(&["a", "b", "a"])), "[a, b]");
}
