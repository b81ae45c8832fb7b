package cli

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// readsOnly tells whether the command is one of those that people look around with. What
// is not known counts as a change.
func readsOnly(command []string) bool {
	for len(command) > 0 && (slices.Contains(leading, command[0]) || assignment.MatchString(command[0])) {
		command = command[1:]
	}
	if len(command) == 0 || command[0] == "for" { // its words are no command
		return true
	}
	name, args := path.Base(command[0]), command[1:]
	if slices.Contains(lookers, name) {
		return true
	}
	if judge, ok := judges()[name]; ok {
		return judge(args)
	}
	return false
}

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// leading words stand before a command of a line.
var leading = []string{"sudo", "if", "then", "else", "elif", "while", "until", "do", "time", "!", "{"} //nolint:gochecknoglobals // a constant table

// lookers change nothing, whatever their arguments.
var lookers = []string{ //nolint:gochecknoglobals // a constant table
	"[", "[[", "base64", "basename", "cat", "cd", "clear", "cmp", "column", "cut", "df", "diff", "dig", "dirname", "done", "du", "echo", "egrep", "exit",
	"false", "fgrep", "fi", "file", "findmnt", "free", "getent", "grep", "head", "hexdump", "host", "htop", "id", "iostat", "jq", "last", "less", "ls",
	"lsblk", "lscpu", "lsmod", "lsof", "md5sum", "more", "mpstat", "netstat", "nl", "nproc", "nslookup", "od", "pgrep", "pidof", "ping", "printf", "ps",
	"pstree", "pwd", "readlink", "realpath", "sha256sum", "sleep", "stat", "strings", "tac", "tail", "test", "top", "tr", "true", "type", "uname", "uptime",
	"vmstat", "w", "wc", "whereis", "which", "who", "whoami", "zcat", "zgrep", "}",
}

// judges tell of commands that may do either, by their arguments.
func judges() map[string]func(args []string) bool {
	return map[string]func([]string) bool{
		"sh": shellReads, "bash": shellReads,
		"systemctl": func(args []string) bool {
			verb := verbOf(args, "-t", "-p", "-P", "-n", "-o", "--type", "--state", "--property", "--lines", "--output")
			return slices.Contains([]string{"status", "show", "cat", "help", "get-default"}, verb) || strings.HasPrefix(verb, "is-") || strings.HasPrefix(verb, "list-")
		},
		"crictl": func(args []string) bool {
			verb := verbOf(args, "-r", "-i", "-t", "-c", "--runtime-endpoint", "--image-endpoint", "--timeout", "--config")
			return strings.HasPrefix(verb, "inspect") || slices.Contains([]string{
				"ps", "pods", "logs", "images", "image", "img", "imagefsinfo", "stats", "statsp", "info", "version",
			}, verb)
		},
		"kubectl": func(args []string) bool {
			verb := verbOf(args, "-n", "--namespace", "--kubeconfig", "--context", "-s", "--server")
			return slices.Contains([]string{"get", "describe", "logs", "top", "events", "explain", "version", "api-resources", "cluster-info", "diff"}, verb)
		},
		"journalctl": without("--vacuum", "--rotate", "--flush", "--sync", "--relinquish-var", "--smart-relinquish-var", "--setup-keys", "--update-catalog"),
		"dmesg":      without("-C", "-c", "-D", "-E", "-n", "--clear", "--read-clear", "--console"),
		"find":       without("-delete", "-exec", "-ok", "-fprint", "-fls"),
		"history":    without("-c", "-d", "-w", "-a"),
		"sort":       without("-o", "--output"),
		"uniq":       uniqReads,
		"ss":         without("-K", "--kill"),
		"openssl": func(args []string) bool {
			return len(args) > 0 && slices.Contains([]string{"x509", "verify", "version", "s_client", "crl", "req", "asn1parse"}, args[0]) &&
				without("-out", "-keyout", "-new", "-CAcreateserial")(args)
		},
		"ip": func(args []string) bool {
			return len(args) < 2 || !slices.ContainsFunc(args[1:], func(word string) bool {
				return slices.Contains([]string{"set", "add", "append", "del", "delete", "flush", "replace", "change", "exec", "restore"}, word)
			})
		},
		"timedatectl": func(args []string) bool {
			return slices.Contains([]string{"", "status", "show", "list-timezones", "timesync-status", "show-timesync"}, verbOf(args, "-p", "--property"))
		},
		"hostnamectl": func(args []string) bool {
			return slices.Contains([]string{"", "status", "show"}, verbOf(args, "-p", "--property")) // a name behind hostname sets it
		},
		"sysctl": func(args []string) bool {
			return without("-w", "--write", "-p", "--load", "--system", "-f")(args) && !slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, "=") })
		},
		"dpkg": func(args []string) bool {
			return len(args) > 0 && slices.Contains([]string{"-l", "-L", "-s", "-S", "--list", "--listfiles", "--status", "--search"}, args[0])
		},
		"man":      without("-P", "--pager", "-H", "--html"),
		"kubelet":  onlyVersion,
		"awk":      awkReads,
		"env":      envReads,
		"nc":       netcatReads,
		"ctr":      ctrReads,
		"iptables": iptablesReads, "ip6tables": iptablesReads,
		"mount":    onlyOptions("-t", "--types"),
		"hostname": func(args []string) bool { return onlyOptions()(args) && without("-F", "--file", "-b", "--boot")(args) },
		"date":     dateReads,
		"curl":     curlReads,
		"sed":      sedReads,
	}
}

