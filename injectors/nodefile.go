package injectors

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// fileLimit is the largest file that is changed: it travels as an argument of a command.
const fileLimit = 64 << 10

// NodeFile changes the text of a file in a node and restarts the unit that reads it: the
// configuration management's last run went wrong. Revert puts the whole file back,
// with its mode and owner, and the unit as it was.
//
// The file's text goes into the run's journal: do not name one that holds a secret.
type NodeFile struct {
	Node    string `yaml:"node" doc:"The node's name, as a rule ${node}." required:"true"`
	Path    string `yaml:"path" doc:"The file, for example /var/lib/kubelet/config.yaml." required:"true"`
	Find    string `yaml:"find" doc:"Regular expression that matches exactly once; (?m) makes ^ and $ match at lines." required:"true"`
	Replace string `yaml:"replace" doc:"What stands there instead; $1 is the expression's first group. Left out: nothing."`
	Restart string `yaml:"restart" doc:"The unit to restart, for example kubelet.service." required:"true"`
}

// fileState is a file as it was: what it takes to make the same again.
type fileState struct {
	Content []byte `json:"content"`
	Mode    string `json:"mode"`  // octal: 644
	Owner   string `json:"owner"` // 0:0
}

// nodeFileUndo is NodeFile's undo.
type nodeFileUndo struct {
	Path   string    `json:"path"`
	Before fileState `json:"before"`
	After  []byte    `json:"after"`
	Unit   unitState `json:"unit"`
}

// Validate implements Validator.
func (f *NodeFile) Validate() error {
	if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path {
		return fmt.Errorf("path %q is not absolute and clean; write for example /var/lib/kubelet/config.yaml", f.Path)
	}
	if _, err := f.pattern(); err != nil {
		return err
	}
	return (&SystemdUnit{Unit: f.Restart}).Validate()
}

func (f *NodeFile) pattern() (*regexp.Regexp, error) {
	pattern, err := regexp.Compile(f.Find)
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	if f.Find == "" {
		return nil, errors.New("find is empty: write what is to be replaced")
	}
	return pattern, nil
}

// Prepare implements Injector.
func (f *NodeFile) Prepare(ctx context.Context, t *Target) (Undo, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if err := t.breakable(f.Node); err != nil {
		return nil, err
	}
	undo := nodeFileUndo{Path: f.Path}
	var err error
	if undo.Unit, err = readUnit(ctx, t, f.Node, f.Restart); err != nil {
		return nil, err
	}
	if !undo.Unit.Active {
		return nil, fmt.Errorf("%s on %s does not run; the cluster is not healthy, make it anew", f.Restart, f.Node)
	}
	before, err := readFile(ctx, t, f.Node, f.Path)
	if err != nil {
		return nil, err
	}
	if before == nil || before.Mode == "" {
		return nil, fmt.Errorf("node %s has no regular file %s", f.Node, f.Path)
	}
	undo.Before = *before
	if undo.After, err = f.broken(before.Content); err != nil {
		return nil, err
	}
	return encode(undo)
}

// broken is the file's text after the fault.
func (f *NodeFile) broken(before []byte) ([]byte, error) {
	pattern, err := f.pattern()
	if err != nil {
		return nil, err
	}
	if n := len(pattern.FindAllIndex(before, -1)); n != 1 {
		return nil, fmt.Errorf("find %q matches %d times in %s on %s, not once", f.Find, n, f.Path, f.Node)
	}
	after := pattern.ReplaceAll(before, []byte(f.Replace))
	if bytes.Equal(after, before) {
		return nil, fmt.Errorf("replace changes nothing in %s on %s", f.Path, f.Node)
	}
	return after, nil
}

// Inject implements Injector. The unit is not waited for: it is not meant to start.
func (f *NodeFile) Inject(ctx context.Context, t *Target, undo Undo) error {
	var u nodeFileUndo
	if err := decode(undo, &u); err != nil {
		return err
	}
	broken := u.Before
	broken.Content = u.After
	if err := broken.write(ctx, t, u.Unit.Node, u.Path); err != nil {
		return err
	}
	return u.restart(ctx, t)
}

