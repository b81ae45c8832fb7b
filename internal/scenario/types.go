// Package scenario holds a drill as data: what is written in scenario.yaml, decoded
// strictly, every problem reported at once with its line and column.
package scenario

import "time"

// APIVersion and Kind are what every scenario.yaml of this version starts with.
const (
	APIVersion = "firedrill.dev/v1alpha1"
	Kind       = "Scenario"
)

// Scenario is one drill.
type Scenario struct {
	APIVersion string   `yaml:"apiVersion" doc:"Always firedrill.dev/v1alpha1." enum:"firedrill.dev/v1alpha1" required:"true"`
	Kind       string   `yaml:"kind" doc:"Always Scenario." enum:"Scenario" required:"true"`
	Metadata   Metadata `yaml:"metadata" doc:"What the drill is called." required:"true"`
	Spec       Spec     `yaml:"spec" doc:"What is deployed, what is broken, how it shows and what counts as repaired." required:"true"`
}

// Metadata names the drill.
type Metadata struct {
	Name  string `yaml:"name" doc:"The scenario's name: its folder's name." format:"dns-label" required:"true"`
	Draft bool   `yaml:"draft" doc:"Not proven yet: firedrill list says so, and firedrill prove leaves it out unless it is named."`
	Title string `yaml:"title" doc:"The symptom in one line, never the cause: it holds no word of the scenario's name." max:"100" required:"true"`
}

// Spec says what is deployed, what is broken, how it shows and what counts as repaired.
type Spec struct {
	Page         string      `yaml:"page" doc:"The page the trainee gets: what an alert and a worried colleague would say." required:"true"`
	Family       string      `yaml:"family" doc:"Class of the cause." enum:"application,configuration,infrastructure,deployment,network,capacity" required:"true"`
	Difficulty   string      `yaml:"difficulty" doc:"How hard the diagnosis is." enum:"beginner,intermediate,advanced" required:"true"`
	SeedQuestion int         `yaml:"seedQuestion" doc:"The interview question that the incident comes from; 0 when from none." min:"0" max:"10"`
	TimeLimit    Duration    `yaml:"timeLimit" doc:"From the page to the end, for example 15m." min:"1m" max:"4h" required:"true"`
	Namespace    string      `yaml:"namespace" doc:"Base of the namespace's name; the run's suffix is added. It must not give the cause away." format:"dns-label" max:"40" required:"true"`
	BreaksNode   bool        `yaml:"breaksNode" doc:"The drill needs a worker of its own, named by ${node}."`
	BreaksAddon  string      `yaml:"breaksAddon" doc:"The service of the whole cluster that the drill breaks: it runs alone (but for cases of the same proof that do not use it), and the trainee may change the service's Deployment in kube-system." enum:"metrics-server"`
	Latent       bool        `yaml:"latent" doc:"The flaw is in the baseline already, and shows only later: the healthy system does not count as repaired."`
	Variables    []Variable  `yaml:"variables" doc:"What varies from run to run, chosen by the run's seed, used as ${name}."`
	Variants     []Variant   `yaml:"variants" doc:"Kinds of the same incident: the seed draws one, start --variant chooses it. The first may be just a name: it is what the rest of the spec says."`
	Images       []Image     `yaml:"images" doc:"Workload images made from drillapp and loaded into the nodes."`
	Manifests    []string    `yaml:"manifests" doc:"Files of the baseline, in order. Left out: every YAML file in manifests/, by name."`
	Setup        []Fault     `yaml:"setup" doc:"What the healthy system needs after its manifests, in order, of the kinds of faults. Taken back when the namespace is gone."`
	Traffic      []Traffic   `yaml:"traffic" doc:"The users: requests sent throughout the run."`
	SteadyState  []Check     `yaml:"steadyState" doc:"What is true of the healthy system." required:"true"`
	Faults       []Fault     `yaml:"faults" doc:"What is broken, in order." required:"true"`
	Symptoms     []Check     `yaml:"symptoms" doc:"How it shows: proven before the page is sent." required:"true"`
	Recovery     Recovery    `yaml:"recovery" doc:"What counts as repaired." required:"true"`
	Safeguards   []Safeguard `yaml:"safeguards" doc:"What a repair must not weaken." required:"true"`
	Hints        []string    `yaml:"hints" doc:"From a nudge to nearly the answer." min:"1" max:"10" required:"true"`
	Explanation  string      `yaml:"explanation" doc:"Shown after the end, in the voice of a senior reviewer." required:"true"`
	Diagnosis    *Diagnosis  `yaml:"diagnosis" doc:"What was wrong, for firedrill diagnose. Needed once the scenario is no draft."`
	Rubric       *Rubric     `yaml:"rubric" doc:"How an expert goes about it, for the grade. Needed once the scenario is no draft."`
}

