use super::*;
use crate::clock::at;
use crate::oidc::errors::login::Prompted;
use crate::oidc::errors::network::UnreachableReason;
use crate::oidc::errors::token::ResponseFault;
use crate::oidc::http::tls_fault::TlsFault;
use crate::oidc::token::verification_error;

#[test]
fn okta_is_named_at_okta_alone() {
    for (url, at_okta) in [
        ("https://dev-1.okta.com/oauth2/default", true),
        ("https://idp.example.com/realms/x", false),
    ] {
        let url = UntrustedText::new(url);
        let refused = Error::from(NetworkError::Status {
            url: url.clone(),
            status: 404,
            reason: None,
            until: None,
            request_id: None,
        });
        let fault = ResponseFault::Empty;
        let answer = Error::from(TokenError::Malformed { url, fault });
        for error in [refused, answer] {
            let hint = error.hint();
            assert_eq!(hint.to_lowercase().contains("okta"), at_okta, "{hint}");
        }
    }
}

#[test]
fn a_request_that_is_too_large_is_explained() {
    for status in [413, 431] {
        let hint = refused(status, "").hint();
        assert!(
            hint.contains("--oidc-request-header") && hint.contains("groups"),
            "{hint}"
        );
    }
}

fn refused(status: u16, path: &str) -> Error {
    Error::from(NetworkError::Status {
        url: UntrustedText::new(&format!("https://i/{path}")),
        status,
        reason: None,
        until: None,
        request_id: None,
    })
}

/// What is told can be done, there, and changes something.
#[test]
fn a_hint_names_the_cause_and_what_helps() {
    const DOCUMENT: &str = ".well-known/openid-configuration";
    let too_large = Error::from(NetworkError::ResponseTooLarge {
        url: UntrustedText::new("https://i"),
        limit: 1,
    });
    let prompt = |what| Error::from(LoginError::PromptImpossible(what));
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
        // RFC 9449: it breaks no rule of OAuth.
        (
            TokenError::BoundToken(UntrustedText::new("DPoP")).into(),
            "DPoP",
            "rules of OAuth",
        ),
        (Error::Internal("x"), "report", "try again"),
        (prompt(Prompted::Password), "--password-file", "code"),
        (
            prompt(Prompted::PasswordForClusterIssuer),
            "at a terminal",
            "--password-file",
        ),
        (prompt(Prompted::Username), "--username", "--password-file"),
        (prompt(Prompted::Code), "at a terminal", "--password-file"),
        (
            LoginError::Prompt(std::io::ErrorKind::Other.into()).into(),
            "at a terminal",
            "kubectl",
        ),
        // RFC 9207 2.4: the provider's own two statements differ.
        (
            AuthorizationError::NoIssuer.into(),
            "authorization_response_iss_parameter_supported",
            "run the command",
        ),
        (TokenError::NoLifetime.into(), "expires_in", "typo"),
    ] {
        let hint = error.hint();
        assert!(hint.contains(words) && !hint.contains(not), "{error}: {hint}");
    }
}

/// An error of each kind that the predicates tell apart, with its name.
fn samples() -> Vec<(&'static str, Error)> {
    let mut samples = network_samples();
    samples.extend(token_samples());
    let (url, why) = (text(), text());
    let other = [
        (
            "no object",
            DocumentError::NotObject {
                url: text(),
                what: "x",
            }
            .into(),
        ),
        ("key set", DocumentError::KeySet { url, why }.into()),
        ("no device endpoint", DocumentError::NoDeviceEndpoint.into()),
        ("unseen", LoginError::OutputDiscarded.into()),
        ("input ended", LoginError::InputEnded.into()),
        (
            "sign-in refused",
            AuthorizationError::Refused(oauth(0, "x")).into(),
        ),
        ("no issuer", AuthorizationError::NoIssuer.into()),
        ("bug", Error::Internal("x")),
        ("secret", SetupError::SecretNotText("password-file").into()),
    ];
    samples.extend(other);
    samples
}

#[test]
fn a_description_of_which_nothing_is_left_is_not_told() {
    let with = |description: &str| OAuthError {
        description: Some(UntrustedText::new(description)),
        ..oauth(400, "invalid_request_uri")
    };
    for description in ["", " ", "\u{1b}"] {
        assert_eq!(with(description).to_string(), "invalid_request_uri");
    }
    assert_eq!(with("ended").to_string(), "invalid_request_uri: ended");
}

