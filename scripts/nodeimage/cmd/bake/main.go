// Command bake puts a node image together from what the other steps have made,
// with no container engine and no registry:
//
//	bake images  writes the cluster's images into a containerd store
//	bake node    writes the node's root folder as an archive that `docker load` takes
//
// Both write layers of one platform with fixed times, so that the same inputs give
// the same bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bake:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("want a verb: images or node")
	}
	flags := flag.NewFlagSet("bake "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	switch args[0] {
	case "images":
		return runImages(ctx, flags, args[1:], stderr)
	case "node":
		return runNode(ctx, flags, args[1:], stdout)
	}
	return fmt.Errorf("unknown verb %q: want images or node", args[0])
}

func runImages(ctx context.Context, flags *flag.FlagSet, args []string, stderr io.Writer) error {
	var from inputs
	flags.StringVar(&from.bin, "bin", "", "folder of the compiled binaries")
	flags.StringVar(&from.trees, "trees", "", "folder of the folders that become layers")
	flags.StringVar(&from.kubernetes, "kubernetes", "", "Kubernetes version, as v1.2.3")
	root := flags.String("root", "", "containerd's root folder, to be filled")
	if err := flags.Parse(args); err != nil {
		return err
	}
	images, err := catalog(from)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, *root)
	if err != nil {
		return err
	}
	for _, img := range images {
		if err := store.add(ctx, img); err != nil {
			return fmt.Errorf("image %s: %w", img.names[0], err)
		}
		fmt.Fprintln(stderr, strings.Join(img.names, " "))
	}
	return store.close()
}

func runNode(ctx context.Context, flags *flag.FlagSet, args []string, stdout io.Writer) error {
	var tags, labels list
	flags.Var(&tags, "tag", "name of the image; may be repeated")
	flags.Var(&labels, "label", "key=value on the image; may be repeated")
	root := flags.String("root", "", "the node's root folder")
	temp := flags.String("temp", "", "folder for the layer on its way")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := nodeConfig(labels)
	if err != nil {
		return err
	}
	return writeArchive(ctx, stdout, archive{root: *root, temp: *temp, tags: tags, config: config})
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
