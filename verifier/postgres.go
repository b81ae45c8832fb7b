package verifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// databaseRef names the PostgreSQL behind a Service, and who asks it what.
type databaseRef struct {
	serviceRef `yaml:",inline"`
	User       string `yaml:"user" doc:"Who logs in, from inside of the pod." required:"true"`
	Database   string `yaml:"database" doc:"The database." required:"true"`
}

// askLimit bounds one question, where the target does not say how long it may take.
const askLimit = 4 * time.Second

// askEnv is what psql finds around it. It goes over the pod's own socket, which the image's
// defaults trust; where a repair made them stricter, the password from the container's
// environment helps. Times are told in UTC, whatever a repair sets: the same row has the
// same text.
const askEnv = `PGPASSWORD="${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}"
export PGPASSWORD PGCONNECT_TIMEOUT=3 PGTZ=UTC PGDATESTYLE=ISO PGOPTIONS="-c statement_timeout=5000"
`

// askScript asks one statement.
const askScript = askEnv + `exec psql -XAtqw -v ON_ERROR_STOP=1 -F "|" -U "$1" -d "$2" -c "$3"`

// factsScript tells two things at once, a line each: where the database keeps its data, and
// whether it lets the pod itself in by way of the network without a password.
const factsScript = `unset PGPASSWORD; export PGPASSFILE=/dev/null PGCONNECT_TIMEOUT=3
if psql -XAtqw -h "$3" -U "$1" -d "$2" -c "SELECT 1" >/dev/null 2>&1; then echo open; else echo asked; fi
set -- "$1" "$2" "SHOW data_directory"
` + askScript

// noDatabaseError says that a pod has no PostgreSQL that answers.
type noDatabaseError struct{ why string }

func (e *noDatabaseError) Error() string { return e.why }

// ask sends a statement in the pod and returns its answer. A pod whose database does not
// answer, or that has none, is a *noDatabaseError.
func (r databaseRef) ask(ctx context.Context, t *Target, p *corev1.Pod, sql string) (string, error) {
	return t.memory.to(p, r).statement(ctx, r, t, p, sql)
}

// run runs a script in the pod, by a shell.
func (r databaseRef) run(ctx context.Context, t *Target, p *corev1.Pod, script string, args ...string) (string, error) {
	if t.Pods == nil {
		return "", errors.New("this cluster gives no way to run commands in pods")
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.AskLimit, askLimit))
	defer cancel()
	command := append([]string{"sh", "-c", script, "sh"}, args...)
	out, err := t.Pods.Exec(ctx, p.Namespace, p.Name, r.container(p), command...)
	var failed *ExecError
	if err != nil && !errors.As(err, &failed) && ctx.Err() == nil { // a stream may break, which says nothing of the database
		out, err = t.Pods.Exec(ctx, p.Namespace, p.Name, r.container(p), command...)
	}
	if errors.As(err, &failed) {
		why, _, _ := strings.Cut(strings.TrimSpace(failed.Stderr), "\n")
		return "", &noDatabaseError{fmt.Sprintf("pod %s: %s", p.Name, why)}
	}
	if err != nil {
		return "", fmt.Errorf("ask the database in pod %s: %w", p.Name, err)
	}
	return out, nil
}

// container is the one that serves PostgreSQL's port; without such a port the first one.
func (r databaseRef) container(p *corev1.Pod) string {
	const port = 5432
	for _, c := range p.Spec.Containers {
		for _, at := range c.Ports {
			if at.ContainerPort == port {
				return c.Name
			}
		}
	}
	if len(p.Spec.Containers) == 0 {
		return ""
	}
	return p.Spec.Containers[0].Name
}

// databaseFacts are what a pod's database says of itself.
type databaseFacts struct {
	folder  string // of its data; empty when nothing answers
	open    bool   // it lets clients in over the network without a password
	trouble string // why nothing answers
}

func (r databaseRef) facts(ctx context.Context, t *Target, p *corev1.Pod) (databaseFacts, error) {
	key := strings.Join([]string{"database", p.Name, r.User, r.Database}, "/")
	return once(t, key, func() (databaseFacts, error) {
		q := t.memory.to(p, r)
		out, err := q.one(t, factsScript, factsCount, func() error {
			return q.script(ctx, r, t, p, factsScript, factsScript, p.Status.PodIP)
		})
		var none *noDatabaseError
		if errors.As(err, &none) {
			return databaseFacts{trouble: none.why}, nil
		}
		if err != nil {
			return databaseFacts{}, err
		}
		door, folder, found := strings.Cut(out, "\n")
		if !found {
			return databaseFacts{}, fmt.Errorf("ask the database in pod %s: unexpected answer %q", p.Name, out)
		}
		return databaseFacts{folder: strings.TrimSpace(folder), open: strings.TrimSpace(door) == "open"}, nil
	})
}

// PasswordAsked is a safeguard: no database behind the Service lets a client in over the
// network without a password.
type PasswordAsked struct {
	databaseRef `yaml:",inline"`
}

// Observe tries to log in without one, from the pod to its own address.
func (c *PasswordAsked) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	asked := 0
	for i := range pods {
		facts, err := c.facts(ctx, t, &pods[i])
		switch {
		case err != nil:
			return Observation{}, err
		case facts.open:
			return Observation{Reason: fmt.Sprintf("the database in pod %s lets %s in without a password", pods[i].Name, c.User)}, nil
		case facts.folder != "":
			asked++
		}
	}
	if asked == 0 {
		return Observation{Passed: true, Reason: "no database behind Service " + c.Service + " answers: there is nothing to judge"}, nil
	}
	return Observation{Passed: true, Reason: "the database asks for a password", Evidence: fmt.Sprintf("%d pods asked", asked)}, nil
}