// Variant is one kind of the incident. Each field that it gives replaces the spec's.
type Variant struct {
	Name        string      `yaml:"name" doc:"Unique in the scenario; used as ${variant}. The trainee does not see it." format:"dns-label" max:"40" required:"true"`
	Draft       bool        `yaml:"draft" doc:"Not proven yet: no seed draws it, only start --variant and prove --variant choose it."`
	Page        string      `yaml:"page" doc:"The page the trainee gets."`
	Family      string      `yaml:"family" doc:"Class of the cause." enum:"application,configuration,infrastructure,deployment,network,capacity"`
	BreaksNode  bool        `yaml:"breaksNode" doc:"The variant needs a worker of its own, named by ${node}."`
	BreaksAddon string      `yaml:"breaksAddon" doc:"The service of the whole cluster that the variant breaks." enum:"metrics-server"`
	Images      []Image     `yaml:"images" doc:"Workload images made from drillapp and loaded into the nodes."`
	Manifests   []string    `yaml:"manifests" doc:"Files of the baseline, in order."`
	Traffic     []Traffic   `yaml:"traffic" doc:"The users: requests sent throughout the run."`
	SteadyState []Check     `yaml:"steadyState" doc:"What is true of the healthy system."`
	Faults      []Fault     `yaml:"faults" doc:"What is broken, in order."`
	Symptoms    []Check     `yaml:"symptoms" doc:"How it shows."`
	Recovery    *Recovery   `yaml:"recovery" doc:"What counts as repaired."`
	Safeguards  []Safeguard `yaml:"safeguards" doc:"What a repair must not weaken."`
	Hints       []string    `yaml:"hints" doc:"From a nudge to nearly the answer." max:"10"`
	Explanation string      `yaml:"explanation" doc:"Shown after the end."`
	Diagnosis   *Diagnosis  `yaml:"diagnosis" doc:"What was wrong."`
	Rubric      *Rubric     `yaml:"rubric" doc:"How an expert goes about it."`
}

// Variable is one value that varies by the run's seed.
type Variable struct {
	Name   string   `yaml:"name" doc:"Used as ${name}; scripts find it in their environment in upper case, dashes as underscores." format:"variable-name" max:"40" required:"true"`
	OneOf  []string `yaml:"oneOf" doc:"The values to choose from." required:"true"`
	Secret bool     `yaml:"secret" doc:"The value is a credential, such as a Secret's: no journal and no report holds it. Scripts find it in their environment."`
}

// Image is a workload image: drillapp under a name, with a behaviour baked in.
type Image struct {
	Name string            `yaml:"name" doc:"Image reference with a tag, and with ${build} in it so that no other drill's image takes its place: shop/${build}/checkout:1.4.2." required:"true"`
	Env  map[string]string `yaml:"env" doc:"Environment baked into the image: the behaviour of this version."`
}

// Traffic is one stream of users' requests, sent in an open loop without retries.
type Traffic struct {
	Name    string   `yaml:"name" doc:"Unique in the scenario; checks name the stream by it." format:"dns-label" required:"true"`
	URL     string   `yaml:"url" doc:"For example http://checkout/order; a bare host is a Service of the drill's namespace." required:"true"`
	Rate    int      `yaml:"rate" doc:"Requests a second." default:"10" min:"1" max:"50"`
	Timeout Duration `yaml:"timeout" doc:"Of one request." default:"2s" min:"100ms" max:"30s"`
	Expect  string   `yaml:"expect" doc:"Text that a good answer's body contains."`
}

// Check is one observation, of a kind in the verifier's registry.
type Check struct {
	ID   string `yaml:"id" doc:"Unique in its list." format:"dns-label" required:"true"`
	Type string `yaml:"type" doc:"A check kind." required:"true"`
	With Params `yaml:"with" doc:"The kind's parameters."`
}

// Fault is one thing broken, of a kind in the injectors' registry.
type Fault struct {
	Type string `yaml:"type" doc:"An injector kind." required:"true"`
	With Params `yaml:"with" doc:"The kind's parameters."`
}

// Recovery says what counts as repaired.
type Recovery struct {
	Hold    Duration  `yaml:"hold" doc:"How long every check holds without a break, after the perturbation: at least twice the time the fault takes to show." min:"5s" max:"1h" required:"true"`
	Checks  []Check   `yaml:"checks" doc:"What is true of the repaired system." required:"true"`
	Perturb []Perturb `yaml:"perturb" doc:"What is done to a system that looks repaired, to see whether it stands."`
}

// Perturb is one disturbance, of a perturbation kind in the verifier's registry.
type Perturb struct {
	Type   string   `yaml:"type" doc:"A perturbation kind." required:"true"`
	With   Params   `yaml:"with" doc:"The kind's parameters."`
	Within Duration `yaml:"within" doc:"How long the system may take to pass every check again." default:"60s" min:"1s" max:"30m"`
}

// Safeguard is what a repair must not weaken, with the wrong fix it catches.
type Safeguard struct {
	Name     string `yaml:"name" doc:"Unique in the scenario: the wrong fix that it catches, for example limit-removed." format:"dns-label" required:"true"`
	Sentence string `yaml:"sentence" doc:"Why this is not a repair, in one sentence." required:"true"`
	Type     string `yaml:"type" doc:"A check kind: the safeguard holds while the check passes." required:"true"`
	With     Params `yaml:"with" doc:"The kind's parameters."`
	CatchAll bool   `yaml:"catchAll" doc:"Whether it is told only while no other safeguard is broken: for what the others have no name for."`
}

// Duration is a time.Duration written as 90s or 15m.
type Duration time.Duration

// Std returns the duration as the standard library's.
func (d Duration) Std() time.Duration { return time.Duration(d) }
