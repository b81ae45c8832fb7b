package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// How long an answer counts: each costs some processes in the pod, and the same server, not
// restarted since, does not forget by itself.
const (
	answerCounts  = 4 * time.Second
	refusalCounts = time.Second // of a database that does not answer yet
	// factsCount is that of what a database says of itself, which changes with a restart or a
	// reload of its settings; every hold that is worth the name asks again.
	factsCount = 15 * time.Second
	// wantedFor is how long a statement is asked again together with others.
	wantedFor = 3 * answerCounts
)

// questions are what the rounds ask of one life of one database: one after the other, and
// those that come again and again in one go. A pod that had no time to answer is left in
// peace for as long as that took: what was given up on may still be at work in it.
type questions struct {
	mu     sync.Mutex
	wanted map[string]time.Time // statements, by when one was last asked for
	said   map[string]saying    // by statement or script
	rest   time.Time            // nothing is asked before that
	err    error                // why
}

// saying is what a database answered, and when.
type saying struct {
	text string
	err  error // a *noDatabaseError; nil when it answered
	at   time.Time
}

func (s saying) fresh(now time.Time, counts time.Duration) bool {
	if s.err != nil {
		counts = min(counts, refusalCounts)
	}
	return !s.at.IsZero() && now.Sub(s.at) < counts
}

// to returns what is asked of a pod; of its own where no rounds remember each other.
func (m *memory) to(p *corev1.Pod, r databaseRef) *questions {
	if m == nil {
		return newQuestions()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := fmt.Sprintf("%s %d %s %s", p.UID, restartsOf(p), r.User, r.Database)
	if m.asked == nil {
		m.asked = map[string]*questions{}
	}
	if m.asked[key] == nil {
		m.asked[key] = newQuestions()
	}
	return m.asked[key]
}

func newQuestions() *questions {
	return &questions{wanted: map[string]time.Time{}, said: map[string]saying{}}
}

// statement answers an SQL statement, together with those that were wanted lately.
func (q *questions) statement(ctx context.Context, r databaseRef, t *Target, p *corev1.Pod, sql string) (string, error) {
	return q.one(t, sql, answerCounts, func() error {
		now := t.Now()
		q.wanted[sql] = now
		maps.DeleteFunc(q.wanted, func(_ string, at time.Time) bool { return now.Sub(at) >= wantedFor })
		all := slices.Sorted(maps.Keys(q.wanted))
		if len(all) == 1 {
			return q.script(ctx, r, t, p, sql, askScript, sql)
		}
		return q.together(ctx, r, t, p, all)
	})
}

// one returns what is known and counts still, or asks.
func (q *questions) one(t *Target, key string, counts time.Duration, ask func() error) (string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	began := t.Now()
	if s := q.said[key]; s.fresh(began, counts) {
		return s.text, s.err
	}
	if began.Before(q.rest) {
		return "", q.err
	}
	if q.err = ask(); q.err != nil {
		q.rest = t.Now().Add(t.Now().Sub(began))
		return "", q.err
	}
	s := q.said[key]
	return s.text, s.err
}

// script runs one script and notes its answer.
func (q *questions) script(ctx context.Context, r databaseRef, t *Target, p *corev1.Pod, key, script, arg string) error {
	out, err := r.run(ctx, t, p, script, r.User, r.Database, arg)
	var none *noDatabaseError
	if err != nil && !errors.As(err, &none) {
		return err
	}
	q.said[key] = saying{strings.TrimSpace(out), err, t.Now()}
	return nil
}

// askAllScript asks every statement over one connection. A line behind each answer tells
// whether the statement failed, and why.
const askAllScript = askEnv + `user=$1 database=$2
shift 2
for sql; do
  set -- "$@" -c "$sql" -c '\echo ` + answerEnds + `:ERROR :LAST_ERROR_MESSAGE'
  shift
done
exec psql -XAtqw -F "|" -U "$user" -d "$database" "$@"`

// answerEnds begins that line.
const answerEnds = "firedrill-answer-ends "

// together asks several statements and notes the answer of each.
func (q *questions) together(ctx context.Context, r databaseRef, t *Target, p *corev1.Pod, statements []string) error {
	out, err := r.run(ctx, t, p, askAllScript, append([]string{r.User, r.Database}, statements...)...)
	var none *noDatabaseError
	if err != nil && !errors.As(err, &none) {
		return err
	}
	now := t.Now()
	if none != nil {
		for _, sql := range statements {
			q.said[sql] = saying{err: none, at: now}
		}
		return nil
	}
	answers := answersOf(out, p.Name, now)
	if len(answers) != len(statements) {
		return fmt.Errorf("ask the database in pod %s: %d answers to %d questions", p.Name, len(answers), len(statements))
	}
	for i, sql := range statements {
		q.said[sql] = answers[i]
	}
	return nil
}

// answersOf takes apart what askAllScript printed.
func answersOf(out, pod string, now time.Time) []saying {
	var (
		answers []saying
		text    []string
	)
	for line := range strings.Lines(out) {
		end, ends := strings.CutPrefix(strings.TrimRight(line, "\n"), answerEnds)
		if !ends {
			text = append(text, line)
			continue
		}
		s := saying{text: strings.TrimSpace(strings.Join(text, "")), at: now}
		if failed, why, _ := strings.Cut(end, " "); failed != "false" {
			s = saying{err: &noDatabaseError{fmt.Sprintf("pod %s: ERROR:  %s", pod, why)}, at: now}
		}
		answers, text = append(answers, s), nil
	}
	return answers
}
