package verifier

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Aspects of SuccessorKept, one for each guard that is lost when a workload is written anew.
const (
	successorImage     = "image"
	successorLimit     = "memoryLimit"
	successorReadiness = "readiness"
	successorClear     = "clear"
)

// SuccessorKept is a safeguard for a repair that puts another workload in a workload's
// place: the pods behind the Service, whoever runs them now, have what a container of the
// baseline's workload had. Under its own name the workload is other safeguards' matter.
type SuccessorKept struct {
	serviceRef  `yaml:",inline"`
	workloadRef `yaml:",inline"`
	Container   string `yaml:"container" doc:"Name of the container in that workload." required:"true"`
	Aspect      string `yaml:"aspect" doc:"What to judge: image (of the repository it was), memoryLimit (there is one, and some node has so much), readiness (a readiness probe that asks something and gives up in time), clear (the credential stands neither in the template nor in a ConfigMap)." enum:"image,memoryLimit,readiness,clear" required:"true"`
	Env         string `yaml:"env" doc:"With aspect clear: environment variable that holds the credential."`
	FileEnv     string `yaml:"fileEnv" doc:"With aspect clear: environment variable that, where it is set, names the file with the credential instead."`
	URLEnv      string `yaml:"urlEnv" doc:"With aspect clear: environment variable with a URL, postgres://user:password@host, of whose password no part may stand there either. One from a Secret may: $(PASSWORD)."`
}

// Validate wants to know which credential is meant.
func (c *SuccessorKept) Validate() error {
	if (c.Aspect == successorClear) != (c.Env != "") || c.Env == "" && (c.FileEnv != "" || c.URLEnv != "") {
		return errors.New("env, fileEnv and urlEnv: they go with aspect clear, and it needs env")
	}
	return nil
}

// Observe looks at the pods themselves, which are all that serves the clients.
func (c *SuccessorKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	base, err := c.baseline(t)
	if err != nil {
		return Observation{}, err
	}
	was, known := base.Containers[c.Container]
	if !known {
		return Observation{}, fmt.Errorf("the baseline of %s has no container %s", c.key(), c.Container)
	}
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pods) == 0 {
		return Observation{Passed: true, Reason: "no pod behind Service " + c.Service + " is ready: there is nothing to judge"}, nil
	}
	for i := range pods {
		reason, err := c.weaker(ctx, t, was, &pods[i])
		if err != nil {
			return Observation{}, err
		}
		if reason != "" {
			return Observation{Reason: "pod " + pods[i].Name + " behind Service " + c.Service + " " + reason}, nil
		}
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("the pods behind Service %s are guarded as %s was: %s", c.Service, c.key(), c.Aspect),
		Evidence: fmt.Sprintf("%d pods seen", len(pods)),
	}, nil
}

// weaker says what a pod lacks; empty when nothing.
func (c *SuccessorKept) weaker(ctx context.Context, t *Target, was ContainerState, p *corev1.Pod) (string, error) {
	now, found := c.heir(was, p)
	if !found {
		return "", nil
	}
	switch c.Aspect {
	case successorImage:
		if repository(now.Image) != repository(was.Image) {
			return fmt.Sprintf("runs %s instead of an image of %s", now.Image, repository(was.Image)), nil
		}
	case successorLimit:
		return unlimited(ctx, t, was, now, p)
	case successorReadiness:
		return deafened(was.Readiness, now.ReadinessProbe), nil
	case successorClear:
		return c.told(ctx, t, now, p)
	}
	return "", nil
}

// told says where the container's credential can be read; empty when nowhere.
func (c *SuccessorKept) told(ctx context.Context, t *Target, now corev1.Container, p *corev1.Pod) (string, error) {
	from, err := t.credential(ctx, p.Spec, now, c.Env, c.FileEnv)
	if err != nil {
		return "", err
	}
	if from.from == fromTemplate || from.from == fromConfigMap {
		return "has its credential from " + from.from, nil
	}
	if c.URLEnv == "" {
		return "", nil
	}
	url, err := t.readable(ctx, p, now, c.URLEnv)
	if err != nil {
		return "", err
	}
	if strings.Trim(passwordIn(url), hidden) != "" {
		return "has its credential in the URL in " + c.URLEnv + ", where everybody reads it", nil
	}
	return "", nil
}

