#!/bin/sh
# An EKS cluster from one description: what AWS has to do is written in the spelling of each tool and judged offline; the rest is applied.
#
#   ISSUER, CLIENT_ID   of an app at the provider whose users are in k8s-developers, k8s-leads, k8s-platform or k8s-emergency
#   CLUSTER             the name of the cluster
#   CA                  (optional) a PEM file with the authorities of a private provider; EKS itself takes public ones only
#
# The kubeconfig has a context `admin`, of an IAM principal with an access entry. It goes on working beside the sign-ins.
set -eu

retry() {
    for _ in $(seq 60); do
        if "$@"; then return; fi
        sleep 1
    done
    return 1
}

refused() {
    if "$@"; then
        echo "was allowed: $*" >&2
        exit 1
    fi
}

# An API server reads new rules within a second or two; until then it refuses nothing.
rules_are_in_force() {
    ! kubectl --namespace=team-platform create --filename=web.yaml --dry-run=server
}

# 1. One description.
cat >kubesesame.yaml <<EOF
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
cluster: $CLUSTER
platform: {name: eks-cli, kubernetes: "1.36", region: eu-west-1}
issuers:
- name: okta
  url: $ISSUER
  clientIds: [$CLIENT_ID]
  username: {claim: email, prefix: "okta:"}
  groups: {claim: groups, prefix: "okta:"}
groups:
- {name: k8s-developers, role: developer, namespaces: [team-platform]}
- {name: k8s-leads, role: namespace-admin, namespaces: [team-platform]}
- {name: k8s-platform, role: platform-engineer}
- {name: k8s-emergency, role: break-glass}
network:
- namespace: team-platform
  apiServer: [10.0.0.1/32]
  allow:
  - {to: {app: web}, from: {namespace: ingress-nginx, pods: {app: proxy}}, ports: [8080]}
admission:
  secretDeletion: [k8s-platform]
  rootPods: [k8s-platform]
EOF

# 2. The association with the provider. EKS takes one provider, and each change of it 20 to 40 minutes: take one of the four.
for platform in eks-cli eksctl cloudformation terraform; do
    kubesesame cluster authn --platform="$platform" --dir=aws
done
kubesesame cluster check aws/eksctl.yaml aws/cloudformation.yaml
# sh aws/associate.sh

# 3. Roles, closed namespaces and rules for people. `--mode=warn` comes first in a cluster that is in use.
kubectl --context=admin create namespace team-platform
kubesesame rbac generate >rbac.yaml
kubesesame cluster network >network.yaml
kubesesame admission generate --mode=deny >admission.yaml
kubectl --context=admin apply --server-side --filename=rbac.yaml --filename=network.yaml --filename=admission.yaml

# 4. Before anybody tries: whom do roles and rules stop?
kubesesame rbac can get pods --namespace=team-platform --filename=rbac.yaml --as=okta:sarah@example.com --as-group=okta:k8s-developers
refused kubesesame rbac explain delete deployments/web --namespace=team-platform --filename=rbac.yaml \
    --as=okta:sarah@example.com --as-group=okta:k8s-developers

# 5. kubectl signs in, in a context of its own.
kubesesame setup --oidc-issuer-url="$ISSUER" --oidc-client-id="$CLIENT_ID" --oidc-extra-scope=email ${CA:+--certificate-authority="$CA"} --write --yes

# 6. Allowed by the role, refused by the role, and refused by a rule although the role allows it.
retry kubectl --namespace=team-platform get pods
kubectl --namespace=team-platform create deployment web --image=example.com/web --dry-run=client --output=yaml >web.yaml
refused kubectl --namespace=team-platform delete deployments/web
refused kubectl --namespace=team-platform get secrets
retry rules_are_in_force
refused kubectl --namespace=team-platform create --filename=web.yaml
