package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func secretNamed(name string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: shopNS}, Data: map[string][]byte{}}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

func fromSecretKey(name string, optional bool) corev1.EnvVar {
	return corev1.EnvVar{Name: "TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: "token", Optional: &optional,
	}}}
}

func named(name string, v corev1.EnvVar) corev1.EnvVar {
	v.Name = name
	return v
}

// TestSecretKept: each way to go wrong with a credential is refused by one aspect and no other.
func TestSecretKept(t *testing.T) {
	t.Parallel()
	env := func(vars ...corev1.EnvVar) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) { web(d).Env = vars }
	}
	envFrom := func(sources ...corev1.EnvFromSource) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) { web(d).EnvFrom = sources }
	}
	volume := func(source corev1.VolumeSource, sub string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			web(d).Env = []corev1.EnvVar{{Name: "TOKEN_FILE", Value: "/creds/token"}}
			m := corev1.VolumeMount{Name: "creds", MountPath: "/creds"}
			if sub != "" {
				m.MountPath, m.SubPath = "/creds/token", sub
			}
			web(d).VolumeMounts = []corev1.VolumeMount{{Name: "root", MountPath: "/"}, m}
			d.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "creds", VolumeSource: source}}
		}
	}
	yes := true
	ref := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	secretVolume := func(name string) corev1.VolumeSource {
		return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}
	}
	cases := map[string]struct {
		change func(*appsv1.Deployment)
		broken string // the aspect
	}{
		"the right one":           {env(fromSecretKey("good", false)), ""},
		"not there yet":           {env(fromSecretKey("none", false)), ""},
		"a key that is not there": {env(fromSecretKey("empty", false)), ""},
		"a dummy":                 {env(fromSecretKey("dummy", false)), secretValue},
		"optional":                {env(fromSecretKey("none", true)), secretOptional},
		"removed":                 {env(), secretReference},
		"emptied":                 {env(corev1.EnvVar{Name: "TOKEN"}), secretReference},
		"in the template":         {env(corev1.EnvVar{Name: "TOKEN", Value: "s3cret"}), secretClear},
		"by another variable":     {env(named("RAW", fromSecretKey("good", false)), corev1.EnvVar{Name: "TOKEN", Value: "$(RAW)"}), ""},
		"by one with a dummy":     {env(named("RAW", fromSecretKey("dummy", false)), corev1.EnvVar{Name: "TOKEN", Value: "$(RAW)"}), secretValue},
		"by one that is clear":    {env(corev1.EnvVar{Name: "RAW", Value: "s3cret"}, corev1.EnvVar{Name: "TOKEN", Value: "$(RAW)"}), secretClear},
		"by one that comes later": {env(corev1.EnvVar{Name: "TOKEN", Value: "$(RAW)"}, named("RAW", fromSecretKey("good", false))), secretReference},
		"by one and more":         {env(named("RAW", fromSecretKey("good", false)), corev1.EnvVar{Name: "TOKEN", Value: "x$(RAW)"}), secretClear},
		"by itself":               {env(corev1.EnvVar{Name: "TOKEN", Value: "$(TOKEN)"}), secretReference},
		"a later one wins":        {env(fromSecretKey("good", false), corev1.EnvVar{Name: "TOKEN", Value: "s3cret"}), secretClear},
		"in a ConfigMap": {env(corev1.EnvVar{Name: "TOKEN", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: ref("clear"), Key: "TOKEN",
		}}}), secretClear},
		"a whole Secret": {envFrom(corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref("whole")}}), ""},
		"a whole Secret, prefixed": {envFrom(corev1.EnvFromSource{
			Prefix: "TO", SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref("prefixed")},
		}), ""},
		"a whole Secret without the key": {envFrom(corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref("empty")}}), secretReference},
		"a whole ConfigMap": {envFrom(
			corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref("whole")}},
			corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: ref("clear")}},
		), secretClear},
		"mounted":                {volume(secretVolume("good"), ""), ""},
		"mounted as one file":    {volume(secretVolume("good"), "token"), ""},
		"mounted, not there yet": {volume(secretVolume("none"), ""), ""},
		"mounted, a dummy":       {volume(secretVolume("dummy"), ""), secretValue},
		"mounted, optional":      {volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "none", Optional: &yes}}, ""), secretOptional},
		"mounted under another key": {volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: "ledger", Items: []corev1.KeyToPath{{Key: "accepted", Path: "token"}},
		}}, ""), ""},
		"mounted with another file": {volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: "good", Items: []corev1.KeyToPath{{Key: "token", Path: "elsewhere"}},
		}}, ""), secretReference},
		"projected": {volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: ref("good")}},
		}}}, ""), ""},
		"projected, and a dummy over it":               {volume(projected(secretSource("good"), secretSource("dummy")), ""), secretValue},
		"projected over a dummy":                       {volume(projected(secretSource("dummy"), secretSource("good")), ""), ""},
		"projected, and a dummy over the other side's": {volume(projected(secretSource("ledger"), secretSource("dummy")), ""), secretValue},
		"projected, without the key over it":           {volume(projected(secretSource("good"), secretSource("empty")), ""), ""},
		"projected, in clear over it":                  {volume(projected(secretSource("good"), configMapSource("clear")), ""), secretClear},
		"projected over what is in clear":              {volume(projected(configMapSource("clear"), secretSource("good")), ""), ""},
		"projected, none has the key":                  {volume(projected(secretSource("empty"), secretSource("ledger")), ""), secretReference},
		"projected, not there yet":                     {volume(projected(secretSource("dummy"), secretSource("none")), ""), ""},
		"projected, labels over it": {volume(projected(secretSource("good"), corev1.VolumeProjection{DownwardAPI: &corev1.DownwardAPIProjection{
			Items: []corev1.DownwardAPIVolumeFile{{Path: "token"}},
		}}), ""), secretClear},
		"the file named by a ConfigMap": {func(d *appsv1.Deployment) {
			volume(secretVolume("dummy"), "")(d)
			web(d).Env = []corev1.EnvVar{fromSecretKey("good", false), {Name: "TOKEN_FILE", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: ref("clear"), Key: "file",
			}}}}
		}, secretValue},
		"the file named later": {func(d *appsv1.Deployment) {
			volume(secretVolume("dummy"), "")(d)
			web(d).Env = []corev1.EnvVar{{Name: "TOKEN_FILE", Value: "/none"}, {Name: "TOKEN_FILE", Value: "/creds/token"}}
		}, secretValue},
		"mounted from a ConfigMap": {volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: ref("clear")}}, ""), secretClear},
		"an empty folder":          {volume(corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, ""), secretReference},
		"a file of no volume":      {env(corev1.EnvVar{Name: "TOKEN_FILE", Value: "/creds/token"}), secretReference},
	}
	for name, c := range cases {
		for _, aspect := range []string{secretReference, secretClear, secretOptional, secretValue} {
			t.Run(name+"/"+aspect, func(t *testing.T) {
				t.Parallel()
				on := target(append(with(c.change), credentials()...)...)
				on.Baseline = baselineOf(t, shop()...)
				expect(t, secretCheck(aspect), on, aspect != c.broken, "")
			})
		}
	}
}

