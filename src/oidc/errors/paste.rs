//! Why a pasted text is not accepted.

use std::fmt;

/// Why a pasted text is not the response to this sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasteRefusal {
    Empty,
    RepeatedParameter,
    OtherSignIn,
    /// The address of the authorization request.
    RequestAddress,
    NoCode,
    /// A cluster named the issuer, and the address is not the redirect URI of this issuer.
    OtherRedirect,
    NoState,
    AddressWithoutCode,
    Spaces,
    /// A cluster named the issuer, and a code without its address does not show which provider issued it.
    CodeAlone,
    Characters,
    /// The terminal cut the line.
    Cut,
}

impl PasteRefusal {
    /// Whether only the whole address is accepted.
    pub(super) fn needs_address(self) -> bool {
        match self {
            Self::CodeAlone => true,
            Self::Empty
            | Self::RepeatedParameter
            | Self::OtherSignIn
            | Self::RequestAddress
            | Self::NoCode
            | Self::OtherRedirect
            | Self::NoState
            | Self::AddressWithoutCode
            | Self::Spaces
            | Self::Characters
            | Self::Cut => false,
        }
    }
}

impl fmt::Display for PasteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::RepeatedParameter => "a parameter occurs twice",
            Self::OtherSignIn => "it is of another sign-in",
            Self::RequestAddress => "it is the address to open in a browser",
            Self::NoCode => "it has no code",
            Self::OtherRedirect => {
                "it is not the redirect URI of the issuer that the cluster's entry chose, and may be of another provider"
            }
            Self::NoState => "its `state` is missing, so that it is not all of the address",
            Self::AddressWithoutCode => "it is an address without a code",
            Self::Spaces => "a code has no spaces in it",
            Self::CodeAlone => {
                "a code alone does not show which provider it is from, and the cluster's entry chose the issuer: paste the whole \
                 address"
            }
            Self::Characters => "it has characters that no code has",
            Self::Cut => {
                "it is longer than a line of a terminal, which was cut after 4095 bytes; paste the code alone, or where that is as long, \
                 open the browser on this machine with --grant-type=authcode"
            }
        })
    }
}
