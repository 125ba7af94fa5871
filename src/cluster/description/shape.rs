//! The fields of a description, as tables. The reader compares a text with them, and the published schema is made of them.

use super::platform::PLATFORM_NAMES;
use super::values::Role;

/// The version of the format. It is ours alone and never sent to a cluster, so it has no domain.
pub(crate) const API_VERSION: &str = "kubesesame/v1alpha1";
pub(crate) const KIND: &str = "ClusterAccess";

/// The signing algorithms that an API server knows.
const ALGORITHMS: &[&str] = &[
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
];
pub(super) const ISSUER_ROLES: &[&str] = &["primary", "disaster-recovery"];

/// A mapping with these fields and no others.
pub(super) struct Shape {
    pub(super) fields: &'static [Field],
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) about: &'static str,
}

pub(super) enum Kind {
    /// This text and no other.
    Exactly(&'static str),
    Text,
    Choice(&'static [&'static str]),
    Texts,
    Ports,
    /// Names with texts, such as labels.
    TextMap,
    Object(&'static Shape),
    Objects(&'static Shape),
}

const fn required(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field {
        name,
        kind,
        is_required: true,
        about,
    }
}

const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field {
        name,
        kind,
        is_required: false,
        about,
    }
}

pub(super) const ROOT: Shape = Shape {
    fields: &[
        required(
            "apiVersion",
            Kind::Exactly(API_VERSION),
            "The version of this format.",
        ),
        required("kind", Kind::Exactly(KIND), "What this file is."),
        optional(
            "cluster",
            Kind::Text,
            "The name of the cluster, as its platform and the kubeconfig have it.",
        ),
        optional("platform", Kind::Object(&PLATFORM), "What runs the API server."),
        required(
            "issuers",
            Kind::Objects(&ISSUER),
            "The OpenID providers whose tokens the API server accepts.",
        ),
        optional(
            "groups",
            Kind::Objects(&GROUP),
            "The groups of the provider, and what their members may do.",
        ),
        optional(
            "network",
            Kind::Objects(&NETWORK),
            "The namespaces whose pods accept no connection that is not listed.",
        ),
        optional(
            "admission",
            Kind::Object(&ADMISSION),
            "Which requests of people the API server refuses, whatever their roles are.",
        ),
    ],
};

const PLATFORM: Shape = Shape {
    fields: &[
        required(
            "name",
            Kind::Choice(PLATFORM_NAMES),
            "How the API server gets its configuration.",
        ),
        optional(
            "kubernetes",
            Kind::Text,
            "The version of Kubernetes, such as 1.34.",
        ),
        optional("region", Kind::Text, "The region of a managed cluster."),
        optional(
            "serviceAccountIssuer",
            Kind::Text,
            "The value of --service-account-issuer. No issuer of people may be the same.",
        ),
    ],
};

const ISSUER: Shape = Shape {
    fields: &[
        required(
            "name",
            Kind::Text,
            "A name for people, and for the association of a managed cluster.",
        ),
        optional(
            "role",
            Kind::Choice(ISSUER_ROLES),
            "`primary` unless it is for when that one is down.",
        ),
        required(
            "url",
            Kind::Text,
            "The issuer, byte for byte as the discovery document and the tokens have it.",
        ),
        required(
            "clientIds",
            Kind::Texts,
            "The client ids, one of which has to be in a token's `aud`.",
        ),
        optional(
            "signingAlgorithm",
            Kind::Choice(ALGORITHMS),
            "How the provider signs tokens, if not by RS256.",
        ),
        optional(
            "certificateAuthority",
            Kind::Text,
            "PEM certificates that sign the provider's, if the system does not trust it.",
        ),
        required(
            "username",
            Kind::Object(&USERNAME),
            "Where the user name comes from.",
        ),
        optional("groups", Kind::Object(&GROUPS), "Where the groups come from."),
        optional("uid", Kind::Text, "The claim that becomes the user's UID."),
        optional(
            "requiredClaims",
            Kind::TextMap,
            "Claims that have to be there with exactly this text.",
        ),
    ],
};

const USERNAME: Shape = Shape {
    fields: &[
        required("claim", Kind::Text, "The claim, such as `sub` or `email`."),
        required(
            "prefix",
            Kind::Text,
            "What is put before each name. An empty text is no prefix.",
        ),
    ],
};

const GROUPS: Shape = Shape {
    fields: &[
        required("claim", Kind::Text, "The claim, such as `groups`."),
        required(
            "prefix",
            Kind::Text,
            "What is put before each group. An empty text is no prefix.",
        ),
        optional(
            "startingWith",
            Kind::Text,
            "Only groups of the provider that begin so reach the cluster.",
        ),
    ],
};

const GROUP: Shape = Shape {
    fields: &[
        required(
            "name",
            Kind::Text,
            "The group as the provider calls it, without a prefix.",
        ),
        required("role", Kind::Choice(Role::NAMES), "What its members may do."),
        optional(
            "namespaces",
            Kind::Texts,
            "Where they may do it. The roles for a whole cluster have none.",
        ),
    ],
};

const NETWORK: Shape = Shape {
    fields: &[
        required("namespace", Kind::Text, "The namespace whose pods are closed."),
        optional(
            "allow",
            Kind::Objects(&TRAFFIC),
            "Connections to its pods that are accepted.",
        ),
        optional(
            "apiServer",
            Kind::Texts,
            "Addresses (CIDR) of the API server that its pods may call, on port 443 and 6443.",
        ),
    ],
};

const TRAFFIC: Shape = Shape {
    fields: &[
        required(
            "to",
            Kind::TextMap,
            "The labels of the pods that accept the connection.",
        ),
        required("from", Kind::Object(&PEER), "Whose connections are accepted."),
        required("ports", Kind::Ports, "The TCP ports."),
    ],
};

const PEER: Shape = Shape {
    fields: &[
        optional(
            "namespace",
            Kind::Text,
            "The namespace of the calling pods. Without it, the pods' own.",
        ),
        optional(
            "pods",
            Kind::TextMap,
            "The labels of the calling pods. Without it, all of the namespace.",
        ),
    ],
};

const ADMISSION: Shape = Shape {
    fields: &[
        optional(
            "furtherGroups",
            Kind::Texts,
            "Groups, beside those of `groups`, whose members may change the cluster. Who is in none of them may not.",
        ),
        optional(
            "secretDeletion",
            Kind::Texts,
            "The groups whose members may delete Secrets and namespaces. Without it there is no such rule.",
        ),
        optional(
            "rootPods",
            Kind::Texts,
            "The groups whose members may run pods as root. Without it there is no such rule.",
        ),
        optional(
            "exemptUsers",
            Kind::Texts,
            "Users whom no rule applies to, as the API server calls them.",
        ),
        optional(
            "exemptGroups",
            Kind::Texts,
            "Groups whom no rule applies to, as the API server calls them, with their prefix.",
        ),
    ],
};
