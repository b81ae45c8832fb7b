package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Names of the xAPI statement. The homePage makes an account's name unique; nothing has
// to be found there.
const (
	xapiVersion  = "1.0.3"
	xapiHome     = "https://firedrill.dev"
	xapiPassed   = "http://adlnet.gov/expapi/verbs/passed"
	xapiFailed   = "http://adlnet.gov/expapi/verbs/failed"
	xapiActivity = "http://adlnet.gov/expapi/activities/simulation"
)

// ErrNoVerdict is returned where a format tells of an outcome and there is none.
var ErrNoVerdict = errors.New("there is no verdict, and an xAPI statement tells of one")

// Actor is who an xAPI statement is about.
type Actor struct {
	Type    string        `json:"objectType"`
	Name    string        `json:"name,omitempty"`
	Mbox    string        `json:"mbox,omitempty"` // mailto:...
	Account *actorAccount `json:"account,omitempty"`
}

type actorAccount struct {
	HomePage string `json:"homePage"`
	Name     string `json:"name"`
}

// ParseActor reads who a statement is about: an address ("ann@example.org", "Ann
// <ann@example.org>", "mailto:ann@example.org"), a name, or nothing, which is the
// anonymous account of the run.
func ParseActor(text, run string) (Actor, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Actor{Type: "Agent", Account: &actorAccount{HomePage: xapiHome, Name: "run-" + run}}, nil
	}
	if !strings.Contains(text, "@") {
		return Actor{Type: "Agent", Name: text, Account: &actorAccount{HomePage: xapiHome, Name: text}}, nil
	}
	address, err := mail.ParseAddress(strings.TrimPrefix(text, "mailto:"))
	if err != nil {
		return Actor{}, fmt.Errorf("actor %q: %w (give a name, or an address such as ann@example.org)", text, err)
	}
	return Actor{Type: "Agent", Name: address.Name, Mbox: "mailto:" + address.Address}, nil
}

type statement struct {
	ID        string      `json:"id"`
	Actor     Actor       `json:"actor"`
	Verb      xapiVerb    `json:"verb"`
	Object    xapiObject  `json:"object"`
	Result    xapiResult  `json:"result"`
	Context   xapiContext `json:"context"`
	Timestamp string      `json:"timestamp"`
	Version   string      `json:"version"`
}

type xapiVerb struct {
	ID      string            `json:"id"`
	Display map[string]string `json:"display"`
}

type xapiObject struct {
	Type       string         `json:"objectType"`
	ID         string         `json:"id"`
	Definition xapiDefinition `json:"definition"`
}

type xapiDefinition struct {
	Type string            `json:"type"`
	Name map[string]string `json:"name"`
}

type xapiResult struct {
	Score      *xapiScore `json:"score,omitempty"` // nil without a grade
	Success    bool       `json:"success"`
	Completion bool       `json:"completion"`
	Duration   string     `json:"duration"` // ISO 8601
	Response   string     `json:"response"`
}

type xapiScore struct {
	Scaled float64 `json:"scaled"` // 0 to 1
	Raw    float64 `json:"raw"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

type xapiContext struct {
	Registration string         `json:"registration"`
	Platform     string         `json:"platform"`
	Extensions   map[string]any `json:"extensions"`
}

// XAPI writes the run as one xAPI statement (1.0.3): who passed or failed which
// scenario, with what score, in what time. Its ID is made of the run and the attempt, so
// that a record store that is sent it twice keeps it once. It fails with ErrNoVerdict
// where nobody passed or failed.
func (r *Report) XAPI(out io.Writer, actor Actor) error {
	if !r.Verdict.Decided || r.Times.Decided.At == nil {
		return fmt.Errorf("run %s: %w", r.Run, ErrNoVerdict)
	}
	s := statement{
		ID: uuidOf("statement", r.Run, fmt.Sprint(r.Attempt), rfc3339(*r.Times.Decided.At)), Actor: actor,
		Verb: xapiVerb{ID: xapiFailed, Display: map[string]string{"en": "failed"}},
		Object: xapiObject{
			Type: "Activity", ID: xapiHome + "/scenarios/" + r.Scenario,
			Definition: xapiDefinition{Type: xapiActivity, Name: map[string]string{"en": r.Title}},
		},
		Result: xapiResult{Success: r.Verdict.Recovered, Completion: true, Duration: isoDuration(r.Times.Clock), Response: r.Verdict.Reason},
		Context: xapiContext{Registration: uuidOf("run", r.Run), Platform: "firedrill", Extensions: map[string]any{
			xapiHome + "/xapi/seed": r.Seed, xapiHome + "/xapi/attempt": r.Attempt, xapiHome + "/xapi/hints": len(r.Hints),
		}},
		Timestamp: rfc3339(*r.Times.Decided.At), Version: xapiVersion,
	}
	if r.Verdict.Recovered {
		s.Verb = xapiVerb{ID: xapiPassed, Display: map[string]string{"en": "passed"}}
	}
	if g := r.Grade; g != nil {
		s.Result.Score = &xapiScore{Scaled: g.Total / 100, Raw: g.Total, Max: 100}
		for _, mark := range g.Ratings() {
			s.Context.Extensions[xapiHome+"/xapi/"+mark.Key] = mark.Of10
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return fmt.Errorf("write the xAPI statement: %w", err)
	}
	return nil
}

// isoDuration is a number of seconds as ISO 8601 says, to the hundredth, as xAPI compares.
func isoDuration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	text := "PT"
	if h := d / time.Hour; h > 0 {
		text += fmt.Sprintf("%dH", h)
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		text += fmt.Sprintf("%dM", m)
	}
	return text + number(float64(d%time.Minute/(10*time.Millisecond))/100) + "S"
}

// uuidOf is the version 5 UUID (RFC 9562) of a name below firedrill's address.
func uuidOf(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(xapiHome+"/"+strings.Join(parts, "/"))).String()
}
