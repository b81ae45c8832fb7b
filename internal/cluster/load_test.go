package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseImageIDs(t *testing.T) {
	t.Parallel()
	const out = `firedrill-image docker.io/firedrill/checkout:2.3.0
{"status": {"id": "sha256:aa", "repoTags": ["docker.io/firedrill/checkout:2.3.0"]}}
firedrill-image docker.io/firedrill/absent:1
firedrill-image docker.io/firedrill/odd:1
no JSON
firedrill-image docker.io/firedrill/catalog:1.8.2
{
  "status": {
    "id": "sha256:bb"
  },
  "info": {}
}
`
	want := map[string]string{"docker.io/firedrill/checkout:2.3.0": "sha256:aa", "docker.io/firedrill/catalog:1.8.2": "sha256:bb"}
	if diff := cmp.Diff(want, parseImageIDs(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
