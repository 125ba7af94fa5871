//! Entries about the network, proxies and TLS.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "provider-unreachable",
        summary: "the provider cannot be reached",
        causes: &[
            "This machine has no network, or a VPN is off or on that should not be.",
            "A firewall lets connections out only through a proxy, and HTTPS_PROXY is not set where kubectl runs.",
            "The connection broke off before there was a whole answer.",
        ],
        fixes: &[
            "Try it outside of kubesesame: curl -v ISSUER/.well-known/openid-configuration",
            "Set HTTPS_PROXY, or name the provider's host in NO_PROXY if it is reached without the proxy.",
            "`kubesesame doctor` checks name, proxy, connection and TLS one after the other.",
            "A session that is still valid keeps working without the provider: `kubesesame status` shows until when.",
        ],
    },
    OwnEntry {
        id: "host-unknown",
        summary: "the provider's host name is not found",
        causes: &[
            "The issuer has a typo.",
            "The name is known only inside a VPN, or the DNS server does not answer.",
        ],
        fixes: &[
            "Compare --oidc-issuer-url with the API server's, and look the name up: getent hosts NAME",
            "Then check the VPN and the DNS.",
        ],
    },
    OwnEntry {
        id: "proxy",
        summary: "the proxy cannot be used",
        causes: &[
            "HTTPS_PROXY or ALL_PROXY, or the system's setting, names a proxy that does not exist or is not found from here.",
            "The proxy wants a user name and a password (HTTP 407).",
        ],
        fixes: &[
            "Correct the variable; with a password: HTTPS_PROXY=http://user:password@proxy:port",
            "Name the provider's host in NO_PROXY if it is reached without the proxy.",
        ],
    },
    OwnEntry {
        id: "provider-unavailable",
        summary: "the provider does not answer now",
        causes: &[
            "The provider, or the proxy in front of it, is overloaded or under maintenance (HTTP 5xx), or took the connection and did not answer.",
        ],
        fixes: &[
            "Try again later, and look at the provider's status page (https://status.okta.com for Okta).",
            "A session that is still valid keeps working: `kubesesame status` shows until when.",
        ],
    },
    OwnEntry {
        id: "rate-limited",
        summary: "the provider asks to slow down",
        causes: &[
            "Too many requests came from this person, app or network (HTTP 429): many machines behind one address, or a script that starts sign-ins in a loop.",
        ],
        fixes: &[
            "Wait until the time that the error names; the session is kept.",
            "If it happens often, let programs share a session instead of signing in each time.",
        ],
    },
    OwnEntry {
        id: "request-refused",
        summary: "the server refuses the request",
        causes: &[
            "A gateway in front of the provider refused it (HTTP 4xx without an OAuth error): it wants a header or another network.",
            "An address in the provider's discovery document leads nowhere.",
        ],
        fixes: &[
            "Check --oidc-issuer-url; then ask whoever runs the provider or the gateway.",
            "Add the header that a gateway wants with --oidc-request-header=NAME=VALUE. `-v=2` shows each request with its status.",
        ],
    },
    OwnEntry {
        id: "request-too-large",
        summary: "the request is too large for the server",
        causes: &[
            "The refresh token has grown with the groups or cookies of the person, or --oidc-request-header adds much (HTTP 413, 414 or 431).",
        ],
        fixes: &[
            "Remove headers that are not needed.",
            "Whoever runs the provider or the proxy in front of it can raise the limit.",
        ],
    },
    OwnEntry {
        id: "not-a-provider",
        summary: "something else than a provider answers",
        causes: &[
            "The sign-in page of a network (captive portal), or a proxy, answers in the provider's place.",
            "The issuer is the address of a web page, or its scheme or port is wrong.",
        ],
        fixes: &[
            "Open the issuer in a browser: is it the provider's?",
            "Sign in to the network first, or turn the VPN on; then check --oidc-issuer-url.",
        ],
    },
    OwnEntry {
        id: "tls-unknown-authority",
        summary: "the provider's certificate is not trusted",
        causes: &[
            "The company inspects TLS traffic with an authority of its own.",
            "The provider has a private authority, or a certificate that it signed itself.",
            "The authority was renewed with another key.",
        ],
        fixes: &[
            "Name the authority's certificate, in PEM, with --certificate-authority. To see who signed the certificate: openssl s_client -connect HOST:443 -showcerts",
            "Ask whoever runs the network or the provider for it; do not trust what the connection itself sends.",
        ],
    },
    OwnEntry {
        id: "tls-expired",
        summary: "the provider's certificate is not valid now",
        causes: &[
            "The clock of this machine is wrong.",
            "The certificate has expired, or is valid only from later on.",
        ],
        fixes: &[
            "Compare the clock: date -u. To set it: timedatectl set-ntp true",
            "If the clock is right, the provider, or the proxy in front of it, needs a new certificate.",
        ],
    },
    OwnEntry {
        id: "tls-name",
        summary: "the provider's certificate is for another name",
        causes: &[
            "The host in --oidc-issuer-url is an alias or an IP address.",
            "The certificate has no subjectAltName; a common name does not count.",
        ],
        fixes: &[
            "Give the issuer with the name that the certificate has, if the API server has it too.",
            "Else the provider needs a certificate with this name.",
        ],
    },
    OwnEntry {
        id: "tls-handshake",
        summary: "no TLS connection comes about",
        causes: &[
            "The port is one without TLS, or a firewall closes the connection.",
            "The server has only TLS 1.1 and older, or no cipher suite in common.",
            "The server asks for a client certificate, which kubesesame does not have.",
        ],
        fixes: &[
            "Check the port in --oidc-issuer-url, and try: openssl s_client -connect HOST:PORT",
            "Enable TLS 1.2 with ECDHE, or TLS 1.3, on the server.",
        ],
    },
];
