//! `doctor`: gathers what is known of a set-up, has it examined, and shows the findings.
//!
//! Reads, and asks the provider for its public documents and the API server by kubectl. Takes no lock, changes no session, spends no refresh
//! token and opens no browser.

mod api_server;
mod bundle;
mod gather;
mod kubeconfig_facts;
mod session_facts;

use std::path::Path;

use gather::Gathered;

use crate::cli::{DoctorArgs, OutputFormat};
use crate::doctor::{self, Finding};
use crate::error::Error;
use crate::invocation::Invocation;
use crate::ui::Ui;
use crate::untrusted_text::harmless_lines;
use crate::{files, structured};

pub(crate) fn run(args: &DoctorArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<(), Error> {
    let (output, bundle) = (args.output, args.bundle.as_deref());
    let gathered = Gathered::new(args, invocation, ui)?;
    let findings = doctor::examine(&gathered.facts);
    let text = match bundle {
        Some(path) if path == Path::new("-") => bundle::text(&gathered, &findings),
        Some(path) => {
            write_bundle(path, &bundle::text(&gathered, &findings), ui)?;
            shown(output, &gathered, &findings, ui)
        }
        None => shown(output, &gathered, &findings, ui),
    };
    // A finding may quote a kubeconfig of a stranger.
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    if doctor::failures(&findings) > 0 {
        return Err(Error::Negative);
    }
    Ok(())
}

fn shown(output: Option<OutputFormat>, gathered: &Gathered, findings: &[Finding], ui: Ui) -> String {
    match output {
        None => doctor::as_text(findings, ui.level > 0, gathered.login_command.as_deref()),
        Some(format) => structured::document(&doctor::as_value(findings), format),
    }
}

fn write_bundle(path: &Path, text: &str, ui: Ui) -> Result<(), Error> {
    files::write_new(path, text.as_bytes()).map_err(|source| Error::Bundle {
        path: path.to_owned(),
        source,
    })?;
    ui.note(&format!(
        "the report for a bug report is in `{}`: read it before you send it",
        files::shown(path)
    ));
    Ok(())
}
