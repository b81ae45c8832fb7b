package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// A repaired database: StatefulSet db with pod db-0 on claim data-db-0, named by headless
// Service db-nodes, behind Service db. Tests change a part of it.

func dbLabels() map[string]string { return map[string]string{"app": "db"} }

func dbSet(changes ...func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
	one := int32(1)
	s := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "db", Namespace: shopNS, UID: "set", Generation: 1},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &one, ServiceName: "db-nodes", Selector: &metav1.LabelSelector{MatchLabels: dbLabels()},
			Template:             corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: dbLabels()}, Spec: corev1.PodSpec{Containers: dbContainers()}},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}},
		},
		Status: appsv1.StatefulSetStatus{ObservedGeneration: 1, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1},
	}
	for _, c := range changes {
		c(s)
	}
	return s
}

func dbContainers() []corev1.Container {
	return []corev1.Container{{
		Name: "postgres", Ports: []corev1.ContainerPort{{ContainerPort: 5432}},
		VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/var/lib/postgresql/data"}, {Name: "init", MountPath: "/docker-entrypoint-initdb.d"}},
	}}
}

func dbPod(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	p := pod(name, func(p *corev1.Pod) {
		p.Labels = dbLabels()
		p.OwnerReferences = []metav1.OwnerReference{controlledBy("StatefulSet", "db", "set")}
		p.Status.PodIP = "10.1.2.3"
		p.Spec = corev1.PodSpec{
			Containers: dbContainers(),
			Volumes:    []corev1.Volume{onClaim("data", "data-"+name), {Name: "init"}},
		}
	})
	for _, c := range changes {
		c(p)
	}
	return p
}

func onClaim(volume, claim string) corev1.Volume {
	return corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
	}}
}

func dbClaim(name string, uid types.UID, phase corev1.PersistentVolumeClaimPhase) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: shopNS, UID: uid},
		Status:     corev1.PersistentVolumeClaimStatus{Phase: phase},
	}
}

func dbService(name string, changes ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: shopNS, UID: types.UID("svc-" + name)},
		Spec:       corev1.ServiceSpec{Selector: dbLabels(), ClusterIP: "10.96.0.7"},
	}
	for _, c := range changes {
		c(s)
	}
	return s
}

func headless(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }

// dbBackends is what the EndpointSlice controller made of Service db and its ready pods.
func dbBackends(pods ...string) *discoveryv1.EndpointSlice {
	yes, no := true, false
	s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Name: "db-x", Namespace: shopNS, Labels: map[string]string{discoveryv1.LabelServiceName: "db"},
	}}
	for _, name := range append(pods, "not-ready") {
		ready := &yes
		if name == "not-ready" {
			ready = &no
		}
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Conditions: discoveryv1.EndpointConditions{Ready: ready},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: name, UID: types.UID("uid-" + name)},
		})
	}
	return s
}

// repaired is the database's namespace.
func repaired() []runtime.Object {
	return []runtime.Object{
		dbSet(), dbPod("db-0"), dbService("db"), dbService("db-nodes", headless), dbBackends("db-0"),
		dbClaim("data-db-0", "c0", corev1.ClaimBound),
	}
}

// deployed is the database as it was: a Deployment's pod on claim db.
func deployed(pods ...string) []runtime.Object {
	set := replicaSet()
	objects := []runtime.Object{deployment(), set, dbService("db"), dbBackends(pods...), dbClaim("db", "c", corev1.ClaimBound)}
	for _, name := range pods {
		objects = append(objects, dbPod(name, func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{controlledBy("ReplicaSet", "checkout-7f9c", "rs")}
			p.Spec.Volumes = []corev1.Volume{onClaim("data", "db")}
		}))
	}
	return objects
}

// fakePods answers commands in pods by a part of their text.
type fakePods func(pod, container string, command []string) (string, error)

func (f fakePods) Exec(_ context.Context, _, pod, container string, command ...string) (string, error) {
	return f(pod, container, command)
}

