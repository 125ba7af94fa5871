//! Entries about flags, variables, the cluster's config and what kubectl passes.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "issuer-missing",
        summary: "no issuer is given",
        causes: &[
            "The kubeconfig's `exec` entry, or the command line, has no --oidc-issuer-url.",
            "The entry counts on the cluster's config to name the issuer, and the cluster's entry names none.",
        ],
        fixes: &[
            "Give the issuer that the API server trusts, to the letter: --oidc-issuer-url=https://ORG.okta.com/oauth2/default, for example.",
            "`kubesesame setup` asks for it at a terminal, checks it, and writes the entry.",
        ],
    },
    OwnEntry {
        id: "issuer-invalid",
        summary: "the issuer cannot be one",
        causes: &[
            "It is the address of a page or of an admin console (such as ORG-admin.okta.com), or of the discovery document.",
            "A placeholder or a variable such as ${OIDC_ISSUER} is still in it; nothing expands variables in a kubeconfig.",
            "It has no https, or a query, a fragment or a user name.",
        ],
        fixes: &[
            "Give the issuer as the provider spells it; it is the `iss` of the tokens. At Okta: Security > API > the server > Issuer URI.",
            "`kubesesame setup` recognizes the usual mistakes and offers the right issuer.",
        ],
    },
    OwnEntry {
        id: "client-id-missing",
        summary: "no client id is given",
        causes: &["The kubeconfig's `exec` entry, or the command line, has no --oidc-client-id."],
        fixes: &[
            "Give the client id of the app for kubectl, which the API server accepts as the audience. At Okta it is on the General tab of the app.",
            "`kubesesame setup` asks for it at a terminal.",
        ],
    },
    OwnEntry {
        id: "setting-invalid",
        summary: "the value of a setting cannot be used",
        causes: &[
            "A flag, or the variable KUBESESAME_… in its place, has a value in another form than expected.",
            "Quotes or commas of a list do not pair up.",
            "A client secret is too short for `client_secret_jwt`, or the endpoint for a client assertion is not at the issuer's own address.",
            "A redirect URI cannot be listened on: it is https, or its host is another machine.",
        ],
        fixes: &[
            "Correct the value that the error names; the hint has the form. `kubesesame get-token --help` lists all flags.",
            "Unset a variable that you do not need; a flag takes precedence over its variable.",
        ],
    },
    OwnEntry {
        id: "flags-contradict",
        summary: "two settings do not go together",
        causes: &[
            "A secret is given both as a value and as a file.",
            "A certificate is given without its key.",
            "A method of client authentication lacks its secret or its key, or both are given and no method.",
            "A flag names the provider or the account, and a kubeconfig's entry names it too.",
        ],
        fixes: &[
            "Leave one of the two out.",
            "Settings of an entry belong into its `args`, so that kubectl uses the same session.",
        ],
    },
    OwnEntry {
        id: "secret-in-kubeconfig",
        summary: "a secret would be written into a kubeconfig",
        causes: &[
            "`setup` was asked to write an entry, or a kubeconfig for others, and a client secret or a password was given as a flag.",
            "The address or the proxy of the cluster has a user name or a password in it.",
        ],
        fixes: &[
            "Use a public app: native, with PKCE and without a secret.",
            "If the app has to have a secret, keep it in a file: --oidc-client-secret-file.",
            "Remove the user name and the password from the cluster's entry.",
        ],
    },
    OwnEntry {
        id: "not-confirmed",
        summary: "nobody said yes",
        causes: &[
            "A command that changes a kubeconfig or a cluster asked first, and the answer was not y.",
            "The command runs where nobody can be asked.",
        ],
        fixes: &["Run it again and answer y, or give the flag that the hint names (--yes)."],
    },
    OwnEntry {
        id: "cluster-config-invalid",
        summary: "a cluster's own config cannot be used",
        causes: &[
            "The kubeconfig's cluster entry has an extension client.authentication.k8s.io/exec with a wrong value, or with a key that clusters may not set.",
            "Neither the user's entry nor the cluster's config has a value that is needed.",
        ],
        fixes: &[
            "Correct it in the kubeconfig: clusters > cluster > extensions > client.authentication.k8s.io/exec.",
            "To ignore the configs of all clusters, put --cluster-config=ignore into the user's `args`.",
        ],
    },
    OwnEntry {
        id: "exec-info-invalid",
        summary: "what kubectl passed is no ExecCredential",
        causes: &[
            "The variable KUBERNETES_EXEC_INFO, which kubectl sets, has another text in it, as after a test by hand.",
        ],
        fixes: &[
            "To run kubesesame by hand: unset KUBERNETES_EXEC_INFO.",
            "If kubectl itself set it, upgrade kubectl or what wraps it.",
        ],
    },
    OwnEntry {
        id: "api-version-unsupported",
        summary: "the kubeconfig asks for an unknown API version",
        causes: &[
            "The `apiVersion` of the `exec` entry is one that no current kubectl has, such as v1alpha1.",
        ],
        fixes: &[
            "Set `apiVersion: client.authentication.k8s.io/v1` and `interactiveMode: IfAvailable` in the `exec` entry; `kubesesame setup --write` writes one.",
        ],
    },
    OwnEntry {
        id: "authority-unusable",
        summary: "a certificate authority cannot be read",
        causes: &[
            "The file of --certificate-authority, or that of a cluster's entry, does not exist or cannot be read.",
            "It is in DER, or is a key: PEM is expected.",
        ],
        fixes: &[
            "Name a file that has -----BEGIN CERTIFICATE----- in it. To convert one: openssl x509 -inform der -in FILE -out FILE.pem",
        ],
    },
    OwnEntry {
        id: "system-authorities-missing",
        summary: "the system's certificates cannot be read",
        causes: &[
            "A container or a small system has no certificates installed.",
            "SSL_CERT_FILE or SSL_CERT_DIR names something that is not there.",
        ],
        fixes: &[
            "Install the package ca-certificates, or correct or unset these variables.",
            "Or name the provider's authority with --certificate-authority.",
        ],
    },
    OwnEntry {
        id: "flag-file-unusable",
        summary: "the file of a flag cannot be used",
        causes: &[
            "The file does not exist, or a relative path is looked for where kubectl was called.",
            "It belongs to another user, or others may read it.",
            "Its content is something else: no text, no PEM, a key of another certificate, or a private key that cannot sign (encrypted, too short, of another kind, public only).",
        ],
        fixes: &[
            "Correct the path, best to an absolute one, and see who may read it: ls -l FILE",
            "The hint of the error names the command that mends it.",
        ],
    },
    OwnEntry {
        id: "secret-command-failed",
        summary: "the command for a secret gave none",
        causes: &[
            "The password manager is locked, or nobody is signed in to it.",
            "It waits for somebody, and there is no terminal or nobody answered within 60 seconds.",
            "It prints more than the secret: further lines, as an entry of pass has, or something that is not text.",
            "The program is not on the PATH that kubectl has, or the command needs a shell (a pipe, a variable, an alias).",
        ],
        fixes: &[
            "Run the command by hand: it has to print the secret alone, and end with exit code 0.",
            "Take the first line where the secret is that: sh -c 'pass show NAME | head -n1'.",
            "Give the path of the program; write sh -c '…' for a command that needs a shell.",
        ],
    },
    OwnEntry {
        id: "keyring-item-unusable",
        summary: "the OS keyring has no such secret",
        causes: &[
            "Nothing was stored under this service and account, or it was stored in the keyring of another user.",
            "The item is empty.",
        ],
        fixes: &[
            "Store it with the command that the hint names: `secret-tool store` (Linux), `security add-generic-password` (macOS), `cmdkey` (Windows).",
            "Correct --oidc-client-secret-keyring=SERVICE/ACCOUNT.",
        ],
    },
];
