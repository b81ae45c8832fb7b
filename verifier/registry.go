package verifier

// Registry lists every kind of check and perturbation, in the order of the documentation.
// A kind is one type with its parameters; this table is the only place that names it.
func Registry() []Kind {
	return append(append(checkKinds(), safeguardKinds()...), perturbKinds()...)
}

// checkKinds are for steady states, symptoms and recoveries.
func checkKinds() []Kind {
	return []Kind{
		{"rolloutComplete", "The newest template of a workload runs everywhere, is available, and nothing older is left, nor changed in place.", func() any { return new(RolloutComplete) }},
		{"noRestarts", "No container of the pods ended, is being ended, was killed for memory or was restarted, since the hold began.", func() any { return new(NoRestarts) }},
		{"containerTerminated", "A container of the pods was ended for a reason since the fault: OOMKilled.", func() any { return new(ContainerTerminated) }},
		{"containerWaiting", "A container of the pods cannot start for a reason: CrashLoopBackOff.", func() any { return new(ContainerWaiting) }},
		{"event", "The cluster reported something about one of the pods since the fault: FailedMount.", func() any { return new(Event) }},
		{"endpoints", "A Service has so many ready endpoints.", func() any { return new(Endpoints) }},
		{"memoryFlat", "The memory of every ready pod stays the same from request to request, its cache aside: no leak. The pods are drillapp.", func() any { return new(MemoryFlat) }},
		{"podAnswers", "Every ready pod answers a question of the referee's with a status.", func() any { return new(PodAnswers) }},
		{"imagesPulled", "No container of the pods waits for its image, and what was started since the fault was pulled from its registry.", func() any { return new(ImagesPulled) }},
		{"registryAnswers", "A registry in the namespace serves the pods' images to their own pull secrets' logins, or refuses with an error.", func() any { return new(RegistryAnswers) }},
		{"http", "The users get good answers, fast enough, and from every pod.", func() any { return new(HTTP) }},
		{"httpFailing", "The users do not get good answers.", func() any { return new(HTTPFailing) }},
		{"nodeReady", "The node is Ready, renews its Lease and carries no taint of a node in trouble. Its kubelet may have died within the Lease's duration: use nodeUnits beside it.", func() any { return new(NodeReady) }},
		{"nodeSchedulable", "The node takes pods: no cordon, no new taint.", func() any { return new(NodeSchedulable) }},
		{"nodeCondition", "A condition of the node has a status: Ready is Unknown.", func() any { return new(NodeCondition) }},
		{"nodeUnits", "systemd units of the node are active, and enabled.", func() any { return new(NodeUnits) }},
		{"hpaActive", "The autoscaler scales the workload by metrics that it gets, and has replicas left to add.", func() any { return new(HPAActive) }},
		{"hpaCondition", "A condition of a HorizontalPodAutoscaler has a status, and a reason: ScalingActive is False, FailedGetResourceMetric.", func() any { return new(HPACondition) }},
		{"podsOnNode", "Ready pods run on the node.", func() any { return new(PodsOnNode) }},
		{"podsOnClaim", "Pods run with one PersistentVolumeClaim mounted: two are two writers.", func() any { return new(PodsOnClaim) }},
		{"jobComplete", "The Job is complete.", func() any { return new(JobComplete) }},
		{"statefulSetServes", "The pods behind a Service are those of one StatefulSet, whose newest template runs everywhere.", func() any { return new(StatefulSetServes) }},
		{"rowsKept", "The PostgreSQL behind a Service has the rows that it had at the baseline, unchanged. Asked by psql in each ready pod.", func() any { return new(RowsKept) }},
		{"rowsConfirmed", "The PostgreSQL behind a Service has every row that any of those behind it had when the page was sent, and what a StatefulSet's had before its pods were started anew; and none is without a row of another one for 10 s. Asked by psql in each ready pod.", func() any { return new(RowsConfirmed) }},
		{"rowsDiffer", "Several PostgreSQL stand behind a Service, and each has rows that none of the others has: a symptom of more than one writer. Asked by psql in each ready pod.", func() any { return new(RowsDiffer) }},
		{"rowsUnique", "The newest rows in the PostgreSQL behind a Service share a column's value with no other row, nor any that came since they did so for more than 30 s. Asked by psql in each ready pod.", func() any { return new(RowsUnique) }},
		{"rowsArrive", "New rows arrive in the PostgreSQL behind a Service: the users write to this database and no other.", func() any { return new(RowsArrive) }},
	}
}

