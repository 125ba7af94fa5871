//! The commands that a page shows.

use crate::page::{Block, Page};

/// A command of `kubesesame` as a page shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The page it is on.
    pub(crate) page: String,
    /// Everything after the name of the program.
    pub(crate) args: Vec<String>,
    /// The lines that follow it, if the page shows any.
    pub(crate) output: Vec<String>,
}

impl Shown {
    /// Returns every command of `kubesesame` that a page shows, in order.
    pub(crate) fn on(page: &Page) -> Vec<Self> {
        let blocks = page.blocks.iter();
        let shown = blocks.flat_map(|block| match block.language.as_str() {
            "sh" => commands(&block.text, ""),
            "console" => commands(&block.text, "$ "),
            _ => Vec::new(),
        });
        let parsed = shown.filter_map(|(line, output)| {
            Some(Self {
                page: page.name.clone(),
                args: arguments(&line)?,
                output,
            })
        });
        parsed.collect()
    }

    /// Returns the arguments of every kubeconfig entry for `kubesesame` that a page shows in YAML.
    pub(crate) fn entries_on(page: &Page) -> Vec<Self> {
        let blocks = page.blocks_in("yaml");
        let blocks = blocks.flat_map(|block: &Block| block.text.split("command: kubesesame").skip(1));
        let entries = blocks.map(|entry| Self {
            page: page.name.clone(),
            args: entry
                .lines()
                .skip_while(|line| !line.trim().starts_with("args:"))
                .skip(1)
                .map_while(|line| line.trim().strip_prefix("- "))
                .take_while(|item| !item.starts_with("name:"))
                .map(|item| shlex::split(item).unwrap().concat())
                .collect(),
            output: Vec::new(),
        });
        entries.collect()
    }
}

/// Splits a block into commands, each with the lines below it. A line without the prompt is output where there is a prompt.
fn commands(block: &str, prompt: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix(prompt) else {
            if let Some((_, output)) = found.last_mut() {
                output.push(line.to_owned());
            }
            continue;
        };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            command.pop();
            command += lines.next().unwrap_or_default().trim_start();
        }
        found.push((command, Vec::new()));
    }
    found
}

/// Returns the arguments, if this is a command of `kubesesame`; variables before it are left out, and so is what its output goes to.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words = shlex::split(line)?;
    let mut words = words
        .into_iter()
        .skip_while(|word| word.starts_with("KUBESESAME_"));
    let is_argument = |word: &String| !matches!(word.as_str(), "|" | ">");
    (words.next()? == "kubesesame").then(|| {
        let arguments = words.take_while(is_argument);
        arguments.filter(|word| word != "…").collect()
    })
}

#[test]
fn commands_of_a_block_are_joined_and_keep_their_output() {
    let block = "$ kubesesame get-token \\\n    --oidc-client-id='a b'\nfirst\n\nlast\n$ kubectl get pods\n";
    let found = commands(block, "$ ");
    assert_eq!(found.len(), 2);
    assert_eq!(
        arguments(&found[0].0).unwrap(),
        ["get-token", "--oidc-client-id=a b"]
    );
    assert_eq!(found[0].1, ["first", "", "last"]);
    assert_eq!(arguments(&found[1].0), None);
    let piped = arguments("kubesesame rbac generate | kubectl diff -f -").unwrap();
    assert_eq!(piped, ["rbac", "generate"]);
}
