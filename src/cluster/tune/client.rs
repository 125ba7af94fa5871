//! The lines of the article's kubeconfig.

pub(crate) struct ClientLine {
    pub(crate) line: &'static str,
    pub(crate) what: &'static str,
}

pub(crate) const CLIENT_LINES: [ClientLine; 9] = [
    ClientLine {
        line: "KUBECTL_OIDC_TOKEN_CACHE_SIZE, KUBECTL_OIDC_TOKEN_CACHE_TTL",
        what: "nothing: no program reads these variables",
    },
    ClientLine {
        line: "tls-server-name: HOST OF THE SERVER",
        what: "nothing: it is the name that is checked anyway, and pools no connections",
    },
    ClientLine {
        line: "proxy-url: \"\"",
        what: "nothing: it is as if it was not there, and HTTPS_PROXY counts",
    },
    ClientLine {
        line: "command: kubectl, args: [oidc-login, …]",
        what: "starts kubectl twice for each command, and a list of allowed plugins (kuberc) would have to allow kubectl itself",
    },
    ClientLine {
        line: "apiVersion: client.authentication.k8s.io/v1beta1",
        what: "works; v1 is stable since 1.22 and needs `interactiveMode`",
    },
    ClientLine {
        line: "--token-cache-dir=/tmp/…",
        what: "a directory that others can make first; tokens belong below the home directory, or into the keyring",
    },
    ClientLine {
        line: "--oidc-client-secret=…",
        what: "everybody on the machine can read it in the list of processes; an app of the kind `native` with PKCE needs none",
    },
    ClientLine {
        line: "--skip-open-browser",
        what: "costs time at each sign-in: the address is to be copied by hand",
    },
    ClientLine {
        line: "--listen-address=127.0.0.1:8000",
        what: "one sign-in at a time, and none while another program has the port",
    },
];
