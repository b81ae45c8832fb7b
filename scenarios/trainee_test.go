package scenarios_test

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a trainee does to the world, as kubectl would.

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) deployment(name string, change func(*appsv1.Deployment)) {
	w.Helper()
	d, err := w.client.AppsV1().Deployments(w.ns).Get(w.Context(), name, metav1.GetOptions{})
	w.must(err)
	change(d)
	_, err = w.client.AppsV1().Deployments(w.ns).Update(w.Context(), d, metav1.UpdateOptions{})
	w.must(err)
}

// onContainer changes the first container of a Deployment's template.
func onContainer(name string, change func(*corev1.Container)) func(*world) {
	return func(w *world) {
		w.deployment(name, func(d *appsv1.Deployment) { change(&d.Spec.Template.Spec.Containers[0]) })
	}
}

// bare deletes a Deployment and runs a pod by hand in its place.
func (w *world) bare(name string) {
	w.Helper()
	d, err := w.client.AppsV1().Deployments(w.ns).Get(w.Context(), name, metav1.GetOptions{})
	w.must(err)
	w.must(w.client.AppsV1().Deployments(w.ns).Delete(w.Context(), name, metav1.DeleteOptions{}))
	_, err = w.client.CoreV1().Pods(w.ns).Create(w.Context(), podOf(d, "by-hand"), metav1.CreateOptions{})
	w.must(err)
}

func (w *world) service(name string, change func(*corev1.Service)) {
	w.Helper()
	s, err := w.client.CoreV1().Services(w.ns).Get(w.Context(), name, metav1.GetOptions{})
	w.must(err)
	change(s)
	_, err = w.client.CoreV1().Services(w.ns).Update(w.Context(), s, metav1.UpdateOptions{})
	w.must(err)
}

// retell writes something else into every key of a Secret, and in every other Secret in
// the place of the same value: who is asked for it goes on showing what is accepted.
func (w *world) retell(name string) {
	w.Helper()
	all, err := w.client.CoreV1().Secrets(w.ns).List(w.Context(), metav1.ListOptions{})
	w.must(err)
	told := map[string]bool{}
	for i := range all.Items {
		for _, value := range all.Items[i].Data {
			told[string(value)] = told[string(value)] || all.Items[i].Name == name
		}
	}
	for i := range all.Items {
		s := &all.Items[i]
		for key, value := range s.Data {
			if told[string(value)] {
				s.Data[key] = []byte("changeme")
			}
		}
		_, err = w.client.CoreV1().Secrets(w.ns).Update(w.Context(), s, metav1.UpdateOptions{})
		w.must(err)
	}
}

// pullAs lets the pods that a selector picks log in to every registry as somebody.
func (w *world) pullAs(user, selector string) {
	w.Helper()
	pods, err := w.client.CoreV1().Pods(w.ns).List(w.Context(), metav1.ListOptions{LabelSelector: selector})
	w.must(err)
	for i := range pods.Items {
		p := &pods.Items[i]
		host, _, _ := strings.Cut(p.Spec.Containers[0].Image, "/")
		s := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "of-" + p.Name, Namespace: w.ns}, Type: corev1.SecretTypeDockerConfigJson,
			Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"` + host + `":{"username":"` + user + `","password":"x"}}}`)},
		}
		_, err := w.client.CoreV1().Secrets(w.ns).Create(w.Context(), s, metav1.CreateOptions{})
		w.must(err)
		p.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: s.Name}}
		_, err = w.client.CoreV1().Pods(w.ns).Update(w.Context(), p, metav1.UpdateOptions{})
		w.must(err)
	}
	if len(pods.Items) == 0 {
		w.Fatalf("no pod matches %s", selector)
	}
}

func untagged(image string) string {
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		return image[:i]
	}
	return image
}
