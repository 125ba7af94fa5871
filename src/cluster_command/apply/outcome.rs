//! What kubectl's diff and apply say. Pure.

/// Why kubectl failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Cause {
    /// The user has no rights.
    Forbidden,
    /// Another manager has set a field.
    Conflict,
    NoNamespace,
    UnknownKind,
    /// kubectl runs `diff`.
    NoDiffProgram,
    /// The API server does not accept the credential, or there is none.
    NotSignedIn,
    Unreachable,
    Other,
}

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Failure {
    pub(super) cause: Cause,
    /// In kubectl's words.
    pub(super) text: String,
    /// How many objects were applied.
    pub(super) applied: usize,
}

impl Failure {
    pub(super) fn of(stdout: &str, stderr: &str) -> Self {
        let says = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
        let cause = if says(&["(Forbidden)", "is forbidden:"]) {
            Cause::Forbidden
        } else if says(&["(Conflict)", "Apply failed with"]) {
            Cause::Conflict
        } else if says(&["namespaces \""]) && says(&["not found"]) {
            Cause::NoNamespace
        } else if says(&["no matches for kind", "could not find the requested resource"]) {
            Cause::UnknownKind
        } else if says(&["executable file not found"]) {
            Cause::NoDiffProgram
        } else if says(&["getting credentials", "Unauthorized", "You must be logged in"]) {
            Cause::NotSignedIn
        } else if says(&[
            "Unable to connect",
            "dial tcp",
            "connection refused",
            "was refused",
        ]) {
            Cause::Unreachable
        } else {
            Cause::Other
        };
        Self {
            cause,
            text: first_error(stderr),
            applied: stdout
                .lines()
                .filter(|line| line.ends_with(" serverside-applied"))
                .count(),
        }
    }
}

/// Returns the first line that is an error, without the word; the last line if none is.
fn first_error(stderr: &str) -> String {
    let is_error = |line: &&str| line.starts_with("Error ") || line.starts_with("error: ");
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines()
        .find(is_error)
        .or_else(|| lines().next_back())
        .unwrap_or("kubectl says nothing");
    line.trim_start_matches("error: ").to_owned()
}

/// Makes the output of `kubectl diff` readable: the names of its temporary files become those of the objects.
pub(super) fn readable(diff: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        if line.starts_with("diff ") && line.contains("/LIVE-") {
            continue;
        }
        if let Some((mark, name)) = object(line) {
            text.push_str(mark);
            text.push(' ');
            text.push_str(&name);
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// Returns the mark and the name of the object of `--- /tmp/LIVE-123/NAME` with a time.
fn object(line: &str) -> Option<(&'static str, String)> {
    let (mark, rest, dir) = if let Some(rest) = line.strip_prefix("--- ") {
        ("--- now: ", rest, "/LIVE-")
    } else {
        ("+++ then:", line.strip_prefix("+++ ")?, "/MERGED-")
    };
    let (_, after) = rest.split_once(dir)?;
    let (_, name) = after.split_once('/')?;
    Some((mark, name.split('\t').next().unwrap_or(name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_kubectl_has_a_cause() {
        for (stderr, cause, text) in [
            (
                "Error from server (Forbidden): clusterroles.rbac.authorization.k8s.io \"a\" is forbidden: User \"u\" cannot patch\nmore",
                Cause::Forbidden,
                "Error from server (Forbidden): clusterroles.rbac.authorization.k8s.io \"a\" is forbidden: User \"u\" cannot patch",
            ),
            (
                "error: Apply failed with 1 conflict: conflict with \"kubectl\": .subjects\nPlease review the fields above\n",
                Cause::Conflict,
                "Apply failed with 1 conflict: conflict with \"kubectl\": .subjects",
            ),
            (
                "Error from server (NotFound): namespaces \"shop\" not found\n",
                Cause::NoNamespace,
                "Error from server (NotFound): namespaces \"shop\" not found",
            ),
            (
                "error: resource mapping not found for name: \"a\" namespace: \"\" from \"STDIN\": no matches for kind \"X\" in version \"y/v1\"\n",
                Cause::UnknownKind,
                "resource mapping not found for name: \"a\" namespace: \"\" from \"STDIN\": no matches for kind \"X\" in version \"y/v1\"",
            ),
            (
                "error: failed to run \"diff\": exec: \"diff\": executable file not found in $PATH",
                Cause::NoDiffProgram,
                "failed to run \"diff\": exec: \"diff\": executable file not found in $PATH",
            ),
            (
                "Unable to connect to the server: getting credentials: exec: exit code 3",
                Cause::NotSignedIn,
                "Unable to connect to the server: getting credentials: exec: exit code 3",
            ),
            ("Unable to connect\n\n", Cause::Unreachable, "Unable to connect"),
            ("something else\n", Cause::Other, "something else"),
            ("", Cause::Other, "kubectl says nothing"),
        ] {
            let failure = Failure::of("a serverside-applied\n", stderr);
            assert_eq!(
                (failure.cause, failure.text.as_str(), failure.applied),
                (cause, text, 1),
                "{stderr}"
            );
        }
    }

    #[test]
    fn a_difference_names_objects_and_no_temporary_files() {
        let diff = "diff -u -N /tmp/LIVE-1/rbac.v1.Role.shop.a /tmp/MERGED-2/rbac.v1.Role.shop.a\n\
                    --- /tmp/LIVE-1/rbac.v1.Role.shop.a\t2026-11-28 12:00:00.0 +0000\n\
                    +++ /tmp/MERGED-2/rbac.v1.Role.shop.a\t2026-11-28 12:00:00.0 +0000\n@@ -1 +1 @@\n-- a\n+- b\n";
        assert_eq!(
            readable(diff),
            "--- now:  rbac.v1.Role.shop.a\n+++ then: rbac.v1.Role.shop.a\n@@ -1 +1 @@\n-- a\n+- b\n"
        );
    }
}
