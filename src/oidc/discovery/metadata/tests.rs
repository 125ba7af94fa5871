//! Which discovery documents are taken, and what is read of them.

use super::*;

const AT: &str = "the discovery document at https://i/.well-known/openid-configuration";

fn issuer(text: &str) -> Issuer {
    Issuer::parse(text.to_owned()).unwrap()
}

fn parse(issuer_text: &str, change: impl FnOnce(&mut Value)) -> Result<Metadata, Error> {
    let mut document = serde_json::json!({
        "issuer": issuer_text,
        "authorization_endpoint": "https://i/authorize?tenant=x",
        "token_endpoint": "https://other/token",
        "jwks_uri": "https://i/keys",
    });
    change(&mut document);
    Metadata::parse(document.to_string().as_bytes(), &issuer(issuer_text))
}

#[test]
fn a_good_document_keeps_the_query_of_the_authorization_endpoint() {
    let metadata = parse("https://i", |_| ()).unwrap();
    assert_eq!(
        metadata.authorization_endpoint().unwrap().query(),
        Some("tenant=x")
    );
    assert!(!metadata.iss_required && metadata.token_auth_methods.is_none());
}

#[test]
fn an_authorization_endpoint_sets_none_of_the_parameters_of_a_request() {
    for name in ["state", "redirect_uri", "request", "request_uri", "response_mode"] {
        let metadata = parse("https://i", |document| {
            document["authorization_endpoint"] = format!("https://i/authorize?{name}=x").into();
        });
        let error = metadata
            .unwrap()
            .authorization_endpoint()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("has a parameter that only a request may set"),
            "{error}"
        );
    }
}

#[test]
fn the_issuer_is_compared_exactly() {
    for returned in ["https://i/", "https://I", "https://i:443"] {
        let result = parse("https://i", |document| document["issuer"] = returned.into());
        let is_mismatch = matches!(result, Err(Error::Document(DocumentError::IssuerMismatch { .. })));
        assert!(is_mismatch, "{returned}");
    }
}

#[test]
fn endpoints_must_be_https_absolute_and_without_a_user_name() {
    let long = format!("https://i/{}", "a".repeat(2048));
    for bad in [
        &*long,
        "http://i/token",
        "/token",
        "https://me@i/token",
        "https://:secret@i/token",
        "file:///etc/passwd",
    ] {
        let result = parse("https://i", |document| document["token_endpoint"] = bad.into());
        let text = result.unwrap_err().to_string();
        assert!(
            text.starts_with(&format!("{AT} cannot be used: `token_endpoint` ")),
            "{text}"
        );
    }
    let metadata = parse("http://127.0.0.1:1", |document| {
        document["jwks_uri"] = "http://10.0.0.1/k".into();
    });
    assert!(matches!(
        metadata.unwrap().jwks_uri(),
        Err(DocumentError::Metadata { .. })
    ));
}

#[test]
fn an_absent_or_invalid_endpoint_is_an_error_only_if_it_is_needed() {
    let why = |result: Result<&Url, DocumentError>| result.err().map(|error| error.to_string());
    for absent in [Value::Null, "".into()] {
        let metadata = parse("https://i", |document| {
            document["authorization_endpoint"] = absent.clone();
            document["device_authorization_endpoint"] = absent.clone();
        });
        let metadata = metadata.unwrap();
        assert!(metadata.jwks_uri().is_ok());
        let text = why(metadata.authorization_endpoint()).unwrap();
        assert_eq!(
            text,
            format!("{AT} cannot be used: it has no `authorization_endpoint`")
        );
        assert!(matches!(
            metadata.device_authorization_endpoint(),
            Err(DocumentError::NoDeviceEndpoint)
        ));
    }
    let metadata = parse("https://i", |document| {
        document["authorization_endpoint"] = "/authorize".into();
        document["device_authorization_endpoint"] = 5.into();
    });
    let metadata = metadata.unwrap();
    let text = why(metadata.authorization_endpoint()).unwrap();
    assert!(
        text.ends_with("`authorization_endpoint` is not an absolute URL"),
        "{text}"
    );
    let text = why(metadata.device_authorization_endpoint()).unwrap();
    assert!(
        text.ends_with("`device_authorization_endpoint` is no text"),
        "{text}"
    );
}

#[test]
fn members_of_other_types_are_read_if_their_meaning_is_clear() {
    let metadata = parse("https://i", |document| {
        document["token_endpoint_auth_methods_supported"] = "client_secret_post".into();
        document["id_token_signing_alg_values_supported"] = Value::Null;
        document["authorization_response_iss_parameter_supported"] = "true".into();
        document["scopes_supported"] = 5.into();
        document["userinfo_endpoint"] = "/relative".into();
    });
    let metadata = metadata.unwrap();
    assert_eq!(
        metadata.token_auth_methods,
        Some(vec!["client_secret_post".to_owned()])
    );
    assert!(metadata.signing_algorithms.is_empty() && metadata.iss_required);
}

/// RFC 6749 3.1 and 3.2 forbid it.
#[test]
fn the_fragment_of_an_endpoint_is_removed() {
    let metadata = parse("https://i", |document| {
        for name in ["token_endpoint", "authorization_endpoint", "jwks_uri"] {
            document[name] = "https://i/x?tenant=y#z".into();
        }
    });
    let metadata = metadata.unwrap();
    let endpoints = [
        &metadata.token_endpoint,
        metadata.authorization_endpoint().unwrap(),
        metadata.jwks_uri().unwrap(),
    ];
    assert!(endpoints.iter().all(|url| url.as_str() == "https://i/x?tenant=y"));
}

/// RFC 9207 3: the default is false.
#[test]
fn iss_is_required_only_if_the_metadata_clearly_promises_it() {
    for (value, promised) in [
        (true.into(), true),
        ("True".into(), true),
        (false.into(), false),
        ("false".into(), false),
        ("yes".into(), false),
        ("".into(), false),
        (Value::Null, false),
        (1.into(), false),
        (serde_json::json!({"supported": true}), false),
        (serde_json::json!([true]), false),
    ] {
        let metadata = parse("https://i", |document| {
            document["authorization_response_iss_parameter_supported"] = value.clone();
        });
        assert_eq!(metadata.unwrap().iss_required, promised, "{value}");
    }
}

#[test]
fn a_document_that_is_a_list_is_named_as_one() {
    let text = Metadata::parse(b"[{}]", &issuer("https://i"))
        .unwrap_err()
        .to_string();
    assert!(
        text.ends_with("with a JSON list, not with a JSON object"),
        "{text}"
    );
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let body = "\u{feff}{\"issuer\":\"https://i\",\"token_endpoint\":\"https://i/t\"}";
    assert!(Metadata::parse(body.as_bytes(), &issuer("https://i")).is_ok());
}

#[test]
fn one_slash_at_the_end_of_the_issuer_is_removed_for_the_url() {
    let url = |text| discovery_url(&issuer(text)).unwrap().to_string();
    assert_eq!(url("https://i/"), "https://i/.well-known/openid-configuration");
    assert_eq!(
        url("https://i/oauth2/default"),
        "https://i/oauth2/default/.well-known/openid-configuration"
    );
}
