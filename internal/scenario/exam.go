package scenario

// ExamKind is the kind of an exam's file.
const ExamKind = "Exam"

// Exam is several drills with one result.
type Exam struct {
	APIVersion string     `yaml:"apiVersion" doc:"Always firedrill.dev/v1alpha1." enum:"firedrill.dev/v1alpha1" required:"true"`
	Kind       string     `yaml:"kind" doc:"Always Exam." enum:"Exam" required:"true"`
	Title      string     `yaml:"title" doc:"What the exam is called." max:"100" required:"true"`
	PassAt     float64    `yaml:"passAt" doc:"The score of 100 from which it is passed." default:"60" min:"1" max:"100"`
	Scenarios  []ExamItem `yaml:"scenarios" doc:"The drills, in order." min:"1" max:"20" required:"true"`
}

// ExamItem is one drill of an exam.
type ExamItem struct {
	Name      string   `yaml:"name" doc:"The scenario's name." format:"dns-label" required:"true"`
	Variant   string   `yaml:"variant" doc:"Its variant; left out, the seed draws one." format:"dns-label"`
	Weight    float64  `yaml:"weight" doc:"How much its grade counts beside the others'." default:"1" min:"0.1" max:"100"`
	TimeLimit Duration `yaml:"timeLimit" doc:"How long the trainee has; left out, what the scenario says." min:"1m" max:"4h"`
	Seed      *int64   `yaml:"seed" doc:"Seed of what varies; left out, a random one." min:"0"`
}

// ReadExam reads an exam's file, strictly. What is wrong in it is an error of type
// Problems, all at once; the file is only named in them.
func ReadExam(file string, src []byte) (*Exam, error) {
	exam := &Exam{}
	if err := Decode(file, src, exam).Err(); err != nil {
		return nil, err
	}
	return exam, nil
}

// Weights is the sum of the drills' weights.
func (e *Exam) Weights() float64 {
	sum := 0.0
	for _, item := range e.Scenarios {
		sum += item.Weight
	}
	return sum
}
