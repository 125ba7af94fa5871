//! The cluster's side: what an API server makes of a token, and the configuration that makes it accept one.
//!
//! Pure. Follows kube-apiserver's OpenID Connect authenticator. Never reads files, and never asks an API server.

mod api_server;
pub(crate) mod authn;
mod binding;
pub(crate) mod cel;
pub(crate) mod check;
pub(crate) mod description;
pub(crate) mod diff;
mod eks;
mod groups_verdict;
mod judgement;
mod mapping;
mod names;
pub(crate) mod network;
mod token_judgement;
pub(crate) mod tune;
pub(crate) mod verify;

pub(crate) use api_server::{ApiServer, ConfigVersion};
pub(crate) use binding::ViewBinding;
pub(crate) use eks::EksAssociation;
pub(crate) use judgement::{Judgement, Presented, State, Verdict, judge};
pub(crate) use mapping::{ClaimMapping, username_prefix};
pub(crate) use token_judgement::{
    Check, CheckState, Form, ServerSettings, Signature, TokenFacts, TokenJudgement, TokenVerdict, judge_token,
};
