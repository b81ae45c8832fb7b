package injectors_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/injectors"
)

const service = `
apiVersion: v1
kind: Service
metadata: {name: checkout, namespace: shop-x7k2q, uid: first, labels: {app: checkout}}
spec:
  clusterIP: 10.96.0.7
  selector: {app: checkout}
  ports: [{port: 80, targetPort: 8080}]
`

func TestDelete(t *testing.T) {
	t.Parallel()
	theirs := strings.NewReplacer("uid: first", "uid: second", "port: 80", "port: 8080").Replace(service)
	tests := map[string]struct {
		inject int
		theirs bool // the trainee put a Service of their own back
		again  bool // the referee was killed and injects again after that
		want   string
	}{
		"injected":                   {inject: 1, want: service},
		"injected twice":             {inject: 2, want: service},
		"never injected":             {want: service},
		"put back by the trainee":    {inject: 1, theirs: true, want: theirs},
		"put back, injected anew":    {inject: 1, theirs: true, again: true, want: theirs},
		"never injected, taken anew": {again: true, want: service},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, service)
			target, fault := c.target(nil), &injectors.Delete{APIVersion: "v1", Kind: "Service", Name: "checkout"}
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			for range tt.inject {
				if err := fault.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if c.object(t, "v1", "Service", "checkout") != nil {
					t.Error("Inject left the object")
				}
			}
			if tt.theirs {
				create(t, c, theirs)
			}
			if tt.again {
				if err := fault.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if err := fault.Revert(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
			}
			want := newCluster(t, tt.want).object(t, "v1", "Service", "checkout")
			if diff := cmp.Diff(want, c.object(t, "v1", "Service", "checkout")); diff != "" {
				t.Errorf("Service (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeleteRefusals(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"PersistentVolumeClaim": "cannot be taken back",
		"Node":                  "cannot be taken back",
		"Service":               "does not exist",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fault := &injectors.Delete{APIVersion: "v1", Kind: kind, Name: "none"}
			_, err := fault.Prepare(t.Context(), newCluster(t).target(nil))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Prepare: %v, want an error with %q", err, want)
			}
		})
	}
}

func TestDeleteRevertWaitsForFinalizers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, service)
	target, fault := c.target(nil), &injectors.Delete{APIVersion: "v1", Kind: "Service", Name: "checkout"}
	undo, err := fault.Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	want := c.object(t, "v1", "Service", "checkout")
	remove(t, c, "v1", "Service", "checkout")
	create(t, c, strings.Replace(service, "uid: first", `uid: first, finalizers: [a/b], deletionTimestamp: "2026-01-01T00:00:00Z"`, 1))

	attempts := 0
	c.PrependReactor("create", "services", func(clienttesting.Action) (bool, runtime.Object, error) {
		attempts++
		if attempts == 2 { // the finalizer is done after the first try
			if err := c.Tracker().Delete(schema.GroupVersionResource{Version: "v1", Resource: "services"}, namespace, "checkout"); err != nil {
				t.Error(err)
			}
		}
		return false, nil, nil
	})
	if err := fault.Revert(t.Context(), target, undo); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.object(t, "v1", "Service", "checkout")); diff != "" || attempts != 2 {
		t.Errorf("after %d tries, Service (-want +got):\n%s", attempts, diff)
	}
}

// In a namespace that is being deleted, or is gone, there is nothing to restore; any other
// refusal is an error.
func TestRevertInANamespaceThatGoes(t *testing.T) {
	t.Parallel()
	terminating := apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "checkout", errors.New("unable to create new content"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, tt := range map[string]struct {
		refusal error
		wantErr string
	}{
		"is being deleted":  {terminating, ""},
		"is gone":           {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, namespace), ""},
		"refuses":           {apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "checkout", errors.New("quota")), "quota"},
		"lacks such a kind": {apierrors.NewNotFound(schema.GroupResource{Resource: "services"}, ""), "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, service)
			target, fault := c.target(nil), &injectors.Delete{APIVersion: "v1", Kind: "Service", Name: "checkout"}
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if err := fault.Inject(t.Context(), target, undo); err != nil {
				t.Fatal(err)
			}
			c.PrependReactor("create", "services", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, tt.refusal })
			err = fault.Revert(t.Context(), target, undo)
			if (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("Revert: %v, want an error with %q", err, tt.wantErr)
			}
		})
	}
}
