//! `man`: the manual page of a command, for packages and for `man -l -`.

use crate::cli::{self, ManArgs};
use crate::error::Error;
use crate::ui::Ui;

pub(crate) fn run(args: &ManArgs) -> Result<(), Error> {
    let page = cli::manual_page(args.command.as_deref());
    page.and_then(|page| Ui::information(&page))
        .map_err(Error::Output)
}
