//! `version`: on standard output, as `--version` does.

use std::env::consts::{ARCH, OS};

use serde_json::json;

use crate::cli::VersionArgs;
use crate::error::Error;
use crate::structured;
use crate::ui::Ui;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn run(args: &VersionArgs) -> Result<(), Error> {
    let text = match args.output {
        None => format!("kubesesame {VERSION}\n"),
        Some(format) => structured::document(&json!({ "version": VERSION, "os": OS, "arch": ARCH }), format),
    };
    Ui::information(&text).map_err(Error::Output)
}
