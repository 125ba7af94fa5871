//! `version`: on standard output, as `--version` does.

use std::env::consts::{ARCH, OS};

use crate::cli::{OutputFormat, VersionArgs};
use crate::error::Error;
use crate::ui::Ui;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn run(args: &VersionArgs) -> Result<(), Error> {
    let text = match args.output {
        None => format!("kubesesame {VERSION}\n"),
        Some(OutputFormat::Json) => {
            let json = serde_json::json!({ "version": VERSION, "os": OS, "arch": ARCH });
            format!("{json:#}\n")
        }
        Some(OutputFormat::Yaml) => format!("version: {VERSION}\nos: {OS}\narch: {ARCH}\n"),
    };
    Ui::information(&text).map_err(Error::Output)
}
