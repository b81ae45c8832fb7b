package audit

import "bytes"

// parameter is one of those whose presence in a query counts.
type parameter uint16

const (
	paramLimit parameter = 1 << iota
	paramContinue
	paramDryRun
	paramFieldValidation
	paramResourceVersion
	paramWatchBookmarks
	paramInitialEvents
	paramManager
	paramLabels
	paramFields
	paramContainer
	paramPrevious
	paramFollow
	paramCommand
)

// maxParameters is net/url's limit: a longer query counts as none.
const maxParameters = 10_000

// query is what counts of a request's query; of a parameter that is given twice, the first.
type query struct {
	given parameter // all that there are

	manager, labels, fields, container string
	previous, follow                   bool
	command                            []string
}

func (q *query) has(p parameter) bool { return q.given&p != 0 }

func parameterOf(key []byte) parameter {
	switch string(key) {
	case "limit":
		return paramLimit
	case "continue":
		return paramContinue
	case "dryRun":
		return paramDryRun
	case "fieldValidation":
		return paramFieldValidation
	case "resourceVersion":
		return paramResourceVersion
	case "allowWatchBookmarks":
		return paramWatchBookmarks
	case "sendInitialEvents":
		return paramInitialEvents
	case "fieldManager":
		return paramManager
	case "labelSelector":
		return paramLabels
	case "fieldSelector":
		return paramFields
	case "container":
		return paramContainer
	case "previous":
		return paramPrevious
	case "follow":
		return paramFollow
	case "command":
		return paramCommand
	}
	return 0
}

// query reads a query as net/url does. Of one that is nonsense nothing counts: what can
// be read of the path does.
func (rd *reader) query(raw []byte) query {
	var q query
	if len(raw) == 0 {
		return q
	}
	if bytes.IndexByte(raw, ';') >= 0 || bytes.Count(raw, []byte("&")) >= maxParameters {
		return q
	}
	for more := true; more; {
		var pair []byte
		pair, raw, more = bytes.Cut(raw, []byte("&"))
		key, value, _ := bytes.Cut(pair, []byte("="))
		name, ok := rd.unquoted(key)
		if !ok {
			return query{}
		}
		p := parameterOf(name)
		if value, ok = rd.unquoted(value); !ok {
			return query{}
		}
		if len(pair) > 0 {
			rd.take(&q, p, value)
		}
	}
	return q
}

func (rd *reader) take(q *query, p parameter, value []byte) {
	if p == paramCommand {
		q.command = append(q.command, rd.names.of(value))
		return
	}
	if q.has(p) {
		return
	}
	q.given |= p
	switch p {
	case paramManager:
		q.manager = rd.names.of(value)
	case paramLabels:
		q.labels = rd.names.of(value)
	case paramFields:
		q.fields = rd.names.of(value)
	case paramContainer:
		q.container = rd.names.of(value)
	case paramPrevious:
		q.previous = string(value) == "true"
	case paramFollow:
		q.follow = string(value) == "true"
	}
}

// unquoted takes the quoting from a part of a query.
func (rd *reader) unquoted(part []byte) ([]byte, bool) {
	if bytes.IndexByte(part, '%') < 0 && bytes.IndexByte(part, '+') < 0 {
		return part, true
	}
	out := rd.scratch[:0]
	for i := 0; i < len(part); i++ {
		char := part[i]
		switch char {
		case '+':
			char = ' '
		case '%':
			if i+2 >= len(part) {
				return nil, false
			}
			high, ok := hexDigit(part[i+1])
			low, fine := hexDigit(part[i+2])
			if !ok || !fine {
				return nil, false
			}
			char = high<<4 | low
			i += 2
		}
		out = append(out, char)
	}
	rd.scratch = out
	return out, true
}
