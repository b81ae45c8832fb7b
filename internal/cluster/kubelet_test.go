package cluster

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/firedrill/firedrill/internal/drillapp"
)

// TestAProbersLifeFitsInItsLog: kubectl's log API reads only the newest file, so what a
// rotation takes from a follower that was away is lost. At 10 requests a second none comes
// before the prober's end, even when each request times out.
func TestAProbersLifeFitsInItsLog(t *testing.T) {
	t.Parallel()
	patches, err := kubeadmPatches(false)
	if err != nil {
		t.Fatal(err)
	}
	var kubelet struct {
		Kind string `yaml:"kind"`
		Size string `yaml:"containerLogMaxSize"`
	}
	if err := yaml.Unmarshal([]byte(patches[1]), &kubelet); err != nil || kubelet.Kind != "KubeletConfiguration" {
		t.Fatalf("%+v, %v", kubelet, err)
	}
	size, err := resource.ParseQuantity(kubelet.Size)
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(drillapp.Line{
		Stream: "customers", Boot: "abcdef", Seq: 216_000, Sent: time.Date(2026, 1, 1, 0, 0, 0, 123_456_789, time.UTC), Millis: 2000.123,
		Class: drillapp.ClassTimeout, Conn: "reused", Error: strings.Repeat("x", 163),
	})
	if err != nil {
		t.Fatal(err)
	}
	const stamp = "2026-01-01T00:00:00.123456789Z stdout F " // before each line, by the CRI's format
	life := int64(len(stamp)+len(line)+1) * drillapp.DefaultRate * int64(drillapp.DefaultMaxDuration/time.Second)
	if size.Value() < life {
		t.Errorf("a prober's log is %d bytes long in the end, and is rotated at %s", life, kubelet.Size)
	}
}
