package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// answered ends each answer of registryScript.
const answered = "firedrill-answered:"

// registryScript asks for URLs, each with a login or none, and writes every answer's body and
// code. It runs in a node: it asks from where the kubelet does. One process asks for all: to
// start it costs more than to ask.
const registryScript = `left=$#
while [ "$left" -gt 1 ]; do
  url=$1 login=$2
  shift 2
  left=$((left - 2))
  set -- "$@" ${more:+--next} -s --noproxy '*' --max-time 3 -w '\n` + answered + `%{http_code}\n' \
    -H 'Accept: application/vnd.oci.image.manifest.v1+json' -H 'Accept: application/vnd.oci.image.index.v1+json' \
    -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' -H 'Accept: application/vnd.docker.distribution.manifest.list.v2+json' \
    ${login:+-u "$login"} "$url"
  more=yes
done
[ $# -eq 0 ] || curl "$@" || true`

// registryRef names a registry's Service in a check's parameters.
type registryRef struct {
	Service string `yaml:"service" doc:"The registry's Service in the drill's namespace; its first port is asked, over HTTP." required:"true"`
}

// endpoint is the Service's address; empty when there is none.
func (r registryRef) endpoint(ctx context.Context, t *Target) (string, error) {
	services, err := t.services(ctx)
	if err != nil {
		return "", err
	}
	for i := range services {
		if s := &services[i]; s.Name == r.Service && net.ParseIP(s.Spec.ClusterIP) != nil && len(s.Spec.Ports) > 0 {
			return net.JoinHostPort(s.Spec.ClusterIP, strconv.Itoa(int(s.Spec.Ports[0].Port))), nil
		}
	}
	return "", nil
}

// question is one request to a registry.
type question struct {
	path  string // /v2/shop/checkout/manifests/1.2.3
	login string // user:password; empty: nobody's
}

// reply is what the registry said to it.
type reply struct {
	code int    // 0: nothing
	text string // as Docker writes it: "unauthorized: authentication required"
}

// ask asks all questions at once, from a node that no drill breaks.
func (r registryRef) ask(ctx context.Context, t *Target, endpoint string, questions []question) (map[question]reply, error) {
	if t.Nodes == nil {
		return nil, errors.New("this cluster gives no access to its nodes, from where the registry would be asked")
	}
	node, err := t.calmNode(ctx)
	if err != nil {
		return nil, err
	}
	command := []string{"sh", "-c", registryScript, "ask"}
	for _, q := range questions {
		command = append(command, "http://"+endpoint+q.path, q.login)
	}
	out, err := t.Nodes.Run(ctx, node, command...)
	if err != nil {
		return nil, fmt.Errorf("ask the registry %s from node %s: %w", r.Service, node, err)
	}
	answers := map[question]reply{}
	for _, q := range questions {
		body, rest, found := strings.Cut(out, "\n"+answered)
		line, rest, ended := strings.Cut(rest, "\n")
		code, err := strconv.Atoi(line)
		if !found || !ended || err != nil {
			return nil, fmt.Errorf("ask the registry %s from node %s: not understood: %q", r.Service, node, out)
		}
		answers[q], out = reply{code: code, text: answerText(code, body)}, rest
	}
	return answers, nil
}

// answerText is a registry's error as Docker and others write it; "served" without one.
func answerText(code int, body string) string {
	var said struct {
		Errors []struct{ Code, Message string }
	}
	switch {
	case code == 0:
		return "no answer"
	case code < 300:
		return "served"
	case json.Unmarshal([]byte(body), &said) == nil && len(said.Errors) > 0:
		name := strings.ToLower(strings.ReplaceAll(said.Errors[0].Code, "_", " "))
		return name + ": " + said.Errors[0].Message
	}
	return "HTTP status " + strconv.Itoa(code)
}

// calmNode is the control plane's first node, where no drill breaks anything; in a
// cluster without one, the first.
func (t *Target) calmNode(ctx context.Context) (string, error) {
	return t.memory.calmNode(t.Now(), func() (string, error) {
		list, err := t.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return "", fmt.Errorf("list the nodes: %w", err)
		}
		if len(list.Items) == 0 {
			return "", errors.New("the cluster has no nodes")
		}
		i := slices.IndexFunc(list.Items, func(n corev1.Node) bool {
			_, found := n.Labels["node-role.kubernetes.io/control-plane"]
			return found
		})
		return list.Items[max(i, 0)].Name, nil
	})
}
