//! Shows the events of a login or a refresh to a person, and asks the questions.
//!
//! Owns the texts. Makes no decision about the login.

use std::io;
use std::time::{Duration, Instant};

use super::{log, qr};
use crate::duration_words::in_words;
use crate::environment;
use crate::oidc::{self, Event, Interaction, Question, Remark, ReturnTo, Warning};
use crate::secret::Secret;
use crate::settings::NoBrowser;
use crate::step_up::StepUp;
use crate::ui::{TimeLeft, Ui};
use crate::untrusted_text::UntrustedText;

/// The timeouts of a request to the provider. It is shorter if a person waits at a terminal.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const TERMINAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

const WAITING: &str = "waiting for the sign-in ";

/// Returns how to communicate with the person at this terminal, if there is one.
pub(crate) fn new(ui: Ui, on_event: oidc::EventHandler<'_>, return_to: ReturnTo) -> Interaction<'_> {
    Interaction {
        on_event,
        ask,
        request_timeout: if ui.at_terminal {
            TERMINAL_REQUEST_TIMEOUT
        } else {
            REQUEST_TIMEOUT
        },
        return_to,
        reports_are_discarded: environment::stderr_is_null_device(),
    }
}

/// Shows an event, depending on the verbosity.
pub(crate) fn show(ui: Ui, event: Event<'_>) {
    match event {
        Event::Log(event) => log::show(ui, &event),
        Event::ProgramWrote(text) if ui.at_terminal => ui.pass_on(text),
        Event::ResponseLost if ui.at_terminal => ui.note("no answer; asking once more"),
        Event::ResponseLost => ui.step(|| "the response was lost on the way: asking once more".to_owned()),
        Event::ImportRefused(why) => {
            ui.step(|| format!("the token of kubectl oidc-login is not used: {why}"));
        }
        Event::TokenRemark(remark) => show_remark(ui, remark),
        Event::Waiting { origin } if ui.at_terminal => ui.note(&format!("waiting for an answer from {origin}")),
        Event::FlagNote(text) => ui.note(text),
        Event::NoRedirectUri => ui.note(
            "no redirect URI is sent, and few providers sign in without one: if the page shows an error about `redirect_uri`, press Ctrl-C \
             and add --oidc-redirect-url=URI with one that is registered for the app, such as http://localhost:8000",
        ),
        Event::SigningInByUrl { issuer } => ui.note(&format!(
            "signing in at {issuer}, which the cluster's entry in the kubeconfig chose"
        )),
        Event::SigningIn { issuer } => ui.note(&format!("signing in at {issuer} in your browser")),
        Event::NoBrowser(why) => ui.note(no_browser_text(why)),
        Event::OpenUrl(url) => ui.note(&format!("open this URL in your browser to sign in:\n{url}")),
        Event::UrlLifetime { seconds } => ui.note(&lifetime_text(seconds)),
        Event::PushDemanded => ui.note(
            "the provider takes only requests that are pushed to it (PAR), so the sign-in begins once more",
        ),
        Event::StepUpDemanded(step_up) => ui.note(&step_up_text(step_up)),
        Event::BrowserStarted(url) if ui.at_terminal => {
            ui.note(&format!("if no browser opens, open this URL:\n{url}"));
        }
        Event::Warning(Warning::ResponseFromOtherUser { uid }) if !ui.at_terminal => {
            ui.step(|| format!("an answer to the sign-in by user {uid} was refused"));
        }
        // The last line of a program that fails is in the error.
        Event::ProgramWrote(_)
        | Event::Waiting { .. }
        | Event::BrowserStarted(_)
        | Event::Discovered
        | Event::ListenerReady { .. } => {}
        Event::PasteAccepted { can_reopen_browser } => show_paste_offer(ui, can_reopen_browser),
        Event::TimeLeft(left) => ui.status(time_left(left), WAITING),
        Event::WaitEnded => ui.end_prompt(),
        Event::Continued => ui.redraw(),
        Event::CodeIsForClusterIssuer(issuer) => ui.note(&cluster_issuer_text(issuer)),
        Event::EnterCode {
            address,
            code,
            complete,
            may_be_pictured,
        } => show_user_code(ui, address, code, complete, may_be_pictured),
        Event::InputRefused(error) => ui.note(&refused_input_text(error)),
        Event::NothingTyped => ui.note("paste the code, or the address that the browser ended on"),
        Event::InputEnded => {
            ui.note("nothing can be pasted any more; waiting for the browser");
            ui.resume_status(WAITING);
        }
        Event::NoUsername => ui.note("type the name that you have at the provider"),
        Event::NoPassword => ui.note("nothing was typed"),
        Event::Warning(warning) => ui.warn(&warning_text(&warning)),
    }
}

fn lifetime_text(seconds: u64) -> String {
    let lifetime = in_words(i64::try_from(seconds).unwrap_or(i64::MAX));
    format!("the URL works once, and within {lifetime} from now")
}

fn step_up_text(demanded: &StepUp) -> String {
    let demanded = demanded.shown();
    format!("the provider demands more of the sign-in ({demanded}), so it begins once more")
}

fn cluster_issuer_text(issuer: &UntrustedText) -> String {
    format!(
        "the cluster's entry in the kubeconfig chose {issuer} to sign in at: enter no code of another provider"
    )
}

fn no_browser_text(why: NoBrowser) -> &'static str {
    match why {
        NoBrowser::Skipped => "no browser is opened, as --skip-open-browser says",
        NoBrowser::NoDisplay => "no browser is opened: none of DISPLAY, WAYLAND_DISPLAY and BROWSER is set",
    }
}

