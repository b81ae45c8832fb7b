package verifier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// served is the answer of a registry that hands the image out.
const served = "served"

// RegistryAnswers asks the registry for the images of the pods, each with the logins of
// that pod's own pull secrets, as the kubelet would. With served, every pod must be
// served; an error must be the answer to one of them at least.
type RegistryAnswers struct {
	podSelector `yaml:",inline"`
	registryRef `yaml:",inline"`
	Answer      string `yaml:"answer" doc:"What the registry says: served, or an error's code." enum:"served,unauthorized,manifest unknown,name unknown" default:"served"`
}

// pull is one container's image with what is asked for it.
type pull struct {
	pod, image string
	questions  []question
	missing    []string
}

// Observe reads pods and secrets, and asks the registry.
func (c *RegistryAnswers) Observe(ctx context.Context, t *Target) (Observation, error) {
	pulls, err := c.pulls(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pulls) == 0 {
		return Observation{Reason: "no pod that matches " + c.Selector + " is there"}, nil
	}
	endpoint, err := c.endpoint(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if endpoint == "" {
		return Observation{Reason: "the registry's Service " + c.Service + " is not there"}, nil
	}
	var questions []question
	for _, p := range pulls {
		questions = append(questions, p.questions...)
	}
	slices.SortFunc(questions, func(a, b question) int { return strings.Compare(a.path+" "+a.login, b.path+" "+b.login) })
	answers, err := c.ask(ctx, t, endpoint, slices.Compact(questions))
	if err != nil {
		return Observation{}, err
	}
	return c.judge(pulls, answers), nil
}

func (c *RegistryAnswers) judge(pulls []pull, answers map[question]reply) Observation {
	want := c.Answer
	if want == "" {
		want = served
	}
	var evidence []string
	for _, p := range pulls {
		text := p.best(answers)
		line := fmt.Sprintf("%s for pod %s: %s", p.image, p.pod, text)
		if len(p.missing) > 0 {
			line += " (" + strings.Join(p.missing, "; ") + ")"
		}
		refused := text != served
		switch {
		case want == served && refused:
			return Observation{Reason: "the registry refuses " + line}
		case want != served && strings.HasPrefix(text, want):
			return Observation{Passed: true, Reason: "the registry refuses " + p.image + ": " + text, Evidence: line}
		}
		evidence = append(evidence, line)
	}
	all := strings.Join(evidence, "\n")
	if want == served {
		return Observation{Passed: true, Reason: "the registry serves the pods' images to their own logins", Evidence: all}
	}
	return Observation{Reason: fmt.Sprintf("the registry refuses no image with %q", want), Evidence: all}
}

// best is the answer that counts: the kubelet tries one login after the other until one
// is good.
func (p pull) best(answers map[question]reply) string {
	text := ""
	for _, q := range p.questions {
		if text = answers[q].text; text == served {
			break
		}
	}
	return text
}

// pulls lists what the kubelet asks for, container by container.
func (c *RegistryAnswers) pulls(ctx context.Context, t *Target) ([]pull, error) {
	selector, err := c.parse()
	if err != nil {
		return nil, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return nil, err
	}
	var pulls []pull
	for i := range pods {
		if !active(&pods[i]) {
			continue
		}
		for _, image := range imagesOf(&pods[i]) {
			logins, missing, err := t.credentials(ctx, &pods[i], image)
			if err != nil {
				return nil, err
			}
			p := pull{pod: pods[i].Name, image: image, missing: missing}
			for _, login := range logins {
				p.questions = append(p.questions, question{manifestPath(image), login.user + ":" + login.password})
			}
			if len(logins) == 0 {
				p.questions = []question{{manifestPath(image), ""}}
			}
			pulls = append(pulls, p)
		}
	}
	return pulls, nil
}

func imagesOf(p *corev1.Pod) []string {
	var images []string
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			images = append(images, list[i].Image)
		}
	}
	return images
}

// manifestPath is where a registry has an image's manifest (distribution-spec, "Pulling
// manifests").
func manifestPath(image string) string {
	_, name, _ := strings.Cut(repository(image), "/")
	return "/v2/" + name + "/manifests/" + tagOf(image)
}

// tagOf is what stands behind an image's repository: its digest, else its tag.
func tagOf(image string) string {
	if _, digest, found := strings.Cut(image, "@"); found {
		return digest
	}
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		return image[i+1:]
	}
	return "latest"
}
