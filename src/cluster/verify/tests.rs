use super::*;

const DESCRIPTION: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
issuers:
- {name: okta, url: https://i, clientIds: [c], username: {claim: sub, prefix: 'okta:'}, groups: {claim: groups, prefix: 'okta:'}}
groups:
- {name: dev, role: break-glass}
";
const FILE: &[u8] = b"kind: AuthenticationConfiguration\n";

fn findings(metrics: &str, user: &str, groups: &[&str], expected: &[&str]) -> String {
    let description = Description::parse(DESCRIPTION).unwrap_or_else(|fault| panic!("{fault:?}"));
    let facts = Facts {
        identity: Ok(Identity {
            username: user.to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        }),
        metrics: Ok(Metrics::read(metrics)),
        configuration: Some(FILE.to_vec()),
    };
    let expected: Vec<String> = expected.iter().map(|&group| group.to_owned()).collect();
    told(&verify(&description, &facts, &expected))
}

fn told(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let has_fix = if finding.fix.is_some() { " +fix" } else { "" };
            format!(
                "{} {}: {}{has_fix}",
                finding.state.name(),
                finding.subject,
                finding.text
            )
        })
        .collect();
    lines.join("\n")
}

fn loaded(hash: &str) -> String {
    format!(
        "# HELP x\napiserver_authentication_config_controller_last_config_info{{apiserver_id_hash=\"sha256:1\",hash=\"{hash}\"}} 1\n"
    )
}

#[test]
fn what_is_as_described_passes() {
    let reload = "apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds{apiserver_id_hash=\"a\",status=\"success\"} 1.7e+09\n";
    let metrics = loaded(&sha256(FILE)) + reload;
    insta::assert_snapshot!(findings(&metrics, "okta:alice", &["okta:dev", "system:authenticated"], &[]), @"
    ok configuration: the API server has loaded this file
    ok reload: the last change was taken
    ok user: the API server calls you okta:alice, of `okta`
    ok groups: the API server sees okta:dev
    ");
}

#[test]
fn what_differs_fails_with_a_fix() {
    let reload = |status: &str, at: &str| {
        format!(
            "apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds{{status=\"{status}\"}} {at}\n"
        )
    };
    let metrics = loaded("sha256:0") + &reload("success", "1") + &reload("failure", "2");
    insta::assert_snapshot!(findings(&metrics, "admin", &["system:masters"], &[]), @"
    failed configuration: another one is loaded, sha256:0; the file is sha256:11323a3469225d2ed49877bada9988028409dda8c791757745b3b30d5bf61630 +fix
    failed reload: the last change was refused +fix
    failed user: the API server calls you admin, which has the prefix of no issuer +fix
    failed groups: no group of the description arrived; the API server sees system:masters +fix
    ");
    insta::assert_snapshot!(findings("", "okta:alice", &["okta:dev"], &["dev", "ops"]), @"
    unknown configuration: the API server tells of no AuthenticationConfiguration: it has flags (--oidc-…), or is older than Kubernetes 1.34
    ok user: the API server calls you okta:alice, of `okta`
    failed groups: ops did not arrive; the API server sees okta:dev +fix
    ");
}

#[test]
fn what_cannot_be_asked_has_its_reason() {
    let description = Description::parse(DESCRIPTION).unwrap_or_else(|fault| panic!("{fault:?}"));
    let facts = Facts {
        identity: Err("the API server says Unauthorized".to_owned()),
        metrics: Err("forbidden".to_owned()),
        configuration: None,
    };
    insta::assert_snapshot!(told(&verify(&description, &facts, &[])), @"
    unknown configuration: its metrics cannot be read: forbidden +fix
    failed user: the API server says Unauthorized +fix
    ");
}
