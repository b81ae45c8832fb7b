package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/firedrill/firedrill/internal/home"
)

// certifyReferee has the cluster sign a client certificate for the referee, so that
// in the audit log its calls differ from those of the administrator's kubeconfig. It
// returns the key and the certificate, PEM-encoded.
func (m *Manager) certifyReferee(ctx context.Context, client kubernetes.Interface) (key, certificate []byte, err error) {
	key, request, err := newCertificateRequest(RefereeUser)
	if err != nil {
		return nil, nil, fmt.Errorf("make the referee's key: %w", err)
	}
	requests := client.CertificatesV1().CertificateSigningRequests()
	csr, err := requests.Create(ctx, &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "firedrill-referee-"},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:    request,
			SignerName: certificatesv1.KubeAPIServerClientSignerName,
			Usages:     []certificatesv1.KeyUsage{certificatesv1.UsageClientAuth},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, nil, fmt.Errorf("ask for the referee's certificate: %w", err)
	}
	csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "Firedrill", Message: "the referee of this cluster",
	})
	if _, err := requests.UpdateApproval(ctx, csr.Name, csr, metav1.UpdateOptions{}); err != nil {
		return nil, nil, fmt.Errorf("approve the referee's certificate: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.limits.ready)
	defer cancel()
	err = wait.PollUntilContextCancel(ctx, m.limits.poll, true, func(ctx context.Context) (bool, error) {
		signed, err := requests.Get(ctx, csr.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		certificate = signed.Status.Certificate
		return len(certificate) > 0, nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("wait for the referee's certificate to be signed: %w", err)
	}
	return key, certificate, nil
}

// newCertificateRequest returns a new private key and a request to certify it for
// the named user, both PEM-encoded.
func newCertificateRequest(user string) (key, request []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: user}}
	csr, err := x509.CreateCertificateRequest(rand.Reader, template, private)
	if err != nil {
		return nil, nil, err
	}
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	request = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})
	return key, request, nil
}

// writeRefereeKubeconfig writes the referee's kubeconfig for the API server that the
// administrator's configuration points to.
func writeRefereeKubeconfig(h home.Home, name string, admin *rest.Config, key, certificate []byte) error {
	if len(admin.CAData) == 0 {
		return errors.New("write the referee's kubeconfig: the administrator's has no certificate authority")
	}
	entry := ExportedContext(name)
	config := clientcmdapi.NewConfig()
	config.Clusters[entry] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData, TLSServerName: admin.ServerName}
	config.AuthInfos[RefereeUser] = &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	config.Contexts[entry] = &clientcmdapi.Context{Cluster: entry, AuthInfo: RefereeUser}
	config.CurrentContext = entry
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encode the referee's kubeconfig: %w", err)
	}
	return home.WriteFile(refereeKubeconfigPath(h, name), data, home.FilePerm)
}
