package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Tables of a report that CSV can be written of.
const (
	TableTimeline = "timeline" // a row an event, the run's milestones among them
	TableSummary  = "summary"  // one row: the run
	TableUsers    = "users"    // a row an interval of a stream
)

// Tables are the tables that CSV knows.
func Tables() []string { return []string{TableTimeline, TableSummary, TableUsers} }

// CSV writes one of the report's tables as RFC 4180 says, with a header. Times are RFC
// 3339 in UTC, durations seconds. A cell that a spreadsheet would take for a formula
// begins with an apostrophe: what is told of a run holds names that others chose.
func (r *Report) CSV(out io.Writer, table string) error {
	var rows [][]string
	switch table {
	case TableTimeline:
		rows = r.timelineRows()
	case TableSummary:
		rows = r.summaryRows()
	case TableUsers:
		rows = r.usersRows()
	default:
		return fmt.Errorf("no table %q: use %s", table, strings.Join(Tables(), ", "))
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// cell makes a text harmless to a spreadsheet; numbers stay numbers.
func cell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return "'" + text
}

func (r *Report) timelineRows() [][]string {
	rows := [][]string{{
		"time", "seconds_after_page", "run", "source", "actor", "verb", "resource", "namespace", "name", "code", "writes", "detail", "text", "id",
	}}
	for _, e := range merged(r) {
		after := ""
		if r.Times.Paged.At != nil {
			after = number(e.Time.Sub(*r.Times.Paged.At).Seconds())
		}
		code := ""
		if e.Code != 0 {
			code = strconv.Itoa(e.Code)
		}
		rows = append(rows, []string{
			rfc3339(e.Time), after, r.Run, string(e.Source), e.Actor, e.Verb, e.Resource, e.Namespace, e.Name, code,
			strconv.FormatBool(e.Writes), e.Detail, r.sentenceOf(e), e.ID,
		})
	}
	return rows
}

func (r *Report) summaryRows() [][]string {
	header := []string{
		"run", "scenario", "variant", "seed", "attempt", "phase", "recovered", "decided", "reason",
		"total", "process", "technical", "hints", "actions", "clock_seconds", "limit_seconds",
	}
	row := []string{
		r.Run, r.Scenario, r.Variant, strconv.FormatInt(r.Seed, 10), strconv.Itoa(r.Attempt), string(r.Phase),
		strconv.FormatBool(r.Verdict.Recovered), strconv.FormatBool(r.Verdict.Decided), r.Verdict.Reason,
		"", "", "", strconv.Itoa(len(r.Hints)), strconv.Itoa(r.actions()), number(r.Times.Clock), number(r.Times.Limit),
	}
	if g := r.Grade; g != nil {
		row[slices.Index(header, "total")] = number(g.Total)
		for _, mark := range g.Ratings() {
			row[slices.Index(header, mark.Key)] = number(mark.Of10)
		}
	}
	for _, t := range []struct {
		name string
		of   Moment
	}{
		{"first_action", r.Times.FirstAction},
		{"acknowledged", r.Times.Acknowledged},
		{"diagnosed", r.Times.Diagnosed},
		{"mitigated", r.Times.Mitigated},
		{"recovered", r.Times.Recovered},
		{"verified", r.Times.Verified},
		{"decided", r.Times.Decided},
	} {
		after := ""
		if t.of.AfterPage != nil {
			after = number(*t.of.AfterPage)
		}
		header, row = append(header, t.name+"_seconds"), append(row, after)
	}
	right := ""
	if r.Times.Diagnosed.Right != nil {
		right = strconv.FormatBool(*r.Times.Diagnosed.Right)
	}
	header = append(header, "diagnosed_right", "users_sent", "users_failed", "users_missing", "longest_outage_seconds", "budget_burned_seconds")
	return [][]string{header, slices.Concat(row, []string{right}, r.impactCells())}
}

// impactCells are what the users saw: requests summed over the streams, the outage and the
// budget of the stream that it was worst for, as each has an objective of its own. They are
// empty where nothing is on record.
func (r *Report) impactCells() []string {
	if r.Users == nil {
		return make([]string, 5)
	}
	sent, failed, missing, outage, burned := 0, 0, 0, 0.0, ""
	worst := 0.0
	for _, s := range r.Users.Streams {
		sent, failed, missing = sent+s.Sent, failed+s.Failed, missing+s.Missing
		outage = max(outage, s.LongestOutage.Duration)
		if s.Budget != nil {
			worst = max(worst, s.Budget.Burned)
			burned = number(worst)
		}
	}
	return []string{strconv.Itoa(sent), strconv.Itoa(failed), strconv.Itoa(missing), number(outage), burned}
}

// actions is how often the trainee acted, up to the verdict.
func (r *Report) actions() int {
	var decided time.Time
	if at := r.Times.Decided.At; at != nil {
		decided = *at
	}
	return len(timeline.Actions(r.Timeline, decided))
}

func (r *Report) usersRows() [][]string {
	rows := [][]string{{"time", "run", "stream", "interval_seconds", "sent", "failed", "error_rate", "p99_seconds"}}
	if r.Users == nil {
		return rows
	}
	for _, s := range r.Users.Streams {
		for _, b := range s.Series {
			rows = append(rows, []string{
				rfc3339(b.At), r.Run, s.Stream, number(s.Interval), strconv.Itoa(b.Sent), strconv.Itoa(b.Failed), number(b.rate()), number(b.P99),
			})
		}
	}
	return rows
}

// rate is the share of an interval's requests that failed.
func (b Bucket) rate() float64 {
	if b.Sent == 0 {
		return 0
	}
	return float64(b.Failed) / float64(b.Sent)
}

// number writes a number in as few digits as it takes, no more than six behind the point.
func number(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(n, 'f', 6, 64), "0"), ".")
}
