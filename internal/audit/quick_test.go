package audit

import "testing"

// FuzzQuick: the quick answers are the patterns'.
func FuzzQuick(f *testing.F) {
	for _, seed := range []string{
		"", "DB_PASSWORD", "pa", "toKen", "to\u212Aen", "\u017Fecret", "\u017Fe\u017F\u017Fion", "dSn", "monkey", "YWJjZGVmZw==", "--user", "-p", "-x",
		"x://a:b@c", "BASIC abc", "ba\u017Fic abc", "bearer%20x", "cookie: a", "--from-literal=a=b", "token = x", "spec.initContainers.0.image", "\x13ey",
		"aaaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, ok := range map[string]bool{
			"secretName": namesSecret(s) == secretName.MatchString(s),
			"padded":     isPadded(s) == padded.MatchString(s),
			"secretFlag": isSecretFlag(s) == secretFlag.MatchString(s),
			"userInfo":   hideUserInfo(s) == userInfo.ReplaceAllString(s, "://"+hidden+"@"),
			"scrub":      scrub(s) == scrubByPatterns(s),
			"clip":       clip(s, 20) == clip(oneLine(s), 20),
		} {
			if !ok {
				t.Errorf("%s: another answer for %q", name, s)
			}
		}
	})
}

func scrubByPatterns(s string) string {
	s = userInfo.ReplaceAllString(s, "://"+hidden+"@")
	s = literal.ReplaceAllString(s, "${1}"+hidden)
	s = header.ReplaceAllString(s, "$1: "+hidden)
	s = bearer.ReplaceAllString(s, "$1 "+hidden)
	return assigned.ReplaceAllString(s, "${1}"+hidden)
}
