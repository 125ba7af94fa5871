//! The document that `setup --output` prints for programs. Its keys are stable; `version` changes when one of them changes its meaning.

use serde_json::{Value, json};

use super::findings::Findings;
use crate::cluster::{ConfigVersion, GroupBinding};

const VERSION: u32 = 1;

pub(super) fn document(findings: &Findings<'_>) -> Value {
    let judgement = &findings.judgement;
    let server = findings.api_server();
    let is_accepted = judgement.refusal().is_none();
    json!({
        "version": VERSION,
        "issuer": findings.issuer,
        "clientId": findings.client_id,
        "accepted": is_accepted,
        "username": judgement.username.as_ref().filter(|_| is_accepted),
        "groups": if is_accepted { judgement.groups.as_slice() } else { &[] },
        "claims": findings.claims,
        "verdicts": judgement.verdicts,
        "settings": {
            "apiServerFlags": server.flags(),
            "authenticationConfiguration": server.authentication_configuration(ConfigVersion::V1),
            "eksCommand": findings.eks().command,
            "clusterRoleBinding": findings.binding().as_ref().map(GroupBinding::manifest),
            "kubectlCommands": findings.config_commands().words(),
        },
    })
}
