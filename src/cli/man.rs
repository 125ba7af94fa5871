//! The manual pages of the commands, in roff. A page is named as in `man`: `get-token`, `kubeconfig-convert`.

use std::io;

use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;

/// Checks the name of a page.
///
/// # Errors
/// A text with the names that there are.
pub(super) fn page_name(name: &str) -> Result<String, String> {
    let names: Vec<String> = commands().iter().map(name_of).collect();
    if names.iter().any(|known| known == name) {
        Ok(name.to_owned())
    } else {
        Err(format!("the commands are {}", names.join(", ")))
    }
}

/// Returns the manual page of a command, or of the program.
///
/// # Errors
/// Never in practice.
pub(crate) fn manual_page(name: Option<&str>) -> io::Result<String> {
    let command = match name {
        None => program(),
        Some(name) => commands()
            .into_iter()
            .find(|command| name_of(command) == name)
            .ok_or(io::ErrorKind::NotFound)?,
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn program() -> clap::Command {
    let mut program = Cli::command();
    // Adds the arguments of the commands, and names each with its parents.
    program.build();
    program
}

/// Returns all commands that the help shows.
fn commands() -> Vec<clap::Command> {
    fn collect(command: &clap::Command, commands: &mut Vec<clap::Command>) {
        for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            commands.push(command.clone());
            collect(command, commands);
        }
    }
    let mut commands = Vec::new();
    collect(&program(), &mut commands);
    commands
}

fn name_of(command: &clap::Command) -> String {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    name.strip_prefix("kubesesame-").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page_that_names_its_flags() {
        let page = |name: &str| manual_page(Some(name)).unwrap();
        assert!(manual_page(None).unwrap().contains("kubesesame"));
        assert!(page("get-token").contains("oidc\\-issuer\\-url"));
        assert!(page("kubeconfig-convert").contains("dry\\-run"));
        assert!(page_name("kubeconfig-convert").is_ok());
        for unknown in ["nosuch", "kubeconfig convert", "background-refresh", ""] {
            assert!(page_name(unknown).is_err(), "{unknown}");
        }
    }
}