// Revert implements Injector. It looks at nothing that is there, and writes and restarts
// always: whatever became of the file it is put back, and a file that is as it was does not
// tell that the unit has read it.
func (f *NodeFile) Revert(ctx context.Context, t *Target, undo Undo) error {
	var u nodeFileUndo
	if err := decode(undo, &u); err != nil {
		return err
	}
	if err := removeFolder(ctx, t, u.Unit.Node, u.Path); err != nil {
		return err
	}
	if err := u.Before.write(ctx, t, u.Unit.Node, u.Path); err != nil {
		return err
	}
	if u.Unit.Unit == "" {
		return nil
	}
	if err := u.restart(ctx, t); err != nil {
		return err
	}
	return u.Unit.restore(ctx, t)
}

func (u nodeFileUndo) restart(ctx context.Context, t *Target) error {
	if err := onNode(ctx, t, u.Unit.Node, "systemctl", "restart", "--no-block", u.Unit.Unit); err != nil {
		return fmt.Errorf("restart %s on %s: %w", u.Unit.Unit, u.Unit.Node, err)
	}
	return nil
}

// write makes the file anew beside itself and puts it in place at once, so that nobody
// reads half of it.
func (s fileState) write(ctx context.Context, t *Target, node, file string) error {
	const script = `set -eu
umask 077
printf %s "$1" | base64 -d > "$2.firedrill"
chown "$4" "$2.firedrill"
chmod "$3" "$2.firedrill"
mv -fT "$2.firedrill" "$2"`
	text := base64.StdEncoding.EncodeToString(s.Content)
	if err := onNode(ctx, t, node, "sh", "-c", script, "sh", text, file, s.Mode, s.Owner); err != nil {
		return fmt.Errorf("write %s on %s: %w", file, node, err)
	}
	return nil
}

// removeFolder removes a folder that stands where a file was, and nothing else: neither a
// link to one, nor what is mounted into it.
func removeFolder(ctx context.Context, t *Target, node, file string) error {
	const script = `[ -L "$1" ] || [ ! -d "$1" ] || rm -rf --one-file-system -- "$1"`
	if err := onNode(ctx, t, node, "sh", "-c", script, "sh", file); err != nil {
		return fmt.Errorf("remove the folder %s on %s: %w", file, node, err)
	}
	return nil
}

// readFile reads a file of a node; nil when there is none, without a mode when it is
// something else than a file.
func readFile(ctx context.Context, t *Target, node, file string) (*fileState, error) {
	if t.Nodes == nil {
		return nil, errors.New("this cluster gives no access to its nodes")
	}
	const script = `[ -e "$1" ] || [ -L "$1" ] || exit 0
stat -c '%F|%s|%a|%u:%g' "$1"
if [ -f "$1" ]; then base64 -w0 "$1"; fi`
	out, err := t.Nodes.Run(ctx, node, "sh", "-c", script, "sh", file)
	if err != nil {
		return nil, fmt.Errorf("read %s on %s: %w", file, node, err)
	}
	if out == "" {
		return nil, nil
	}
	head, body, _ := strings.Cut(out, "\n")
	fields := strings.Split(head, "|")
	if len(fields) != 4 || !strings.HasPrefix(fields[0], "regular") {
		return &fileState{}, nil
	}
	if size, err := strconv.Atoi(fields[1]); err != nil || size > fileLimit {
		return nil, fmt.Errorf("%s on %s has %s bytes; at most %d are changed", file, node, fields[1], fileLimit)
	}
	content, err := base64.StdEncoding.DecodeString(strings.TrimSpace(body))
	if err != nil {
		return nil, fmt.Errorf("read %s on %s: %w", file, node, err)
	}
	return &fileState{Content: content, Mode: fields[2], Owner: fields[3]}, nil
}
