package audit

import (
	"encoding/json"
	"strconv"
	"strings"
)

// writeDetail says what a write changes, without secrets: "limits.memory=96Mi".
func writeDetail(r *request, verb string) string {
	if r.Resource == "secrets" || len(r.body) == 0 {
		return deletionDetail(r)
	}
	switch verb {
	case "delete", "evict", "create token":
		return deletionDetail(r)
	case "rollout restart", "rollout pause", "rollout resume", "uncordon", "certificate":
		return ""
	case "cordon":
		return "unschedulable=true"
	}
	w := &changes{whole: r.verb == "create" || r.verb == "update" || verb == "debug"}
	w.read(r.body)
	if verb == "debug" {
		w.only("image=") // of a copy, all the rest is the pod's
	}
	if len(w.found) == 0 && r.verb == "patch" {
		return "no change"
	}
	return w.text()
}

// deletionDetail tells how something was deleted, where that is not the usual way.
func deletionDetail(r *request) string {
	var options struct {
		GracePeriodSeconds *int64  `json:"gracePeriodSeconds"`
		PropagationPolicy  *string `json:"propagationPolicy"`
	}
	if !strings.HasPrefix(r.verb, "delete") || json.Unmarshal(r.body, &options) != nil {
		return ""
	}
	var parts []string
	if options.GracePeriodSeconds != nil {
		parts = append(parts, "grace period "+strconv.FormatInt(*options.GracePeriodSeconds, 10)+" s")
	}
	if options.PropagationPolicy != nil && *options.PropagationPolicy == "Orphan" {
		parts = append(parts, "leaving what it owns")
	}
	return join(parts)
}

// questionDetail says what was asked: "delete pods".
func questionDetail(r *request) string {
	var review struct {
		Spec struct {
			Attributes struct {
				Verb        string `json:"verb"`
				Resource    string `json:"resource"`
				Subresource string `json:"subresource"`
				Name        string `json:"name"`
			} `json:"resourceAttributes"`
		} `json:"spec"`
	}
	if len(r.body) == 0 || json.Unmarshal(r.body, &review) != nil {
		return ""
	}
	a := review.Spec.Attributes
	if a.Subresource != "" {
		a.Resource += "/" + a.Subresource
	}
	return clip(strings.TrimSpace(a.Verb+" "+a.Resource+" "+a.Name), 120)
}

// onlyUnschedulable recognises the patch of cordon and uncordon.
func onlyUnschedulable(body []byte) bool {
	var patch map[string]map[string]json.RawMessage
	if len(body) == 0 || json.Unmarshal(body, &patch) != nil || len(patch) != 1 || len(patch["spec"]) != 1 {
		return false
	}
	_, ok := patch["spec"]["unschedulable"]
	return ok
}
