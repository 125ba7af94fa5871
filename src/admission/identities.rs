//! Lists of people: who is asked for.

use std::fmt;

use crate::kubeconfig::tree::{Node, parse};

/// A user with groups, as the API server knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
}

/// What is wrong with a list, and in which line, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IdentitiesError {
    line: usize,
    problem: &'static str,
}

impl fmt::Display for IdentitiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} {}", self.line, self.problem)
    }
}

impl std::error::Error for IdentitiesError {}

/// Reads a list: a line for each person with the user and the groups, with commas between them, or YAML with `user` and `groups`.
///
/// # Errors
/// The first line that is neither.
pub(crate) fn identities(text: &str) -> Result<Vec<Person>, IdentitiesError> {
    let mut lines = text.lines().map(str::trim).filter(|line| !is_comment(line));
    let people = match lines.next() {
        Some(first) if first.starts_with(['-', '[']) => of_yaml(text)?,
        _ => of_lines(text)?,
    };
    if people.is_empty() {
        let problem = "has no user, nor has any other";
        return Err(IdentitiesError { line: 1, problem });
    }
    Ok(people)
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

fn of_lines(text: &str) -> Result<Vec<Person>, IdentitiesError> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !is_comment(line.trim()));
    lines
        .map(|(at, line)| {
            let mut names = line.split(',').map(str::trim);
            // A manifest or another YAML file is no list of users.
            let is_user = |user: &&str| !user.is_empty() && !user.contains(": ") && !user.ends_with(':');
            let user = names.next().filter(is_user);
            let problem = "has no user before the first comma";
            Ok(Person {
                user: user
                    .ok_or(IdentitiesError {
                        line: at + 1,
                        problem,
                    })?
                    .to_owned(),
                groups: names
                    .filter(|group| !group.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
        })
        .collect()
}

fn of_yaml(text: &str) -> Result<Vec<Person>, IdentitiesError> {
    let document = parse(text).map_err(|error| IdentitiesError {
        line: error.line,
        problem: "is not valid YAML",
    })?;
    let fault = |node: &Node, problem| IdentitiesError {
        line: text[..node.span.start].matches('\n').count() + 1,
        problem,
    };
    let Some(root) = document.root else {
        return Ok(Vec::new());
    };
    let items = root.items().ok_or_else(|| fault(&root, "is no list"))?;
    items
        .iter()
        .map(|item| {
            let user = item.get("user").and_then(Node::text);
            let user = user.ok_or_else(|| fault(item, "has no `user`"))?;
            let groups = match item.get("groups") {
                None => &[],
                Some(groups) => groups
                    .items()
                    .ok_or_else(|| fault(groups, "is no list of groups"))?,
            };
            let groups = groups
                .iter()
                .map(|group| group.text().ok_or_else(|| fault(group, "is no group")));
            Ok(Person {
                user: user.to_owned(),
                groups: groups
                    .map(|group| group.map(str::to_owned))
                    .collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let lines = "# people\nokta:a, okta:dev , okta:k8s platform\n\nokta:b\n";
        let yaml = "# people\n- user: okta:a\n  groups: [okta:dev, okta:k8s platform]\n- {user: 'okta:b'}\n";
        let expected = [
            Person {
                user: "okta:a".to_owned(),
                groups: vec!["okta:dev".to_owned(), "okta:k8s platform".to_owned()],
            },
            Person {
                user: "okta:b".to_owned(),
                groups: Vec::new(),
            },
        ];
        assert_eq!(identities(lines).as_deref(), Ok(&expected[..]));
        assert_eq!(identities(yaml).as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn a_fault_has_its_line() {
        for (text, expected) in [
            ("", "line 1 has no user, nor has any other"),
            ("a\n,b\n", "line 2 has no user before the first comma"),
            ("kind: Pod\n", "line 1 has no user before the first comma"),
            ("a\nitems:\n", "line 2 has no user before the first comma"),
            ("- user: a\n- b\n", "line 2 has no `user`"),
            ("- user: a\n  groups: b\n", "line 2 is no list of groups"),
            ("- user: a\n  groups: [{}]\n", "line 2 is no group"),
            ("- [\n", "line 1 is not valid YAML"),
        ] {
            let told = identities(text).map_err(|error| error.to_string());
            assert_eq!(told, Err(expected.to_owned()), "{text:?}");
        }
    }
}