// postgres answers psql in every pod: statement and scripts alike.
func postgres(door, folder, rows string) fakePods {
	return func(_, _ string, command []string) (string, error) {
		if command[0] != "sh" || command[1] != "-c" || command[3] != "sh" {
			return "", errors.New("not the shell")
		}
		switch last := command[len(command)-1]; {
		case strings.Contains(command[2], "SHOW data_directory"):
			return door + "\n" + folder + "\n", nil
		case strings.Contains(last, "md5("):
			return rows + "\n", nil
		case strings.Contains(last, "AS shared"):
			return rows + "\n", nil
		case strings.Contains(last, "interval"):
			count, _, _ := strings.Cut(rows, "|")
			return count + "\n", nil
		}
		return "", &ExecError{Code: 1, Stderr: "ERROR:  syntax error"}
	}
}

func brokenPods(err error) fakePods {
	return func(string, string, []string) (string, error) { return "", err }
}

const pgdata = "/var/lib/postgresql/data/pgdata"

func db() databaseRef { return databaseRef{serviceRef{"db"}, "shop", "shop"} }

func TestStatefulSetServes(t *testing.T) {
	t.Parallel()
	check := &StatefulSetServes{serviceRef{"db"}}
	cases := map[string]struct {
		objects []runtime.Object
		passed  bool
		want    string
	}{
		"repaired":            {repaired(), true, "served by StatefulSet db"},
		"still a Deployment":  {deployed("a"), false, "not served by a StatefulSet: pod a belongs to ReplicaSet checkout-7f9c"},
		"a Deployment beside": {append(deployed("a"), dbPod("db-0"), dbSet(), dbBackendsOf("second", "db-0")), false, "pod a belongs to ReplicaSet"},
		"by hand":             {[]runtime.Object{dbPod("db-0", func(p *corev1.Pod) { p.OwnerReferences = nil }), dbBackends("db-0")}, false, "made by hand"},
		"scaled to zero":      {[]runtime.Object{dbSet(), dbBackends()}, false, "no pod behind Service db is ready"},
		"not rolled out": {
			[]runtime.Object{dbSet(func(s *appsv1.StatefulSet) { s.Generation = 2 }), dbPod("db-0"), dbBackends("db-0")},
			false,
			"its controller has not seen the newest change yet",
		},
		"the set was orphaned away": {[]runtime.Object{dbPod("db-0"), dbBackends("db-0")}, false, "StatefulSet db of pod db-0 is gone"},
		"two sets": {append(repaired(), dbPod("other-0", func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{controlledBy("StatefulSet", "other", "o")}
		}), dbBackendsOf("second", "other-0")), false, "others to"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, check, target(c.objects...), c.passed, c.want)
			if _, err := check.scope(t.Context(), target(c.objects...)); err != nil {
				t.Errorf("scope: %v", err)
			}
		})
	}
	expect(t, check, away(target()), false, "error: connection refused")
	scope, err := check.scope(t.Context(), target(repaired()...))
	if err != nil || scope.String() != "app=db" {
		t.Errorf("scope %v, %v", scope, err)
	}
}

func dbBackendsOf(name string, pods ...string) *discoveryv1.EndpointSlice {
	s := dbBackends(pods...)
	s.Name = name
	return s
}

func TestHeadlessService(t *testing.T) {
	t.Parallel()
	check := &HeadlessService{serviceRef{"db"}}
	with := func(set *appsv1.StatefulSet, services ...*corev1.Service) []runtime.Object {
		objects := []runtime.Object{set, dbPod("db-0"), dbBackends("db-0"), dbService("db")}
		for _, s := range services {
			objects = append(objects, s)
		}
		return objects
	}
	named := func(name string) *appsv1.StatefulSet {
		return dbSet(func(s *appsv1.StatefulSet) { s.Spec.ServiceName = name })
	}
	expect(t, check, target(repaired()...), true, "has its headless Service db-nodes")
	expect(t, check, target(deployed("a")...), true, "nothing to judge")
	expect(t, check, target(with(named(""))...), false, "names no Service")
	expect(t, check, target(with(named("db"))...), false, "is not headless")
	expect(t, check, target(with(named("db-nodes"))...), false, "does not exist")
	astray := dbService("db-nodes", headless, func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "cart"} })
	expect(t, check, target(with(named("db-nodes"), astray)...), false, "does not select the pods")
	blank := dbService("db-nodes", headless, func(s *corev1.Service) { s.Spec.Selector = nil })
	expect(t, check, target(with(named("db-nodes"), blank)...), false, "does not select the pods")
	expect(t, check, away(target()), false, "error: connection refused")
}

