//! The document that `setup --output` prints for programs. Its keys are stable; `version` changes when one of them changes its meaning.

use serde_json::{Value, json};

use super::facts::SetupFacts;
use crate::cluster::{ConfigVersion, ViewBinding};

const VERSION: u32 = 1;

pub(super) fn document(facts: &SetupFacts<'_>) -> Value {
    let judgement = &facts.judgement;
    let server = facts.api_server();
    let is_accepted = judgement.refusal().is_none();
    json!({
        "version": VERSION,
        "issuer": facts.issuer,
        "clientId": facts.client_id,
        "accepted": is_accepted,
        "username": judgement.username.as_ref().filter(|_| is_accepted),
        "groups": if is_accepted { judgement.groups.as_slice() } else { &[] },
        "claims": facts.claims,
        "verdicts": judgement.verdicts,
        "settings": {
            "apiServerFlags": server.flags(),
            "authenticationConfiguration": server.authentication_configuration(ConfigVersion::V1),
            "eksCommand": facts.eks().command,
            "clusterRoleBinding": facts.binding().as_ref().map(ViewBinding::manifest),
            "kubectlCommands": facts.config_commands().words(),
        },
    })
}
