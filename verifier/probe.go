package verifier

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// difference is how far two probes' questions lie apart.
type difference int

const (
	sameQuestion difference = iota
	otherPort               // the same question, at another port
	otherQuestion
)

// compareQuestions holds two probes' questions against each other. A port may be written
// by its name or its number, and a name that moved is followed.
func compareQuestions(was, now corev1.ProbeHandler, had, has map[string]int32) difference {
	if apiequality.Semantic.DeepEqual(was, now) {
		return sameQuestion
	}
	was, now = *was.DeepCopy(), *now.DeepCopy()
	wasPort, nowPort := handlerPort(&was), handlerPort(&now)
	if wasPort == nil || nowPort == nil {
		return otherQuestion
	}
	want := portNumber(*wasPort, has)
	if want == 0 {
		want = portNumber(*wasPort, had)
	}
	got := portNumber(*nowPort, has)
	*nowPort = *wasPort
	switch {
	case !apiequality.Semantic.DeepEqual(was, now):
		return otherQuestion
	case got == 0 || got != want:
		return otherPort
	}
	return sameQuestion
}

// handlerPort is where a probe keeps its port; nil for one that has none or only a number.
func handlerPort(h *corev1.ProbeHandler) *intstr.IntOrString {
	switch {
	case h.HTTPGet != nil:
		return &h.HTTPGet.Port
	case h.TCPSocket != nil:
		return &h.TCPSocket.Port
	}
	return nil
}

// portNumber is a port's number; 0 for a name that is unknown.
func portNumber(port intstr.IntOrString, names map[string]int32) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	return names[port.StrVal]
}

// portsByName is nil when no port has a name.
func portsByName(ports []corev1.ContainerPort) map[string]int32 {
	var named map[string]int32
	for _, p := range ports {
		if p.Name == "" {
			continue
		}
		if named == nil {
			named = map[string]int32{}
		}
		named[p.Name] = p.ContainerPort
	}
	return named
}

// secondsToFail is how long a running container that never answers goes unnoticed, with
// the API's defaults for what is not set (period 10 s, timeout 1 s, threshold 3). The
// kubelet asks again only when the question before was answered or timed out.
func secondsToFail(p *corev1.Probe) int64 {
	period, threshold := p.PeriodSeconds, p.FailureThreshold
	if period <= 0 {
		period = 10
	}
	if threshold <= 0 {
		threshold = 3
	}
	return int64(max(period, p.TimeoutSeconds)) * int64(threshold)
}

func probeText(p *corev1.Probe) string {
	if p == nil {
		return "none"
	}
	handler := "none"
	switch h := p.ProbeHandler; {
	case h.HTTPGet != nil:
		handler = fmt.Sprintf("GET %s on port %s", h.HTTPGet.Path, h.HTTPGet.Port.String())
	case h.TCPSocket != nil:
		handler = "TCP on port " + h.TCPSocket.Port.String()
	case h.Exec != nil:
		handler = fmt.Sprintf("command %v", h.Exec.Command)
	case h.GRPC != nil:
		handler = fmt.Sprintf("gRPC on port %d", h.GRPC.Port)
	}
	delay := ""
	if p.InitialDelaySeconds > 0 {
		delay = fmt.Sprintf("first asked after %d s, ", p.InitialDelaySeconds)
	}
	return fmt.Sprintf("%s, %sgives up after %d s", handler, delay, secondsToFail(p))
}
