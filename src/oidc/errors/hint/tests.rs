use super::*;

fn issuer(configured: &str, returned: &str) -> String {
    issuer_hint(&UntrustedText::new(configured), &UntrustedText::new(returned))
}

#[test]
fn a_time_within_the_hour_is_told_by_how_far_away_it_is() {
    for (seconds, expected) in [
        (-5, "try again after 19"),
        (0, "try again after 19"),
        (3, "try again in 3 s (after 1970-01-01T00:00:03Z)"),
        (59, "try again in 59 s ("),
        (60, "try again in 1 min ("),
        (61, "try again in 2 min ("),
        (3599, "try again in 60 min ("),
        (3600, "try again after 1970-01-01T01:00:00Z"),
        (i64::MAX, "try again after "),
    ] {
        let told = try_again(seconds, 0);
        assert!(told.starts_with(expected), "{seconds}: {told}");
    }
}

#[test]
fn an_issuer_that_differs_is_explained_by_what_differs() {
    assert!(issuer("https://i", "https://i/").contains("only the slash"));
    let tenants = "https://login.microsoftonline.com/{tenantid}/v2.0";
    assert!(
        issuer("https://login.microsoftonline.com/common/v2.0", tenants).contains("your own tenant's id")
    );
    assert!(issuer("https://login.example.com", "https://x.okta.com").contains("at Okta"));
    assert!(!issuer("https://login.example.com", "https://other.example.com").contains("Okta"));
}

/// It is the provider's text, and a person types it.
#[test]
fn an_issuer_to_be_typed_is_one_word_for_the_shell() {
    for (returned, typed) in [
        (
            "https://o.example/x",
            "--oidc-issuer-url=https://o.example/x here",
        ),
        (
            "https://o.example/x;touch a",
            "--oidc-issuer-url='https://o.example/x;touch a' here",
        ),
        (
            "https://o.example/$(id)`id`",
            "--oidc-issuer-url='https://o.example/$(id)`id`' here",
        ),
        ("https://i;id/", "--oidc-issuer-url='https://i;id/' here"),
    ] {
        let hint = issuer("https://i;id", returned);
        assert!(hint.contains(typed), "{hint}");
    }
}

#[test]
fn okta_is_named_at_okta_alone() {
    for (url, at_okta) in [
        ("https://dev-1.okta.com/oauth2/default", true),
        ("https://idp.example.com/realms/x", false),
    ] {
        let url = UntrustedText::new(url);
        let refused = Error::Refused {
            url: url.clone(),
            status: 404,
            reason: None,
            until: None,
            request_id: None,
        };
        let answer = Error::TokenAnswer {
            url,
            why: UntrustedText::new("x"),
        };
        for error in [refused, answer] {
            let hint = error.hint();
            assert_eq!(hint.to_lowercase().contains("okta"), at_okta, "{hint}");
        }
    }
}

#[test]
fn a_request_that_is_too_large_is_explained() {
    for status in [413, 431] {
        let refused = Error::Refused {
            url: UntrustedText::new("https://i"),
            status,
            reason: None,
            until: None,
            request_id: None,
        };
        let hint = refused.hint();
        assert!(
            hint.contains("--oidc-request-header") && hint.contains("groups"),
            "{hint}"
        );
    }
}

fn refused(status: u16, path: &str) -> Error {
    Error::Refused {
        url: UntrustedText::new(&format!("https://i/{path}")),
        status,
        reason: None,
        until: None,
        request_id: None,
    }
}

/// What is told can be done, there, and changes something.
#[test]
fn a_hint_names_the_cause_and_what_helps() {
    const DOCUMENT: &str = ".well-known/openid-configuration";
    let too_large = Error::AnswerTooLarge {
        url: UntrustedText::new("https://i"),
        limit: 1,
    };
    for (error, words, not) in [
        // Of an address that the discovery document names, the issuer is not to blame.
        (refused(404, DOCUMENT), "for a typo", "discovery document"),
        (refused(405, DOCUMENT), "for a typo", "discovery document"),
        (
            refused(404, ".well-known/jwks.json"),
            "discovery document",
            "typo",
        ),
        (refused(404, "token"), "discovery document", "typo"),
        (refused(410, "token"), "discovery document", "try again"),
        // What is refused by its kind stays so.
        (refused(400, DOCUMENT), "--oidc-request-header", "try again"),
        (refused(401, DOCUMENT), "--oidc-request-header", "try again"),
        (refused(403, "keys"), "--oidc-request-header", "try again"),
        (refused(408, "token"), "try again later", "--oidc"),
        (refused(500, "token"), "try again later", "--oidc"),
        (too_large, "--oidc-issuer-url", "try again"),
        // RFC 9449: no breach of RFC 6749.
        (Error::TokenType(UntrustedText::new("DPoP")), "DPoP", "RFC 6749"),
        (Error::Internal("x"), "report", "try again"),
        (Error::PromptImpossible("password"), "--password-file", "code"),
        (
            Error::PromptImpossible("user name"),
            "--username",
            "--password-file",
        ),
        (
            Error::PromptImpossible("code"),
            "at a terminal",
            "--password-file",
        ),
        (
            Error::Prompt(std::io::ErrorKind::Other.into()),
            "at a terminal",
            "kubectl",
        ),
        // RFC 9207 2.4: the provider's own two statements differ.
        (
            Error::AnswerIssuerMissing,
            "authorization_response_iss_parameter_supported",
            "run the command",
        ),
        (Error::NoLifetime, "expires_in", "typo"),
    ] {
        let hint = error.hint();
        assert!(hint.contains(words) && !hint.contains(not), "{error}: {hint}");
    }
}
