package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
)

func newPS(s *session) *cobra.Command {
	var all, quiet bool
	var name, pod string
	cmd := &cobra.Command{Use: "ps", Short: "List containers", Args: cobra.NoArgs}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "the ones that have ended too")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "IDs only")
	cmd.Flags().StringVar(&name, "name", "", "only containers whose name has this in it")
	cmd.Flags().StringVarP(&pod, "pod", "p", "", "only containers of the pod with this ID")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		filter := &runtimeapi.ContainerFilter{PodSandboxId: pod}
		if !all {
			filter.State = &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState_CONTAINER_RUNNING}
		}
		found, err := s.runtime.ListContainers(cmd.Context(), filter)
		if err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b *runtimeapi.Container) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) })
		rows := [][]string{{"CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"}}
		for _, c := range found {
			if !strings.Contains(c.Metadata.Name, name) {
				continue
			}
			rows = append(rows, []string{
				short(c.Id), cmp.Or(c.Image.GetUserSpecifiedImage(), short(c.ImageRef)), since(c.CreatedAt),
				word(c.State.String()), c.Metadata.Name, fmt.Sprint(c.Metadata.Attempt), short(c.PodSandboxId),
				c.Labels["io.kubernetes.pod.name"], c.Labels["io.kubernetes.pod.namespace"],
			})
		}
		return table(s.out, rows, quiet)
	}
	return cmd
}

func newPods(s *session) *cobra.Command {
	var quiet bool
	var name string
	cmd := &cobra.Command{Use: "pods", Short: "List pods", Args: cobra.NoArgs}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "IDs only")
	cmd.Flags().StringVar(&name, "name", "", "only pods whose name has this in it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		found, err := s.runtime.ListPodSandbox(cmd.Context(), nil)
		if err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b *runtimeapi.PodSandbox) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) })
		rows := [][]string{{"POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT"}}
		for _, p := range found {
			if strings.Contains(p.Metadata.Name, name) {
				rows = append(rows, []string{
					short(p.Id), since(p.CreatedAt), word(p.State.String()), p.Metadata.Name, p.Metadata.Namespace,
					fmt.Sprint(p.Metadata.Attempt),
				})
			}
		}
		return table(s.out, rows, quiet)
	}
	return cmd
}

func newImages(s *session) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{Use: "images", Short: "List images", Aliases: []string{"image"}, Args: cobra.NoArgs}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "IDs only")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		found, err := s.images.ListImages(cmd.Context(), nil)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, i := range found {
			for _, tag := range append(i.RepoTags, make([]string, max(0, 1-len(i.RepoTags)))...) {
				colon := strings.LastIndex(tag, ":")
				name, version := "<none>", "<none>"
				if colon > 0 {
					name, version = tag[:colon], tag[colon+1:]
				}
				rows = append(rows, []string{short(i.Id), name, version, fmt.Sprintf("%.1fMB", float64(i.Size)/1e6)})
			}
		}
		slices.SortFunc(rows, func(a, b []string) int { return cmp.Compare(a[1]+a[2], b[1]+b[2]) })
		return table(s.out, append([][]string{{"IMAGE ID", "IMAGE", "TAG", "SIZE"}}, rows...), quiet)
	}
	return cmd
}

func newLogs(s *session) *cobra.Command {
	var options logs.LogOptions
	var tail int64
	cmd := &cobra.Command{Use: "logs ID", Short: "Show a container's log", Args: cobra.ExactArgs(1)}
	cmd.Flags().BoolVarP(&options.Follow, "follow", "f", false, "go on with what is to come")
	cmd.Flags().BoolVarP(&options.Timestamp, "timestamps", "t", false, "the time of each line")
	cmd.Flags().Int64Var(&tail, "tail", -1, "only this many lines of the end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		container, err := s.findContainer(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		answer, err := s.runtime.ContainerStatus(cmd.Context(), container.Id, false)
		if err != nil {
			return err
		}
		if tail >= 0 {
			options.TailLines = &tail
		}
		return logs.ReadLogs(cmd.Context(), answer.Status.LogPath, container.Id, &options, s.runtime, s.out, cmd.ErrOrStderr())
	}
	return cmd
}

func newInfo(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "info", Short: "Show the runtime's own state", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := s.runtime.Status(cmd.Context(), true)
			if err != nil {
				return err
			}
			return s.printStatus(answer.Status, answer.Info)
		},
	}
}

// table writes rows under their heading, or their first columns alone.
func table(out io.Writer, rows [][]string, quiet bool) error {
	if quiet {
		for _, row := range rows[1:] {
			if _, err := fmt.Fprintln(out, row[0]); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// short is the part of an ID that tells it apart.
func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(13, len(id))]
}

func since(nanoseconds int64) string {
	return duration.HumanDuration(time.Since(time.Unix(0, nanoseconds))) + " ago"
}

// word makes Running of CONTAINER_RUNNING and NotReady of SANDBOX_NOTREADY.
func word(state string) string {
	last := state[strings.LastIndex(state, "_")+1:]
	if rest, not := strings.CutPrefix(last, "NOT"); not {
		return "Not" + word(rest)
	}
	if last == "" {
		return state
	}
	return last[:1] + strings.ToLower(last[1:])
}
