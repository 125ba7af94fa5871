// Command rbac-oracle answers with the RBAC authorizer of the API server itself: one JSON object with a policy and questions per line
// on standard input, one with the answers per line on standard output. Bindings are visited in the order given; roles are found by the
// listers of the API server, so that the texts of missing roles are its own.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-helpers/auth/rbac/validation"
	rbacv1helpers "k8s.io/kubernetes/pkg/apis/rbac/v1"
	registry "k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

type question struct {
	User                                                string
	Groups                                              []string
	Verb, Group, Resource, Subresource, Name, Namespace string
	Path                                                *string
	// Rules that the user wants to grant: the answer is the escalation check's.
	Grant []rbacv1.PolicyRule
	// Rules of an owner, compared with Grant alone: the answer lists what is missing.
	Owner []rbacv1.PolicyRule
}

type line struct {
	ClusterRoles        []*rbacv1.ClusterRole
	Roles               []*rbacv1.Role
	ClusterRoleBindings clusterBindings
	RoleBindings        []*rbacv1.RoleBinding
	Questions           []question
}

type answer struct {
	Allowed bool     `json:"allowed"`
	Reason  string   `json:"reason"`
	Missing []string `json:"missing,omitempty"`
}

type clusterBindings []*rbacv1.ClusterRoleBinding

func (b clusterBindings) ListClusterRoleBindings(context.Context) ([]*rbacv1.ClusterRoleBinding, error) {
	return b, nil
}

// bindings are the RoleBindings of each namespace, as the API server's index has them.
type bindings map[string][]*rbacv1.RoleBinding

func (b bindings) ListRoleBindings(_ context.Context, namespace string) ([]*rbacv1.RoleBinding, error) {
	return b[namespace], nil
}

func answers(line *line) ([]answer, error) {
	byNamespace := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	roles := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	for _, role := range line.Roles {
		if err := roles.Add(role); err != nil {
			return nil, err
		}
	}
	clusterRoles := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	for _, role := range line.ClusterRoles {
		if err := clusterRoles.Add(role); err != nil {
			return nil, err
		}
	}
	roleGetter := &rbac.RoleGetter{Lister: rbaclisters.NewRoleLister(roles)}
	clusterRoleGetter := &rbac.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(clusterRoles)}
	roleBindings := bindings{}
	for _, binding := range line.RoleBindings {
		roleBindings[binding.Namespace] = append(roleBindings[binding.Namespace], binding)
	}
	resolver := registry.NewDefaultRuleResolver(roleGetter, roleBindings, clusterRoleGetter, line.ClusterRoleBindings)
	authorizer := rbac.New(roleGetter, roleBindings, clusterRoleGetter, line.ClusterRoleBindings)
	found := make([]answer, 0, len(line.Questions))
	for i := range line.Questions {
		found = append(found, one(&line.Questions[i], authorizer, resolver))
	}
	return found, nil
}

func one(q *question, rbacAuthorizer *rbac.RBACAuthorizer, resolver registry.AuthorizationRuleResolver) answer {
	who := &user.DefaultInfo{Name: q.User, Groups: q.Groups}
	if q.Owner != nil {
		covered, missing := validation.Covers(q.Owner, q.Grant)
		texts := []string{}
		for _, rule := range missing {
			texts = append(texts, rbacv1helpers.CompactString(rule))
		}
		return answer{Allowed: covered, Missing: texts}
	}
	if q.Grant != nil {
		ctx := request.WithNamespace(request.WithUser(context.Background(), who), q.Namespace)
		if err := registry.ConfirmNoEscalation(ctx, resolver, q.Grant); err != nil {
			return answer{Reason: err.Error()}
		}
		return answer{Allowed: true}
	}
	attributes := authorizer.AttributesRecord{User: who, Verb: q.Verb}
	if q.Path != nil {
		attributes.Path = *q.Path
	} else {
		attributes.ResourceRequest = true
		attributes.APIGroup, attributes.Resource, attributes.Subresource = q.Group, q.Resource, q.Subresource
		attributes.Name, attributes.Namespace = q.Name, q.Namespace
	}
	decision, reason, err := rbacAuthorizer.Authorize(context.Background(), attributes)
	if err != nil {
		reason = "error: " + err.Error()
	}
	return answer{Allowed: decision == authorizer.DecisionAllow, Reason: reason}
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	decoder := json.NewDecoder(input)
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	for decoder.More() {
		var line line
		err := decoder.Decode(&line)
		var found []answer
		if err == nil {
			found, err = answers(&line)
		}
		if err == nil {
			err = encoder.Encode(found)
		}
		if err == nil && input.Buffered() == 0 {
			err = output.Flush()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "rbac-oracle:", err)
			os.Exit(1)
		}
	}
	output.Flush()
}
