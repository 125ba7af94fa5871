//! Checks the rules for requests.

use super::check::{Checked, check_group_name};
use super::fault::Fault;
use super::raw::RawAdmission;
use super::values::{AdmissionSettings, Issuer};

pub(super) fn admission(raw: Option<&RawAdmission>, issuers: &[Issuer]) -> Checked<AdmissionSettings> {
    let Some(raw) = raw else {
        return Ok(AdmissionSettings::default());
    };
    check_groups(&raw.further_groups, "furtherGroups", issuers)?;
    for (groups, name) in [
        (&raw.secret_deletion, "secretDeletion"),
        (&raw.root_pods, "rootPods"),
    ] {
        let Some(groups) = groups else { continue };
        if groups.is_empty() {
            let hint = "name the groups whose members may; leave the field out if there is to be no rule";
            return Err(Fault::new(&format!("admission.{name}"), "is empty", hint));
        }
        check_groups(groups, name, issuers)?;
    }
    check_names(&raw.exempt_users, "exemptUsers")?;
    check_names(&raw.exempt_groups, "exemptGroups")?;
    Ok(AdmissionSettings {
        further_groups: raw.further_groups.clone(),
        secret_deletion: raw.secret_deletion.clone(),
        root_pods: raw.root_pods.clone(),
        exempt_users: raw.exempt_users.clone(),
        exempt_groups: raw.exempt_groups.clone(),
    })
}

fn check_groups(groups: &[String], field: &str, issuers: &[Issuer]) -> Checked<()> {
    check_names(groups, field)?;
    let mut numbered = groups.iter().enumerate();
    numbered.try_for_each(|(at, group)| check_group_name(group, &format!("admission.{field}[{at}]"), issuers))
}

/// Everybody who signs in is in this group.
const EVERYBODY: &str = "system:authenticated";

fn check_names(names: &[String], field: &str) -> Checked<()> {
    for (at, name) in names.iter().enumerate() {
        let (problem, hint) = if name.trim().is_empty() || name.trim() != name {
            (
                "is empty or begins or ends with a space",
                "write the name as the cluster has it",
            )
        } else if name.chars().any(char::is_control) {
            ("has a control character", "write the name as the cluster has it")
        } else if name == EVERYBODY {
            (
                "is the group of everybody, so no rule would apply to anybody",
                "name the group that is meant",
            )
        } else {
            continue;
        };
        return Err(Fault::new(&format!("admission.{field}[{at}]"), problem, hint));
    }
    Ok(())
}
