//! Entries about sessions and where they are stored.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "not-signed-in",
        summary: "there is no session yet",
        causes: &[
            "Nobody has signed in with these settings on this machine, or the session was removed.",
            "The settings differ from those of the kubeconfig's entry, so that the session is another one.",
        ],
        fixes: &[
            "Sign in: kubesesame login",
            "See which sessions there are, and which users of the kubeconfig use them: kubesesame status",
        ],
    },
    OwnEntry {
        id: "session-ended",
        summary: "the provider ended the session",
        causes: &[
            "The session was idle or reached its maximum age, the account was disabled, or its sessions were revoked.",
            "The refresh token was used twice, as after a copy of the session to another machine.",
        ],
        fixes: &[
            "Sign in anew when you are asked; until then the token may still work.",
            "If it happens often at Okta, look at the refresh token's idle time in the access policy's rule, and give rotation a grace period.",
        ],
    },
    OwnEntry {
        id: "session-not-ended",
        summary: "a logout could not read or lock the session",
        causes: &[
            "The OS keyring that has the session's key is locked or absent, or the file cannot be read or is open to others.",
            "Another kubesesame refreshes the session or signs in, and did not end in time.",
            "The session is sealed, and no entry of the kubeconfig says whose it is, so that it cannot be opened.",
        ],
        fixes: &[
            "Nothing of the session was removed. Correct what the hint says, for example unlock the keyring, and try again: kubesesame logout",
            "To remove all sessions of a directory from this machine, and revoke nothing: kubesesame clean --token-cache-dir=DIR",
        ],
    },
    OwnEntry {
        id: "storage-not-private",
        summary: "the place of the sessions is not private",
        causes: &[
            "The directory or a file belongs to another user, others may read or change it, or it is a link.",
            "It is on a Windows drive under WSL, where modes do not count.",
        ],
        fixes: &[
            "See who may read it: ls -ld DIR. To close it, if nobody else has read it: chmod 700 DIR (a file: chmod 600 FILE)",
            "`kubesesame doctor` checks the modes of the directory and of each file.",
            "Keep sessions elsewhere: --token-cache-dir, best below your home. Never in /tmp under a name that others can guess.",
        ],
    },
    OwnEntry {
        id: "storage-unusable",
        summary: "sessions cannot be stored",
        causes: &[
            "The disk is full or read-only, or the directory is not writable for you.",
            "HOME is not set, as in some containers.",
        ],
        fixes: &[
            "Free some space, mend the modes, or name another place: --token-cache-dir",
            "In a container without a home: --token-cache-storage=none, and a sign-in for each call.",
        ],
    },
    OwnEntry {
        id: "keyring-unavailable",
        summary: "the OS keyring cannot be used",
        causes: &[
            "It is locked, or waits for a person.",
            "There is none, as over SSH or in a container.",
        ],
        fixes: &[
            "Unlock it and try again.",
            "Or keep sessions on disk, in files that only you can read: --token-cache-storage=disk",
        ],
    },
    OwnEntry {
        id: "pending-tokens-unreadable",
        summary: "tokens that wait for a kubeconfig are unreadable",
        causes: &[
            "An earlier call without a command could not write the tokens into the kubeconfig and kept them; that file cannot be read now.",
        ],
        fixes: &[
            "Make the file readable, as the hint says.",
            "Or give those tokens up and sign in anew: kubesesame clean",
        ],
    },
];
