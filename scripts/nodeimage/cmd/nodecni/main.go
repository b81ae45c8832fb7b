// Command nodecni connects the pods of kind's nodes. It stands in for kindnetd,
// which is not to be had as a Go module. On each node it
//
//   - tells the container runtime how to wire a pod up (ptp and portmap plugins),
//   - keeps a route to every other node's pods by way of that node, and
//   - masquerades what leaves the pods' network.
//
// It enforces no NetworkPolicy. An error of the API server or of the kernel is
// logged and tried again: a node must not lose its network over one.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	configDir = "/etc/cni/net.d"
	// again is how long after a pass the next one comes at the latest: what
	// somebody took away by hand comes back.
	again = time.Minute
	// retry is how long after a pass that failed the next one comes.
	retry = 2 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("nodecni", "error", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	node, err := fromEnvironment()
	if err != nil {
		return err
	}
	client, err := newClient()
	if err != nil {
		return err
	}
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // a pass is due already
		}
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	nodes := factory.Core().V1().Nodes()
	_, err = nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	// returns false only at the end: until then the informer itself tries again
	if !cache.WaitForCacheSync(ctx.Done(), nodes.Informer().HasSynced) {
		return nil
	}
	var done string // what the last pass that went well made
	for due := time.Now(); ; {
		all, err := nodes.Lister().List(labels.Everything())
		// a kubelet's signs of life change its node and nothing of the network, and a pass
		// starts four processes
		if want := networks(all); err == nil && (want != done || !time.Now().Before(due)) {
			if err = node.reconcile(ctx, all); err == nil {
				done, due = want, time.Now().Add(again)
			}
		}
		wait := time.Until(due)
		if err != nil {
			slog.Warn("pass failed, trying again", "error", err)
			done, wait = "", retry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(wait):
		}
	}
}

// fromEnvironment reads what the DaemonSet's manifest sets.
func fromEnvironment() (*node, error) {
	name, podSubnet := os.Getenv("NODE_NAME"), os.Getenv("POD_SUBNET")
	if name == "" {
		return nil, errors.New("NODE_NAME is not set")
	}
	if _, _, err := net.ParseCIDR(podSubnet); err != nil {
		return nil, fmt.Errorf("POD_SUBNET: %w", err)
	}
	return &node{name: name, podSubnet: podSubnet, configDir: configDir}, nil
}

func newClient() (kubernetes.Interface, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	// kind's own way round kube-proxy, which may not have programmed the Service
	// of the API server yet
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	return kubernetes.NewForConfig(config)
}