fn refused_input_text(error: &oidc::Error) -> String {
    match error {
        oidc::Error::Token(oidc::TokenError::Refused(refusal)) => {
            format!("the provider refused these: {refusal}")
        }
        oidc::Error::PasswordRefused(refusal) => refused_input_text(refusal),
        oidc::Error::Token(oidc::TokenError::PastedCodeRefused(refusal)) => format!(
            "the provider refused this code: {refusal}; paste the whole address that the browser ended on"
        ),
        error => error.to_string(),
    }
}

fn warning_text(warning: &Warning<'_>) -> String {
    match warning {
        Warning::CertificatesUnchecked => {
            "--insecure-skip-tls-verify: anybody on the network path can read and change everything"
                .to_owned()
        }
        Warning::CertificateSkipped { source, position } => {
            format!("{source}: certificate {position} in it cannot be read, and is passed over")
        }
        Warning::RenegotiationIgnored => {
            "--tls-renegotiation-once and --tls-renegotiation-freely do nothing: TLS is never \
             renegotiated here"
                .to_owned()
        }
        Warning::PkceOff => {
            "--oidc-pkce-method=no: whoever catches the answer to this sign-in can use it".to_owned()
        }
        Warning::ListenerReachableByOthers => {
            "--listen-address is open to other machines; whoever reaches it can disturb the \
             sign-in, not finish it"
                .to_owned()
        }
        Warning::OtherAddress { why, redirect_uri } => format!(
            "{why}, so the sign-in uses {redirect_uri}, which has to be registered at the provider as a redirect URI"
        ),
        Warning::BrowserFailed(why) => format!("the browser could not be opened: {why}"),
        Warning::ResponseNotNavigation(authority) => format!(
            "the answer to this sign-in was refused, since the browser did not send it as it opens a page: clear the browser's data \
             for {authority} (a service worker that another program left there), or paste the address of the page that it shows"
        ),
        Warning::ResponseFromOtherUser { uid } => format!(
            "another user of this machine (id {uid}) answered this sign-in, and was refused; if your browser runs as that user, \
             paste the address of the page that it shows"
        ),
        Warning::ResponseFromUnknownUser => {
            "the answer to this sign-in was refused, since the system did not say in time which user's \
             browser sent it; paste the address of the page that it shows"
                .to_owned()
        }
        Warning::InputFailed(error) => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            format!("nothing can be pasted here: {error}{}", cause.unwrap_or_default())
        }
    }
}

fn show_paste_offer(ui: Ui, can_reopen_browser: bool) {
    ui.note(
        "a page that cannot be reached is expected if the browser is on another machine:\npaste the address of that page here",
    );
    if can_reopen_browser {
        ui.note("Enter alone opens the browser again");
    }
}

fn time_left(left: Duration) -> TimeLeft {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    if seconds > 60 {
        let minutes = seconds.div_ceil(60);
        TimeLeft {
            counted: format!("[{minutes:>3} min left]"),
            at_question: format!("[within {minutes} min]"),
        }
    } else {
        TimeLeft {
            counted: format!("[{seconds:>3} s left]  "),
            at_question: format!("[within {seconds} s]"),
        }
    }
}

