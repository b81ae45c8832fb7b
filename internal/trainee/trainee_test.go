package trainee

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/clientcmd"
)

// signer plays kube-controller-manager: it answers an approved request.
type signer func(request *certificatesv1.CertificateSigningRequest)

func newCluster(t *testing.T, answer signer) *fake.Clientset {
	t.Helper()
	client := fake.NewClientset(
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "control-plane", Labels: map[string]string{labelControlPlane: ""}}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker"}},
	)
	client.PrependReactor("update", "certificatesigningrequests", func(a clienttesting.Action) (bool, k8sruntime.Object, error) {
		update, ok := a.(clienttesting.UpdateAction)
		if !ok || update.GetSubresource() != "approval" {
			return false, nil, nil
		}
		request, ok := update.GetObject().(*certificatesv1.CertificateSigningRequest)
		if !ok {
			return false, nil, errors.New("not a request")
		}
		request = request.DeepCopy()
		answer(request)
		return true, request, client.Tracker().Update(update.GetResource(), request, "")
	})
	return client
}

// sign answers as a certificate authority of the test's own.
func sign(t *testing.T) signer {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotAfter: time.Now().Add(time.Hour)}
	return func(request *certificatesv1.CertificateSigningRequest) {
		block, _ := pem.Decode(request.Spec.Request)
		asked, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil || asked.CheckSignature() != nil {
			t.Errorf("the request is not signed by its key: %v", err)
			return
		}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: asked.Subject,
			NotAfter: time.Now().Add(time.Duration(*request.Spec.ExpirationSeconds) * time.Second),
		}, ca, asked.PublicKey, caKey)
		if err != nil {
			t.Error(err)
			return
		}
		request.Status.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
}

func provisioner(t *testing.T, client *fake.Clientset) (*Provisioner, string) {
	t.Helper()
	dir := t.TempDir()
	config := &rest.Config{Host: "https://127.0.0.1:6443", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("ca")}}
	return New(client, config, "", func(run string) string { return filepath.Join(dir, run, "kubeconfig") }), filepath.Join(dir, testRun, "kubeconfig")
}

