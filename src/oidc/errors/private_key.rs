//! Why the file of a client's private key cannot be used.

use crate::untrusted_text::UntrustedText;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyFault {
    #[error("it has neither a private key in PEM nor a JWK")]
    NoKey,
    #[error("its key is encrypted with a passphrase")]
    Encrypted,
    #[error("its key is in OpenSSH's own format")]
    OpenSsh,
    #[error("it has a public key only")]
    PublicOnly,
    /// An unsupported key type.
    #[error("its key is of the kind {0}, which cannot sign assertions")]
    KeyType(UntrustedText),
    #[error("its EC key is not of the curve P-256, P-384 or P-521")]
    Curve,
    #[error("its RSA key has less than 2048 bits")]
    RsaTooShort,
    #[error("its RSA key has more than 8192 bits")]
    RsaTooLong,
    #[error("its key is damaged")]
    Damaged,
    #[error("it has a set of keys")]
    KeySet,
    #[error("its JWK is damaged: it has no usable `{0}`")]
    Member(&'static str),
    #[error("its JWK is for another use than signatures: its `use` is `{0}`")]
    Use(UntrustedText),
    #[error("its JWK is for the algorithm `{got}`, and a key of this kind signs with {used} here")]
    Algorithm { got: UntrustedText, used: &'static str },
}

impl KeyFault {
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::NoKey => {
                "give the private key whose public part the provider has for the app; to make one: \
                 openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out client-key.pem"
            }
            Self::Encrypted => {
                "nobody can be asked for the passphrase on each call: openssl pkey -in FILE -out client-key.pem, and keep the result \
                 private to you (chmod 600)"
            }
            Self::OpenSsh => "convert a copy of it: ssh-keygen -p -N '' -m PKCS8 -f COPY",
            Self::PublicOnly => "give the private key of the pair: the public one is for the provider",
            Self::KeyType(_) | Self::Curve | Self::RsaTooShort | Self::RsaTooLong => {
                "use an RSA key of 2048 to 8192 bits, or an EC key of P-256, P-384 or P-521, and register its public part at the provider; \
                 to make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out client-key.pem"
            }
            Self::Damaged | Self::Member(_) => "copy the key anew from where it was made, as a whole",
            Self::KeySet => "put the one private key of the app into the file, without the set around it",
            Self::Use(_) => "use a key for signatures, whose public part the provider has for the app",
            Self::Algorithm { .. } => {
                "remove `alg` from the file, and let the provider expect that algorithm of the app"
            }
        };
        hint.to_owned()
    }
}
