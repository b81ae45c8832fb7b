package audit

import (
	"strings"
	"testing"
)

func TestRedactShellKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"systemctl status kubelet", "systemctl enable --now containerd", "journalctl -u kubelet -n 50 --no-pager", "df -h", "df -H", "free -m",
		"crictl ps -a", "crictl logs 3f4a9c1b2d7e", "crictl inspect 3f4a9c1b2d7e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c", "ps -u root",
		"cat /etc/kubernetes/pki/ca.crt", "ls -la /var/lib/kubelet", "ss -tlnp | grep 6443", "tail -n 20 /var/log/containers/checkout-7f9c64b5d-x2x8k_shop-aaaaa_app.log",
		"sudo systemctl restart kubelet && systemctl is-active kubelet", "curl -sk https://localhost:10250/healthz", "kubectl get secret db",
		"openssl x509 -in /var/lib/kubelet/pki/kubelet.crt -noout -enddate", "grep -c staticPodPath /var/lib/kubelet/config.yaml",
	} {
		if got := RedactShell(line); got != line {
			t.Errorf("%s\nbecame %s", line, got)
		}
	}
}

func TestRedactShellHidesSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, line := range []string{
		"env DB_PASSWORD=hunter2 run", "export API_TOKEN='hunter2'", `export SECRET="hunter2 and more"`, "TOKEN=hunter2", "PGPASSWORD=hunter2 psql -h db",
		"kubectl create secret generic db --from-literal=x=hunter2", "kubectl create secret generic db --from-literal user='hunter2'",
		"kubectl create configmap c --from-literal=mode=hunter2", "curl http://bob:hunter2@db/x", "curl https://hunter2@git.example/x",
		"git clone https://oauth2:hunter2@git.example/x", `curl -H "Authorization: Bearer hunter2" http://x`, "curl -H 'X-Api-Key: hunter2' http://x",
		"curl --header 'Authorization: Basic hunter2' http://x", `echo "Bearer hunter2"`, "curl -u bob:hunter2 http://x", "curl -ubob:hunter2 http://x",
		"mysql -u root -phunter2", "mysql -u root -p hunter2", "mysql --password=hunter2", "mysql --password hunter2", "redis-cli -a hunter2 ping",
		"sshpass -p hunter2 ssh x", "kubeadm join --token hunter2 host", "sudo docker login -u bob -p hunter2", "kubectl --token=hunter2 get pods",
		`echo '{"password":"hunter2"}' > x`, `echo "password: hunter2" >> x`, `curl -d '{"client_secret": "hunter2"}' x`, "openssl x509 -passin=hunter2",
		"crictl pull --creds-secret=hunter2 x", "crictl pull --creds shop:hunter2 h/shop/app:1", "crictl pull --creds=shop:hunter2 h/x", "skopeo copy --src-creds shop:hunter2 docker://x dir:y",
		"podman pull --creds shop:hunter2 h/x", `psql -c "ALTER USER shop WITH PASSWORD 'hunter2'"`, `mysql -e "create user a identified by 'hunter2 x'"`,
		`mysql -e "SET PASSWORD FOR a = PASSWORD('hunter2')"`,
	} {
		if got := RedactShell(line); strings.Contains(got, secret) {
			t.Errorf("%s\nshows %s", line, got)
		}
	}
	for line, word := range map[string]string{
		"echo aHVudGVyMg== | base64 -d":                                       "aHVudGVyMg",
		"echo aHVudGVyMgo= | base64 -d":                                       "aHVudGVyMgo",
		"echo 'aHVudGVyMmh1bnRlcjJodW50ZXIy' | base64 -d":                     "aHVudGVy",
		"kubectl config set-credentials x --token eyJhbGciOiJSUzI1NiJ9.e30.x": "eyJ",
		"curl -sk https://10.0.0.1/?t=eyJhbGciOiJSUzI1NiJ9.e30.x":             "eyJ",
		"login AKIAIOSFODNN7EXAMPLE9":                                         "AKIA",
		"echo ghp_16C7e42F292c6912E7710c838347Ae178B4a":                       "ghp_",
	} {
		if got := RedactShell(line); strings.Contains(got, word) {
			t.Errorf("%s\nshows %s", line, got)
		}
	}
}

func FuzzRedactShell(f *testing.F) {
	f.Add("curl -H 'a: b' | x && y=z")
	f.Fuzz(func(t *testing.T, line string) {
		got := RedactShell(line)
		if len(got) > maxShell || strings.ContainsAny(got, "\n\x1b") {
			t.Errorf("%q became %q", line, got)
		}
	})
}