// without accepts arguments of which none begins with one of those.
func without(changing ...string) func([]string) bool {
	return func(args []string) bool {
		return !slices.ContainsFunc(args, func(arg string) bool {
			return slices.ContainsFunc(changing, func(c string) bool { return strings.HasPrefix(arg, c) })
		})
	}
}

// onlyOptions accepts options alone, with a value after those that take one.
func onlyOptions(valued ...string) func([]string) bool {
	return func(args []string) bool { return verbOf(args, valued...) == "" }
}

// verbOf is the first argument that is neither an option nor the value of one.
func verbOf(args []string, valued ...string) string {
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains(valued, args[i]):
			i++
		case !strings.HasPrefix(args[i], "-"):
			return args[i]
		}
	}
	return ""
}

// uniqReads: its second operand is the file that it writes.
func uniqReads(args []string) bool {
	operands := 0
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains([]string{"-f", "-s", "-w"}, args[i]):
			i++
		case !strings.HasPrefix(args[i], "-") || args[i] == "-":
			operands++
		}
	}
	return operands < 2
}

func shellReads(args []string) bool {
	return len(args) == 2 && args[0] == "-c" && readsOnlyLine(args[1])
}

// dateReads: date sets the clock with -s, and with a time that is no format.
func dateReads(args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-d" || arg == "--date" || arg == "-r" || arg == "-f":
			i++
		case strings.HasPrefix(arg, "--set"), strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.Contains(arg, "s") && !strings.HasPrefix(arg, "-I") && !strings.HasPrefix(arg, "-d"):
			return false
		case !strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "+"):
			return false
		}
	}
	return true
}

// curlReads: a GET or HEAD whose answer is not written to a file.
func curlReads(args []string) bool {
	for i := 0; i < len(args); i++ {
		arg, value := args[i], ""
		if i+1 < len(args) {
			value = args[i+1]
		}
		if name, given, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(arg, "--") {
			arg, value = name, given
		}
		switch {
		case arg == "--request":
			if value != "GET" && value != "HEAD" {
				return false
			}
		case arg == "--output":
			if value != "/dev/null" {
				return false
			}
		case strings.HasPrefix(arg, "--"):
			if !without("--data", "--form", "--upload-file", "--json", "--remote-name", "--config", "--cookie-jar", "--dump-header", "--output-dir")([]string{arg}) {
				return false
			}
		case strings.HasPrefix(arg, "-") && !curlShortReads(arg[1:], value):
			return false
		}
	}
	return true
}

// curlShortReads goes through a cluster of short options; next is the argument behind it.
func curlShortReads(letters, next string) bool {
	for i, c := range letters {
		value := letters[i+1:]
		if value == "" {
			value = next
		}
		switch {
		case c == 'X':
			return value == "GET" || value == "HEAD"
		case c == 'o':
			return value == "/dev/null"
		case strings.ContainsRune("dFTOKcD", c):
			return false
		case strings.ContainsRune("HAuxbemwrEUyYzQtPC", c):
			return true // the rest is its value
		}
	}
	return true
}

// printed is a sed command that prints: an address or two, and p, l, = or q.
var printed = regexp.MustCompile(`^\s*((\d+|\$|/([^/\\]|\\.)*/I?)(,\s*[+~]?(\d+|\$|/([^/\\]|\\.)*/I?))?)?\s*!?\s*[plq=]?\s*$`)

// sedReads: sed -n that prints, and nothing else.
func sedReads(args []string) bool {
	quiet, script := false, ""
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--quiet", arg == "--silent":
			quiet = true
		case arg == "--regexp-extended":
		case len(arg) > 1 && arg[0] == '-':
			if strings.Trim(arg[1:], "nEre") != "" {
				return false
			}
			quiet = quiet || strings.Contains(arg, "n")
			if strings.HasSuffix(arg, "e") && i+1 < len(args) {
				i++
				script += ";" + args[i]
			}
		case script == "":
			script = arg
		}
	}
	for command := range strings.SplitSeq(script, ";") {
		if !printed.MatchString(command) {
			return false
		}
	}
	return quiet && script != ""
}
