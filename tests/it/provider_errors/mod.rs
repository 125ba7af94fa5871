//! Each error of Okta that a client can see gives its cause and fix: the entry of `docs/errors.md`, produced at the mock.

mod assertions;
mod symptoms;

use crate::support::{Outcome, Sandbox};
use okta::{AuthorizeError, Endpoint, Fault, FaultBody, FaultKind};

/// `error`, `error_description` and the entry.
type Row = (&'static str, &'static str, &'static str);

/// Errors that come back through the browser.
const BY_REDIRECT: [Row; 30] = [
    (
        "access_denied",
        "User is not assigned to the client application.",
        "app-not-assigned",
    ),
    (
        "access_denied",
        "Policy evaluation failed for this request, please check the policy configurations.",
        "no-access-policy",
    ),
    (
        "access_denied",
        "Policy evaluation succeeded, but all the requested scopes were rejected.",
        "all-scopes-rejected",
    ),
    (
        "access_denied",
        "Some of the requested scopes were denied by the policy. Denied scopes: [groups].",
        "scopes-denied-by-policy",
    ),
    (
        "access_denied",
        "The resource owner or authorization server denied the request.",
        "sign-in-denied",
    ),
    (
        "access_denied",
        "The request is made from outside the client's permitted network zones.",
        "network-zone-not-permitted",
    ),
    (
        "access_denied",
        "'acr_values' not supported.",
        "acr-values-not-supported",
    ),
    (
        "invalid_scope",
        "One or more scopes are not configured for the authorization server resource.",
        "scope-unknown",
    ),
    (
        "invalid_scope",
        "Custom scopes are not allowed for this request.",
        "custom-scope-not-allowed",
    ),
    (
        "invalid_scope",
        "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner.",
        "scope-invalid",
    ),
    (
        "invalid_scope",
        "The requested scope is invalid, unknown, or malformed",
        "scope-invalid",
    ),
    (
        "invalid_scope",
        "The following scopes are not allowed for this request: [x].",
        "scope-invalid",
    ),
    (
        "invalid_scope",
        "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.",
        "openid-scope-missing",
    ),
    ("invalid_scope", "No scopes were requested.", "scopes-missing"),
    (
        "login_required",
        "The client specified not to prompt, but the user is not logged in.",
        "prompt-none-refused",
    ),
    (
        "login_required",
        "A 'prompt' value of 'none' requires an existing session to successfully authorize.",
        "prompt-none-refused",
    ),
    (
        "login_required",
        "The client specified not to prompt, but the client app requires re-authentication or MFA.",
        "prompt-none-refused",
    ),
    (
        "server_error",
        "The authorization server encountered an unexpected condition that prevented it from fulfilling the request.",
        "provider-fault",
    ),
    (
        "login_required",
        "Request expired, please start over and try again.",
        "sign-in-page-expired",
    ),
    (
        "consent_required",
        "The following scopes require user consent: [x].",
        "consent-missing",
    ),
    (
        "interaction_required",
        "Your client is configured to use the interaction code flow and user interaction is required to complete the request.",
        "interaction-code-flow",
    ),
    (
        "unsupported_response_type",
        "The response type is not supported by the authorization server. Configured response types: [token].",
        "response-type-not-supported",
    ),
    (
        "unauthorized_client",
        "This client cannot use a custom authorization server.",
        "custom-server-not-allowed",
    ),
    (
        "invalid_request",
        "The authentication request has an invalid 'state' parameter.",
        "state-invalid",
    ),
    (
        "invalid_request",
        "PKCE code challenge is required by the application.",
        "pkce-required",
    ),
    (
        "invalid_request",
        "PKCE code challenge method is not supported. Valid values: [S256]",
        "pkce-method-not-supported",
    ),
    (
        "server_error",
        "The groups claim matched too many groups and must be configured to match fewer groups.",
        "too-many-groups",
    ),
    (
        "server_error",
        "The 'groups' system claim could not be evaluated.",
        "claim-expression-failed",
    ),
    (
        "unmet_authentication_requirements",
        "Unable to meet the authentication requirements imposed by 'acr_values' parameter.",
        "factor-not-met",
    ),
    (
        "temporarily_unavailable",
        "The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server.",
        "provider-fault",
    ),
];

/// Errors of the token endpoint, for an authorization code.
const AT_TOKEN_ENDPOINT: [Row; 20] = [
    (
        "invalid_grant",
        "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
        "grant-rejected",
    ),
    (
        "invalid_client",
        "Client authentication failed. Either the client or the client credentials are invalid.",
        "client-credentials-invalid",
    ),
    (
        "invalid_client",
        "The client secret supplied for a confidential client is invalid.",
        "client-secret-wrong",
    ),
    (
        "invalid_client",
        "No client credentials found.",
        "client-secret-missing",
    ),
    (
        "invalid_client",
        "Found Authentication header but was not valid client credentials.",
        "client-rejected",
    ),
    (
        "invalid_client",
        "Browser requests to the token endpoint must use Proof Key for Code Exchange.",
        "app-is-for-browsers",
    ),
    (
        "invalid_client",
        "Invalid value for 'client_id' parameter.",
        "client-id-unknown",
    ),
    (
        "invalid_request",
        "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header.",
        "several-client-credentials",
    ),
    (
        "invalid_grant",
        "The authorization code is invalid or has expired.",
        "code-invalid",
    ),
    (
        "invalid_grant",
        "The grant was issued to another client.",
        "grant-rejected",
    ),
    (
        "invalid_grant",
        "PKCE verification failed.",
        "pkce-verification-failed",
    ),
    (
        "invalid_request",
        "PKCE code verifier is required by the application.",
        "pkce-required",
    ),
    (
        "invalid_request",
        "The grant was issued for another authorization server.",
        "other-authorization-server",
    ),
    (
        "unsupported_grant_type",
        "The authorization grant type is not supported by the authorization server. Configured grant types: [x].",
        "grant-type-not-supported",
    ),
    (
        "use_dpop_nonce",
        "Authorization server requires nonce in DPoP proof.",
        "dpop-nonce-refused",
    ),
    (
        "invalid_dpop_proof",
        "The DPoP proof JWT header is missing.",
        "dpop-required",
    ),
    (
        "invalid_dpop_proof",
        "The DPoP proof JWT is issued in the future.",
        "dpop-proof-from-the-future",
    ),
    (
        "invalid_dpop_proof",
        "The DPoP proof JWT is issued more than five minutes in the past.",
        "dpop-proof-too-old",
    ),
    (
        "invalid_dpop_proof",
        "Invalid DPoP Public Key binding in refresh token",
        "dpop-other-key",
    ),
    (
        "invalid_dpop_proof",
        "The DPoP proof JWT signature is invalid.",
        "dpop-proof-refused",
    ),
];

/// Errors of the endpoint for device codes.
const AT_DEVICE_ENDPOINT: [Row; 3] = [
    (
        "unauthorized_client",
        "The client is not authorized to use the provided grant type. Configured grant types: [x].",
        "grant-type-not-enabled",
    ),
    (
        "invalid_scope",
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
        "scopes-missing",
    ),
    (
        "access_denied",
        "User is not assigned to the client application.",
        "app-not-assigned",
    ),
];

/// Returns the fix of an entry of the page, as other providers than Okta get it: the mock has no domain of Okta's.
fn fix(id: &str) -> String {
    let page = include_str!("../../../docs/errors.md");
    let (_, entry) = page.split_once(&format!("\n### {id}\n")).expect(id);
    let entry = entry.split("\n### ").next().unwrap();
    assert!(entry.contains("\n- Cause: "), "{id}");
    let fix = entry.lines().find_map(|line| {
        line.strip_prefix("- Fix elsewhere: ")
            .or_else(|| line.strip_prefix("- Fix: "))
    });
    fix.expect(id).to_owned()
}

#[track_caller]
fn check(outcome: &Outcome, (error, description, id): Row, grant: &str) {
    let hint = format!("hint: {}", fix(id).replace("GRANT_TYPE", grant));
    outcome.fails(1, &[&format!("{error}: {description}"), &hint]);
}

fn answer(error: &str, description: &str) -> FaultKind {
    let code = if error == "invalid_client" { 401 } else { 400 };
    FaultKind::status(
        code,
        FaultBody::OAuth {
            error: error.to_owned(),
            description: description.to_owned(),
        },
    )
}

#[test]
fn each_error_of_the_provider_gives_its_cause_and_fix() {
    for row @ (error, description, _) in BY_REDIRECT {
        let sandbox = Sandbox::new();
        let refusal = AuthorizeError {
            error: error.to_owned(),
            description: description.to_owned(),
        };
        sandbox
            .okta
            .behave(|behaviour| behaviour.authorize_error = Some(refusal));
        check(&sandbox.get_token().run(), row, "authorization code");
    }
    for row @ (error, description, _) in AT_TOKEN_ENDPOINT.into_iter().chain(assertions::OF_ASSERTIONS) {
        let sandbox = Sandbox::new();
        let fault = Fault::always(Endpoint::Token, answer(error, description));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        check(&sandbox.get_token().run(), row, "authorization code");
    }
    for row @ (error, description, _) in AT_DEVICE_ENDPOINT {
        let sandbox = Sandbox::unattended();
        let fault = Fault::always(Endpoint::DeviceAuthorize, answer(error, description));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let call = sandbox.get_token().arg("--grant-type=device-code");
        check(&call.run(), row, "device code");
    }
}