// TestNoSecretInAnEvent sends secrets wherever a request has room for one.
func TestNoSecretInAnEvent(t *testing.T) {
	t.Parallel()
	const encoded = "aHVudGVyMg=="
	exec := objectRef{Resource: "pods", Namespace: fixtureRun, Name: "a", Subresource: "exec"}
	for name, b := range map[string]lineBuilder{
		"env":           {verb: "patch", ref: deployment("d"), body: `{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"DB_PASSWORD","value":"hunter2"}]}]}}}}`},
		"env json":      {verb: "patch", ref: deployment("d"), body: `[{"op":"add","path":"/spec/template/spec/containers/0/env/0","value":{"name":"API_TOKEN","value":"hunter2"}}]`},
		"env address":   {verb: "patch", ref: deployment("d"), body: `{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"DB_URL","value":"postgres://bob:hunter2@db/x"}]}]}}}}`},
		"secret data":   {verb: "patch", ref: objectRef{Resource: "secrets", Namespace: fixtureRun, Name: "db"}, body: `{"data":{"password":"aHVudGVyMg=="}}`},
		"secret string": {verb: "create", ref: objectRef{Resource: "secrets", Namespace: fixtureRun}, body: `{"metadata":{"name":"db"},"stringData":{"x":"hunter2"}}`},
		"config data":   {verb: "patch", ref: objectRef{Resource: "configmaps", Namespace: fixtureRun, Name: "c"}, body: `{"data":{"token":"hunter2","x":"aHVudGVyMg=="}}`},
		"annotation":    {verb: "patch", ref: deployment("d"), body: `{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"hunter2","note":"hunter2"}}}`},
		"arguments":     {verb: "patch", ref: deployment("d"), body: `{"spec":{"template":{"spec":{"containers":[{"name":"a","args":["--password","hunter2","--token=hunter2"]}]}}}}`},
		"exec env":      {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=env&command=TOKEN%3Dhunter2&command=run"},
		"exec basic":    {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=curl&command=http%3A%2F%2Fbob%3Ahunter2%40db"},
		"exec bearer":   {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=curl&command=-H&command=Authorization%3A+Bearer+hunter2"},
		"exec script":   {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=sh&command=-c&command=curl+-H+%22Authorization%3A+Bearer+hunter2%22+x"},
		"exec base64":   {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=sh&command=-c&command=echo+aHVudGVyMg%3D%3D+%7C+base64+-d"},
		"config key":    {verb: "patch", ref: objectRef{Resource: "configmaps", Namespace: fixtureRun, Name: "c"}, body: `{"data":{"password.txt":"hunter2"}}`},
		"config file":   {verb: "patch", ref: objectRef{Resource: "configmaps", Namespace: fixtureRun, Name: "c"}, body: `{"data":{"app.properties":"db.user=bob\ndb.password=hunter2"}}`},
		"env query":     {verb: "patch", ref: deployment("d"), body: `{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"DB_URL","value":"jdbc:postgresql://db/x?user=a&password=hunter2"}]}]}}}}`},
		"env options":   {verb: "patch", ref: deployment("d"), body: `{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"JAVA_OPTS","value":"-Xmx1g -Ddb.password=hunter2"}]}]}}}}`},
		"exec attached": {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=mysql&command=-uroot&command=-phunter2"},
		"exec nested":   {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=sh&command=-c&command=cd+%2F+%26%26+curl+-ubob%3Ahunter2+x"},
		"exec sql":      {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=psql&command=-c&command=ALTER+USER+shop+PASSWORD+%27hunter2%27"},
		"exec mysql":    {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=mysql&command=-e&command=CREATE+USER+a+IDENTIFIED+BY+%22hunter2%22"},
		"from literal":  {verb: "get", ref: exec, stage: "ResponseStarted", uri: "/x?command=kubectl&command=create&command=secret&command=generic&command=x&command=--from-literal%3Da%3Dhunter2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := classifyAll(fixtureRun, [][]byte{b.line()})
			if len(events) == 0 {
				t.Fatal("nothing was told")
			}
			for _, e := range events {
				if told := e.Text + e.Detail + e.Name; strings.Contains(told, "hunter2") || strings.Contains(told, encoded) {
					t.Errorf("a secret is told: %s", told)
				}
			}
		})
	}
}
