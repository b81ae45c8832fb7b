package report

import "github.com/firedrill/firedrill/internal/drill"

// Marks of what was observed, and of what could not be.
const (
	markGood    = "✓"
	markBad     = "✗"
	markUnknown = "?"
)

// Unseen says why the latest look at the check saw nothing; "" when it did.
func (c Check) Unseen() string {
	if c.Error == "" {
		return ""
	}
	return drill.Unobserved(c.Error)
}

// Unseen says why it is not known whether the safeguard holds; "" when it is.
func (g Safeguard) Unseen() string {
	if !g.Unknown {
		return ""
	}
	return drill.Unobserved(g.Error)
}

// Mark is how the check stands, in one character.
func (c Check) Mark() string { return markOf(c.Passed, c.Unseen()) }

// Mark is how the safeguard stands, in one character.
func (g Safeguard) Mark() string { return markOf(g.Held, g.Unseen()) }

// Told is why the check stands as it does.
func (c Check) Told() string {
	if unseen := c.Unseen(); unseen != "" {
		return unseen
	}
	return c.Reason
}

func markOf(ok bool, unseen string) string {
	switch {
	case unseen != "":
		return markUnknown
	case ok:
		return markGood
	default:
		return markBad
	}
}
