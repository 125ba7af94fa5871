//! How many authorization responses were not used, and why, as the listener counts them. Pure.

use std::fmt;

/// The numbers of authorization responses that were not used. The text begins with `; `, since it follows an error.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IgnoredResponses {
    pub(in crate::oidc) wrong_states: usize,
    pub(in crate::oidc) other_redirects: usize,
    pub(in crate::oidc) other_users: usize,
    /// Requests of a script in the browser, most often a service worker.
    pub(in crate::oidc) not_navigations: usize,
}

impl fmt::Display for IgnoredResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wrong_states {
            0 => Ok(()),
            1 => f.write_str("; one answer was ignored, since its state was not ours"),
            n => write!(f, "; {n} answers were ignored, since their state was not ours"),
        }?;
        match self.other_redirects {
            0 => Ok(()),
            1 => f.write_str("; one answer was ignored, since it did not come to this issuer's redirect URI"),
            n => write!(
                f,
                "; {n} answers were ignored, since they did not come to this issuer's redirect URI"
            ),
        }?;
        match self.other_users {
            0 => Ok(()),
            1 => f.write_str("; one answer was refused, since it came from another user of this machine"),
            n => write!(
                f,
                "; {n} answers were refused, since they came from other users of this machine"
            ),
        }?;
        match self.not_navigations {
            0 => Ok(()),
            1 => {
                f.write_str("; one answer was refused, since the browser did not send it as it opens a page")
            }
            n => write!(
                f,
                "; {n} answers were refused, since the browser did not send them as it opens a page"
            ),
        }
    }
}

pub(in crate::oidc) fn service_worker_hint(site: &str) -> String {
    format!(
        "clear the browser's data for {site} (a service worker that another program left there fetches the answer), or paste the \
         address that the browser ended on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_responses_are_reported_with_their_reason() {
        let text_of = |wrong_states, other_redirects, other_users, not_navigations| {
            let ignored = IgnoredResponses {
                wrong_states,
                other_redirects,
                other_users,
                not_navigations,
            };
            ignored.to_string()
        };
        assert_eq!(text_of(0, 0, 0, 0), "");
        assert_eq!(
            text_of(1, 0, 0, 0),
            "; one answer was ignored, since its state was not ours"
        );
        assert_eq!(
            text_of(0, 1, 0, 0),
            "; one answer was ignored, since it did not come to this issuer's redirect URI"
        );
        let all = text_of(2, 4, 3, 1);
        assert!(all.starts_with("; 2 answers were ignored"));
        assert!(all.contains("; 4 answers were ignored, since they did not come"));
        assert!(all.contains("; 3 answers were refused, since they came from other users"));
        assert!(
            all.ends_with("; one answer was refused, since the browser did not send it as it opens a page")
        );
    }
}