func TestVolumePerOrdinal(t *testing.T) {
	t.Parallel()
	check := &VolumePerOrdinal{db()}
	look := func(objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Pods = postgres("asked", pgdata, "")
		return on
	}
	with := func(set *appsv1.StatefulSet, p *corev1.Pod, phase corev1.PersistentVolumeClaimPhase) *Target {
		return look(set, p, dbBackends("db-0"), dbClaim("data-db-0", "c0", phase), dbClaim("db", "c", corev1.ClaimBound))
	}
	volumes := func(v ...corev1.Volume) *corev1.Pod {
		return dbPod("db-0", func(p *corev1.Pod) { p.Spec.Volumes = v })
	}
	mounted := func(at string, readOnly bool) *corev1.Pod {
		p := volumes(onClaim("data", "data-db-0"), onClaim("more", "db"))
		p.Spec.Containers[0].VolumeMounts = append(p.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "more", MountPath: at, ReadOnly: readOnly})
		return p
	}
	expect(t, check, look(repaired()...), true, "shares its database's claim")
	expect(t, check, look(deployed("a", "b")...), true, "nothing to judge")
	expect(t, check, with(dbSet(), volumes(onClaim("data", "db")), corev1.ClaimBound), false, "keeps its data on claim db, which is the same for every ordinal")
	// A dump is restored from a claim that the database's own container mounts.
	expect(t, check, with(dbSet(), mounted("/backups", true), corev1.ClaimBound), true, "shares its database's claim")
	expect(t, check, with(dbSet(), mounted("/backups", false), corev1.ClaimBound), true, "shares its database's claim")
	expect(t, check, with(dbSet(), mounted(pgdata+"/pg_wal", false), corev1.ClaimBound), false, "keeps its data on claim db")
	expect(t, check, with(dbSet(), mounted(pgdata, false), corev1.ClaimBound), false, "keeps its data on claim db")
	// A claim made by hand under the name that the template would give, without a template.
	bare := dbSet(func(s *appsv1.StatefulSet) { s.Spec.VolumeClaimTemplates = nil })
	expect(t, check, with(bare, dbPod("db-0"), corev1.ClaimBound), false, "the same for every ordinal")
	expect(t, check, with(dbSet(), dbPod("db-0"), corev1.ClaimPending), false, "is not bound")
	// An init container may fetch the data from the old volume.
	fetch := volumes(onClaim("data", "data-db-0"), onClaim("old", "db"))
	fetch.Spec.InitContainers = []corev1.Container{{Name: "fetch", VolumeMounts: []corev1.VolumeMount{{Name: "old", MountPath: "/old"}}}}
	expect(t, check, with(dbSet(), fetch, corev1.ClaimBound), true, "shares its database's claim")
	silent := look(repaired()...)
	silent.Pods = brokenPods(&ExecError{Code: 2, Stderr: "starting up"})
	expect(t, check, silent, true, "nothing to judge")
	silent.Pods = brokenPods(errors.New("no route"))
	expect(t, check, silent, false, "error: no route")
	expect(t, check, away(target()), false, "error: connection refused")
}

