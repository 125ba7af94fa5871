//! What settings that are recommended for the speed of an API server and of kubectl do, and which are worth setting.
//!
//! The list is that of a widely copied article: twelve flags in the `extraArgs` of kubeadm, and the lines of its kubeconfig. Defaults are those of
//! kube-apiserver's `--help`, which differ by version.
//!
//! Pure. Never asks an API server, and changes nothing.

mod client;
mod flags;
mod worth;

pub(crate) use client::CLIENT_LINES;
pub(crate) use flags::{Effect, FLAGS};
pub(crate) use worth::{Advice, CLIENT_WORTH, advice};

use super::description::KubernetesVersion;

/// The version whose defaults are known best, and which is assumed where none is named.
pub(crate) const NEWEST: KubernetesVersion = KubernetesVersion { minor: 36 };

/// Returns how many of the flags change anything.
pub(crate) fn changing() -> usize {
    let changing = FLAGS.iter().filter(|flag| flag.effect == Effect::Changes);
    changing.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_the_twelve_flags_change_nothing() {
        assert_eq!((FLAGS.len(), changing()), (12, 3));
    }

    #[test]
    fn a_flag_with_its_default_as_value_changes_nothing() {
        let text = |value: &str| value.replace("60s", "1m0s");
        for flag in &FLAGS {
            if text(flag.value) == flag.default(NEWEST) {
                assert_eq!(flag.effect, Effect::Nothing, "{}", flag.name);
            }
        }
    }

    #[test]
    fn what_is_kept_of_the_audit_log_depends_on_the_version() {
        let flag = |name: &str| FLAGS.iter().find(|flag| flag.name == name).unwrap();
        for (minor, age, files) in [(35, "0 (for ever)", "0 (all)"), (36, "366", "100")] {
            let version = KubernetesVersion { minor };
            assert_eq!(flag("audit-log-maxage").default(version), age);
            assert_eq!(flag("audit-log-maxbackup").default(version), files);
            let has_limits = advice(version)
                .iter()
                .any(|one| one.setting.contains("--audit-log-maxage"));
            assert_eq!(has_limits, minor < 36, "1.{minor}");
        }
        let old = advice(KubernetesVersion { minor: 29 });
        assert!(
            !old.iter()
                .any(|one| one.setting.contains("authentication-config"))
        );
    }
}
