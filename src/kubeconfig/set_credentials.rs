//! The `kubectl config` commands that make kubectl use kubesesame.

use std::borrow::Cow;

use super::entry::{API_VERSION, COMMAND, INTERACTIVE_MODE};
use super::new_entry::{NewContext, NewUser};
use crate::files;

/// The longest line of a command, in characters; a longer command is continued on further lines.
const MAX_LINE: usize = 76;
/// What stands for the name of a cluster that is not known.
const ANY_CLUSTER: &str = "YOUR-CLUSTER";

/// The `kubectl config` commands that add a user with kubesesame's `exec` entry and make a context use it.
#[derive(Debug)]
pub(crate) struct ConfigCommands<'a> {
    /// The user, without a client secret and request headers.
    pub(crate) user: &'a NewUser,
    /// The context for it. Without one, the name of the cluster is left open.
    pub(crate) context: Option<&'a NewContext>,
    /// A client secret is one of the arguments. The command then reads it from a shell variable, so that it is not printed.
    pub(crate) has_secret: bool,
}

impl ConfigCommands<'_> {
    /// Returns the commands, each as a list of words.
    pub(crate) fn words(&self) -> Vec<Vec<String>> {
        let user = &self.user.name;
        let options = [
            format!("--exec-api-version={API_VERSION}"),
            format!("--exec-interactive-mode={INTERACTIVE_MODE}"),
            format!("--exec-command={COMMAND}"),
            "--exec-arg=get-token".to_owned(),
        ];
        let arguments = self.user.arguments.iter();
        let arguments = arguments.map(|argument| format!("--exec-arg={}", csv_cell(argument)));
        let add_user = config(&["set-credentials", user]);
        let (context, cluster) = match self.context {
            Some(context) => (&context.name, context.cluster.as_str()),
            None => (user, ANY_CLUSTER),
        };
        let add_context = config(&["set-context", context]);
        let settings = [format!("--cluster={cluster}"), format!("--user={user}")];
        vec![
            add_user.chain(options).chain(arguments).collect(),
            add_context.chain(settings).collect(),
            config(&["use-context", context]).collect(),
        ]
    }

    /// Returns the commands for a shell, one below the other.
    pub(crate) fn text(&self) -> String {
        let mut commands: Vec<String> = self.words().iter().map(|words| shell_command(words)).collect();
        if self.has_secret {
            commands[0].push_str(" \\\n  \"--exec-arg=--oidc-client-secret=$CLIENT_SECRET\"");
        }
        commands.join("\n") + "\n"
    }
}

fn config(words: &[&str]) -> impl Iterator<Item = String> + use<> {
    let words = ["kubectl", "config"].iter().chain(words);
    let words: Vec<String> = words.map(|&word| word.to_owned()).collect();
    words.into_iter()
}

/// Writes a command for a shell: in one line, or with each flag in a line of its own.
pub(crate) fn shell_command(words: &[String]) -> String {
    let quoted: Vec<Cow<'_, str>> = words.iter().map(|word| shell_quoted(word)).collect();
    let line = quoted.join(" ");
    if line.chars().count() <= MAX_LINE {
        return line;
    }
    let mut lines = String::new();
    let mut words = quoted.iter().zip(words).peekable();
    while let Some((quoted, _)) = words.next() {
        lines.push_str(quoted);
        match words.peek() {
            Some((_, word)) if word.starts_with("--") => lines.push_str(" \\\n  "),
            Some(_) => lines.push(' '),
            None => {}
        }
    }
    lines
}

/// Quotes an argument for a shell, if it needs quotes.
fn shell_quoted(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=:/.@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return Cow::Borrowed(argument);
    }
    Cow::Owned(files::quoted(argument))
}

/// Writes a value as a CSV cell, because `--exec-arg` and kubesesame's own list flags split their values at commas.
pub(crate) fn csv_cell(argument: &str) -> String {
    if argument.contains([',', '"', '\n']) {
        format!("\"{}\"", argument.replace('"', "\"\""))
    } else {
        argument.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(arguments: &[&str], context: Option<&NewContext>, has_secret: bool) -> String {
        let user = NewUser {
            name: "oidc".to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        };
        let user = &user;
        ConfigCommands {
            user,
            context,
            has_secret,
        }
        .text()
    }

    #[test]
    fn arguments_are_quoted_for_csv_and_the_shell() {
        let text = text(
            &[
                "--oidc-issuer-url=https://i",
                "--browser-command=firefox -P 'a,b'",
            ],
            None,
            false,
        );
        assert!(text.contains("--exec-arg=get-token \\\n"), "{text}");
        assert!(
            text.contains("--exec-arg=--oidc-issuer-url=https://i \\\n"),
            "{text}"
        );
        assert!(
            text.contains(r#""--exec-arg=\"--browser-command=firefox -P 'a,b'\"""#),
            "{text}"
        );
        assert!(
            text.ends_with("kubectl config set-context oidc --cluster=YOUR-CLUSTER --user=oidc\nkubectl config use-context oidc\n"),
            "{text}"
        );
    }

    #[test]
    fn a_secret_is_read_from_a_shell_variable() {
        assert!(text(&[], None, true).contains("$CLIENT_SECRET"));
    }

    #[test]
    fn a_context_is_named_after_user_and_cluster() {
        let context = NewContext::of("oidc", "it's");
        let text = text(&[], Some(&context), false);
        assert!(
            text.contains("kubectl config set-context \"oidc@it's\" \"--cluster=it's\" --user=oidc\n"),
            "{text}"
        );
    }

    #[test]
    fn control_characters_of_names_are_escaped() {
        let words = ["kubectl".to_owned(), "--group=a\u{1b}[2J".to_owned()];
        assert_eq!(shell_command(&words), "kubectl $'--group=a\\033[2J'");
    }
}
