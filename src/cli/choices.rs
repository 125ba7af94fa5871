//! The values of flags that accept one of a few words.

use clap::ValueEnum;

/// `--grant-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GrantChoice {
    Auto,
    Authcode,
    AuthcodeKeyboard,
    DeviceCode,
    Password,
    ClientCredentials,
}

/// `--oidc-pkce-method`, with the names of RFC 7636.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PkceChoice {
    Auto,
    #[value(name = "S256")]
    S256,
    No,
}

/// `--oidc-client-auth-method`, with the names of OpenID Connect Core 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientAuthChoice {
    Auto,
    None,
    #[value(name = "client_secret_basic")]
    SecretBasic,
    #[value(name = "client_secret_post")]
    SecretPost,
    #[value(name = "client_secret_jwt")]
    SecretJwt,
    #[value(name = "private_key_jwt")]
    PrivateKeyJwt,
}

/// `--oidc-dpop` and `--oidc-par`: whether a protection is used that not all providers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtectionChoice {
    Auto,
    Always,
    Never,
}

/// `--token-cache-storage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageChoice {
    Disk,
    Keyring,
    Auto,
    None,
}

/// Whether kubesesame does something by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Automatic {
    Auto,
    Off,
}

/// `--for` of `setup`: what the cluster's settings are printed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlatformChoice {
    Flags,
    Config,
    #[value(name = "config-v1beta1")]
    ConfigV1Beta1,
    Eks,
}

/// `--cluster-config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClusterConfigChoice {
    Allow,
    Ignore,
}

/// `--output` of commands that print for programs, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Json,
    Yaml,
}
