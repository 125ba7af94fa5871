//! Maps a method and a path to an endpoint. Only Okta's paths exist: there is no `/.well-known/jwks.json`.

use super::exchange::{AuthorizationServer, Endpoint};

const OIDC: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// Returns the endpoint and the server of a path.
pub(crate) fn endpoint(path: &str) -> (Endpoint, AuthorizationServer) {
    if path.starts_with("/control/") {
        return (Endpoint::Control, AuthorizationServer::Org);
    }
    // RFC 8414 puts the issuer's path after the well-known part. Okta serves this form and the form with the issuer's path first.
    if path.strip_prefix(OAUTH) == Some("/oauth2/default") {
        return (Endpoint::OauthMetadata, AuthorizationServer::Custom);
    }
    if let Some(rest) = path.strip_prefix("/oauth2/default/") {
        return (below_server(rest), AuthorizationServer::Custom);
    }
    let endpoint = match path {
        OIDC => Endpoint::Discovery,
        OAUTH => Endpoint::OauthMetadata,
        "/oauth2/v1/clients" => Endpoint::Register,
        "/activate" => Endpoint::Activate,
        _ => match path.strip_prefix("/oauth2/v1/") {
            Some(rest) => operation(rest),
            None => Endpoint::Other,
        },
    };
    (endpoint, AuthorizationServer::Org)
}

fn below_server(rest: &str) -> Endpoint {
    if Some(rest) == OIDC.strip_prefix('/') {
        return Endpoint::Discovery;
    }
    if Some(rest) == OAUTH.strip_prefix('/') {
        return Endpoint::OauthMetadata;
    }
    rest.strip_prefix("v1/").map_or(Endpoint::Other, operation)
}

fn operation(name: &str) -> Endpoint {
    match name {
        "keys" => Endpoint::Keys,
        "authorize" => Endpoint::Authorize,
        "authorize/signin" => Endpoint::SignIn,
        "token" => Endpoint::Token,
        "userinfo" => Endpoint::Userinfo,
        "introspect" => Endpoint::Introspect,
        "revoke" => Endpoint::Revoke,
        "logout" => Endpoint::Logout,
        "device/authorize" => Endpoint::DeviceAuthorize,
        "par" => Endpoint::Par,
        _ => Endpoint::Other,
    }
}
