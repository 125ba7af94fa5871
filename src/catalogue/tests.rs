use super::*;

fn error_response<'a>(error: &'a str, description: &'a str, is_okta: bool) -> ErrorResponse<'a> {
    ErrorResponse {
        error,
        description,
        is_okta,
        grant: GrantType::AuthorizationCode,
    }
}

#[test]
fn a_phrase_matches_whatever_the_quotes_and_the_case() {
    let description = "User is NOT assigned to the `client application`.";
    let hint = hint(error_response("access_denied", description, true));
    assert!(hint.contains("assign"), "{hint}");
}

#[test]
fn an_unknown_description_gets_the_hint_of_its_error_code() {
    let hint = |error, is_okta| hint(error_response(error, "something new", is_okta));
    assert!(hint("invalid_scope", false).contains("--oidc-extra-scope"));
    assert!(hint("brand_new", true).contains("System Log"));
    assert!(hint("brand_new", false).contains("the provider's log"));
}

#[test]
fn each_entry_is_the_first_match_of_its_own_phrase() {
    for entry in entries() {
        let or = |values: &'static [&'static str], other: &'static str| match values {
            [] => vec![other],
            values => values.to_vec(),
        };
        let grant = entry.grants.first().copied();
        for error in or(entry.error_codes, "brand_new") {
            for description in or(entry.phrases, "") {
                for is_okta in [true, false] {
                    let response = ErrorResponse {
                        grant: grant.unwrap_or(GrantType::AuthorizationCode),
                        ..error_response(error, description, is_okta)
                    };
                    assert_eq!(entry_for(response).id, entry.id, "{error}: {description}");
                    let name = grant_name(response.grant, is_okta);
                    let fix = entry.fix(is_okta).replace(fixes::GRANT_PLACEHOLDER, name);
                    assert_eq!(hint(response), fix, "{error}: {description}");
                }
            }
        }
    }
}

#[test]
fn an_id_is_unique_and_in_kebab_case() {
    let mut known = std::collections::HashSet::new();
    for entry in entries() {
        let mut parts = entry.id.split('-');
        let is_word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        assert!(parts.all(is_word), "{}", entry.id);
        assert!(known.insert(entry.id), "{} occurs twice", entry.id);
    }
}

/// A phrase is compared with a text in lower case and without quotes.
#[test]
fn a_phrase_is_normalized() {
    for phrase in entries().flat_map(|entry| entry.phrases) {
        assert_eq!(normalized(phrase), *phrase);
    }
}

#[test]
fn each_cause_is_one_sentence() {
    for Entry { id, cause, .. } in entries() {
        assert!(cause.ends_with('.') && !cause.contains(". "), "{id}: {cause}");
    }
}

#[test]
fn a_hint_depends_on_the_grant() {
    use GrantType::{AuthorizationCode, ClientCredentials, DeviceCode, Password, RefreshToken};
    let table = [
        ("invalid_grant", Password, "check the user name and the password"),
        (
            "invalid_grant",
            AuthorizationCode,
            "run the command again to sign in anew",
        ),
        (
            "invalid_grant",
            DeviceCode,
            "run the command again to sign in anew",
        ),
        (
            "invalid_grant",
            RefreshToken,
            "run the command again to sign in anew",
        ),
        ("invalid_grant", ClientCredentials, "compare --oidc-client-id"),
        (
            "unsupported_grant_type",
            Password,
            "enable the grant type password on",
        ),
        (
            "unsupported_grant_type",
            DeviceCode,
            "enable the grant type device code on",
        ),
        ("interaction_required", Password, "use --grant-type=authcode"),
        (
            "interaction_required",
            AuthorizationCode,
            "answer what the browser asks",
        ),
    ];
    for (error, grant, expected) in table {
        let response = ErrorResponse {
            error,
            description: "",
            is_okta: false,
            grant,
        };
        let hint = hint(response);
        assert!(
            hint.starts_with(expected) || hint.ends_with(expected),
            "{error} {grant:?}: {hint}"
        );
    }
}

#[test]
fn a_code_without_a_known_description_has_its_own_entry() {
    for (error, description, expected) in [
        ("invalid_request_uri", "", "request-uri-refused"),
        (
            "invalid_request_uri",
            "The request_uri has expired.",
            "pushed-request-ended",
        ),
        (
            "invalid_request",
            "The request_uri parameter is required.",
            "pushed-request-required",
        ),
        (
            "invalid_request",
            "Missing parameter: request_uri",
            "pushed-request-required",
        ),
        (
            "invalid_request",
            "The request_uri is invalid",
            "pushed-request-ended",
        ),
        ("unsupported_token_type", "", "token-type-not-revocable"),
        ("invalid_redirect_uri", "", "redirect-uri-refused"),
        ("insufficient_user_authentication", "", "step-up-required"),
    ] {
        let found = id(error_response(error, description, false));
        assert_eq!(found.as_str(), expected, "{error} {description}");
        let in_search = || search(error).iter().any(|found| found.id == expected);
        assert!(!description.is_empty() || in_search(), "{error}");
    }
}

#[test]
fn hints_for_other_providers_do_not_name_okta_s_console() {
    let codes = [
        "access_denied",
        "invalid_client",
        "invalid_scope",
        "brand_new",
        "server_error",
    ];
    let fallbacks = codes.map(|code| hint(error_response(code, "", false)));
    let entries = entries().map(|entry| entry.generic_fix.to_owned());
    for hint in entries.chain(fallbacks) {
        let theirs = [
            "Okta",
            "okta",
            "Security >",
            "Applications >",
            "System Log",
            "General",
        ];
        assert!(!theirs.iter().any(|words| hint.contains(words)), "{hint}");
    }
}

#[test]
fn each_access_layer_of_okta_is_recognized_by_what_it_says() {
    let layer = |error, description, is_okta| access_layer(error_response(error, description, is_okta));
    for (error, description, expected) in [
        (
            "access_denied",
            "User is not assigned to the client application.",
            Some(AccessLayer::AppAssignment),
        ),
        (
            "access_denied",
            "The resource owner or authorization server denied the request.",
            Some(AccessLayer::AuthenticationPolicy),
        ),
        (
            "unmet_authentication_requirements",
            "Unable to meet the authentication requirements imposed by 'acr_values' parameter.",
            Some(AccessLayer::AuthenticationPolicy),
        ),
        (
            "access_denied",
            "Policy evaluation failed for this request, please check the policy configurations.",
            Some(AccessLayer::AccessPolicy),
        ),
        (
            "access_denied",
            "Policy evaluation succeeded, but all the requested scopes were rejected.",
            Some(AccessLayer::AccessPolicy),
        ),
        (
            "invalid_scope",
            "Custom scopes are not allowed for this request.",
            None,
        ),
        ("access_denied", "", None),
    ] {
        assert_eq!(layer(error, description, true), expected, "{description}");
        assert_eq!(layer(error, description, false), None, "{description}");
    }
}

#[test]
fn each_access_layer_is_that_of_an_entry() {
    for (id, _) in access::ACCESS_LAYERS {
        assert!(entries().any(|entry| entry.id == id), "{id}");
    }
}
