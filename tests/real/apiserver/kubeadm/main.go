// Command kubeadm is the upstream kubeadm, which judges its configuration files.
package main

import (
	"os"

	"k8s.io/kubernetes/cmd/kubeadm/app"
)

func main() {
	if app.Run() != nil {
		os.Exit(1)
	}
}
