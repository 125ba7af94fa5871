#!/bin/sh
# From an app at the provider to an allowed and a refused kubectl call, on a cluster whose kube-apiserver is a static pod.
#
#   ISSUER, CLIENT_ID   of a native app with PKCE and without a secret
#   GROUP               a group of yours at the provider
#   MANIFEST            /etc/kubernetes/manifests/kube-apiserver.yaml, on each control plane node
#   CA                  (optional) a PEM file with the authorities of a private provider
#
# The kubeconfig has a context `admin`. It goes on working beside the sign-ins, also when the provider is down.
set -eu

retry() {
    for _ in $(seq 60); do
        if "$@"; then return; fi
        sleep 1
    done
    return 1
}

# 1. Sign in once: does the token have the groups? Nothing is stored, and no cluster is asked.
kubesesame setup --oidc-issuer-url="$ISSUER" --oidc-client-id="$CLIENT_ID" ${CA:+--certificate-authority="$CA"}

# 2. One description, from which all else is made. The issuer is compared with the provider's own word.
kubesesame cluster init --oidc-issuer-url="$ISSUER" --oidc-client-id="$CLIENT_ID" ${CA:+--certificate-authority="$CA"} \
    --platform=static-pod --group="$GROUP=developer@default"

# 3. The API server: a patch, applied to a copy of the manifest. The kubelet restarts the API server when the copy takes the manifest's place.
kubesesame cluster authn --dir=api-server
mkdir -p "${AUTHENTICATION:=/etc/kubernetes/authentication}"
find api-server -name '*.crt' -exec cp {} "$AUTHENTICATION" \;
cp "$MANIFEST" before.yaml
kubectl patch --local --filename=before.yaml --type=json --patch-file=api-server/kube-apiserver-patch.yaml --output=yaml >after.yaml
cp after.yaml "$MANIFEST"
sleep "${KUBELET_SECONDS:-30}"

# 4. What the group may do.
kubesesame rbac generate >rbac.yaml
retry kubectl --context=admin apply --server-side --filename=rbac.yaml

# 5. A context of its own, in which kubectl signs in. The cluster is asked who that is.
kubesesame setup --oidc-issuer-url="$ISSUER" --oidc-client-id="$CLIENT_ID" ${CA:+--certificate-authority="$CA"} --write --yes

# 6. Allowed, and refused.
retry kubectl get pods
if kubectl get secrets; then
    echo 'a developer must not read Secrets' >&2
    exit 1
fi
