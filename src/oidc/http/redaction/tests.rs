use super::*;

fn redacted(body: &str, secrets: &[&str]) -> String {
    String::from_utf8(redact_body(body.as_bytes(), secrets)).unwrap()
}

#[test]
fn a_repeated_secret_is_removed() {
    assert_eq!(
        redacted(
            r#"{"error":"x","error_description":"code c/0de1 of s3cret! c%2F0de1 is in use q\"uote czNjcmV0IQ=="}"#,
            &["c/0de1", "s3cret!", "is", "q\"uote"]
        ),
        r#"{"error":"x","error_description":"code … of … … is in use … …"}"#
    );
}

#[test]
fn a_secret_is_found_in_every_encoding() {
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
            redacted(
                &format!(r#"{{"error":{{"a":["x {spelled} y"]}},"n":5}}"#),
                &[secret]
            ),
            r#"{"error":{"a":["x … y"]},"n":5}"#,
            "{spelled}"
        );
    }
    // A value that cannot be represented does not prevent the redaction of the rest.
    assert_eq!(
        redacted(r#"{"odd":1e999,"m":"p\u0026w/1"}"#, &["p&w/1"]),
        r#"{"m":"…","odd":[]}"#
    );
    assert_eq!(redacted(r#"["pw/1","pw\/1"]"#, &["pw/1"]), r#"["…","…"]"#);
    assert_eq!(redacted("<p>p&amp;w/1 is wrong", &["p&w/1"]), "<p>… is wrong");
    assert_eq!(redacted("a%2", &["/x/x"]), "a%2");
}

/// Where the provider has cut its own text off, the beginning of a secret is one too.
#[test]
fn a_secret_that_is_cut_off_at_the_end_is_redacted() {
    for end in ["", "…", "..."] {
        let body = format!(r#"{{"error":"x","error_description":"no s3cret-0123{end}"}}"#);
        let expected = r#"{"error":"x","error_description":"no …"}"#;
        assert_eq!(redacted(&body, &["s3cret-0123456789"]), expected, "{end}");
    }
}

/// A provider that repeats a refresh token but for its end has told nearly all of it.
#[test]
fn a_secret_without_its_end_is_redacted_in_the_middle_of_a_text_too() {
    for (echoed, secret, rest) in [
        ("s3cret-012345678", "s3cret-0123456789", ""),
        ("s3cret-012345678x", "s3cret-0123456789", "x"),
        ("rt-AbCdEfGhIjKlMn", "rt-AbCdEfGhIjKlMnOpQrStUvWxYz", ""),
        ("rt-AbCdE", "rt-AbCdEf", ""),
    ] {
        let body = format!(r#"{{"error":"x","error_description":"{echoed} is over"}}"#);
        let expected = format!(r#"{{"error":"x","error_description":"…{rest} is over"}}"#);
        assert_eq!(redacted(&body, &[secret]), expected, "{echoed}");
    }
    // The beginning of a word is no secret.
    assert_eq!(
        redacted(r#"["rt-AbCd is"]"#, &["rt-AbCdEfGhIjKlMn"]),
        r#"["rt-AbCd is"]"#
    );
}

#[test]
fn a_form_stays_a_form() {
    for echoed in ["p%2fssw0rd%3a1", "p%2Fssw0rd%3A1", "p/ssw0rd:1"] {
        assert_eq!(
            redacted(
                &format!("error=invalid_grant&error_description=pw+{echoed}+wrong"),
                &["p/ssw0rd:1"]
            ),
            "error=invalid_grant&error_description=pw+%E2%80%A6+wrong"
        );
    }
}

#[test]
fn an_error_code_is_not_redacted() {
    assert_eq!(
        redacted(r#"{"error":"invalid_client","m":"a client"}"#, &["client"]),
        r#"{"error":"invalid_client","m":"a …"}"#
    );
}

/// With quadratic time, each of these would take minutes.
#[test]
fn a_large_response_is_redacted_in_linear_time() {
    let long = format!("{}x", "r".repeat(100_000));
    for (flood, times) in [("&", 2_000_000), ("%", 100_000), ("&#", 100_000), ("r", 100_000)] {
        let description = flood.repeat(times);
        let body = format!(r#"{{"error":"slow_down","error_description":"s3cret! {description}"}}"#);
        let redacted = redacted(&body, &["s3cret!", &long]);
        assert!(
            redacted.starts_with(r#"{"error":"slow_down","error_description":"… "#),
            "{flood}"
        );
        assert!(!redacted.contains("rrrr"), "{flood}");
    }
    let many = format!(r#"["s3cret!"{}]"#, r#","rr""#.repeat(20_000));
    assert!(redacted(&many, &["s3cret!", &long]).starts_with(r#"["…","rr""#));
    assert!(redacted(&"<&".repeat(200_000), &["s3cret!"]).starts_with("<&<&"));
}

#[test]
fn a_secret_at_the_end_of_a_shortened_text_is_not_shown_in_part() {
    let secret = "s3/cr&t!".repeat(20);
    let encoded = BASE64.encode(secret.as_bytes());
    for before in (MAX_TEXT_BYTES - 200)..(MAX_TEXT_BYTES + 2) {
        for echoed in [&secret, &encoded, &secret.replace('&', "&amp;")] {
            let text = format!("{}{echoed} and more", "-".repeat(before));
            let redacted = redacted(&format!(r#"["{text}"]"#), &[&secret, "another"]);
            assert!(
                !redacted.contains("s3") && !redacted.contains(&encoded[..2]),
                "{before}"
            );
        }
    }
}

#[test]
fn shown_headers_and_shortened_texts_contain_no_secret() {
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
    let filtered = redact_headers(&headers, &["s3cret!word"]);
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
        redact_text(&text, &["s3cret!word"]).as_str().to_owned()
    };
    assert_eq!(shown("https://x/s3cret!word/", 80), "https://x/…/");
    assert_eq!(shown("https://x/s3cret!word/", 19), "https://x/…");
    assert_eq!(shown("https://x/s3cr", 80), "https://x/s3cr");
}

#[test]
fn a_header_in_the_log_has_a_value_only_if_it_is_known_to_be_no_secret() {
    let headers = HeaderMap::from_iter(
        [
            ("set-cookie", "session=1"),
            ("location", "/?code=1"),
            ("server", "s3cret!word/1"),
            ("date", "today"),
        ]
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))),
    );
    let logged = logged_headers(&headers, &["s3cret!word"]);
    let value = |wanted: &str| {
        let found = logged.iter().find(|(name, _)| name == wanted).unwrap();
        found.1.as_ref().map(|value| value.as_str().to_owned())
    };
    assert_eq!((value("set-cookie"), value("location")), (None, None));
    assert_eq!(value("server").as_deref(), Some("…/1"));
    assert_eq!(value("date").as_deref(), Some("today"));
}

#[test]
fn the_beginning_of_a_long_secret_is_removed_too() {
    let secret: String = ('a'..='z').cycle().take(200).collect();
    let text = format!("{} is unknown", &secret[..100]);
    assert_eq!(redacted(&text, &[&secret]), "… is unknown");
}

#[test]
fn the_value_and_the_credentials_of_a_header_are_secrets() {
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

#[test]
fn a_secret_is_removed_from_what_the_provider_chose_of_a_url() {
    let issuer = Url::parse("https://idp.example/oauth2/default").unwrap();
    let redacted = |url: &str| {
        let secrets = ["default", "idp.example", "https", "S3CR3T-path"];
        redact_url(&Url::parse(url).unwrap(), &issuer, &secrets).to_string()
    };
    for (url, shown) in [
        ("https://idp.example/oauth2/default/v1/token", None),
        ("https://idp.example/oauth2/default", None),
        ("https://other.example/oauth2", None),
        (
            "https://idp.example/oauth2/default/S3CR3T-path",
            Some("https://idp.example/oauth2/default/..."),
        ),
        (
            "https://idp.example/S3CR3T%2dpath/token?S3CR3T-path",
            Some("https://idp.example/.../token?..."),
        ),
        (
            "https://idp.example/oauth2/defaults",
            Some("https://idp.example/oauth2/...s"),
        ),
        (
            "https://other.example/UzNDUjNULXBhdGg",
            Some("https://other.example/..."),
        ),
        ("https://x/S3CR3T-path", Some("https://x/...")),
    ] {
        assert_eq!(redacted(url), shown.unwrap_or(url), "{url}");
    }
}

/// A provider that answers each poll for a device code in this way would keep the processor busy until the login's timeout.
#[test]
fn a_large_body_of_almost_secrets_is_redacted_in_little_time() {
    let secret = "a".repeat(15) + &"b".repeat(2000);
    let secrets = [secret.as_str(); 3];
    let texts: Vec<String> = (0..1000).map(|_| "a".repeat(4000)).collect();
    let body = serde_json::json!({ "a": texts, "error": "x", "error_description": secret });
    let form = format!("error=x&{}", "a".repeat(4000) + "&").repeat(1000);
    let redacted = redact_body(body.to_string().as_bytes(), &secrets);
    let redacted: Value = serde_json::from_slice(&redacted).unwrap();
    assert_eq!(
        (&redacted["error"], &redacted["error_description"]),
        (&"x".into(), &"…".into())
    );
    assert!(redacted["a"][0].as_str().unwrap().starts_with(&"a".repeat(3000)));
    assert_eq!(redacted["a"][999], "…");
    let redacted = redact_body(form.as_bytes(), &secrets);
    assert!(redacted.starts_with(b"error=x&"));
}

#[test]
fn a_header_whose_name_repeats_a_secret_is_named_by_an_ellipsis() {
    let mut headers = HeaderMap::new();
    headers.insert("x-s3cr3t-value", "1".parse().unwrap());
    headers.insert("x-other", "1".parse().unwrap());
    let names: Vec<String> = logged_headers(&headers, &["S3cr3t-Value"])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["…", "x-other"]);
}