func TestVolumePersistent(t *testing.T) {
	t.Parallel()
	check := &VolumePersistent{db()}
	look := func(answers Pods, objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Pods = answers
		return on
	}
	with := func(v corev1.Volume) []runtime.Object {
		return []runtime.Object{dbSet(), dbBackends("db-0"), dbPod("db-0", func(p *corev1.Pod) { p.Spec.Volumes[0] = v })}
	}
	empty := corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
	ephemeral := corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}}
	answers := postgres("asked", pgdata, "")
	expect(t, check, look(answers, repaired()...), true, "keeps its data on claims")
	expect(t, check, look(answers, deployed("a")...), true, "nothing to judge")
	expect(t, check, look(answers, with(empty)...), false, "on emptyDir data: it is gone with the pod")
	expect(t, check, look(answers, with(ephemeral)...), false, "on ephemeral volume data")
	policy := func(scaled, deleted appsv1.PersistentVolumeClaimRetentionPolicyType) []runtime.Object {
		set := dbSet(func(s *appsv1.StatefulSet) {
			s.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: scaled, WhenDeleted: deleted}
		})
		return append(repaired(), set)[1:]
	}
	expect(t, check, look(answers, policy("Retain", "Retain")...), true, "keeps its data on claims")
	expect(t, check, look(answers, policy("Delete", "Retain")...), false, "deletes its claims when it is scaled down")
	expect(t, check, look(answers, policy("Retain", "Delete")...), false, "deletes its claims when it is deleted")
	// The claim is mounted, and the data lies elsewhere.
	expect(t, check, look(postgres("asked", "/tmp/pgdata", ""), repaired()...), false, "in /tmp/pgdata, on the container's own file system")
	expect(t, check, look(postgres("asked", "/var/lib/postgresql/database", ""), repaired()...), false, "own file system")
	expect(t, check, look(brokenPods(&ExecError{Code: 2, Stderr: "starting up"}), repaired()...), true, "nothing to judge")
	expect(t, check, look(brokenPods(errors.New("no route")), repaired()...), false, "error: no route")
	expect(t, check, look(nil, repaired()...), false, "error: no way to run commands")
}

func TestPasswordAsked(t *testing.T) {
	t.Parallel()
	check := &PasswordAsked{db()}
	look := func(answers Pods) *Target {
		on := target(repaired()...)
		on.Pods = answers
		return on
	}
	expect(t, check, look(postgres("asked", pgdata, "")), true, "asks for a password")
	expect(t, check, look(postgres("open", pgdata, "")), false, "lets shop in without a password")
	expect(t, check, look(brokenPods(&ExecError{Code: 2, Stderr: "starting up"})), true, "nothing to judge")
	expect(t, check, look(brokenPods(errors.New("no route"))), false, "error: no route")
	expect(t, check, look(fakePods(func(string, string, []string) (string, error) { return "asked", nil })), false, "error: unexpected answer")
}

func TestRowsKept(t *testing.T) {
	t.Parallel()
	check := &RowsKept{databaseRef: db(), Table: "orders", Columns: []string{"number", "reference"}, Where: "number <= 500"}
	healthy := target(deployed("a")...)
	healthy.Pods = postgres("asked", pgdata, "500|abc")
	base := baselineOf(t, deployed("a")...)
	if err := base.TakeFor(t.Context(), healthy, Plan{Checks: []Step{{"rows", check}, {"set", &StatefulSetServes{serviceRef{"db"}}}}}); err != nil {
		t.Fatal(err)
	}
	look := func(answers Pods, objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Pods, on.Baseline = answers, base
		return on
	}
	byPod := fakePods(func(pod, container string, command []string) (string, error) {
		if container != "postgres" {
			return "", errors.New("not the database's container")
		}
		if pod == "b" {
			return "0|none", nil
		}
		return postgres("asked", pgdata, "500|abc")(pod, container, command)
	})
	expect(t, check, look(postgres("asked", pgdata, "500|abc"), repaired()...), true, "every one of the 500 rows")
	expect(t, check, look(postgres("asked", pgdata, "0|none"), repaired()...), false, "0 of 500 rows are left")
	expect(t, check, look(postgres("asked", pgdata, "499|abd"), repaired()...), false, "499 of 500 rows are left")
	expect(t, check, look(postgres("asked", pgdata, "500|other"), repaired()...), false, "not the ones of before")
	expect(t, check, look(postgres("asked", pgdata, "501|abc"), repaired()...), false, "501 rows instead of 500")
	expect(t, check, look(byPod, deployed("a", "b")...), false, "in pod b: 0 of 500")
	expect(t, check, look(postgres("asked", pgdata, ""), dbSet(), dbBackends()), false, "no pod behind Service db is ready")
	expect(t, check, look(brokenPods(&ExecError{Code: 127, Stderr: "the container has no such command"}), repaired()...), false, "no such command")
	expect(t, check, look(brokenPods(&ExecError{Code: 1, Stderr: `ERROR:  relation "orders" does not exist`}), repaired()...), false, "does not exist")
	expect(t, check, look(brokenPods(errors.New("no route")), repaired()...), false, "error: no route")
	expect(t, check, look(postgres("asked", pgdata, "many|abc"), repaired()...), false, `error: answered "many|abc"`)
	expect(t, check, target(repaired()...), false, "error: no baseline")
	other := look(postgres("asked", pgdata, "500|abc"), repaired()...)
	other.Baseline = baselineOf(t)
	expect(t, check, other, false, "error: the baseline has no rows")
}