// safeguardKinds are checks that compare the system with its baseline.
func safeguardKinds() []Kind {
	return []Kind{
		{"workloadKept", "The workload exists, selects what it selected, and owns the pods behind its Services.", func() any { return new(WorkloadKept) }},
		{"containerKept", "A container of the workload's pod template, init ones as well, is what it was.", func() any { return new(ContainerKept) }},
		{"templateKept", "The workload's pod template, or some fields of it, is what it was.", func() any { return new(TemplateKept) }},
		{"replicasKept", "The workload has at least the replicas it had.", func() any { return new(ReplicasKept) }},
		{"limitKept", "A container's limit is still there, its own or its pod's, and some node has so much.", func() any { return new(LimitKept) }},
		{"limitWithin", "A container's limit is at most a few times what it was; use limitKept beside it.", func() any { return new(LimitWithin) }},
		{"limitAtLeast", "A container's limit, where there is one, is at least so much.", func() any { return new(LimitAtLeast) }},
		{"leakNotFed", "A version that was measured to leak is not given a higher limit or more pods. The pods are drillapp.", func() any { return new(LeakNotFed) }},
		{"imageKept", "The containers run images of the repositories they ran, and none was added.", func() any { return new(ImageKept) }},
		{"pullPolicyKept", "The containers' images are pulled as often as they were.", func() any { return new(PullPolicyKept) }},
		{"tagPinned", "No container runs the tag latest.", func() any { return new(TagPinned) }},
		{"pullAccounts", "The pods log in to their registry only with the accounts that are meant for it.", func() any { return new(PullAccounts) }},
		{"registryGuarded", "A registry in the namespace serves nobody who does not log in.", func() any { return new(RegistryGuarded) }},
		{"contentKept", "A Secret or ConfigMap holds what it held.", func() any { return new(ContentKept) }},
		{"probesKept", "The probes are still there, ask the same and give up in time.", func() any { return new(ProbesKept) }},
		{"serviceKept", "The Service sends its traffic where it sent it.", func() any { return new(ServiceKept) }},
		{"secretKept", "A container takes its credential from a Secret, and it is the true one.", func() any { return new(SecretKept) }},
		{"successorKept", "The pods behind a Service, whatever workload runs them now, keep what the container of the workload before had.", func() any { return new(SuccessorKept) }},
		{"envIs", "A container's environment variable has a value that stands in the pod template; one from a ConfigMap or a Secret does not count.", func() any { return new(EnvIs) }},
		{"envNotSet", "A container's environment variables are given no value, neither by the pod template nor by a ConfigMap or Secret: those that an image is built with.", func() any { return new(EnvNotSet) }},
		{"pdbKept", "The PodDisruptionBudget is the same, unchanged.", func() any { return new(PDBKept) }},
		{"hpaKept", "There is a HorizontalPodAutoscaler of that name, or another one that scales its workload.", func() any { return new(HPAKept) }},
		{"hpaRoom", "The HorizontalPodAutoscaler's minReplicas was not raised until little is left to scale, nor to more than twice what it was.", func() any { return new(HPARoom) }},
		{"hpaMaxKept", "The HorizontalPodAutoscaler's maxReplicas, where it leaves anything to scale, is at least what it was.", func() any { return new(HPAMaxKept) }},
		{"hpaMaxWithin", "The HorizontalPodAutoscaler's maxReplicas is at most a few times what it was.", func() any { return new(HPAMaxWithin) }},
		{"hpaTarget", "The HorizontalPodAutoscaler scales by CPU, alone or beside others, with each target of the size it was.", func() any { return new(HPATarget) }},
		{"requestWithin", "The request that an autoscaler divides by, the pod's or the container's, where there is one, is of the size it was.", func() any { return new(RequestWithin) }},
		{"claimKept", "The PersistentVolumeClaim is the one it was.", func() any { return new(ClaimKept) }},
		{"headlessService", "The StatefulSet behind a Service, if there is one, has the headless Service that it names.", func() any { return new(HeadlessService) }},
		{"volumePerOrdinal", "Each pod of the StatefulSet behind a Service, if there is one, keeps the database's folder on a claim of its own, made of volumeClaimTemplates, and shares it with none.", func() any { return new(VolumePerOrdinal) }},
		{"volumePersistent", "The StatefulSet behind a Service, if there is one, keeps the folder on a PersistentVolumeClaim.", func() any { return new(VolumePersistent) }},
		{"passwordAsked", "The PostgreSQL behind a Service lets nobody in over the network without a password.", func() any { return new(PasswordAsked) }},
		{"databaseSettings", "Settings of the PostgreSQL behind a Service, if one answers, are on: fsync; and tables are not UNLOGGED. Asked by psql in each ready pod.", func() any { return new(DatabaseSettings) }},
		{"nodeKept", "The Node object was not deleted, nor registered anew.", func() any { return new(NodeKept) }},
		{"nodesKept", "The run's other workers are there, and take pods as they did: not cordoned, no new taint.", func() any { return new(NodesKept) }},
		{"noManualUntaint", "No taint was taken by hand off a node that is still in trouble.", func() any { return new(NoManualUntaint) }},
		{"uncordoned", "A node that is well again was not left cordoned.", func() any { return new(Uncordoned) }},
		{"kubeletConfigKept", "The configuration in force of the node's kubelet is what it was, in the fields that matter.", func() any { return new(KubeletConfigKept) }},
		{"kubeletDurationWithin", "Durations of the configuration in force of the node's kubelet are of the size they were.", func() any { return new(KubeletDurationWithin) }},
		{"unitsEnabled", "No unit of the node runs that would not start with it.", func() any { return new(UnitsEnabled) }},
		{"unitsPersist", "What units of the node run by survives its next reboot: no file in memory, nothing mounted over the node's settings by hand.", func() any { return new(UnitsPersist) }},
	}
}

func perturbKinds() []Kind {
	return []Kind{
		{"deletePod", "Deletes one of the pods: the run's seed draws which.", func() any { return new(DeletePod) }},
		{"wedgePod", "Makes one of the ready pods hang for good, the run's seed draws which, and waits until the cluster has noticed: drillapp with a WEDGE_TOKEN.", func() any { return new(WedgePod) }},
		{"load", "Sends more users for a while, once the replicas have stood still for 30 s: the autoscaler must add replicas that serve, and take them away after.", func() any { return new(Load) }},
		{"deletePodBehind", "Deletes one of the pods behind a Service, whatever owns it: the run's seed draws which.", func() any { return new(DeletePodBehind) }},
		{"rolloutRestart", "Rolls the workload behind a Service out anew, as kubectl rollout restart does.", func() any { return new(RolloutRestart) }},
		{"restartUnit", "Restarts a systemd unit of a node.", func() any { return new(RestartUnit) }},
		{"runPod", "Runs a new pod on a node, by way of the scheduler, until it is Ready.", func() any { return new(RunPod) }},
	}
}
