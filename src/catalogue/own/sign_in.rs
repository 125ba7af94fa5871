//! Entries about the sign-in: the browser, the listener, prompts, and the account that signed in.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "port-in-use",
        summary: "no port is free for the browser to come back to",
        causes: &[
            "Another program, or another sign-in, holds port 8000 and the other ports of --listen-address.",
        ],
        fixes: &[
            "See what holds it: ss -ltnp 'sport = :8000'",
            "`kubesesame doctor` checks the ports, and lists the redirect URIs to register.",
            "Or name another port with --listen-address, and register its redirect URI at the provider, to the letter.",
        ],
    },
    OwnEntry {
        id: "sign-in-impossible-here",
        summary: "a sign-in is needed, and nobody can do it here",
        causes: &[
            "kubectl runs in a script, in the background or in an editor, and nobody can be asked.",
            "There is neither a browser nor a terminal.",
            "The kubeconfig has `interactiveMode: Never`, or standard error is thrown away.",
        ],
        fixes: &[
            "Sign in once at a terminal: kubesesame login. The session then serves other programs too.",
            "On a machine without a browser: --grant-type=device-code.",
            "For a program without a person: --grant-type=client-credentials.",
        ],
    },
    OwnEntry {
        id: "sign-in-timeout",
        summary: "nobody signed in in time",
        causes: &[
            "The browser's page was not finished or not seen.",
            "The browser shows an error page of the provider: the redirect URI is not registered for the app, or the client id is unknown.",
            "The browser runs on another machine, so it cannot come back to this one.",
        ],
        fixes: &[
            "Look at the browser's page. If it is about redirect_uri, add the URI that the hint shows to the app, to the letter.",
            "On a remote machine use --grant-type=device-code, or paste the address that the browser ended on.",
            "--authentication-timeout-sec gives you longer.",
        ],
    },
    OwnEntry {
        id: "nothing-typed",
        summary: "nothing was typed where it was asked for",
        causes: &["A prompt was answered with Enter alone, or standard input ended."],
        fixes: &[
            "Run it again and type it, or give the name with --username and the password with --password-file.",
        ],
    },
    OwnEntry {
        id: "pasted-text-refused",
        summary: "what was pasted is not the answer",
        causes: &[
            "It is the address to open, or of another sign-in, or only a part of it.",
            "The code was used before or has expired.",
            "The line was longer than a terminal takes (4095 bytes).",
        ],
        fixes: &[
            "Run it again, and paste the whole address that the browser ended on. A page that cannot be reached is expected.",
        ],
    },
    OwnEntry {
        id: "pasted-code-forbidden",
        summary: "a code alone does not show its provider",
        causes: &[
            "The cluster's entry in the kubeconfig chose the issuer, so a pasted code could be of another provider.",
        ],
        fixes: &[
            "Use another --grant-type (authcode, device-code), or name the issuer and the client id in the user's `exec` entry.",
        ],
    },
    OwnEntry {
        id: "answer-mixed-up",
        summary: "the answer belongs to another sign-in",
        causes: &[
            "Two sign-ins ran at the same time, or an old tab was reloaded.",
            "A proxy or an extension of the browser changes addresses.",
            "The provider does not name itself in the answer though it promised to (RFC 9207).",
        ],
        fixes: &[
            "Close old tabs and run it again.",
            "If it comes back, try another browser or network, and tell whoever runs the provider: somebody may be replaying answers.",
        ],
    },
    OwnEntry {
        id: "sign-in-in-progress",
        summary: "another kubesesame is signing in",
        causes: &[
            "Another kubectl waits for you in the browser or at a terminal, with the same session.",
            "That process is stopped (Ctrl-Z).",
        ],
        fixes: &["Finish that sign-in, or end it. The hint names the process; see what it does: ps -fp PID"],
    },
    OwnEntry {
        id: "other-account",
        summary: "you are signed in as another person",
        causes: &[
            "The browser has a session of another account at the provider.",
            "The session belongs to another person than the token.",
        ],
        fixes: &[
            "Sign out at the provider in the browser, and try again; or use a private window (--browser-command).",
            "For several accounts give each a session of its own: --account=NAME",
        ],
    },
    OwnEntry {
        id: "step-up-needed",
        summary: "the provider demands another sign-in",
        causes: &[
            "The provider refuses to go on with the session until you have signed in with a certain level (`acr_values`) or more recently \
             (`max_age`), as RFC 9470 has it, and nobody can sign in here.",
        ],
        fixes: &[
            "Sign in at a terminal or where there is a browser: kubesesame login. It asks the provider for what it demands.",
            "On a machine without a browser: --grant-type=device-code.",
            "A program that signs in by a password or for itself cannot meet such a demand: have it lifted for the app.",
        ],
    },
];