func secretCheck(aspect string) *SecretKept {
	c := &SecretKept{workloadRef: workloadRef{Name: "checkout"}, Container: "web", Env: "TOKEN", FileEnv: "TOKEN_FILE", Aspect: aspect}
	if aspect == secretValue {
		c.Accepted, c.AcceptedKey = "ledger", "accepted"
	}
	return c
}

// credentials are what the namespace holds beside the shop.
func credentials() []runtime.Object {
	return []runtime.Object{
		secretNamed("ledger", map[string]string{"accepted": "s3cret"}), secretNamed("good", map[string]string{"token": "s3cret\n"}),
		secretNamed("dummy", map[string]string{"token": "changeme"}), secretNamed("empty", nil),
		secretNamed("whole", map[string]string{"TOKEN": "s3cret"}), secretNamed("prefixed", map[string]string{"KEN": "s3cret"}),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "clear", Namespace: shopNS}, Data: map[string]string{"TOKEN": "s3cret", "token": "s3cret", "file": "/creds/token"}},
	}
}

func projected(sources ...corev1.VolumeProjection) corev1.VolumeSource {
	return corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: sources}}
}

func secretSource(name string) corev1.VolumeProjection {
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
}

func configMapSource(name string) corev1.VolumeProjection {
	return corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
}

