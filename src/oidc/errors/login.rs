//! Errors of the wait for a person: no way to ask, no input, or input that is no response.

use std::fmt;
use std::io;

use crate::catalogue::Id;
use crate::oidc::errors::paste::PasteRefusal;
use crate::oidc::loopback::ignored::{IgnoredResponses, service_worker_hint};
use crate::oidc::loopback::listener::BindFailure;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("no address is free to wait on for the browser")]
    NoAddress(#[source] BindFailure),
    #[error("a sign-in is needed, and there is neither a browser nor a terminal here{}", reason_of_kubectl(*.forbidden))]
    NoBrowserOrTerminal {
        /// kubectl forbids to ask a person.
        forbidden: bool,
    },
    #[error(
        "a sign-in is needed, and nobody would see where: standard error is the null device, and no browser is opened"
    )]
    OutputDiscarded,
    /// The provider has refused to go on with the session (RFC 9470).
    #[error("the provider demands another sign-in, with {demanded}, and none is possible here")]
    StepUpImpossible {
        demanded: UntrustedText,
        source: Box<Self>,
    },
    #[error("this grant asks for a {0}, and nobody can be asked here")]
    PromptImpossible(Prompted),
    #[error("the person could not be asked")]
    Prompt(#[source] io::Error),
    #[error("no {0} was typed")]
    NotTyped(Prompted),
    #[error("no {what} was typed within {seconds} s")]
    NotTypedInTime { what: Prompted, seconds: u64 },
    /// A cluster named the issuer, and a pasted code does not show which provider issued it.
    #[error(
        "a pasted code does not show which provider issued it, and the cluster's entry in the kubeconfig chose the issuer"
    )]
    PastedCodeForClusterIssuer,
    #[error("the device code ended before anybody signed in with it")]
    DeviceCodeExpired,
    #[error("nobody signed in with the device code within {seconds} s")]
    DeviceTimeout { seconds: u64 },
    #[error("the address to sign in at, `{0}`, {1}")]
    DeviceAddress(UntrustedText, &'static str),
    #[error("nothing was pasted within {seconds} s")]
    PasteTimeout {
        seconds: u64,
        /// The authorization request had a redirect URI.
        has_redirect_uri: bool,
    },
    #[error("the input ended before anything was pasted")]
    InputEnded,
    #[error("what was pasted is no answer to this sign-in: {0}")]
    PasteRefused(PasteRefusal),
    #[error("nobody signed in within {seconds} s{ignored}")]
    BrowserTimeout {
        seconds: u64,
        ignored: IgnoredResponses,
        redirect_uri: String,
        /// A cluster named the issuer, so the redirect URI is used for no other issuer.
        is_cluster_issuer: bool,
    },
}

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompted {
    Code,
    Username,
    Password,
    /// Where the cluster's entry chose the issuer, and so no stored password is used.
    PasswordForClusterIssuer,
}

impl fmt::Display for Prompted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "code",
            Self::Username => "user name",
            Self::Password | Self::PasswordForClusterIssuer => "password",
        })
    }
}

fn reason_of_kubectl(forbidden: bool) -> &'static str {
    if forbidden {
        ": kubectl lets nobody be asked (`interactiveMode: Never`, or its standard input is no terminal)"
    } else {
        ""
    }
}

