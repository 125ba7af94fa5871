//! Validated settings, built from the command line and the environment.
//!
//! Reads no files and uses no network. A file that a setting names (a CA, a secret) is read when it is needed, because a cached call
//! never needs it.

mod browser;
mod cache;
mod client_auth;
mod cluster;
mod error;
mod get_token;
mod home;
mod inline_secret;
mod issuer;
mod list;
mod login;
mod mistaken_issuer;
mod provider;
mod redirect;
mod secret_source;
mod sign_in;
mod stdin;
mod tls_trust;

pub(crate) use browser::{Browser, NoBrowser};
pub(crate) use cache::{
    Cache, Storage, cache_dir, failures_dir, home_cache_dir, kubelogin_dirs, likely_cache_dir, likely_value,
    runtime_dir,
};
pub(crate) use client_auth::{
    AUDIENCE, Audience, ClientAuth, ClientAuthMethod, PRIVATE_KEY_FILE, PrivateKeySource,
};
pub(crate) use cluster::ClusterChoice;
pub(crate) use error::Error;
pub(crate) use get_token::GetTokenSettings;
use home::expand_home;
pub(crate) use inline_secret::{has_inline_secret, secret_in_arguments};
pub(crate) use issuer::{Issuer, is_loopback, is_okta};
pub(crate) use list::{parse_list, parse_pairs, parse_scopes};
pub(crate) use login::{CallbackTls, Grant, Login};
pub(crate) use mistaken_issuer::{mistaken_client_id, mistaken_issuer};
pub(crate) use provider::{Dpop, NamedBy, Par, Pkce, Provider, RESERVED_PARAMETERS, Scopes, TokenKind};
pub(crate) use redirect::{ListenAddress, Redirect};
pub(crate) use secret_source::SecretSource;
pub(crate) use sign_in::SignIn;
pub(crate) use stdin::Stdin;
pub(crate) use tls_trust::{Authority, TlsTrust};
