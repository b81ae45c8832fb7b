package injectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
)

const (
	terminatingPoll  = 200 * time.Millisecond
	terminatingLimit = 30 * time.Second
)

// change is the undo of a fault in one object: what it was before, and the two JSON
// merge patches between before and after. The patches hold the changed fields only,
// so that taking the fault back leaves alone what a trainee repaired elsewhere in
// the object. A list that the fault changed is restored whole.
type change struct {
	Ref      objectRef      `json:"ref"`
	Before   map[string]any `json:"before,omitempty"`   // absent: there was no such object
	Forward  map[string]any `json:"forward,omitempty"`  // before -> after
	Backward map[string]any `json:"backward,omitempty"` // after -> before
}

// newChange compares an object before the fault with the API server's dry run of it.
func newChange(ref objectRef, before, after *unstructured.Unstructured) change {
	was, becomes := content(before), content(after)
	return change{Ref: ref, Before: was, Forward: mergePatch(was, becomes), Backward: mergePatch(becomes, was)}
}

// forward makes the change. It is a merge patch whatever the scenario wrote, since
// that alone has the same effect when sent twice.
func (c *change) forward(ctx context.Context, t *Target, manager string) error {
	client, err := c.Ref.client(t)
	if err != nil {
		return err
	}
	if err := sendPatch(ctx, client, c.Ref, c.Forward, manager); err != nil {
		return fmt.Errorf("break %s: %w", c.Ref, err)
	}
	return nil
}

// revert restores the changed fields, or the whole object when it is gone.
func (c *change) revert(ctx context.Context, t *Target, manager string) error {
	client, err := c.Ref.client(t)
	if err != nil {
		return err
	}
	live, err := find(ctx, client, c.Ref)
	if err != nil {
		return err
	}
	switch {
	case c.Before == nil:
		return withdraw(ctx, client, c.Ref, live, manager)
	case live == nil || live.GetDeletionTimestamp() != nil:
		return recreate(ctx, client, c.Ref, c.Before, manager)
	case len(c.Backward) == 0:
		return nil
	}
	err = sendPatch(ctx, client, c.Ref, c.Backward, manager)
	if apierrors.IsNotFound(err) { // deleted since the look above
		return recreate(ctx, client, c.Ref, c.Before, manager)
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w; if it was replaced by something else, delete it and revert again", c.Ref, err)
	}
	return nil
}

func sendPatch(ctx context.Context, client dynamic.ResourceInterface, ref objectRef, patch map[string]any, manager string) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encode the patch of %s: %w", ref, err)
	}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		_, err := client.Patch(ctx, ref.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
		return err
	})
}

// withdraw deletes an object that the fault brought. One of the same name that
// somebody else made meanwhile is theirs and stays.
func withdraw(ctx context.Context, client dynamic.ResourceInterface, ref objectRef, live *unstructured.Unstructured, manager string) error {
	if live == nil || !managedBy(live, manager) {
		return nil
	}
	if err := remove(ctx, client, ref, live.GetUID()); err != nil {
		return fmt.Errorf("withdraw %s: %w", ref, err)
	}
	return nil
}

func managedBy(object *unstructured.Unstructured, manager string) bool {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == manager {
			return true
		}
	}
	return false
}

// remove deletes the object of that UID. Its absence, or another object in its
// place, is success: that one is gone.
func remove(ctx context.Context, client dynamic.ResourceInterface, ref objectRef, uid types.UID) error {
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background}
	if uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: &uid}
	}
	err := client.Delete(ctx, ref.Name, options)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// recreate creates an object as it was. One still terminating is waited for: its
// name is taken until its finalizers are done. In a namespace that is being deleted
// there is nothing to restore.
func recreate(ctx context.Context, client dynamic.ResourceInterface, ref objectRef, before map[string]any, manager string) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, terminatingPoll, terminatingLimit, true, func(ctx context.Context) (bool, error) {
		object := &unstructured.Unstructured{Object: before}
		_, last = client.Create(ctx, object.DeepCopy(), metav1.CreateOptions{FieldManager: manager})
		if namespaceGoes(last) {
			return true, nil
		}
		if !apierrors.IsAlreadyExists(last) {
			return true, last
		}
		live, err := find(ctx, client, ref)
		if err != nil {
			return false, err
		}
		// present and staying: somebody put it back between the look and the creation
		return live != nil && live.GetDeletionTimestamp() == nil, nil
	})
	if err != nil && last != nil {
		return fmt.Errorf("create %s again: %w", ref, last)
	}
	return err
}

// namespaceGoes tells whether an object could not be created because its namespace is
// being deleted, or is gone.
func namespaceGoes(err error) bool {
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return true
	}
	var status apierrors.APIStatus
	return apierrors.IsNotFound(err) && errors.As(err, &status) &&
		status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

// mergePatch returns the JSON merge patch (RFC 7386) that turns one object into
// another; empty when they are equal.
func mergePatch(from, to map[string]any) map[string]any {
	patch := map[string]any{}
	for key, want := range to {
		have, there := from[key]
		if there && reflect.DeepEqual(have, want) {
			continue
		}
		haveMap, isMap := have.(map[string]any)
		wantMap, wantsMap := want.(map[string]any)
		if isMap && wantsMap {
			patch[key] = mergePatch(haveMap, wantMap)
			continue
		}
		patch[key] = want
	}
	for key := range from {
		if _, there := to[key]; !there {
			patch[key] = nil
		}
	}
	return patch
}

// encode and decode turn a kind's record into the journal's undo and back. Numbers
// come back as the int64 that unstructured objects hold, not as float64.
func encode(record any) (Undo, error) {
	undo, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encode the undo: %w", err)
	}
	return undo, nil
}

func decode(undo Undo, into any) error {
	if err := utiljson.Unmarshal(undo, into); err != nil {
		return fmt.Errorf("the journal's undo cannot be read: %w", err)
	}
	return nil
}
