package scenario

// Script is a solution or a wrong fix: a shell script that acts as a trainee would.
type Script struct {
	Name        string `json:"name"`              // the file's, without .sh
	Path        string `json:"path"`              // in the scenario's folder
	Description string `json:"description"`       // its first comment line
	Refused     string `json:"refused,omitempty"` // wrong fix: the safeguard, or recovery:<check id>, that refuses it
}