#[test]
fn a_description_tells_that_a_request_has_to_be_pushed() {
    for (description, demands) in [
        ("Pushed authorization requests are required.", true),
        ("the client must use PAR", true),
        ("request_uri is required", true),
        ("Missing parameter: request_uri", true),
        ("demande refusée par l'administrateur", false),
        ("request_uri is not supported", false),
        ("redirect_uri is required", false),
        ("", false),
    ] {
        let error = OAuthError {
            description: Some(UntrustedText::new(description)),
            ..oauth(400, "invalid_request")
        };
        assert_eq!(error.demands_pushed_request(), demands, "{description}");
    }
}

fn text() -> UntrustedText {
    UntrustedText::new("https://i")
}

fn oauth(status: u16, code: &str) -> OAuthError {
    OAuthError {
        status: Some(status),
        error: UntrustedText::new(code),
        description: None,
        request_id: None,
        is_okta: false,
        grant: GrantType::AuthorizationCode,
        clock_ahead_mins: 0,
        step_up: None,
    }
}

fn network_samples() -> Vec<(&'static str, Error)> {
    let unreachable = |sent| NetworkError::Unreachable {
        url: text(),
        cause: text(),
        reason: UnreachableReason::Other,
        sent,
    };
    let unknown_host = NetworkError::UnknownHost {
        url: text(),
        cause: text(),
    };
    let tls = NetworkError::Tls {
        url: text(),
        fault: TlsFault::SelfSigned,
    };
    let rate_limit = NetworkError::RateLimited {
        url: text(),
        reason: None,
        until: Some(at(5)),
        request_id: None,
    };
    let large = NetworkError::ResponseTooLarge {
        url: text(),
        limit: 1,
    };
    vec![
        ("unreachable", unreachable(false).into()),
        ("lost", unreachable(true).into()),
        ("unknown host", unknown_host.into()),
        ("TLS", tls.into()),
        ("rate limit", rate_limit.into()),
        ("404", refused(404, "")),
        ("400", refused(400, "")),
        ("503", refused(503, "")),
        ("large", large.into()),
        ("loop", NetworkError::RedirectLoop { url: text() }.into()),
    ]
}

fn token_samples() -> Vec<(&'static str, Error)> {
    let no_reason = TokenError::NoReason {
        url: text(),
        status: 400,
        request_id: None,
    };
    let unverified = |source| TokenError::Unverified {
        token: crate::settings::TokenKind::Id,
        source,
        clock_ahead_secs: None,
        is_okta: false,
    };
    let expired = unverified(verification_error::Error::Expired { secs_ago: 9 });
    let signature = unverified(verification_error::Error::Signature);
    vec![
        (
            "invalid_client",
            TokenError::Refused(oauth(401, "invalid_client")).into(),
        ),
        ("500", TokenError::Refused(oauth(500, "x")).into()),
        ("bare 401", TokenError::ClientRefused { url: text() }.into()),
        ("no reason", no_reason.into()),
        ("no ID token", TokenError::NoIdToken.into()),
        ("no lifetime", TokenError::NoLifetime.into()),
        ("expired", expired.into()),
        ("signature", signature.into()),
    ]
}

/// The names of the samples for which a predicate is true.
fn that(predicate: impl Fn(&Error) -> bool) -> String {
    let names: Vec<_> = samples()
        .into_iter()
        .filter_map(|(name, error)| predicate(&error).then_some(name))
        .collect();
    names.join(", ")
}

#[test]
fn each_predicate_is_true_for_its_errors_alone() {
    assert_eq!(
        that(Error::is_shared_by_waiters),
        "unreachable, lost, unknown host, rate limit, 404, 400, 503, large, loop, invalid_client, 500, bare 401, \
         no reason, expired, signature, no object, key set, sign-in refused"
    );
    assert_eq!(
        that(Error::may_need_new_login),
        "404, 400, large, invalid_client, bare 401, no reason, no lifetime, expired, signature"
    );
    assert_eq!(
        that(Error::may_mean_stale_metadata),
        "unknown host, 404, loop, no reason, no object"
    );
    assert_eq!(that(Error::is_invalid_client), "invalid_client, bare 401");
    assert_eq!(that(Error::is_lost_response), "lost");
    assert_eq!(that(Error::is_clock_fault), "expired");
    assert_eq!(that(Error::is_login_impossible), "unseen");
    assert_eq!(that(|error| error.retry_after() == Some(at(5))), "rate limit");
    assert_eq!(that(|error| error.flag() == Some("password-file")), "secret");
    assert_eq!(that(|error| error.flag().is_some()), "secret");
    assert_eq!(
        that(|error| error.oauth_error().is_some()),
        "invalid_client, 500, sign-in refused"
    );
}
