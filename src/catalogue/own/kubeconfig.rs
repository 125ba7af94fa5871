//! Entries about kubeconfigs.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "kubeconfig-missing",
        summary: "there is no kubeconfig",
        causes: &[
            "KUBECONFIG or --kubeconfig names a file that does not exist, or ~/.kube/config does not exist.",
            "A link leads nowhere.",
        ],
        fixes: &[
            "Get the cluster's entry first, from whoever runs it or by its tool (such as: aws eks update-kubeconfig).",
            "Name another file with --kubeconfig or KUBECONFIG.",
        ],
    },
    OwnEntry {
        id: "kubeconfig-broken",
        summary: "the kubeconfig cannot be read",
        causes: &[
            "It is not YAML, not UTF-8, or not a kubeconfig.",
            "A program was ended while it wrote the file.",
        ],
        fixes: &[
            "Mend the line that the error names; to see what kubectl says: kubectl config view",
            "If the hint names a whole copy, put that in its place.",
        ],
    },
    OwnEntry {
        id: "kubeconfig-not-usable",
        summary: "the kubeconfig cannot be read or written",
        causes: &[
            "You may not read or write it, or its file system is read-only.",
            "Another kubectl, or one that has crashed, holds its lock.",
            "It is a directory, a pipe, or has several names (hard links).",
        ],
        fixes: &[
            "See who may change it: ls -l FILE. The hint names the command that mends it.",
            "Or work on a copy in another place: --kubeconfig",
        ],
    },
    OwnEntry {
        id: "kubeconfig-name-unknown",
        summary: "the kubeconfig has no entry of that name",
        causes: &[
            "--context, --user or --cluster has a typo, or the name is in a file that KUBECONFIG does not list.",
            "No name is given, and there is no current context.",
        ],
        fixes: &[
            "List them: kubectl config get-contexts",
            "Choose a context: kubectl config use-context NAME",
        ],
    },
    OwnEntry {
        id: "kubeconfig-entry-unsupported",
        summary: "an entry cannot be used or converted",
        causes: &[
            "It signs in in a way that is not ours, as with a client certificate or a tool of a cloud.",
            "It has flags or a layout that are not understood.",
        ],
        fixes: &[
            "Write an entry anew: kubesesame setup --write",
            "To see what would be converted: kubesesame kubeconfig convert --dry-run",
        ],
    },
    OwnEntry {
        id: "kubeconfig-changed",
        summary: "the kubeconfig or its backup has changed",
        causes: &[
            "Somebody changed the file while it was being changed, or after its conversion.",
            "There is no backup, or it is of another state or not private.",
        ],
        fixes: &[
            "Run the command again; nothing was written.",
            "If the newer changes may go: kubesesame kubeconfig restore --force",
        ],
    },
    OwnEntry {
        id: "kubeconfig-not-added",
        summary: "an entry cannot be added",
        causes: &[
            "The name of the user or of its context is taken, or is in another file.",
            "The file of --kubeconfig-for-others exists already.",
        ],
        fixes: &[
            "Choose another name with --user, or another file.",
            "Run setup without --write, and the commands that it prints.",
        ],
    },
];