func TestRowsAreRecordedBeforeTheFault(t *testing.T) {
	t.Parallel()
	check := &RowsKept{databaseRef: db(), Table: "orders", Columns: []string{"number"}, Where: "true"}
	for name, c := range map[string]struct {
		objects []runtime.Object
		answers Pods
		want    string
	}{
		"no row":    {deployed("a"), postgres("asked", pgdata, "0|none"), "nothing to keep"},
		"no pod":    {deployed(), postgres("asked", pgdata, "1|a"), "0 pods are ready"},
		"two pods":  {deployed("a", "b"), postgres("asked", pgdata, "1|a"), "2 pods are ready"},
		"no answer": {deployed("a"), brokenPods(&ExecError{Code: 2, Stderr: "starting up"}), "starting up"},
	} {
		on := target(c.objects...)
		on.Pods = c.answers
		err := baselineOf(t).TakeFor(t.Context(), on, Plan{Safeguards: []Guard{{Name: "rows", Checker: check}}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestRowsArrive(t *testing.T) {
	t.Parallel()
	check := &RowsArrive{databaseRef: db(), Table: "orders", Column: "placed_at"}
	look := func(answers Pods, objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Pods = answers
		return on
	}
	expect(t, check, look(postgres("", "", "17"), repaired()...), true, "new rows arrive")
	expect(t, check, look(postgres("", "", "0"), repaired()...), false, "no row arrived in table orders within 10s")
	expect(t, check, look(brokenPods(&ExecError{Code: 2, Stderr: "starting up"}), repaired()...), false, "starting up")
	expect(t, check, look(brokenPods(errors.New("no route")), repaired()...), false, "error: no route")
	expect(t, check, look(postgres("", "", "17"), dbBackends()), false, "no pod behind")
}

func TestRowsUnique(t *testing.T) {
	t.Parallel()
	check := &RowsUnique{databaseRef: db(), Table: "orders", Unique: "number", Column: "placed_at"}
	look := func(answers Pods, objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Pods = answers
		return on
	}
	expect(t, check, look(postgres("", "", "0|1000"), repaired()...), true, "every number that table orders gave out lately is given once")
	expect(t, check, look(postgres("", "", "2|1000"), repaired()...), false, "has a number that another one has")
	expect(t, check, look(postgres("", "", "many"), repaired()...), false, `error: answered "many"`)
	expect(t, check, look(brokenPods(&ExecError{Code: 2, Stderr: "starting up"}), repaired()...), false, "starting up")
	expect(t, check, look(brokenPods(errors.New("no route")), repaired()...), false, "error: no route")
	expect(t, check, look(postgres("", "", "0|1000"), dbBackends()), false, "no pod behind")
}

// TestRowsThatWaited: a sequence that caught up by itself has given numbers twice for as long
// as that took; they are given anew, or it is no repair. A moment of it is forgiven.
func TestRowsThatWaited(t *testing.T) {
	t.Parallel()
	check := &RowsUnique{databaseRef: db(), Table: "orders", Unique: "number", Column: "placed_at"}
	remembered := new(memory)
	look := func(lately, since int, clock int) *Target {
		on := target(repaired()...)
		remembered.asked = nil // no answer of before counts
		on.memory = remembered
		on.Pods = fakePods(func(_, _ string, command []string) (string, error) {
			count := lately
			if strings.Contains(command[len(command)-1], "placed_at > to_timestamp(1000)") {
				count = since
			}
			return fmt.Sprintf("%d|%d\n", count, clock), nil
		})
		return on
	}
	expect(t, check, look(2, 2, 900), false, "within 10s")
	expect(t, check, look(2, 2, 920), false, "within 10s")
	expect(t, check, look(0, 2, 925), true, "given once") // in good time
	expect(t, check, look(2, 2, 1000), false, "within 10s")
	expect(t, check, look(2, 2, 1031), false, "within 10s")
	expect(t, check, look(0, 2, 1060), false, "to wait until it is not gives nobody another one")
	expect(t, check, look(0, 2, 1300), false, "to wait until it is not gives nobody another one")
	expect(t, check, look(0, 0, 1310), true, "given once") // they were given other numbers
	expect(t, check, look(0, 2, 1320), true, "given once")
}

func TestDatabaseSettings(t *testing.T) {
	t.Parallel()
	check := &DatabaseSettings{databaseRef: db(), Enabled: []string{"fsync", "full_page_writes"}, Logged: []string{"orders"}}
	says := func(answer string, err error) *Target {
		on := target(repaired()...)
		on.Pods = fakePods(func(_, _ string, command []string) (string, error) {
			if last := command[len(command)-1]; err == nil && (!strings.Contains(last, "IN ('fsync', 'full_page_writes')") || !strings.Contains(last, "relpersistence <> 'p' AND relname IN ('orders')")) {
				return "", &ExecError{Code: 1, Stderr: "ERROR:  " + last}
			}
			return answer + "\n", err
		})
		return on
	}
	expect(t, check, says("none", nil), true, "keeps what it confirmed")
	expect(t, check, says("fsync, full_page_writes", nil), false, "runs without fsync, full_page_writes")
	expect(t, check, says("", &ExecError{Code: 2, Stderr: "starting up"}), true, "nothing to judge")
	expect(t, check, says("", errors.New("no route")), false, "error: no route")
	for _, name := range []string{"", "fsync'", "a; b"} {
		if (&DatabaseSettings{Enabled: []string{name}}).Validate() == nil || (&DatabaseSettings{Logged: []string{name}}).Validate() == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

// TestAnswersCountForSeconds: the rounds of a hold do not each start processes in the
// pods, and a new pod is always asked anew.
func TestAnswersCountForSeconds(t *testing.T) {
	t.Parallel()
	asked := 0
	on := target(repaired()...)
	on.memory = new(memory)
	now := epoch
	on.Now = func() time.Time { return now }
	on.Pods = fakePods(func(string, string, []string) (string, error) { asked++; return "1", nil })
	ask := func(p *corev1.Pod, want int) {
		t.Helper()
		if _, err := db().ask(t.Context(), on, p, "SELECT 1"); err != nil || asked != want {
			t.Errorf("asked %d times, %v, want %d", asked, err, want)
		}
	}
	ask(dbPod("db-0"), 1)
	ask(dbPod("db-0"), 1)
	ask(dbPod("db-0", func(p *corev1.Pod) { p.UID = "next" }), 2)
	ask(dbPod("db-0", onPod(func(c *corev1.ContainerStatus) { c.RestartCount++ })), 3)
	now = now.Add(answerCounts)
	ask(dbPod("db-0"), 4)
	on.memory.forget()
	ask(dbPod("db-0"), 5)
}

func TestPodsOnClaim(t *testing.T) {
	t.Parallel()
	check := &PodsOnClaim{Claim: "db", Min: 2}
	expect(t, check, target(deployed("a", "b")...), true, "2 running pods mount claim db at once")
	expect(t, check, target(deployed("a")...), false, "1 running pods mount claim db")
	expect(t, check, target(append(deployed("a"), dbPod("db-0"))...), false, "1 running pods")
	going := deployed("a", "b")
	leaving(going[len(going)-1].(*corev1.Pod))
	expect(t, check, target(going...), false, "1 running pods")
	expect(t, check, away(target()), false, "error: connection refused")
}

func TestClaimKept(t *testing.T) {
	t.Parallel()
	check := &ClaimKept{"backups"}
	base := baselineOf(t, dbClaim("backups", "was", corev1.ClaimBound))
	look := func(objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Baseline = base
		return on
	}
	expect(t, check, look(dbClaim("backups", "was", corev1.ClaimBound)), true, "is the one it was")
	expect(t, check, look(dbClaim("backups", "new", corev1.ClaimBound)), false, "there is a new one of the name")
	expect(t, check, look(), false, "was deleted, and its volume with it")
	going := dbClaim("backups", "was", corev1.ClaimBound)
	when := metav1.NewTime(epoch)
	going.DeletionTimestamp, going.Finalizers = &when, []string{"kubernetes.io/pvc-protection"}
	expect(t, check, look(going), false, "as soon as no pod uses it")
	expect(t, &ClaimKept{"none"}, look(), false, "error: the baseline has no claim")
	expect(t, check, target(), false, "error: no baseline")
}

func TestJobComplete(t *testing.T) {
	t.Parallel()
	check := &JobComplete{"import"}
	job := func(kind batchv1.JobConditionType, status corev1.ConditionStatus) *batchv1.Job {
		return &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: "import", Namespace: shopNS},
			Status:     batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: kind, Status: status, Message: "too often"}}},
		}
	}
	expect(t, check, target(job(batchv1.JobComplete, corev1.ConditionTrue)), true, "is complete")
	expect(t, check, target(job(batchv1.JobComplete, corev1.ConditionFalse)), false, "not complete yet")
	expect(t, check, target(job(batchv1.JobFailed, corev1.ConditionTrue)), false, "failed (too often)")
	expect(t, check, target(), false, "does not exist")
	expect(t, check, away(target()), false, "error: connection refused")
}

func TestDeletePodBehind(t *testing.T) {
	t.Parallel()
	perturb := &DeletePodBehind{serviceRef{"db"}}
	on := target(append(repaired(), dbPod("db-9"))...)
	did, err := perturb.Perturb(t.Context(), on)
	if err != nil || did != "deleted pod db-0" {
		t.Errorf("%q, %v", did, err)
	}
	if _, err := perturb.Perturb(t.Context(), target(dbBackends())); err == nil || !strings.Contains(err.Error(), "none to delete") {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := perturb.Perturb(t.Context(), away(target())); err == nil {
		t.Error("API server away, and no error")
	}
}

func TestRolloutRestart(t *testing.T) {
	t.Parallel()
	perturb := &RolloutRestart{serviceRef{"db"}}
	on := target(repaired()...)
	did, err := perturb.Perturb(t.Context(), on)
	if err != nil || did != "rolled StatefulSet db out anew" {
		t.Errorf("%q, %v", did, err)
	}
	set, err := on.Client.AppsV1().StatefulSets(shopNS).Get(t.Context(), "db", metav1.GetOptions{})
	if err != nil || set.Spec.Template.Annotations[restartedAt] == "" {
		t.Errorf("template %+v, %v", set.Spec.Template.Annotations, err)
	}
	did, err = perturb.Perturb(t.Context(), target(deployed("a")...))
	if err != nil || did != "rolled Deployment checkout out anew" {
		t.Errorf("%q, %v", did, err)
	}
	_, err = perturb.Perturb(t.Context(), target(dbPod("db-0", func(p *corev1.Pod) { p.OwnerReferences = nil }), dbBackends("db-0")))
	judge(t, "", err, "made by hand", "")
	if _, err := perturb.Perturb(t.Context(), target(dbBackends())); err == nil {
		t.Error("nothing to roll out, and no error")
	}
}
