package trainee

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	issueLimit     = 30 * time.Second       // kube-controller-manager signs within a second
	issueReopen    = 200 * time.Millisecond // pause before a watch that ended is opened again
	removalLimit   = 10 * time.Second
	shortestExpiry = 10 * time.Minute // of spec.expirationSeconds, see KEP-2784
)

// keyPair is a certificate and its key, both in PEM.
type keyPair struct {
	certificate []byte
	key         []byte
}

// certificate has the cluster sign a new client certificate for the run's trainee.
// The request is removed again, whether it was signed or not.
func (p *Provisioner) certificate(ctx context.Context, run string, lifetime time.Duration) (pair keyPair, err error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return pair, fmt.Errorf("make the trainee's key: %w", err)
	}
	request, err := newRequest(run, key, lifetime)
	if err != nil {
		return pair, fmt.Errorf("make the trainee's certificate request: %w", err)
	}
	requests := p.client.CertificatesV1().CertificateSigningRequests()
	request, err = requests.Create(ctx, request, metav1.CreateOptions{})
	if err != nil {
		return pair, fmt.Errorf("ask the cluster to sign the trainee's certificate: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalLimit)
		defer cancel()
		removeErr := requests.Delete(ctx, request.Name, metav1.DeleteOptions{})
		if removeErr != nil && !apierrors.IsNotFound(removeErr) {
			err = errors.Join(err, fmt.Errorf("remove the trainee's certificate request: %w", removeErr))
		}
	}()
	cert, err := p.issue(ctx, request)
	if err != nil {
		return pair, fmt.Errorf("have the trainee's certificate signed: %w", err)
	}
	return keyPair{certificate: cert, key: keyPEM}, nil
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func newRequest(run string, key *ecdsa.PrivateKey, lifetime time.Duration) (*certificatesv1.CertificateSigningRequest, error) {
	subject := pkix.Name{CommonName: UserName(run), Organization: []string{Group}}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	seconds := int32(max(lifetime, shortestExpiry) / time.Second)
	return &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{
			// a name of its own: the request of a killed predecessor may still be there
			Name:   "firedrill-" + run + "-" + hex.EncodeToString(sum[:4]),
			Labels: map[string]string{labelManagedBy: managedBy, labelRun: run},
		},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:           pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
			SignerName:        certificatesv1.KubeAPIServerClientSignerName,
			ExpirationSeconds: &seconds,
			Usages:            []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
		},
	}, nil
}

// issue approves the request and waits for its certificate. It watches, and opens the
// watch before it approves, so that the answer is seen the moment it is there.
func (p *Provisioner) issue(ctx context.Context, request *certificatesv1.CertificateSigningRequest) ([]byte, error) {
	requests := p.client.CertificatesV1().CertificateSigningRequests()
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, request.Name).String()
	approved := false
	var cert []byte
	err := wait.PollUntilContextTimeout(ctx, issueReopen, issueLimit, true, func(ctx context.Context) (bool, error) {
		events, err := requests.Watch(ctx, metav1.ListOptions{FieldSelector: selector})
		if err != nil {
			return false, err
		}
		defer events.Stop()
		if !approved {
			if err := p.approve(ctx, request); err != nil {
				return false, err
			}
			approved = true
		}
		cert, err = signed(ctx, events)
		return cert != nil, err
	})
	if wait.Interrupted(err) && ctx.Err() == nil {
		return nil, fmt.Errorf("no certificate after %s: does kube-controller-manager run? (kubectl -n kube-system get pods): %w", issueLimit, err)
	}
	return cert, err
}

func (p *Provisioner) approve(ctx context.Context, request *certificatesv1.CertificateSigningRequest) error {
	request.Status.Conditions = append(request.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue,
		Reason: "Firedrill", Message: "the trainee's certificate of a drill",
	})
	_, err := p.client.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, request.Name, request, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("approve: %w", err)
	}
	return nil
}

// signed returns the certificate as soon as an event holds it, and nil when the watch
// ends before.
func signed(ctx context.Context, events watch.Interface) ([]byte, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case event, open := <-events.ResultChan():
			if !open {
				return nil, nil
			}
			request, ok := event.Object.(*certificatesv1.CertificateSigningRequest)
			if !ok { // an error event: the watch ends
				return nil, nil
			}
			if len(request.Status.Certificate) > 0 {
				return request.Status.Certificate, nil
			}
			if err := refused(request); err != nil {
				return nil, err
			}
		}
	}
}

func refused(request *certificatesv1.CertificateSigningRequest) error {
	for _, c := range request.Status.Conditions {
		if c.Type == certificatesv1.CertificateDenied || c.Type == certificatesv1.CertificateFailed {
			return fmt.Errorf("the cluster refused: %s: %s", c.Reason, c.Message)
		}
	}
	return nil
}
