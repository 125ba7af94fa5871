//! When a key is made, and what follows a refusal. Pure.

use crate::settings::Dpop;

/// What a refusal of a request says of DPoP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Refusal {
    /// `use_dpop_nonce` (RFC 9449 8).
    NonceRequired,
    /// `invalid_dpop_proof` (RFC 9449 5), which Okta also sends where there was no proof.
    ProofRefused,
    Other,
}

/// What follows a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum Reaction {
    /// The request is sent again with the nonce that came with the refusal.
    RepeatWithNonce,
    /// The request is sent again with a proof by a new key.
    RepeatWithProof,
    Fail,
}

/// A request that was refused.
#[derive(Debug, Clone, Copy)]
pub(in crate::oidc) struct Refused {
    pub(in crate::oidc) refusal: Refusal,
    pub(in crate::oidc) had_proof: bool,
    /// The refusal brought a nonce, other than the one in the proof.
    pub(in crate::oidc) has_new_nonce: bool,
    /// The request was repeated for a nonce already.
    pub(in crate::oidc) was_challenged: bool,
}

/// Returns what follows a refusal. Each of both reactions happens at most once for a request, so that no provider can keep a client busy.
pub(in crate::oidc) fn react(policy: Dpop, refused: Refused) -> Reaction {
    let Refused {
        refusal,
        had_proof,
        has_new_nonce,
        was_challenged,
    } = refused;
    match refusal {
        Refusal::NonceRequired if had_proof && has_new_nonce && !was_challenged => Reaction::RepeatWithNonce,
        Refusal::NonceRequired | Refusal::ProofRefused if !had_proof && policy != Dpop::Never => {
            Reaction::RepeatWithProof
        }
        Refusal::NonceRequired | Refusal::ProofRefused | Refusal::Other => Reaction::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_repeated_once_for_a_proof_and_once_for_a_nonce() {
        use Reaction::{Fail, RepeatWithNonce, RepeatWithProof};
        use Refusal::{NonceRequired, Other, ProofRefused};
        for (policy, refusal, had_proof, has_new_nonce, was_challenged, expected) in [
            (Dpop::Auto, ProofRefused, false, false, false, RepeatWithProof),
            (Dpop::Auto, NonceRequired, false, true, false, RepeatWithProof),
            (Dpop::Auto, NonceRequired, true, true, false, RepeatWithNonce),
            (Dpop::Always, NonceRequired, true, true, false, RepeatWithNonce),
            (Dpop::Auto, NonceRequired, true, true, true, Fail),
            (Dpop::Auto, NonceRequired, true, false, false, Fail),
            (Dpop::Auto, ProofRefused, true, true, false, Fail),
            (Dpop::Never, ProofRefused, false, false, false, Fail),
            (Dpop::Never, NonceRequired, false, true, false, Fail),
            (Dpop::Auto, Other, false, true, false, Fail),
            (Dpop::Auto, Other, true, true, false, Fail),
        ] {
            let refused = Refused {
                refusal,
                had_proof,
                has_new_nonce,
                was_challenged,
            };
            assert_eq!(react(policy, refused), expected, "{policy:?} {refused:?}");
        }
    }
}
