// Package trainee gives a drill's trainee an identity of their own: a client
// certificate, the rights of an on-call engineer, and the kubeconfig file that holds
// both. Every call made with it shows in the API server's audit log under its name.
package trainee

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Labels of every object that belongs to one run.
const (
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelRun       = "firedrill.dev/run"
	managedBy      = "firedrill"
)

// Group is the group of every trainee: the organisation of their certificates.
const Group = "firedrill:trainees"

// UserName is the user name of a run's trainee: the common name of the certificate.
func UserName(run string) string { return "trainee:" + run }

// Provisioner makes and removes identities in one cluster.
type Provisioner struct {
	client     kubernetes.Interface
	config     *rest.Config
	selector   string
	kubeconfig func(run string) string
}

// New returns a Provisioner that acts through client, writes the address and the
// authority of config into the trainees' kubeconfigs, and puts a run's kubeconfig
// where the function says. The selector selects the workers that a trainee may change,
// which are those that the run's pods run on; "" selects all.
func New(client kubernetes.Interface, config *rest.Config, selector string, kubeconfig func(run string) string) *Provisioner {
	return &Provisioner{client: client, config: config, selector: selector, kubeconfig: kubeconfig}
}

// Provision gives the run's trainee their rights, a certificate that is valid for the
// lifetime, and a kubeconfig whose context stands in the drill's namespace. The
// namespace must exist. Calling it again makes a new certificate.
func (p *Provisioner) Provision(ctx context.Context, run, namespace string, lifetime time.Duration) error {
	if err := p.grant(ctx, run, namespace); err != nil {
		return err
	}
	pair, err := p.certificate(ctx, run, lifetime)
	if err != nil {
		return err
	}
	path := p.kubeconfig(run)
	if err := writeKubeconfig(path, p.config, run, namespace, pair); err != nil {
		return fmt.Errorf("write the trainee's kubeconfig: %w", err)
	}
	return nil
}

// Remove takes the run's trainee their rights; what is gone already is no error. The
// certificate stays valid until it expires, but allows nothing any more.
func (p *Provisioner) Remove(ctx context.Context, run string) error {
	return p.revoke(ctx, run)
}
