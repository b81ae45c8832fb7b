package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sort"
	"time"
)

// killAfter is how long a command whose context is done may take to end before its
// output is cut off.
const killAfter = 2 * time.Second

// supervised runs a command in a node so that it ends when the connection does. The
// engines' exec forwards no signals: without this, a `tail -F` goes on for ever in
// the node once its reader is gone. Standard input is held open by whoever reads
// the output, so its end means that the reader is gone, however it died.
const supervised = `exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(while read -r _ <&3; do :; done; kill -TERM "$child"; sleep 2; kill -KILL "$child") >/dev/null 2>&1 &
watch=$!
wait "$child"
code=$?
kill -KILL "$watch" 2>/dev/null
exit "$code"`

// Run runs a command as root in a node and returns its combined output. An exit code
// other than 0 is an *ExitError that holds the output.
func (c *Cluster) Run(ctx context.Context, node string, command ...string) (string, error) {
	if err := c.stillThere(); err != nil {
		return "", fmt.Errorf("run %s on node %s: %w", command[0], node, err)
	}
	if said, err := c.shells.run(ctx, c.engine, node, command); !errors.Is(err, errNoShell) {
		return said, err
	}
	var out bytes.Buffer
	err := c.Stream(ctx, node, nil, &out, &out, command...)
	var exit *ExitError
	if errors.As(err, &exit) {
		exit.Output = out.String()
	}
	return out.String(), err
}

// Stream runs a command as root in a node, connected to the given streams. It
// returns when the command ends or, promptly, when ctx is done: the command is then
// ended in the node as well. With a nil stdin the command reads nothing. An exit
// code other than 0 is an *ExitError.
func (c *Cluster) Stream(ctx context.Context, node string, stdin io.Reader, stdout, stderr io.Writer, command ...string) error {
	if err := c.stillThere(); err != nil {
		return fmt.Errorf("run %s on node %s: %w", command[0], node, err)
	}
	var cmd *exec.Cmd
	if stdin == nil {
		args := append([]string{"sh", "-c", supervised, "firedrill"}, command...)
		cmd = c.engine.Exec(ctx, execInput, node, args...)
		hold, err := cmd.StdinPipe() // closed by Wait, and by the kernel if we die
		if err != nil {
			return fmt.Errorf("run %s on node %s: %w", command[0], node, err)
		}
		// Wait closes the pipe only after the command has ended; on cancellation
		// it is closed first, so that the command in the node ends.
		cmd.Cancel = func() error { return errors.Join(hold.Close(), cmd.Process.Kill()) }
	} else {
		cmd = c.engine.Exec(ctx, execInput, node, command...)
		cmd.Stdin = stdin
	}
	detach(cmd)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = stdout, stderr, killAfter
	return execError(ctx, cmd.Run(), node, command)
}

func execError(ctx context.Context, err error, node string, command []string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("run %s on node %s: %w", command[0], node, context.Cause(ctx))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return &ExitError{Node: node, Command: command, Code: exit.ExitCode()}
	}
	return fmt.Errorf("run %s on node %s: %w", command[0], node, err)
}

// Interactive returns a command, not yet started and without streams, that opens a
// shell in a node or runs the given command there; tty asks for a terminal.
func (c *Cluster) Interactive(ctx context.Context, node string, tty bool, command ...string) *exec.Cmd {
	mode := execInput
	if tty {
		mode = execTTY
	}
	if len(command) == 0 {
		command = []string{"bash", "--login"}
	}
	return c.engine.Exec(ctx, mode, node, command...)
}

// Node returns the named node of this cluster. Another container is refused, even
// when the engine has one of that name.
func (c *Cluster) Node(ctx context.Context, name string) (NodeInfo, error) {
	all, err := c.Nodes(ctx)
	if err != nil {
		return NodeInfo{}, err
	}
	names := make([]string, 0, len(all))
	for _, node := range all {
		if node.Name == name {
			return node, nil
		}
		names = append(names, node.Name)
	}
	return NodeInfo{}, &UsageError{fmt.Sprintf("cluster %q has no node %q: it has %v", c.name, name, names)}
}

func sortNodes(nodes []NodeInfo) {
	sort.Slice(nodes, func(i, j int) bool {
		if nodes[i].Role != nodes[j].Role {
			return nodes[i].Role == RoleControlPlane
		}
		if len(nodes[i].Name) != len(nodes[j].Name) { // worker2 comes before worker10
			return len(nodes[i].Name) < len(nodes[j].Name)
		}
		return nodes[i].Name < nodes[j].Name
	})
}
