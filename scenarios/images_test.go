package scenarios_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

// Drills of any seeds run side by side on the same nodes, which know an image by its name
// alone: one with the name of another and other settings would take its place, and a pod
// that is started later, by the right repair for example, would be another program.
func TestNoImageTakesTheNameOfAnother(t *testing.T) {
	t.Parallel()
	const seeds = 10
	var (
		mu   sync.Mutex
		held = map[string]map[string]string{} // by name, what the image holds
	)
	t.Run("drills", func(t *testing.T) {
		eachVariant(t, func(t *testing.T, folder *scenario.Folder) {
			for seed := range int64(seeds) {
				other, err := scenario.Load(folder.FS, scenario.Vars{Seed: seed, Values: map[string]string{scenario.VarVariant: folder.Variant}})
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				for _, image := range other.Scenario.Spec.Images {
					if there, is := held[image.Name]; is && !cmp.Equal(there, image.Env) {
						t.Errorf("seed %d: %s is another image in another drill (-there +here):\n%s", seed, image.Name, cmp.Diff(there, image.Env))
					}
					held[image.Name] = image.Env
				}
				mu.Unlock()
			}
		})
	})
	if len(held) < seeds {
		t.Errorf("%d images seen of %d seeds", len(held), seeds)
	}
}
