package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
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

// TestSuccessorLimitThatIsNone: a limit that no node can reach is as good as none.
func TestSuccessorLimitThatIsNone(t *testing.T) {
	t.Parallel()
	check := &SuccessorKept{serviceRef: serviceRef{"db"}, workloadRef: workloadRef{Name: "checkout"}, Container: "postgres", Aspect: successorLimit}
	base := baselineOf(t, deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers = []corev1.Container{guarded()} }))
	memory := func(size string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(size)}
	}
	of := func(own, whole corev1.ResourceList, nodes ...runtime.Object) *Target {
		on := target(append(nodes, dbSet(), dbBackends("db-0"), dbPod("db-0", func(p *corev1.Pod) {
			p.Spec.Containers = []corev1.Container{guarded(func(c *corev1.Container) { c.Resources.Limits = own })}
			p.Spec.Resources = &corev1.ResourceRequirements{Limits: whole}
		}))...)
		on.Baseline = base
		return on
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: corev1.NodeStatus{Capacity: memory("16Gi")}}
	const none = "has a memory limit of 1Ti, more than any node has: that is none"
	expect(t, check, of(memory("1Ti"), nil, node), false, none)
	expect(t, check, of(nil, memory("1Ti"), node), false, none)
	expect(t, check, of(memory("256Mi"), memory("1Ti"), node), true, "was: memoryLimit")
	expect(t, check, of(memory("0"), memory("256Mi"), node), true, "was: memoryLimit")
	expect(t, check, of(memory("16Gi"), nil, node), true, "was: memoryLimit")
	expect(t, check, of(memory("128Mi"), nil, node), true, "was: memoryLimit")
	expect(t, check, of(memory("1Ti"), nil), true, "was: memoryLimit") // no node tells
	expect(t, check, of(nil, nil, node), false, "has no memory limit any more")
}

// TestSuccessorURLInClear: a password in a URL is one, wherever the URL comes from.
func TestSuccessorURLInClear(t *testing.T) {
	t.Parallel()
	check := &SuccessorKept{
		serviceRef: serviceRef{"db"}, workloadRef: workloadRef{Name: "checkout"}, Container: "postgres",
		Aspect: successorClear, Env: "POSTGRES_PASSWORD", URLEnv: "URL",
	}
	base := baselineOf(t, deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers = []corev1.Container{guarded()} }))
	password := guarded().Env[0]
	value := func(name, text string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: text} }
	url := func(text string) corev1.EnvVar { return value("URL", text) }
	from := func(source corev1.EnvVarSource) corev1.EnvVar { return corev1.EnvVar{Name: "URL", ValueFrom: &source} }
	key := func(name string) corev1.EnvVar {
		return from(corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "urls"}, Key: name}})
	}
	field := func(path string) corev1.EnvVar {
		return from(corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}})
	}
	whole := func(secret string, config string) []corev1.EnvFromSource {
		source := corev1.EnvFromSource{}
		if secret != "" {
			source.SecretRef = &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: secret}}
		} else {
			source.ConfigMapRef = &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: config}}
		}
		return []corev1.EnvFromSource{source}
	}
	const composed = "postgres://shop:$(POSTGRES_PASSWORD)@db:5432/shop"
	cases := map[string]struct {
		env   []corev1.EnvVar
		from  []corev1.EnvFromSource
		clear bool
	}{
		"of the Secret":            {[]corev1.EnvVar{password, url(composed)}, nil, false},
		"itself":                   {[]corev1.EnvVar{url("postgres://shop:7c1e@db:5432/shop")}, nil, true},
		"itself, with an @":        {[]corev1.EnvVar{url("postgres://shop:7c@1e@db/shop?sslmode=disable")}, nil, true},
		"a part of it":             {[]corev1.EnvVar{password, url("postgres://shop:7c1e$(POSTGRES_PASSWORD)@db/shop")}, nil, true},
		"of another variable":      {[]corev1.EnvVar{value("PW", "7c1e"), url("postgres://shop:$(PW)@db/shop")}, nil, true},
		"over two variables":       {[]corev1.EnvVar{value("PW", "7c1e"), value("WHO", "shop:$(PW)"), url("postgres://$(WHO)@db/shop")}, nil, true},
		"none":                     {[]corev1.EnvVar{password, url("postgres://shop@db/shop")}, nil, false},
		"no user":                  {[]corev1.EnvVar{password, url("postgres://db:5432/shop")}, nil, false},
		"no URL":                   {[]corev1.EnvVar{password}, nil, false},
		"a later one counts":       {[]corev1.EnvVar{password, url("postgres://shop:7c1e@db/shop"), url(composed)}, nil, false},
		"a variable that is not":   {[]corev1.EnvVar{url(composed)}, nil, false},
		"a text that looks so":     {[]corev1.EnvVar{password, url("postgres://shop:$$(POSTGRES_PASSWORD)@db/shop")}, nil, true},
		"of a ConfigMap":           {[]corev1.EnvVar{key("clear")}, nil, true},
		"of a ConfigMap, and none": {[]corev1.EnvVar{key("none")}, nil, false},
		"of no ConfigMap's key":    {[]corev1.EnvVar{key("other")}, nil, false},
		"of an annotation":         {[]corev1.EnvVar{field("metadata.annotations['acme/url']")}, nil, true},
		"of a label":               {[]corev1.EnvVar{field("metadata.labels['app']")}, nil, false},
		"of the pod's address":     {[]corev1.EnvVar{field("status.podIP")}, nil, false},
		"with a whole Secret":      {nil, whole("urls", ""), false},
		"with a whole ConfigMap":   {nil, whole("", "whole"), true},
	}
	const inClear = "postgres://shop:7c1e@db/shop"
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(
				dbBackends("db-0"), secretNamed("urls", map[string]string{"URL": inClear}),
				&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "urls", Namespace: shopNS}, Data: map[string]string{"clear": inClear, "none": "postgres://shop@db/shop"}},
				&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "whole", Namespace: shopNS}, Data: map[string]string{"URL": inClear}},
				dbPod("db-0", func(p *corev1.Pod) {
					p.Annotations = map[string]string{"acme/url": inClear}
					p.Spec.Containers = []corev1.Container{guarded(func(o *corev1.Container) { o.Env, o.EnvFrom = c.env, c.from })}
				}),
			)
			on.Baseline = base
			want := "was: clear"
			if c.clear {
				want = "has its credential in the URL in URL, where everybody reads it"
			}
			expect(t, check, on, !c.clear, want)
		})
	}
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
		"a URL alone":      {Aspect: successorImage, URLEnv: "URL"},
		"a file alone":     {Aspect: successorImage, FileEnv: "PASSWORD_FILE"},
	} {
		if c.Validate() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
