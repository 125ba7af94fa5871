//! `rbac can --requests`: many requests, one in each line of a file.

use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};

use super::error::Error;
use super::rbac_args::{CanArgs, WordsArgs};
use super::rbac_can::{decision, request_value};
use super::rbac_error::RbacError;
use super::rbac_identity;
use super::rbac_policy::{self, Source};
use super::rbac_text::{self, push_line};
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::invocation::Invocation;
use crate::rbac::policy::evaluate::Decision;
use crate::rbac::policy::request::{Request, User};
use crate::rbac::question::is_pasted;
use crate::structured::document;
use crate::ui::{StdinText, Ui};
use crate::untrusted_text::harmless_lines;

/// The longest file on standard input.
const MAX_STDIN_BYTES: usize = 256 * 1024 * 1024;

/// A line, as what follows `rbac can`.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true, disable_version_flag = true)]
struct Line {
    #[command(flatten)]
    words: WordsArgs,

    #[arg(long = "as")]
    user: Option<String>,

    #[arg(long = "as-group")]
    groups: Vec<String>,
}

/// A request of a line, and what was decided.
struct Judged {
    line: usize,
    user: User,
    request: Request,
    decision: Decision,
}

/// Returns the exit code: whether all is allowed.
///
/// # Errors
/// What keeps it from being judged; the first line that is no request.
pub(super) fn run(args: &CanArgs, file: &Path, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    let token = args.question.identity.token.as_deref();
    rbac_policy::check_stdin(&args.question.policy, &[Some(file), token])?;
    let text = read(file, ui)?;
    let source = rbac_policy::read(&args.question.policy, ui)?;
    let shown = if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        files::shown(file).to_string()
    };
    let mut reader = LineReader {
        args,
        source: &source,
        invocation,
        ui,
        default: None,
    };
    let mut judged = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = |error| Error::Line {
            place: format!("{shown}:{number}"),
            error: Box::new(error),
        };
        let (user, requests) = reader.ask(line).map_err(place)?;
        judged.extend(requests.into_iter().map(|request| Judged {
            line: number,
            decision: decision(&source.policy, &user, &request),
            user: user.clone(),
            request,
        }));
    }
    let text = match args.question.output.format {
        Some(format) => document(&value(&judged), format),
        None => lines(&shown, &judged),
    };
    Ui::information(&harmless_lines(&text)).map_err(Error::Output)?;
    Ok(if judged.iter().all(|it| it.decision.is_allowed) {
        EXIT_SUCCESS
    } else {
        EXIT_FAILED
    })
}

fn read(file: &Path, ui: Ui) -> Result<String, Error> {
    let bytes = if file == Path::new("-") {
        match ui
            .stdin_text("Requests: ", MAX_STDIN_BYTES)
            .map_err(Error::Stdin)?
        {
            StdinText::Whole(bytes) => bytes.to_vec(),
            StdinText::TooLong => return Err(RbacError::PolicyTooLong.into()),
        }
    } else {
        files::read_large(file, MAX_STDIN_BYTES as u64).map_err(RbacError::Requests)?
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says for each line who asks for what.
struct LineReader<'a> {
    args: &'a CanArgs,
    source: &'a Source,
    invocation: &'a Invocation<'a>,
    ui: Ui,
    /// Who asks where a line names nobody. Found out once, since it can ask the API server.
    default: Option<User>,
}

impl LineReader<'_> {
    fn ask(&mut self, line: &str) -> Result<(User, Vec<Request>), Error> {
        let line = Line::of(line)?;
        let question = rbac_policy::question(&line.words, &line.words.words, self.source)?;
        let of_line = line.user.map(|name| User {
            name,
            groups: Vec::new(),
        });
        let named = of_line.or(question.user);
        // What is said for all lines is for those that name nobody.
        let found = if let Some(named) = named {
            named
        } else {
            self.default()?
        };
        let groups = [found.groups, line.groups].concat();
        let user = User::with_implicit_groups(&found.name, &groups);
        Ok((user, question.requests))
    }

    /// Returns the user for the lines that name nobody.
    fn default(&mut self) -> Result<User, Error> {
        if let Some(user) = &self.default {
            return Ok(user.clone());
        }
        let question = &self.args.question;
        let user = rbac_identity::user(
            &question.identity,
            &question.policy,
            None,
            self.invocation,
            self.ui,
        )?;
        self.default = Some(user.clone());
        Ok(user)
    }
}

impl Line {
    /// # Errors
    /// If the words or flags are none of `rbac can`.
    fn of(line: &str) -> Result<Self, Error> {
        // What is pasted has quotes of its own, and no flags.
        if is_pasted(line) {
            return Ok(Self {
                words: WordsArgs {
                    words: vec![line.to_owned()],
                    ..WordsArgs::default()
                },
                user: None,
                groups: Vec::new(),
            });
        }
        let words =
            shlex::split(line).ok_or_else(|| RbacError::BadLine("a quote is not closed".to_owned()))?;
        Self::try_parse_from(words).map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            RbacError::BadLine(first.trim_start_matches("error: ").to_owned()).into()
        })
    }
}

fn lines(file: &str, judged: &[Judged]) -> String {
    let mut text = String::new();
    for it in judged {
        let (answer, verb) = if it.decision.is_allowed {
            ("yes", "can")
        } else {
            ("no", "cannot")
        };
        let line = format!(
            "{file}:{}: {answer}: {} {verb} {}",
            it.line,
            rbac_text::shown(&it.user.name),
            rbac_text::request(&it.request)
        );
        push_line(&mut text, &line, 0, 2);
    }
    let refused = judged.iter().filter(|it| !it.decision.is_allowed).count();
    text + &format!("{} requests, {refused} not allowed\n", judged.len())
}

fn value(judged: &[Judged]) -> Value {
    let requests = judged.iter().map(|it| {
        let mut value = request_value(&it.request);
        value["line"] = json!(it.line);
        value["user"] = json!(it.user.name);
        value["groups"] = json!(it.user.groups);
        value["allowed"] = json!(it.decision.is_allowed);
        value["reason"] = json!(it.decision.reason);
        value
    });
    json!({
        "allowed": judged.iter().all(|it| it.decision.is_allowed),
        "requests": requests.collect::<Vec<_>>(),
    })
}
