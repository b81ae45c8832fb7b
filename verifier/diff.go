package verifier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Diff says, a line each and sorted, what differs in other: objects that are missing or
// new, and fields that changed. Empty: nothing that the baseline knows of changed.
func (b *Baseline) Diff(other *Baseline) []string {
	before, after := b.flat(), other.flat()
	var lines []string
	for _, object := range slices.Sorted(maps.Keys(before)) {
		now, found := after[object]
		if !found {
			lines = append(lines, object+" is gone")
			continue
		}
		lines = append(lines, diffFields(object, before[object], now)...)
	}
	for _, object := range slices.Sorted(maps.Keys(after)) {
		if _, found := before[object]; !found {
			lines = append(lines, object+" is new")
		}
	}
	return lines
}

func diffFields(object string, before, after map[string]string) []string {
	all := maps.Clone(before)
	maps.Copy(all, after)
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(all)) {
		was, had := before[field]
		is, has := after[field]
		switch {
		case had && !has:
			lines = append(lines, fmt.Sprintf("%s: %s: %s was removed", object, field, was))
		case !had && has:
			lines = append(lines, fmt.Sprintf("%s: %s: %s was added", object, field, is))
		case was != is:
			lines = append(lines, fmt.Sprintf("%s: %s: %s -> %s", object, field, was, is))
		}
	}
	return lines
}

// flat is every object by kind and name, with its fields as paths. It goes through JSON so
// that a baseline read from its file and one just taken compare alike.
func (b *Baseline) flat() map[string]map[string]string {
	objects := map[string]map[string]string{}
	addAll(objects, "", b.Workloads)
	addAll(objects, "Service/", b.Services)
	addAll(objects, "PodDisruptionBudget/", b.Disruption)
	addAll(objects, "HorizontalPodAutoscaler/", b.Autoscalers)
	addAll(objects, "NetworkPolicy/", b.NetworkPolicies)
	addAll(objects, "PersistentVolumeClaim/", b.Claims)
	addAll(objects, "ResourceQuota/", b.Quotas)
	addAll(objects, "LimitRange/", b.LimitRanges)
	addAll(objects, "ConfigMap/", b.ConfigMaps)
	addAll(objects, "Secret/", b.Secrets)
	addAll(objects, "Node/", b.Nodes)
	return objects
}

func addAll[S any](objects map[string]map[string]string, prefix string, states map[string]S) {
	for name, state := range states {
		fields := map[string]string{}
		flatten(fields, nil, asJSON(state))
		objects[prefix+name] = fields
	}
}

// asJSON is a state's JSON, read back; what cannot be written (nothing here) is its text.
func asJSON(state any) any {
	data, err := json.Marshal(state)
	if err != nil {
		return fmt.Sprint(state)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // a million is 1000000, not 1e+06
	var value any
	if err := decoder.Decode(&value); err != nil {
		return string(data)
	}
	return value
}

func flatten(into map[string]string, path []string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(into, append(slices.Clone(path), key), inner)
		}
	case []any:
		for i, inner := range v {
			flatten(into, append(slices.Clone(path), fmt.Sprint(i)), inner)
		}
	default:
		into[strings.Join(path, ".")] = fmt.Sprint(v)
	}
}
