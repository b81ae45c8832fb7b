package main

import (
	"context"
	"fmt"
	"strings"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// stopSeconds is how long a container has to end before it is killed.
const stopSeconds = 10

func (s *session) inspect(ctx context.Context, id string) error {
	container, err := s.findContainer(ctx, id)
	if err != nil {
		return err
	}
	answer, err := s.runtime.ContainerStatus(ctx, container.Id, true)
	if err != nil {
		return err
	}
	return s.printStatus(answer.Status, answer.Info)
}

func (s *session) inspectPod(ctx context.Context, id string) error {
	pod, err := s.findPod(ctx, id)
	if err != nil {
		return err
	}
	answer, err := s.runtime.PodSandboxStatus(ctx, pod.Id, true)
	if err != nil {
		return err
	}
	return s.printStatus(answer.Status, answer.Info)
}

func (s *session) inspectImage(ctx context.Context, name string) error {
	answer, err := s.images.ImageStatus(ctx, &runtimeapi.ImageSpec{Image: name}, true)
	if err != nil {
		return err
	}
	if answer.Image == nil {
		return fmt.Errorf("no such image %q present", name)
	}
	return s.printStatus(answer.Image, answer.Info)
}

func (s *session) stop(ctx context.Context, id string) error {
	container, err := s.findContainer(ctx, id)
	if err != nil {
		return err
	}
	return s.told(id, s.runtime.StopContainer(ctx, container.Id, stopSeconds))
}

func (s *session) remove(ctx context.Context, id string) error {
	container, err := s.findContainer(ctx, id)
	if err != nil {
		return err
	}
	return s.told(id, s.runtime.RemoveContainer(ctx, container.Id))
}

func (s *session) stopPod(ctx context.Context, id string) error {
	pod, err := s.findPod(ctx, id)
	if err != nil {
		return err
	}
	return s.told(id, s.runtime.StopPodSandbox(ctx, pod.Id))
}

func (s *session) removePod(ctx context.Context, id string) error {
	pod, err := s.findPod(ctx, id)
	if err != nil {
		return err
	}
	return s.told(id, s.runtime.RemovePodSandbox(ctx, pod.Id))
}

func (s *session) removeImage(ctx context.Context, name string) error {
	return s.told(name, s.images.RemoveImage(ctx, &runtimeapi.ImageSpec{Image: name}))
}

func (s *session) pull(ctx context.Context, name string) error {
	digest, err := s.images.PullImage(ctx, &runtimeapi.ImageSpec{Image: name}, nil, nil)
	return s.told("Image is up to date for "+digest, err)
}

// told writes what was done, if it was.
func (s *session) told(what string, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, what)
	return err
}

// findContainer takes the beginning of an ID, as the listings show it.
func (s *session) findContainer(ctx context.Context, prefix string) (*runtimeapi.Container, error) {
	all, err := s.runtime.ListContainers(ctx, nil)
	if err != nil {
		return nil, err
	}
	return findOne(all, "container", prefix)
}

func (s *session) findPod(ctx context.Context, prefix string) (*runtimeapi.PodSandbox, error) {
	all, err := s.runtime.ListPodSandbox(ctx, nil)
	if err != nil {
		return nil, err
	}
	return findOne(all, "pod", prefix)
}

func findOne[T interface{ GetId() string }](all []T, kind, prefix string) (T, error) {
	var found []T
	for _, one := range all {
		if strings.HasPrefix(one.GetId(), prefix) {
			found = append(found, one)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var none T
	return none, fmt.Errorf("%d %ss have an ID that begins with %q, want one", len(found), kind, prefix)
}
