package iostreams

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Table lines columns up on a terminal and separates them by tabs in a pipe,
// where the header is left out.
type Table struct {
	out    io.Writer
	tty    bool
	header []string
	rows   [][]string
}

// NewTable returns a table that Render writes to Out.
func (s *IOStreams) NewTable(header ...string) *Table {
	return &Table{out: s.Out, tty: s.outTTY, header: header}
}

// Row adds a row. Cells may be coloured.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Render writes the table.
func (t *Table) Render() error {
	if !t.tty {
		return t.renderTabs()
	}
	rows := append([][]string{t.header}, t.rows...)
	widths := columnWidths(rows)
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-visible(cell)+2))
			}
		}
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(line.String(), " ")); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	return nil
}

func (t *Table) renderTabs() error {
	for _, row := range t.rows {
		if _, err := fmt.Fprintln(t.out, strings.Join(row, "\t")); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	return nil
}

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], visible(cell))
		}
	}
	return widths
}

// visible counts the characters of a cell that take a column, colours left out.
func visible(cell string) int {
	return utf8.RuneCountInString(regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(cell, ""))
}