// heir is the container that took the baseline's container's place: the one of its name,
// else of its port, else of its image, else the first.
func (c *SuccessorKept) heir(was ContainerState, p *corev1.Pod) (corev1.Container, bool) {
	ports := map[int32]bool{}
	for _, number := range was.Ports {
		ports[number] = true
	}
	for _, is := range []func(corev1.Container) bool{
		func(o corev1.Container) bool { return o.Name == c.Container },
		func(o corev1.Container) bool {
			return slices.ContainsFunc(o.Ports, func(at corev1.ContainerPort) bool { return ports[at.ContainerPort] })
		},
		func(o corev1.Container) bool { return repository(o.Image) == repository(was.Image) },
		func(corev1.Container) bool { return true },
	} {
		if i := slices.IndexFunc(p.Spec.Containers, is); i >= 0 {
			return p.Spec.Containers[i], true
		}
	}
	return corev1.Container{}, false
}

// unlimited says why a container's memory is without a limit, its own or its pod's (KEP-2837);
// empty when it is not. A limit that no node can reach is none, as in LimitKept.
func unlimited(ctx context.Context, t *Target, was ContainerState, now corev1.Container, p *corev1.Pod) (string, error) {
	limit := now.Resources.Limits[corev1.ResourceMemory]
	if limit.Sign() <= 0 && p.Spec.Resources != nil {
		limit = p.Spec.Resources.Limits[corev1.ResourceMemory]
	}
	if limit.Sign() <= 0 {
		return "has no memory limit any more", nil
	}
	if limit.Cmp(was.Limits[corev1.ResourceMemory]) <= 0 {
		return "", nil
	}
	most, err := t.largestNode(ctx, corev1.ResourceMemory)
	if err != nil || most.Sign() <= 0 || limit.Cmp(most) <= 0 {
		return "", err
	}
	return fmt.Sprintf("has a memory limit of %s, more than any node has: that is none", limit.String()), nil
}

// deafened says why a readiness probe is worth less than the one before; empty when it is
// not. Another question may be the better one: pg_isready instead of an open port.
func deafened(was, now *corev1.Probe) string {
	switch {
	case was == nil:
		return ""
	case now == nil:
		return "has no readiness probe any more"
	case now.Exec != nil && asksNothing(now.Exec.Command):
		return "has a readiness probe that asks nothing: " + strings.Join(now.Exec.Command, " ")
	case secondsToFail(now) > max(4*secondsToFail(was), soonEnough):
		return fmt.Sprintf("has a readiness probe that gives up after %d s instead of %d s", secondsToFail(now), secondsToFail(was))
	}
	return ""
}

// asksNothing tells whether a probe's command succeeds whatever the container does: it only
// looks at files and names, or says yes in the end.
func asksNothing(command []string) bool {
	script, strict := scriptOf(command)
	if strings.TrimSpace(script) == "" {
		return true
	}
	if yes := alwaysYes.FindStringIndex(script); yes != nil {
		before := script[:yes[0]]
		if strings.HasPrefix(script[yes[0]:], "||") || !strict && !mayLeave.MatchString(before) {
			return true
		}
	}
	if strings.ContainsAny(script, "$`") { // what it asks may stand in a substitution
		return false
	}
	for _, part := range betweenCommands.Split(script, -1) {
		if !idle(strings.Fields(part)) {
			return false
		}
	}
	return true
}

var (
	shellOfAProbe   = regexp.MustCompile(`^(.*/)?(ba|da|a)?sh$`)
	alwaysYes       = regexp.MustCompile(`(\|\||[;\n])\s*(true|:|exit 0)[\s;]*$`)
	mayLeave        = regexp.MustCompile(`\b(exit|return|set -e)`)
	betweenCommands = regexp.MustCompile(`&&|\|\||[;|\n]`)
)

// scriptOf is what a shell in the command is to run, else the command itself. A strict shell
// ends with the first command that fails.
func scriptOf(command []string) (script string, strict bool) {
	for i, word := range command {
		if !shellOfAProbe.MatchString(word) {
			continue
		}
		for j, option := range command[i+1:] {
			if !strings.HasPrefix(option, "-") {
				break
			}
			strict = strict || strings.Contains(option, "e")
			if strings.Contains(option, "c") {
				return strings.Join(command[i+2+j:], " "), strict
			}
		}
	}
	return strings.Join(command, " "), false
}

// idle tells whether a command asks no program that serves.
func idle(words []string) bool {
	for len(words) > 0 && (slices.Contains([]string{"exec", "env", "!", "if", "then"}, words[0]) || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	return len(words) == 0 || slices.Contains([]string{
		"true", ":", "echo", "exit", "sleep", "date", "test", "[", "[[", "ls", "cat", "pwd", "id", "hostname", "uname", "printenv", "stat", "fi",
	}, path.Base(words[0]))
}
