package injectors

// Registry lists every kind of fault a scenario may name, sorted by name. A new
// kind is one file and one line here.
func Registry() []Kind {
	return []Kind{
		{
			Name: "apply",
			Doc:  "Applies objects on the server's side, as kubectl apply --server-side does: the deployment pipeline's next release of them.",
			New:  func() Injector { return &Apply{} },
		},
		{
			Name: "delete",
			Doc:  "Deletes one object, and with it what it owns. Reverting creates it again; what it owned is made anew by its controllers.",
			New:  func() Injector { return &Delete{} },
		},
		{
			Name: "nodeFile",
			Doc:  "Changes a file in a node and restarts the unit that reads it. Reverting puts the whole file back, with its mode and owner.",
			New:  func() Injector { return &NodeFile{} },
		},
		{
			Name: "patch",
			Doc:  "Changes one object as a colleague's deployment would: a Deployment gets a new revision, which kubectl rollout history shows and rollout undo takes back.",
			New:  func() Injector { return &Patch{} },
		},
		{
			Name: "registryHost",
			Doc:  "Makes a registry that runs in the drill's namespace known to the nodes under a name of its own; for spec.setup. Reverting also removes the images that came from it.",
			New:  func() Injector { return &RegistryHost{} },
		},
		{
			Name: "systemdUnit",
			Doc:  "Stops a systemd unit of a node, and keeps it from starting at boot when asked to.",
			New:  func() Injector { return &SystemdUnit{} },
		},
	}
}
