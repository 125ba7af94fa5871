use super::*;

fn kept(body: &str, secrets: &[&str]) -> String {
    String::from_utf8(without(body.as_bytes(), secrets)).unwrap()
}

#[test]
fn a_secret_that_comes_back_is_cut_out() {
    assert_eq!(
        kept(
            r#"{"error":"x","error_description":"code c/0de1 of s3cret! c%2F0de1 is in use q\"uote czNjcmV0IQ=="}"#,
            &["c/0de1", "s3cret!", "is", "q\"uote"]
        ),
        r#"{"error":"x","error_description":"code … of … … is in use … …"}"#
    );
}

#[test]
fn it_is_found_in_every_spelling_of_a_text() {
    let secret = "s3/c&r <ä🔑>'\"\\t";
    for spelled in [
        r#"s3/c&r <ä🔑>'\"\\t"#,
        r#"s3\/c\u0026r \u003c\u00e4\ud83d\uDD11\u003E'\"\\t"#,
        r"s3%2fc%26r+%3c%c3%a4%f0%9f%94%91%3e%27%22%5ct",
        r"s3%2Fc%26r%20%3C%C3%A4%F0%9F%94%91%3E%27%22%5Ct",
        r"s3/c&amp;r &lt;ä🔑&gt;&#39;&quot;&#x5c;t",
        r#"s3\\/c\\u0026r \\u003c\\u00e4\\ud83d\\udd11\\u003e'\\\"\\\\t"#,
    ] {
        assert_eq!(
            kept(
                &format!(r#"{{"error":{{"a":["x {spelled} y"]}},"n":5}}"#),
                &[secret]
            ),
            r#"{"error":{"a":["x … y"]},"n":5}"#,
            "{spelled}"
        );
    }
    // Whatever cannot be represented leaves the rest to be cut.
    assert_eq!(
        kept(r#"{"odd":1e999,"m":"p\u0026w/1"}"#, &["p&w/1"]),
        r#"{"m":"…","odd":[]}"#
    );
    assert_eq!(kept(r#"["pw/1","pw\/1"]"#, &["pw/1"]), r#"["…","…"]"#);
    assert_eq!(kept("<p>p&amp;w/1 is wrong", &["p&w/1"]), "<p>… is wrong");
    assert_eq!(kept("a%2", &["/x/x"]), "a%2");
}

#[test]
fn a_form_stays_a_form() {
    for echoed in ["p%2fssw0rd%3a1", "p%2Fssw0rd%3A1", "p/ssw0rd:1"] {
        assert_eq!(
            kept(
                &format!("error=invalid_grant&error_description=pw+{echoed}+wrong"),
                &["p/ssw0rd:1"]
            ),
            "error=invalid_grant&error_description=pw+%E2%80%A6+wrong"
        );
    }
}

#[test]
fn what_an_error_means_does_not_change() {
    assert_eq!(
        kept(r#"{"error":"invalid_client","m":"a client"}"#, &["client"]),
        r#"{"error":"invalid_client","m":"a …"}"#
    );
}

/// Each of these took minutes when the time grew with the square of the answer.
#[test]
fn a_large_answer_is_filtered_in_time_that_grows_with_its_size() {
    let long = format!("{}x", "r".repeat(100_000));
    for (flood, times) in [("&", 2_000_000), ("%", 100_000), ("&#", 100_000), ("r", 100_000)] {
        let description = flood.repeat(times);
        let body = format!(r#"{{"error":"slow_down","error_description":"s3cret! {description}"}}"#);
        let kept = kept(&body, &["s3cret!", &long]);
        assert!(
            kept.starts_with(r#"{"error":"slow_down","error_description":"… "#),
            "{flood}"
        );
        assert!(!kept.contains("rrrr"), "{flood}");
    }
    let many = format!(r#"["s3cret!"{}]"#, r#","rr""#.repeat(20_000));
    assert!(kept(&many, &["s3cret!", &long]).starts_with(r#"["…","rr""#));
    assert!(kept(&"<&".repeat(200_000), &["s3cret!"]).starts_with("<&<&"));
}

#[test]
fn a_secret_at_the_place_of_the_cut_is_not_shown_in_part() {
    let secret = "s3/cr&t!".repeat(20);
    let encoded = BASE64.encode(secret.as_bytes());
    for before in (MAX_TEXT - 200)..(MAX_TEXT + 2) {
        for echoed in [&secret, &encoded, &secret.replace('&', "&amp;")] {
            let text = format!("{}{echoed} and more", "-".repeat(before));
            let kept = kept(&format!(r#"["{text}"]"#), &[&secret, "another"]);
            assert!(!kept.contains("s3") && !kept.contains(&encoded[..2]), "{before}");
        }
    }
}

#[test]
fn headers_that_are_shown_and_texts_that_are_cut_off_show_none() {
    let headers = HeaderMap::from_iter(
        [
            ("location", "/login/s3cret%21word?x"),
            ("content-type", "text/x-s3cret!word"),
            ("x-okta-request-id", "s3cret!word"),
            ("content-encoding", "gzip"),
            ("date", "s3cret!word"),
        ]
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))),
    );
    let filtered = headers_without(&headers, &["s3cret!word"]);
    let value = |name: &str| filtered[name].to_str().unwrap();
    assert_eq!(value("location"), "/login/...?x");
    assert_eq!(value("content-type"), "text/x-...");
    assert_eq!(value("x-okta-request-id"), "...");
    assert_eq!(
        (value("content-encoding"), value("date")),
        ("gzip", "s3cret!word")
    );
    let shown = |text: &str, limit| {
        let text = UntrustedText::with_limit(text, limit);
        text_without(&text, &["s3cret!word"]).as_str().to_owned()
    };
    assert_eq!(shown("https://x/s3cret!word/", 80), "https://x/…/");
    assert_eq!(shown("https://x/s3cret!word/", 19), "https://x/…");
    assert_eq!(shown("https://x/s3cr", 80), "https://x/s3cr");
}

#[test]
fn the_beginning_of_a_long_secret_is_cut_out_too() {
    let secret: String = ('a'..='z').cycle().take(200).collect();
    let text = format!("{} is unknown", &secret[..100]);
    assert_eq!(kept(&text, &[&secret]), "… is unknown");
}

#[test]
fn a_header_has_its_value_and_its_credentials() {
    let of = |value: &str| {
        let secrets = secrets_of_header(value);
        let texts: Vec<String> = secrets.iter().map(|secret| secret.expose().to_owned()).collect();
        texts.join("|")
    };
    assert_eq!(of("HEADERSECRET1"), "HEADERSECRET1");
    assert_eq!(of("bearer  abcd"), "bearer  abcd|abcd");
    assert_eq!(of("Basic dTpwOnc="), "Basic dTpwOnc=|dTpwOnc=|p:w");
    assert_eq!(of("two words"), "two words");
}
