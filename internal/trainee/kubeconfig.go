package trainee

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/firedrill/firedrill/internal/home"
)

// names in the trainee's kubeconfig
const (
	clusterEntry = "firedrill"
	userEntry    = "trainee"
)

// writeKubeconfig writes a file that any Kubernetes client understands, for its owner
// only and in one step.
func writeKubeconfig(path string, config *rest.Config, run, namespace string, pair keyPair) error {
	cluster := rest.CopyConfig(config)
	if err := rest.LoadTLSFiles(cluster); err != nil {
		return err
	}
	data, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{clusterEntry: {
			Server:                   cluster.Host,
			TLSServerName:            cluster.ServerName,
			CertificateAuthorityData: cluster.CAData,
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{userEntry: {
			ClientCertificateData: pair.certificate,
			ClientKeyData:         pair.key,
		}},
		Contexts:       map[string]*clientcmdapi.Context{run: {Cluster: clusterEntry, AuthInfo: userEntry, Namespace: namespace}},
		CurrentContext: run,
	})
	if err != nil {
		return err
	}
	return home.WriteFile(path, data, home.FilePerm)
}
