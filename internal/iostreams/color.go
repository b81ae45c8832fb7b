package iostreams

// Palette colours text, or leaves it as it is where colours are off.
type Palette struct{ on bool }

// OutPalette is for text that goes to Out.
func (s *IOStreams) OutPalette() Palette { return Palette{on: s.color && s.outTTY} }

// ErrPalette is for text that goes to Err.
func (s *IOStreams) ErrPalette() Palette { return Palette{on: s.color && s.errTTY} }

// Enabled tells whether colours are on.
func (p Palette) Enabled() bool { return p.on }

// Green is for what passed.
func (p Palette) Green(text string) string { return p.sgr("32", text) }

// Red is for what failed.
func (p Palette) Red(text string) string { return p.sgr("31", text) }

// Yellow is for what needs attention.
func (p Palette) Yellow(text string) string { return p.sgr("33", text) }

// Cyan is for names and commands.
func (p Palette) Cyan(text string) string { return p.sgr("36", text) }

// Gray is for what matters less.
func (p Palette) Gray(text string) string { return p.sgr("90", text) }

// Bold is for headings.
func (p Palette) Bold(text string) string { return p.sgr("1", text) }

// sgr wraps text in a "select graphic rendition" sequence (ECMA-48).
func (p Palette) sgr(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
