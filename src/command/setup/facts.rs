//! Everything that one run of `setup` has found out, for the texts and the document.

use data_encoding::BASE64;
use serde_json::{Map, Value};

use super::certificates::certificates;
use super::sign_in::SignedIn;
use super::target::Target;
use crate::cli::PlatformChoice;
use crate::clock::{self, Timestamp};
use crate::cluster::{ApiServer, ClaimMapping, EksAssociation, Judgement, Presented, ViewBinding, judge};
use crate::error::Error;
use crate::files;
use crate::kubeconfig::{ConfigCommands, NewContext, NewUser};
use crate::settings::{Authority, SignIn};

/// What the person gave for the entry in the kubeconfig.
pub(super) struct Person {
    pub(super) user: NewUser,
    pub(super) has_secret: bool,
    pub(super) has_headers: bool,
}

pub(super) struct SetupFacts<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) is_okta: bool,
    pub(super) mapping: &'a ClaimMapping,
    pub(super) claims: Map<String, Value>,
    pub(super) judgement: Judgement,
    pub(super) user: NewUser,
    pub(super) context: Option<NewContext>,
    pub(super) has_secret: bool,
    pub(super) has_headers: bool,
    pub(super) platform: PlatformChoice,
    pub(super) now: Timestamp,
    algorithm: Option<String>,
    authority_file: Option<String>,
    pub(super) authority_pem: Option<String>,
}

impl<'a> SetupFacts<'a> {
    pub(super) fn new(
        sign_in: &'a SignIn,
        mapping: &'a ClaimMapping,
        signed_in: SignedIn,
        person: Person,
        target: &Target,
        platform: PlatformChoice,
    ) -> Self {
        let provider = &sign_in.provider;
        let mut user = person.user;
        if signed_in.adds_offline_access {
            user.arguments
                .push("--oidc-extra-scope=offline_access".to_owned());
        }
        let tokens = signed_in.tokens;
        let algorithm = tokens.algorithm();
        let judgement = judge(
            Presented {
                claims: &tokens.claims,
                algorithm: algorithm.as_deref(),
                bytes: tokens.token.expose().len(),
                issuer: provider.issuer.as_str(),
                client_id: &provider.client_id,
            },
            mapping,
        );
        let (authority_file, authority_pem) = authority(&sign_in.trust.authorities);
        Self {
            issuer: provider.issuer.as_str(),
            client_id: &provider.client_id,
            is_okta: provider.issuer.is_okta(),
            mapping,
            claims: tokens.claims,
            judgement,
            context: target.context(&user.name),
            user,
            has_secret: person.has_secret,
            has_headers: person.has_headers,
            platform,
            now: clock::now(),
            algorithm,
            authority_file,
            authority_pem,
        }
    }

    /// Returns the error about a token that the API server refuses.
    pub(super) fn refusal(&self) -> Option<Error> {
        let verdict = self.judgement.refusal()?;
        Some(Error::TokenUnfit {
            finding: verdict.finding.clone(),
            fix: verdict.fix.clone(),
        })
    }

    pub(super) fn is_issuer_http(&self) -> bool {
        self.issuer.starts_with("http:")
    }

    pub(super) fn api_server(&self) -> ApiServer<'_> {
        ApiServer {
            issuer: self.issuer,
            audience: &self.judgement.audience,
            mapping: self.mapping,
            algorithm: self.algorithm.as_deref(),
            authority_file: self.authority_file.as_deref(),
            authority_pem: self.authority_pem.as_deref(),
            required_claims: None,
        }
    }

    pub(super) fn eks(&self) -> EksAssociation {
        let name = if self.is_okta { "okta" } else { "oidc" };
        let cluster = self.context.as_ref().map(|context| context.cluster.as_str());
        EksAssociation::new(&self.api_server(), name, cluster)
    }

    pub(super) fn binding(&self) -> Option<ViewBinding> {
        ViewBinding::of(&self.judgement, &self.mapping.groups_prefix)
    }

    pub(super) fn config_commands(&self) -> ConfigCommands<'_> {
        ConfigCommands {
            user: &self.user,
            context: self.context.as_ref(),
            has_secret: self.has_secret,
        }
    }
}

/// Returns the file of the provider's authorities, if there is just one, and the content of all of them. The sign-in has read them, so
/// that a failure here is a change in the last second, and counts as none.
fn authority(authorities: &[Authority]) -> (Option<String>, Option<String>) {
    let pem = |authority: &Authority| {
        let bytes = match authority {
            Authority::File(path) => files::read_named(path).ok()?,
            Authority::Data(base64) => BASE64.decode(base64.trim().as_bytes()).ok()?,
        };
        certificates(&String::from_utf8_lossy(&bytes))
    };
    let texts: Vec<String> = authorities.iter().filter_map(pem).collect();
    let file = match authorities {
        [Authority::File(path)] => std::path::absolute(path).ok(),
        _ => None,
    };
    let file = file.map(|path| path.to_string_lossy().into_owned());
    (file, (!texts.is_empty()).then(|| texts.concat()))
}
