// Package podexec runs commands in containers of pods, as kubectl exec does.
package podexec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/firedrill/firedrill/verifier"
)

// notFound is the exit code of a shell for a command that it does not find.
const notFound = 127

// outputLimit bounds what is kept of a command's output, in bytes.
const outputLimit = 64 << 10

// Pods runs commands with the rights of its REST configuration.
type Pods struct {
	config *rest.Config
	client kubernetes.Interface
}

// New returns a Pods that asks the API server of the configuration.
func New(config *rest.Config, client kubernetes.Interface) *Pods {
	return &Pods{config: config, client: client}
}

// marked runs the rest of its arguments and, when that ends well, says so behind its output.
const marked = `"$@"
code=$?
[ "$code" -ne 0 ] || printf %s '` + endOfOutput + `'
exit "$code"`

// endOfOutput is what a whole output ends with. A stream may end too early without any error
// (kubernetes/kubernetes#124571), and half an answer is worse than none.
const endOfOutput = "firedrill-output-ends"

// Exec implements verifier.Pods over a WebSocket, which every supported Kubernetes takes. The
// container needs a shell.
func (p *Pods) Exec(ctx context.Context, namespace, pod, container string, command ...string) (string, error) {
	command = append([]string{"sh", "-c", marked, "sh"}, command...)
	request := p.client.CoreV1().RESTClient().Get().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(p.config, "GET", request.URL().String())
	if err != nil {
		return "", fmt.Errorf("run a command in pod %s: %w", pod, err)
	}
	var stdout, stderr limited
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
	if err := ended(err, stderr.String()); err != nil {
		return stdout.String(), err
	}
	out, err := whole(stdout.String())
	if err != nil {
		return "", fmt.Errorf("run a command in pod %s: %w", pod, err)
	}
	return out, nil
}

// whole returns what a command that ended well printed, or an error when the end is missing.
func whole(out string) (string, error) {
	text, found := strings.CutSuffix(out, endOfOutput)
	if !found {
		return "", fmt.Errorf("its output broke off after %d bytes (at most %d are read)", len(out), outputLimit)
	}
	return text, nil
}

// ended tells a command that failed from one that was never run.
func ended(err error, stderr string) error {
	var exit utilexec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Exited():
		return &verifier.ExecError{Code: exit.ExitStatus(), Stderr: strings.TrimSpace(stderr)}
	case missing(err.Error()):
		return &verifier.ExecError{Code: notFound, Stderr: "the container has no such command"}
	}
	return err
}

// missing knows how container runtimes say that there is no such program: the API has no
// code for it.
func missing(message string) bool {
	return strings.Contains(message, "executable file not found") || strings.Contains(message, "no such file or directory")
}

// limited keeps the beginning of what is written.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:min(len(p), max(0, outputLimit-l.Len()))])
	return len(p), nil
}
