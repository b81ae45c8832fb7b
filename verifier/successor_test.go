package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// guarded is a database's container with all of its guards.
func guarded(changes ...func(*corev1.Container)) corev1.Container {
	c := corev1.Container{
		Name: "postgres", Image: "docker.io/library/postgres:15",
		Env: []corev1.EnvVar{{Name: "POSTGRES_PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "db"}, Key: "password",
		}}}},
		Ports:     []corev1.ContainerPort{{Name: "postgres", ContainerPort: 5432}},
		Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")}},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("postgres")}},
			PeriodSeconds: 2, FailureThreshold: 2,
		},
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func probing(command ...string) func(*corev1.Container) {
	return func(c *corev1.Container) {
		c.ReadinessProbe.ProbeHandler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}}
	}
}

func variable(name, value string) func(*corev1.Container) {
	return func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: name, Value: value}} }
}

// A repair that writes the workload anew loses none of the guards; each loss is seen by
// its own aspect alone.
func TestSuccessorKept(t *testing.T) {
	t.Parallel()
	before := deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers = []corev1.Container{guarded()} })
	base := baselineOf(t, before)
	checks := map[string]*SuccessorKept{}
	for _, aspect := range []string{successorImage, successorLimit, successorReadiness, successorClear} {
		checks[aspect] = &SuccessorKept{serviceRef: serviceRef{"db"}, workloadRef: workloadRef{Name: "checkout"}, Container: "postgres", Aspect: aspect}
	}
	checks[successorClear].Env, checks[successorClear].FileEnv = "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"
	cases := map[string]struct {
		change func(*corev1.Container)
		broken string // the aspect; "": none
		want   string
	}{
		"all kept":               {func(*corev1.Container) {}, "", ""},
		"another name":           {func(c *corev1.Container) { c.Name = "db" }, "", ""},
		"another tag":            {func(c *corev1.Container) { c.Image = "postgres:16" }, "", ""},
		"another image":          {func(c *corev1.Container) { c.Image = "docker.io/acme/postgres:15" }, successorImage, "runs docker.io/acme/postgres:15 instead"},
		"under another name":     {func(c *corev1.Container) { c.Name, c.Image = "db", "acme/pg:15" }, successorImage, "runs acme/pg:15"},
		"no limit":               {func(c *corev1.Container) { c.Resources.Limits = nil }, successorLimit, "has no memory limit"},
		"another limit":          {func(c *corev1.Container) { c.Resources.Limits[corev1.ResourceMemory] = resource.MustParse("1Gi") }, "", ""},
		"no probe":               {func(c *corev1.Container) { c.ReadinessProbe = nil }, successorReadiness, "has no readiness probe"},
		"a better probe":         {probing("sh", "-c", "exec pg_isready -U shop"), "", ""},
		"a probe of nothing":     {probing("/bin/sh", "-c", "exit 0"), successorReadiness, "asks nothing"},
		"a probe that is true":   {probing("/bin/true"), successorReadiness, "asks nothing"},
		"a test of a folder":     {probing("test", "-d", "/"), successorReadiness, "asks nothing"},
		"a shell that exits":     {probing("sh", "-ec", "true"), successorReadiness, "asks nothing"},
		"a list of files":        {probing("ls"), successorReadiness, "asks nothing"},
		"whatever it answers":    {probing("sh", "-c", "pg_isready || true"), successorReadiness, "asks nothing"},
		"a question, and a code": {probing("sh", "-c", "pg_isready -U shop || exit 1; exit 0"), "", ""},
		"a question in a test":   {probing("sh", "-c", `test "$(psql -tAc 'select 1')" = 1`), "", ""},
		"with its password":      {probing("env", "PGPASSWORD=x", "psql", "-c", "select 1"), "", ""},
		"in several lines":       {probing("sh", "-ec", "test -f /data/PG_VERSION\nexec pg_isready"), "", ""},
		"strictly, and yes":      {probing("sh", "-ec", "pg_isready; true"), "", ""},
		"yes, behind a clock":    {probing("timeout", "5", "sh", "-c", "true"), successorReadiness, "asks nothing"},
		"yes, in several words":  {probing("sh", "-c", "echo hello; exit 0"), successorReadiness, "asks nothing"},
		"a script":               {probing("/probes/ready.sh"), "", ""},
		"a file, and a question": {probing("sh", "-c", "test -f /data/PG_VERSION && pg_isready"), "", ""},
		"a probe without words":  {probing(), successorReadiness, "asks nothing"},
		"a deaf probe":           {func(c *corev1.Container) { c.ReadinessProbe.FailureThreshold = 9999 }, successorReadiness, "gives up after 19998 s instead of 4 s"},
		"password in clear":      {variable("POSTGRES_PASSWORD", "7c1e"), successorClear, "has its credential from the pod template itself"},
		"password nowhere":       {variable("PGDATA", "/data"), "", ""},
		"password from a file":   {variable("POSTGRES_PASSWORD_FILE", "/run/secrets/password"), "", ""},
		"from a ConfigMap": {func(c *corev1.Container) {
			c.Env[0].ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{Key: "password"}}
		}, successorClear, "has its credential from a ConfigMap"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(dbSet(), dbBackends("db-0"), dbPod("db-0", func(p *corev1.Pod) {
				p.Spec.Containers = []corev1.Container{{Name: "exporter", Image: "acme/exporter"}, guarded(c.change)}
			}))
			on.Baseline = base
			for aspect, check := range checks {
				want := "was: " + aspect
				if aspect == c.broken {
					want = c.want
				}
				expect(t, check, on, aspect != c.broken, want)
			}
		})
	}
	limited := target(dbSet(), dbBackends("db-0"), dbPod("db-0", func(p *corev1.Pod) {
		p.Spec.Containers = []corev1.Container{guarded(func(c *corev1.Container) { c.Resources.Limits = nil })}
		p.Spec.Resources = &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")}}
	}))
	limited.Baseline = base
	expect(t, checks[successorLimit], limited, true, "was: memoryLimit")
}

func TestSuccessorKeptThatCannotJudge(t *testing.T) {
	t.Parallel()
	check := &SuccessorKept{serviceRef: serviceRef{"db"}, workloadRef: workloadRef{Name: "checkout"}, Container: "web", Aspect: successorImage}
	on := target(dbBackends())
	expect(t, check, on, false, "error: no baseline")
	on.Baseline = baselineOf(t)
	expect(t, check, on, false, "error: the baseline has no Deployment/checkout")
	on.Baseline = baselineOf(t, deployment())
	expect(t, check, on, true, "nothing to judge")
	gone := away(target())
	gone.Baseline = on.Baseline
	expect(t, check, gone, false, "error: connection refused")
	check.Container = "other"
	expect(t, check, on, false, "error: has no container other")
	for name, c := range map[string]*SuccessorKept{
		"clear of nothing": {Aspect: successorClear},
		"env for an image": {Aspect: successorImage, Env: "PASSWORD"},
		"a file alone":     {Aspect: successorImage, FileEnv: "PASSWORD_FILE"},
	} {
		if c.Validate() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
