package cli

import (
	"regexp"
	"slices"
	"strings"
)

// onlyVersion accepts a daemon's name when it is asked for its version or its options.
func onlyVersion(args []string) bool {
	return len(args) == 1 && slices.Contains([]string{"--version", "--help", "-h"}, args[0])
}

// envReads: env runs the command behind its options and assignments, if there is one.
func envReads(args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-i", arg == "-", arg == "-0", arg == "--null", arg == "--ignore-environment", strings.HasPrefix(arg, "--unset="):
		case arg == "-u", arg == "--unset":
			i++
		case strings.HasPrefix(arg, "-"):
			return false // such as -S, which splits a command of its own
		default:
			return readsOnly(args[i:])
		}
	}
	return true
}

// awkActs is what a program of awk's runs commands and writes files with. A > before any
// print compares.
var awkActs = regexp.MustCompile(`(?s)system[\s\\]*\(|getline|@|print.*[>|]`)

// awkReads: a program on the command line that prints, and nothing else.
func awkReads(args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-F", arg == "-v":
			i++
		case strings.HasPrefix(arg, "-F"), strings.HasPrefix(arg, "-v"), arg == "--":
		case strings.HasPrefix(arg, "-"):
			return false // such as -f, a program in a file, and -i inplace
		default:
			return !awkActs.MatchString(arg)
		}
	}
	return false
}

// netcatReads: whether a port answers, or what comes to one, but for -e and -c, which run
// a command.
func netcatReads(args []string) bool {
	return !slices.ContainsFunc(args, func(arg string) bool {
		if strings.HasPrefix(arg, "--") {
			return strings.Contains(arg, "exec")
		}
		return strings.HasPrefix(arg, "-") && strings.ContainsAny(arg, "ec")
	})
}

// iptablesReads: a list of rules, by options that change nothing.
func iptablesReads(args []string) bool {
	lists := false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--list", arg == "--list-rules", arg == "--version":
			lists = true
		case arg == "--table":
			i++
		case strings.HasPrefix(arg, "--"):
			if name, _, _ := strings.Cut(arg, "="); !slices.Contains([]string{"--table", "--numeric", "--verbose", "--line-numbers", "--exact", "--wait"}, name) {
				return false
			}
		case strings.HasPrefix(arg, "-"):
			letters, table, cut := strings.Cut(arg[1:], "t")
			if strings.Trim(letters, "nvxwLSV") != "" {
				return false
			}
			lists = lists || strings.ContainsAny(letters, "LSV")
			if cut && table == "" {
				i++
			}
		}
	}
	return lists
}

// ctrReads: containerd's lists, and what it tells of one thing.
func ctrReads(args []string) bool {
	var words []string
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains([]string{"-n", "--namespace", "-a", "--address", "--timeout", "--connect-timeout"}, args[i]):
			i++
		case !strings.HasPrefix(args[i], "-"):
			words = append(words, args[i])
		}
	}
	if len(words) == 0 || slices.Contains([]string{"version", "info", "events"}, words[0]) {
		return true
	}
	groups := []string{
		"container", "containers", "c", "content", "image", "images", "i", "lease", "leases", "namespace", "namespaces", "ns", "plugin", "plugins",
		"sandbox", "sandboxes", "sb", "s", "snapshot", "snapshots", "task", "tasks", "t",
	}
	return len(words) > 1 && slices.Contains(groups, words[0]) &&
		slices.Contains([]string{"ls", "list", "info", "inspect", "ps", "metrics", "metric", "check", "usage", "tree"}, words[1])
}