fn show_user_code(
    ui: Ui,
    address: &url::Url,
    code: &UntrustedText,
    complete: &url::Url,
    may_be_pictured: bool,
) {
    let canvas = ui.canvas().filter(|_| may_be_pictured);
    if let Some(picture) = canvas.and_then(|canvas| qr::picture(complete.as_str(), canvas)) {
        ui.picture(&picture);
    }
    ui.note(&format!(
        "sign in at {} with the code {code}",
        UntrustedText::new(address.as_str())
    ));
    if complete != address {
        ui.note(&format!(
            "or open this URL, which has the code in it:\n{complete}"
        ));
    }
}

fn show_remark(ui: Ui, remark: &Remark) {
    let text = remark_text(remark);
    match remark {
        Remark::Long(_) => ui.note(&text),
        Remark::Clock { .. } | Remark::Algorithm(_) | Remark::StepUpUnmet { .. } => ui.warn(&text),
    }
}

fn remark_text(remark: &Remark) -> String {
    match remark {
        Remark::Clock { behind_secs } => {
            let way = if *behind_secs >= 0 { "behind" } else { "ahead of" };
            let seconds = behind_secs.unsigned_abs();
            format!(
                "this machine's clock is about {seconds} s {way} the provider's: set it (timedatectl set-ntp true)"
            )
        }
        Remark::Long(bytes) => format!(
            "the token has {} KiB, most often because of its groups: {}",
            bytes / 1024,
            oidc::header_limits()
        ),
        Remark::Algorithm(name) => format!(
            "the token is signed with {name}, which no Kubernetes API server accepts: set the app to RS256 or ES256"
        ),
        Remark::StepUpUnmet {
            demanded,
            found,
            is_level_met,
        } => {
            let way = if *is_level_met {
                "sign in at its page anew"
            } else {
                "enroll the factor that it wants in your account there"
            };
            format!(
                "the provider demanded a sign-in with {demanded}, and the token shows {found}, so it may demand another one: {way}, or tell \
                 whoever runs it"
            )
        }
    }
}

/// Asks on the terminal.
pub(crate) fn ask(question: Question<'_>, deadline: Option<Instant>) -> io::Result<Secret> {
    let prompt = match question {
        Question::Password => return Ui::ask_secret("Password: ", deadline),
        Question::Username { earlier: Some(name) } => {
            return Ui::ask(format!("Username [{}]: ", UntrustedText::new(name)), deadline);
        }
        Question::Username { earlier: None } => "Username: ",
        Question::CodeOrAddress => "Enter code, or the address that the browser ended on: ",
        Question::AddressBesideListener => "paste here: ",
    };
    Ui::ask(prompt, deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_on_a_token_names_the_cause_and_the_solution() {
        for (remark, parts) in [
            (
                Remark::Clock { behind_secs: 250 },
                ["about 250 s behind the provider's", "set it"],
            ),
            (
                Remark::Clock { behind_secs: -60 },
                ["about 60 s ahead of the provider's", "set it"],
            ),
            (
                Remark::StepUpUnmet {
                    demanded: UntrustedText::new("max_age=60"),
                    found: UntrustedText::new("a sign-in 900 s ago (claim `auth_time`)"),
                    is_level_met: true,
                },
                ["the token shows a sign-in 900 s ago", "sign in at its page anew"],
            ),
            (
                Remark::Long(20_480),
                [
                    "20 KiB, most often because of its groups",
                    "an API server takes 1 MiB of headers",
                ],
            ),
            (
                Remark::Algorithm("EdDSA"),
                [
                    "signed with EdDSA, which no Kubernetes API server accepts",
                    "RS256",
                ],
            ),
        ] {
            let text = remark_text(&remark);
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }

    #[test]
    fn the_time_left_has_one_width() {
        let shown = |millis| time_left(Duration::from_millis(millis)).counted;
        assert_eq!(shown(180_000), "[  3 min left]");
        assert_eq!(shown(120_001), "[  3 min left]");
        assert_eq!(shown(119_999), "[  2 min left]");
        assert_eq!(shown(60_000), "[ 60 s left]  ");
        assert_eq!(shown(9_001), "[ 10 s left]  ");
        assert_eq!(shown(0), "[  0 s left]  ");
        assert_eq!(shown(180_000).len(), shown(9_000).len());
        let at_question = |millis| time_left(Duration::from_millis(millis)).at_question;
        assert_eq!(at_question(180_000), "[within 3 min]");
        assert_eq!(at_question(60_000), "[within 60 s]");
    }
}
