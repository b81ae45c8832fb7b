package scenario

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Vars says which values a scenario's variables have.
type Vars struct {
	// Seed chooses, for each variable, one of its values: see Choose.
	Seed int64
	// Values are given from outside: namespace, node, run, variant, and any variable
	// whose choice is to be overruled. What is missing or empty of the three has a
	// placeholder.
	Values map[string]string
	// Program names the workload's program, which images hold beside their settings.
	Program string
}

// Variables that every scenario has without defining them.
const (
	VarNamespace = "namespace" // the run's namespace
	VarNode      = "node"      // the drill's worker, when spec.breaksNode
	VarRun       = "run"       // the run's ID
	VarBuild     = "build"     // stands for what the scenario's images hold: see build
)

// Choose picks a variable's value: the first eight bytes of the SHA-256 of
// "<seed>/<name>", big endian, modulo the number of values. It is the same on every
// machine and in every release: a run is named by its scenario and its seed.
func Choose(seed int64, name string, oneOf []string) string {
	if len(oneOf) == 0 {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", seed, name))
	return oneOf[binary.BigEndian.Uint64(sum[:8])%uint64(len(oneOf))]
}

// EnvName is the name under which a script finds a variable: order-size is ORDER_SIZE.
func EnvName(variable string) string {
	return strings.ToUpper(strings.ReplaceAll(variable, "-", "_"))
}

// values gives every variable of a document its value.
func (v Vars) values(body ast.Node) map[string]string {
	base, ok := textOf(child(child(body, "spec"), "namespace"))
	if !ok {
		base = "drill"
	}
	values := map[string]string{
		VarNamespace: base + "-xxxxx", VarNode: "drill-worker", VarRun: base + "-xxxxx",
	}
	for _, variable := range variablesOf(body) {
		values[variable.Name] = Choose(v.Seed, variable.Name, variable.OneOf)
	}
	if variants := drawn(body); len(variants) > 0 {
		values[VarVariant] = Choose(v.Seed, VarVariant, variants)
	}
	for name, value := range v.Values {
		if value != "" {
			values[name] = value
		}
	}
	return values
}

// buildDigits is how much of a build's hash its name has, as of a short git commit.
const buildDigits = 7

// build names what spec.images hold, with the variables' values in them. Nodes know an
// image by its name alone, and drills side by side share the nodes: with the build in
// their names two images that differ never have the same one, and those that do not are
// loaded once.
func build(body ast.Node, program string, values map[string]string) string {
	var images []Image
	if node := child(child(body, "spec"), "images"); node != nil {
		(&decoder{}).value(node, "", position{}, valueOf(&images))
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%q\n", program)
	for _, image := range images {
		name, _ := expand(image.Name, values)
		fmt.Fprintf(hash, "%q\n", name)
		for _, key := range slices.Sorted(maps.Keys(image.Env)) {
			value, _ := expand(image.Env[key], values)
			fmt.Fprintf(hash, "%q=%q\n", key, value)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:buildDigits]
}

// variablesOf reads only spec.variables: the rest is decoded once they have values.
// Its problems are found by the full decode.
func variablesOf(body ast.Node) []Variable {
	node := child(child(body, "spec"), "variables")
	if node == nil {
		return nil
	}
	var variables []Variable
	(&decoder{}).value(node, "", position{}, valueOf(&variables))
	return slices.DeleteFunc(variables, func(v Variable) bool { return v.Name == "" })
}

// variableUse matches ${name}, $${name} (which stands for the text ${name}) and, so
// that they can be refused, other forms that a shell would know.
var variableUse = regexp.MustCompile(`\$?\$\{[^}\n]*\}`)

// use is one place where a variable is used.
type use struct {
	name   string
	offset int // in the text, in bytes
}

// expand replaces the variables in a text. It returns every use, known or not.
func expand(text string, values map[string]string) (string, []use) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var out strings.Builder
	var uses []use
	last := 0
	for _, m := range variableUse.FindAllStringIndex(text, -1) {
		found := text[m[0]:m[1]]
		out.WriteString(text[last:m[0]])
		last = m[1]
		if strings.HasPrefix(found, "$$") {
			out.WriteString(found[1:])
			continue
		}
		name := found[2 : len(found)-1]
		uses = append(uses, use{name: name, offset: m[0]})
		if value, ok := values[name]; ok {
			out.WriteString(value)
		} else {
			out.WriteString(found)
		}
	}
	out.WriteString(text[last:])
	return out.String(), uses
}

// unknownVariable is the message for a use of what is not defined.
func unknownVariable(name string, values map[string]string) string {
	known := slices.Sorted(maps.Keys(values))
	return fmt.Sprintf("unknown variable ${%s}%s; write $${%s} for the text itself", name, didYouMean(name, known), name)
}
