package manifests

import _ "embed" // for the manifest below

// TraineeRBAC is the trainee's roles and bindings, with ${run}, ${namespace} and
// ${workers} to fill in.
//
//go:embed trainee-rbac.yaml
var TraineeRBAC string
