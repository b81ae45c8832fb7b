package audit

import (
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
	w := &changes{whole: r.verb == "create" || r.verb == "update" || verb == "debug" || verb == "rollout undo"}
	w.read(r.object)
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
	if !strings.HasPrefix(r.verb, "delete") {
		return ""
	}
	grace, policy := r.object.get("gracePeriodSeconds"), r.object.get("propagationPolicy")
	var parts []string
	if !grace.null() {
		seconds, err := strconv.ParseInt(string(grace.text), 10, 64)
		if err != nil || !grace.is('0') {
			return ""
		}
		parts = append(parts, "grace period "+strconv.FormatInt(seconds, 10)+" s")
	}
	if policy.string() == "Orphan" {
		parts = append(parts, "leaving what it owns")
	}
	return join(parts)
}

// questionDetail says what was asked: "delete pods".
func questionDetail(r *request) string {
	asked := r.object.get("spec").get("resourceAttributes")
	resource := asked.get("resource").string()
	if sub := asked.get("subresource").string(); sub != "" {
		resource += "/" + sub
	}
	return clip(strings.TrimSpace(asked.get("verb").string()+" "+resource+" "+asked.get("name").string()), 120)
}

// onlyUnschedulable recognises the patch of cordon and uncordon.
func onlyUnschedulable(patch *element) bool {
	spec := patch.get("spec")
	return spec.get("unschedulable") != nil && patch.first.next == nil && spec.first.next == nil
}