impl LoginError {
    pub(in crate::oidc) fn hint(&self) -> String {
        let hint = match self {
            Self::NoAddress(failure) => return failure.hint(),
            Self::BrowserTimeout {
                ignored,
                redirect_uri,
                is_cluster_issuer,
                ..
            } => return browser_timeout_hint(ignored, redirect_uri, *is_cluster_issuer),
            Self::NoBrowserOrTerminal { forbidden: true } => {
                "sign in once at a terminal, with `interactiveMode: IfAvailable` in the kubeconfig, or where there is a browser; or use \
                 --grant-type=device-code"
            }
            Self::NoBrowserOrTerminal { forbidden: false } => {
                "sign in once at a terminal or where there is a browser, or use --grant-type=device-code"
            }
            Self::StepUpImpossible { .. } => {
                "sign in at a terminal or where there is a browser: kubesesame login (or with --grant-type=device-code, on any machine)"
            }
            Self::OutputDiscarded => "leave out `2>/dev/null`, or use a machine with a browser",
            Self::PromptImpossible(what) => prompt_hint(*what),
            Self::Prompt(_) => "run the command at a terminal",
            Self::NotTyped(_) => {
                "run the command again and type it, or give the name with --username and the password with --password-file"
            }
            Self::NotTypedInTime { .. } => {
                "run the command again and type it while it waits; --authentication-timeout-sec gives you longer; or give the name with \
                 --username and the password with --password-file"
            }
            Self::PastedCodeForClusterIssuer => {
                "use another --grant-type (authcode, device-code), or name issuer and client in the user's exec entry"
            }
            Self::DeviceCodeExpired => "run the command again, and sign in while it waits",
            Self::DeviceTimeout { .. } => {
                "run the command again, and sign in while it waits; --authentication-timeout-sec gives you longer"
            }
            Self::DeviceAddress(..) => {
                "ask whoever runs the provider: the page that takes the code needs a short https address without a user name in it"
            }
            Self::PasteTimeout {
                has_redirect_uri: false,
                ..
            } => {
                "paste the code alone, or the whole address that the browser ended on; if the page showed an error about \
                 `redirect_uri`, the provider needs to be told one that is registered for the app: --oidc-redirect-url"
            }
            Self::InputEnded => {
                "paste the code, or the address that the browser ended on, and leave standard input open until then"
            }
            Self::PasteRefused(refusal) if refusal.needs_address() => {
                "paste the whole address that the browser ended on"
            }
            Self::PasteRefused(_)
            | Self::PasteTimeout {
                has_redirect_uri: true,
                ..
            } => "paste the code alone, or the whole address that the browser ended on, of this sign-in",
        };
        hint.to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::NoAddress(_) => Id::PORT_IN_USE,
            Self::StepUpImpossible { .. } => Id::STEP_UP_NEEDED,
            Self::NoBrowserOrTerminal { .. }
            | Self::OutputDiscarded
            | Self::PromptImpossible(_)
            | Self::Prompt(_) => Id::SIGN_IN_IMPOSSIBLE_HERE,
            Self::NotTyped(_) | Self::InputEnded => Id::NOTHING_TYPED,
            Self::NotTypedInTime { .. }
            | Self::DeviceCodeExpired
            | Self::DeviceTimeout { .. }
            | Self::PasteTimeout { .. }
            | Self::BrowserTimeout { .. } => Id::SIGN_IN_TIMEOUT,
            Self::PastedCodeForClusterIssuer => Id::PASTED_CODE_FORBIDDEN,
            Self::PasteRefused(_) => Id::PASTED_TEXT_REFUSED,
            Self::DeviceAddress(..) => Id::PROVIDER_ANSWER_INVALID,
        }
    }

    /// Whether a login is needed, and not possible here.
    pub(in crate::oidc) fn is_login_impossible(&self) -> bool {
        match self {
            Self::NoBrowserOrTerminal { .. }
            | Self::OutputDiscarded
            | Self::StepUpImpossible { .. }
            | Self::PromptImpossible(_) => true,
            Self::NoAddress(_)
            | Self::Prompt(_)
            | Self::NotTyped(_)
            | Self::NotTypedInTime { .. }
            | Self::PastedCodeForClusterIssuer
            | Self::DeviceCodeExpired
            | Self::DeviceTimeout { .. }
            | Self::DeviceAddress(..)
            | Self::PasteTimeout { .. }
            | Self::InputEnded
            | Self::PasteRefused(_)
            | Self::BrowserTimeout { .. } => false,
        }
    }
}

fn prompt_hint(what: Prompted) -> &'static str {
    match what {
        Prompted::PasswordForClusterIssuer => {
            "run kubectl at a terminal, in the foreground, with `interactiveMode: IfAvailable` in the kubeconfig: an issuer that the cluster's \
             entry chose gets no stored password"
        }
        Prompted::Password => {
            "give it in a file with --password-file, or run kubectl at a terminal, in the foreground, with `interactiveMode: \
             IfAvailable` in the kubeconfig"
        }
        Prompted::Username => {
            "give it with --username, or run kubectl at a terminal, in the foreground, with `interactiveMode: IfAvailable` in the \
             kubeconfig"
        }
        Prompted::Code => {
            "run kubectl at a terminal, in the foreground, with `interactiveMode: IfAvailable` in the kubeconfig; or use \
             another --grant-type"
        }
    }
}

fn browser_timeout_hint(ignored: &IgnoredResponses, redirect_uri: &str, is_cluster_issuer: bool) -> String {
    if is_cluster_issuer {
        let registration = format!(
            "the app needs the redirect URI {redirect_uri}, to the letter, since the cluster's entry in the kubeconfig chose the issuer"
        );
        return if ignored.other_redirects > 0 {
            format!(
                "another provider may have sent that answer: ask whoever wrote the cluster's entry, or name issuer and client in the \
                 user's exec entry; if the browser was at the right provider, {registration}"
            )
        } else {
            format!(
                "finish the sign-in in the browser\nif it shows an error about the redirect URI (\"400 Bad Request\"): {registration}\n\
                 if it shows an error about the client: compare --oidc-client-id with the app"
            )
        };
    }
    if ignored.not_navigations > 0 {
        return service_worker_hint(redirect_uri);
    }
    format!(
        "finish the sign-in in the browser\nif it shows an error about the redirect URI (\"400 Bad Request\"): add {redirect_uri} to the \
         app's redirect URIs at the provider, to the letter\nif it shows an error about the client: compare --oidc-client-id with the app"
    )
}
