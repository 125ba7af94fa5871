//! The entry of one user as text in which nothing is a secret, to be shown to others. Pure.

use super::mask::masked;
use super::tree::parse;

/// What a mask puts in place of a value that is certainly a secret.
const SECRET_MARK: &str = "[secret]";

/// Returns a kubeconfig with this user alone, masked. `None` if the text has no such user.
pub(crate) fn masked_user(text: &str, name: &str) -> Option<String> {
    let root = parse(text).ok()?.root?;
    let items = root.get("users")?.items()?;
    let item = items
        .iter()
        .find(|item| item.get("name").and_then(super::tree::Node::text) == Some(name))?;
    let line_start = text[..item.span.start].rfind('\n').map_or(0, |at| at + 1);
    // The entry's own lines are moved, so that they are indented by two.
    let column = item.span.start - line_start;
    let entry = &text[item.span.clone()];
    let mut lines = entry.lines();
    let first = format!("users:\n- {}", lines.next()?);
    let others = lines.map(|line| {
        let text = line.trim_start_matches(' ');
        let indent = (line.len() - text.len() + 2).saturating_sub(column);
        format!("{}{text}", " ".repeat(indent))
    });
    let mut moved = std::iter::once(first)
        .chain(others)
        .collect::<Vec<_>>()
        .join("\n");
    moved.push('\n');
    Some(masked(&moved))
}

/// Whether a kubeconfig has a value that is certainly a secret: a token, a key, a password.
pub(crate) fn has_secret(text: &str) -> bool {
    masked(text).contains(SECRET_MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_is_shown_without_secrets_and_without_the_others() {
        let text = "\
users:
    - name: other
      user: {token: HIDE1}
    - name: me
      user:
        exec:
          command: kubesesame
          args:
          - get-token
          - --oidc-client-secret=HIDE2
          env:
          - {name: A, value: HIDE3}
clusters: []
";
        let shown = masked_user(text, "me").unwrap();
        assert_eq!(
            shown,
            "\
users:
- name: me
  user:
    exec:
      command: kubesesame
      args:
      - get-token
      - --oidc-client-secret=[secret]
      env:
      - {name: A, value: [not shown]}
"
        );
        assert!(
            masked_user("users: [{name: me, user: {token: HIDE}}]", "me")
                .is_some_and(|shown| !shown.contains("HIDE"))
        );
        assert_eq!(masked_user(text, "nobody"), None);
        assert!(has_secret(text) && !has_secret("users: [{name: a, user: {exec: {command: x}}}]"));
    }
}