func TestProvision(t *testing.T) {
	t.Parallel()
	client := newCluster(t, sign(t))
	p, path := provisioner(t, client)
	for range 2 { // a referee that was killed does it again
		if err := p.Provision(t.Context(), testRun, testNamespace, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the kubeconfig's mode is %v, want 0600", info.Mode())
	}
	raw, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if context := raw.Contexts[raw.CurrentContext]; raw.CurrentContext != testRun || context.Namespace != testNamespace {
		t.Errorf("context is %q in namespace %q", raw.CurrentContext, context.Namespace)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://127.0.0.1:6443" || string(config.CAData) != "ca" {
		t.Errorf("server is %s with authority %q", config.Host, config.CAData)
	}
	checkIdentity(t, config)

	left, err := client.CertificatesV1().CertificateSigningRequests().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("%d certificate requests are left, error %v", len(left.Items), err)
	}
	role, err := client.RbacV1().ClusterRoles().Get(t.Context(), "firedrill:trainee-workers:"+testRun, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if names := role.Rules[0].ResourceNames; !slices.Equal(names, []string{"worker"}) {
		t.Errorf("the trainee may change nodes %v, want the worker alone", names)
	}
}

func checkIdentity(t *testing.T, config *rest.Config) {
	t.Helper()
	pair, err := tls.X509KeyPair(config.CertData, config.KeyData)
	if err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if cert.Subject.CommonName != "trainee:"+testRun || !slices.Equal(cert.Subject.Organization, []string{"firedrill:trainees"}) {
		t.Errorf("subject is %v", cert.Subject)
	}
	if left := time.Until(cert.NotAfter); left < 119*time.Minute || left > 2*time.Hour {
		t.Errorf("valid for %s, want 2h", left)
	}
}

func TestProvisionFailures(t *testing.T) {
	t.Parallel()
	deny := func(request *certificatesv1.CertificateSigningRequest) {
		request.Status.Conditions = append(request.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateFailed, Reason: "SignerValidationFailure", Message: "usages",
		})
	}
	missing := func(namespace string) func(clienttesting.Action) (bool, k8sruntime.Object, error) {
		return func(a clienttesting.Action) (bool, k8sruntime.Object, error) {
			if a.GetNamespace() != namespace {
				return false, nil, nil
			}
			return true, nil, apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, namespace)
		}
	}
	tests := map[string]struct {
		answer  signer
		without string // a namespace that does not exist
		want    string
	}{
		"refused by the signer":        {answer: deny, want: "SignerValidationFailure: usages"},
		"the drill's namespace is not": {answer: sign(t), without: testNamespace, want: "role binding firedrill:trainee:" + testRun},
		"no local-path-storage":        {answer: sign(t), without: "local-path-storage"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newCluster(t, tt.answer)
			if tt.without != "" {
				client.PrependReactor("create", "rolebindings", missing(tt.without))
			}
			p, path := provisioner(t, client)
			err := p.Provision(t.Context(), testRun, testNamespace, time.Hour)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Provision: %v, want %q", err, tt.want)
			}
			if _, statErr := os.Stat(path); (statErr == nil) != (err == nil) {
				t.Errorf("kubeconfig: %v after %v", statErr, err)
			}
			left, err := client.CertificatesV1().CertificateSigningRequests().List(t.Context(), metav1.ListOptions{})
			if err != nil || len(left.Items) > 0 {
				t.Errorf("%d certificate requests are left, error %v", len(left.Items), err)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	client := newCluster(t, sign(t))
	p, _ := provisioner(t, client)
	const other = "cart-aaaaa"
	for _, run := range []string{testRun, other} {
		if err := p.Provision(t.Context(), run, run, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing left
		if err := p.Remove(t.Context(), testRun); err != nil {
			t.Fatal(err)
		}
	}
	bindings, err := client.RbacV1().RoleBindings(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(bindings.Items) == 0 || slices.ContainsFunc(bindings.Items, func(b rbacv1.RoleBinding) bool { return b.Labels[labelRun] != other }) {
		t.Errorf("role bindings left: %v", bindings.Items)
	}
	clusterBindings, err := client.RbacV1().ClusterRoleBindings().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(clusterBindings.Items) != 2 {
		t.Errorf("%d cluster role bindings are left, want the other run's 2; error %v", len(clusterBindings.Items), err)
	}
	roles, err := client.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(roles.Items) != 4 {
		t.Errorf("%d cluster roles are left, want the 3 shared ones and the other run's; error %v", len(roles.Items), err)
	}
}

func TestRemoveGoesOnPastFailures(t *testing.T) {
	t.Parallel()
	client := newCluster(t, sign(t))
	p, _ := provisioner(t, client)
	if err := p.Provision(t.Context(), testRun, testNamespace, time.Hour); err != nil {
		t.Fatal(err)
	}
	client.PrependReactor("delete", "clusterrolebindings", func(clienttesting.Action) (bool, k8sruntime.Object, error) {
		return true, nil, errors.New("etcd is away")
	})
	if err := p.Remove(t.Context(), testRun); err == nil || !strings.Contains(err.Error(), "etcd is away") {
		t.Errorf("Remove: %v, want the failure", err)
	}
	bindings, err := client.RbacV1().RoleBindings(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(bindings.Items) > 0 {
		t.Errorf("%d role bindings are left, error %v", len(bindings.Items), err)
	}
}

// A trainee may change the workers that the run's pods run on: its end restores no others.
func TestWorkersOfTheRunOnly(t *testing.T) {
	t.Parallel()
	node := func(name string, labels map[string]string) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	}
	client := fake.NewClientset(
		node("control-plane", map[string]string{labelControlPlane: ""}),
		node("worker", map[string]string{"lane-0": "yes"}), node("worker2", map[string]string{"lane-0": "yes", "lane-1": "yes"}),
		node("worker3", map[string]string{"lane-1": "yes"}),
	)
	for selector, want := range map[string]string{
		"": "worker worker2 worker3", "lane-0=yes": "worker worker2", "lane-1=yes": "worker2 worker3", "lane-9=yes": "", "=": "",
	} {
		got, err := New(client, nil, selector, nil).workers(t.Context())
		if strings.Join(got, " ") != want || (err != nil) != (want == "") {
			t.Errorf("%q: %v, %v, want %q", selector, got, err, want)
		}
	}
	alone := fake.NewClientset(node("control-plane", map[string]string{labelControlPlane: ""}))
	if got, err := New(alone, nil, "", nil).workers(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("a cluster of one node: %v, %v", got, err)
	}
}
