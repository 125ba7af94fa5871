//! What a sign-in may do with standard input.

use crate::environment::Terminal;

/// Standard input, as the caller of this process left it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stdin {
    pub(crate) terminal: Terminal,
    /// It may be a pipe or a file that has the code of the authorization response.
    pub(crate) can_be_read: bool,
    /// kubectl or another client runs this process without its standard input.
    pub(crate) is_kept_by_client: bool,
}

impl Stdin {
    /// Nobody can be asked.
    pub(crate) const ABSENT: Self = Self::of_person(Terminal::Absent);

    /// A person has typed the command.
    pub(crate) const fn of_person(terminal: Terminal) -> Self {
        Self {
            terminal,
            can_be_read: false,
            is_kept_by_client: false,
        }
    }
}
