package verifier

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// credential is what a pull secret holds for a registry.
type credential struct {
	secret, user, password string
}

func (t *Target) secrets(ctx context.Context) ([]corev1.Secret, error) {
	return once(t, "secrets", func() ([]corev1.Secret, error) {
		list, err := t.Client.CoreV1().Secrets(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the secrets of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}

// credentials are those of the pod's pull secrets that the kubelet would try for an
// image, in order; missing says of each secret that offers none why.
func (t *Target) credentials(ctx context.Context, pod *corev1.Pod, image string) (found []credential, missing []string, err error) {
	if len(pod.Spec.ImagePullSecrets) == 0 {
		return nil, []string{"pod " + pod.Name + " names no pull secret"}, nil
	}
	secrets, err := t.secrets(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, ref := range pod.Spec.ImagePullSecrets {
		i := slices.IndexFunc(secrets, func(s corev1.Secret) bool { return s.Name == ref.Name })
		if i < 0 {
			missing = append(missing, "there is no secret "+ref.Name)
			continue
		}
		one, why := offered(&secrets[i], image)
		found = append(found, one...)
		if why != "" {
			missing = append(missing, why)
		}
	}
	return found, missing, nil
}

// registryLogin is an entry of a dockerconfigjson.
type registryLogin struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     string `json:"auth"` // base64 of user:password; it wins over the two
}

// offered are a secret's credentials for an image, read as the kubelet does
// (pkg/credentialprovider/config.go), or why there are none.
func offered(s *corev1.Secret, image string) (found []credential, why string) {
	var logins map[string]registryLogin
	switch s.Type {
	case corev1.SecretTypeDockerConfigJson:
		var file struct {
			Auths map[string]registryLogin `json:"auths"`
		}
		if err := json.Unmarshal(s.Data[corev1.DockerConfigJsonKey], &file); err != nil {
			return nil, fmt.Sprintf("secret %s holds no registry logins: %v", s.Name, err)
		}
		logins = file.Auths
	case corev1.SecretTypeDockercfg:
		if err := json.Unmarshal(s.Data[corev1.DockerConfigKey], &logins); err != nil {
			return nil, fmt.Sprintf("secret %s holds no registry logins: %v", s.Name, err)
		}
	default:
		return nil, fmt.Sprintf("secret %s is of type %s, which is no pull secret", s.Name, s.Type)
	}
	var hosts []string
	for host, login := range logins {
		hosts = append(hosts, host)
		if !covers(host, repository(image)) {
			continue
		}
		user, password := login.Username, login.Password
		if login.Auth != "" {
			decoded, err := base64.StdEncoding.DecodeString(login.Auth)
			if err != nil {
				return nil, fmt.Sprintf("secret %s: the login for %s is not base64", s.Name, host)
			}
			user, password, _ = strings.Cut(string(decoded), ":")
		}
		found = append(found, credential{secret: s.Name, user: user, password: password})
	}
	if len(found) == 0 {
		slices.Sort(hosts)
		return nil, fmt.Sprintf("secret %s is for %s, not for %s", s.Name, strings.Join(hosts, ", "), registryOf(image))
	}
	return found, ""
}

// registryOf is the host of an image reference.
func registryOf(image string) string {
	host, _, _ := strings.Cut(repository(image), "/")
	return host
}

// covers says whether a key of a dockerconfigjson is meant for a repository: the host,
// with wildcards in its parts, and the beginning of the path, where the key has one.
func covers(key, repository string) bool {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	keyHost, keyPath, _ := strings.Cut(key, "/")
	keyPath = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(keyPath, "v1"), "v2"), "/")
	host, rest, _ := strings.Cut(repository, "/")
	if strings.Count(keyHost, ".") != strings.Count(host, ".") || !strings.HasPrefix(rest, keyPath) {
		return false
	}
	match, err := path.Match(keyHost, host)
	return err == nil && match
}