func TestSecretKeptBlind(t *testing.T) {
	t.Parallel()
	dummy := with(func(d *appsv1.Deployment) { web(d).Env = []corev1.EnvVar{fromSecretKey("dummy", false)} })
	on := target(append(dummy, secretNamed("dummy", map[string]string{"token": "x"}))...)
	on.Baseline = baselineOf(t, shop()...)
	expect(t, secretCheck(secretValue), on, false, "error: nothing to compare with")
	on = target(append(dummy, credentials()...)...)
	on.Baseline = baselineOf(t, shop()...)
	on.Client.(*fake.Clientset).PrependReactor("get", "secrets", refuse)
	expect(t, secretCheck(secretValue), on, false, "error: connection refused")
	if (&SecretKept{Aspect: secretValue}).Validate() == nil || (&SecretKept{Aspect: secretClear, Accepted: "x"}).Validate() == nil {
		t.Error("a comparison with nothing was accepted")
	}
}

func TestEnvIs(t *testing.T) {
	t.Parallel()
	check := &EnvIs{workloadRef{Name: "checkout"}, "web", "BACKEND_URL", "http://ledger/"}
	for value, passed := range map[string]bool{"http://ledger/": true, "": false, "http://fake/": false} {
		on := target(with(func(d *appsv1.Deployment) { web(d).Env = []corev1.EnvVar{{Name: "BACKEND_URL", Value: value}} })...)
		on.Baseline = baselineOf(t, shop()...)
		expect(t, check, on, passed, "BACKEND_URL")
	}
	on := target(shop()...)
	on.Baseline = baselineOf(t, shop()...)
	expect(t, check, on, false, `is "" instead of`)
}

func TestEnvNotSet(t *testing.T) {
	t.Parallel()
	check := &EnvNotSet{workloadRef{Name: "checkout"}, "web", []string{"LEAK", "DELAY"}}
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: shopNS}, Data: map[string]string{"LEAK": "0", "OTHER": "1"}}
	all := func(c *corev1.Container) {
		c.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
	}
	for name, c := range map[string]struct {
		change func(*corev1.Container)
		passed bool
		want   string
	}{
		"as built":           {func(*corev1.Container) {}, true, "as it was built"},
		"another variable":   {func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "OTHER", Value: "1"}} }, true, ""},
		"set":                {func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "DELAY", Value: "0s"}} }, false, "DELAY of Deployment/checkout was set"},
		"set to nothing":     {func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "LEAK"}} }, false, "LEAK of Deployment/checkout was set"},
		"by a ConfigMap":     {all, false, "LEAK of Deployment/checkout was set"},
		"no container of it": {func(c *corev1.Container) { c.Name = "other" }, true, "nothing to compare"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(append(with(func(d *appsv1.Deployment) { c.change(web(d)) }), settings)...)
			on.Baseline = baselineOf(t, shop()...)
			expect(t, check, on, c.passed, c.want)
		})
	}
	on := target(append(with(func(d *appsv1.Deployment) { all(web(d)) }), settings)...)
	on.Baseline = baselineOf(t, shop()...)
	on.Client.(*fake.Clientset).PrependReactor("get", "configmaps", refuse)
	expect(t, check, on, false, "error: connection refused")
}

func TestPodAnswers(t *testing.T) {
	t.Parallel()
	unready := func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
	check := &PodAnswers{podSelector{"app=checkout"}, "8080", "/", 401}
	cases := map[string]struct {
		b      proxied
		passed bool
		reason string
	}{
		"both":         {proxied{status: 401, body: "invalid token"}, true, "every pod answers 401"},
		"one lets in":  {proxied{status: 200, body: "ok"}, false, "pod b answers 200 instead of 401"},
		"one is wrong": {proxied{status: 500, body: "oops"}, false, "pod b answers 500"},
		"one is away":  {proxied{err: errNoRoute}, false, "error: no route to host"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(pod("a"), pod("b"), pod("c", unready), pod("d", leaving))
			answering(on, func(a clienttesting.ProxyGetAction) proxied {
				if a.GetName() == "a" {
					return proxied{status: 401, body: "invalid token"}
				}
				return c.b
			})
			expect(t, check, on, c.passed, c.reason)
		})
	}
	expect(t, check, target(pod("c", unready)), false, "error: there is none to ask")
	expect(t, check, away(target()), false, "error: connection refused")
}
