package audit

import (
	"strings"
	"testing"
)

func TestRedactSentenceKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"rolled checkout back to 2.3.0, users are served again (p99 40 ms)",
		"the secret is missing, and the token was revoked: asked the owner",
		"the password is wrong in secret/db-credentials, the Secret of before had 2 keys",
		"a basic mistake: limit 64Mi, working set 120Mi; pod checkout-7f9c64b5d-x2x8k_shop-aaaaa",
		"image sha256:3f4a9c1b2d7e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c is not there",
		"https://status.example/incidents/4711: half of the users",
		"imagePullSecrets names the Secret of another registry",
	} {
		if got := RedactSentence(text); got != text {
			t.Errorf("%s\nbecame %s", text, got)
		}
	}
}

func TestRedactSentenceHidesSecrets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"the password is hunter2, do not tell", "set DB_PASSWORD=hunter2 again", `password: "hunter2"`, "changed the token to hunter2.",
		"postgres://app:hunter2@db/orders works", "kubectl create secret generic db --from-literal=x=hunter2", "Authorization: Bearer hunter2hunter2",
		"api_key=hunter2", "the db-password was hunter2)", "ran ALTER USER shop PASSWORD 'hunter2' there",
	} {
		if got := RedactSentence(text); strings.Contains(got, "hunter2") {
			t.Errorf("%s\nshows %s", text, got)
		}
	}
	for text, word := range map[string]string{
		"it is aHVudGVyMg==, decoded": "aHVud", "took eyJhbGciOiJSUzI1NiJ9.e30.x": "eyJ", "ghp_16C7e42F292c6912E7710c838347Ae178B4a leaked": "ghp_",
	} {
		if got := RedactSentence(text); strings.Contains(got, word) {
			t.Errorf("%s\nshows %s", text, got)
		}
	}
}
