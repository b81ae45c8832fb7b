// Command crictl is a small stand-in for the CRI tool of the same name, which is
// not to be had as a Go module: what a person looks for on a broken node (ps, pods,
// images, logs, inspect), what mends it (stop, rm, rmi, pull), and what kind asks
// for (inspecti). Output and flags are the real tool's, as far as they go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	internalapi "k8s.io/cri-api/pkg/apis"
	cri "k8s.io/cri-client/pkg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		stop()
		os.Exit(1)
	}
}

// session is a connection to the container runtime and where answers go.
type session struct {
	runtime internalapi.RuntimeService
	images  internalapi.ImageManagerService
	out     io.Writer
}

func newCommand() *cobra.Command {
	var s session
	endpoint := "unix:///run/containerd/containerd.sock"
	root := &cobra.Command{
		Use:           "crictl",
		Short:         "A small stand-in for crictl: the containers of this node, by its container runtime",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return s.connect(cmd.Context(), endpoint, cmd.OutOrStdout())
		},
	}
	root.PersistentFlags().StringVarP(&endpoint, "runtime-endpoint", "r", endpoint, "the runtime's socket")
	root.AddCommand(
		newPS(&s), newPods(&s), newImages(&s), newLogs(&s), newInfo(&s),
		byID(&s, "inspect", "Show a container", (*session).inspect),
		byID(&s, "inspectp", "Show a pod", (*session).inspectPod),
		byID(&s, "inspecti", "Show an image", (*session).inspectImage),
		byID(&s, "stop", "Stop containers", (*session).stop),
		byID(&s, "rm", "Remove containers", (*session).remove),
		byID(&s, "stopp", "Stop pods", (*session).stopPod),
		byID(&s, "rmp", "Remove pods", (*session).removePod),
		byID(&s, "rmi", "Remove images", (*session).removeImage),
		byID(&s, "pull", "Pull images", (*session).pull),
	)
	return root
}

func (s *session) connect(ctx context.Context, endpoint string, out io.Writer) error {
	const timeout = 10 * time.Second
	var err error
	if s.runtime, err = cri.NewRemoteRuntimeService(ctx, endpoint, timeout, nil, false); err != nil {
		return fmt.Errorf("%s: %w", endpoint, err)
	}
	if s.images, err = cri.NewRemoteImageService(ctx, endpoint, timeout, nil, false); err != nil {
		return fmt.Errorf("%s: %w", endpoint, err)
	}
	s.out = out
	return nil
}

// byID is a command that does one thing with each of its arguments.
func byID(s *session, verb, short string, do func(*session, context.Context, string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb + " ID...", Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, id := range args {
				if err := do(s, cmd.Context(), id); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringP("output", "o", "json", "the format; json is the only one")
	return cmd
}

// printStatus writes an answer as the real tool does: the status, then what the
// runtime adds, whose values are JSON themselves.
func (s *session) printStatus(status proto.Message, info map[string]string) error {
	encoded, err := protojson.Marshal(status)
	if err != nil {
		return err
	}
	answer := map[string]any{"status": json.RawMessage(encoded)}
	extra := map[string]any{}
	for key, value := range info {
		if json.Valid([]byte(value)) {
			extra[key] = json.RawMessage(value)
		} else {
			extra[key] = value
		}
	}
	answer["info"] = extra
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e.Encode(answer)
}
