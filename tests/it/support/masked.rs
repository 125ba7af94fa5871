//! What differs from run to run in what the program tells.

/// Where such a part begins, what it is made of, and what stands for it in a snapshot.
type Part = (&'static str, fn(char) -> bool, &'static str);

const PARTS: [Part; 9] = [
    ("(request id ", is_word, "[ID]"),
    ("with the code ", is_word, "[CODE]"),
    ("user_code=", is_word, "[CODE]"),
    ("://127.0.0.1:", is_digit, "[PORT]"),
    ("://localhost:", is_digit, "[PORT]"),
    ("clock says ", is_time, "[TIME]"),
    ("token     valid for ", is_digit, "[N]"),
    ("signed in as 00ualice for ", is_digit, "[N]"),
    (" minutes, until ", is_clock, "[TIME]"),
];

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_time(c: char) -> bool {
    c.is_ascii_digit() || "-T:".contains(c)
}

fn is_clock(c: char) -> bool {
    is_time(c) || c == 'Z'
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_".contains(c)
}

/// Puts a name in the place of each part that differs.
pub(crate) fn masked(text: &str) -> String {
    PARTS
        .iter()
        .fold(text.to_owned(), |text, (before, is_part, name)| {
            let mut pieces = text.split(before);
            let mut masked = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                masked.push_str(before);
                masked.push_str(name);
                masked.push_str(piece.trim_start_matches(is_part));
            }
            masked
        })
}
