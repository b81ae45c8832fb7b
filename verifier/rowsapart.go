package verifier

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// apartFor is how long a database behind a Service may be without a row of another one behind
// it: a standby's lag. Its own answer may be as old as answerCounts by then.
const apartFor = 10 * time.Second

// apart says which database behind the Service does not get the rows of the others: it is no
// standby, it is a second one that is written to. Empty when there is none.
func (c *RowsConfirmed) apart(t *Target, pods []corev1.Pod, has []ConfirmedRows, all map[string]bool) string {
	lacks := map[string][]string{}
	for i := range pods {
		life, own := lifeOf(&pods[i]), union(has[i:i+1])
		for row := range all {
			if !own[row] {
				lacks[life] = append(lacks[life], row)
			}
		}
	}
	late := t.memory.lacking(c.key(), lacks, t.Now(), apartFor)
	for i := range pods {
		if n := late[lifeOf(&pods[i])]; n > 0 {
			return fmt.Sprintf("pod %s has been without %d rows that table %s has in others behind Service %s for more than %s: they are databases of their own, and whatever one of them confirms is not in the other",
				pods[i].Name, n, c.Table, c.Service, apartFor)
		}
	}
	return ""
}

// lifeOf tells one life of a pod's containers from the next.
func lifeOf(p *corev1.Pod) string { return fmt.Sprintf("%s %d", p.UID, restartsOf(p)) }
