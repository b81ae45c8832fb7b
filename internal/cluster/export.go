package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/firedrill/firedrill/internal/home"
)

// export is an entry that firedrill put into the user's own kubeconfig.
type export struct {
	Path     string `json:"path"`               // the kubeconfig file
	Created  bool   `json:"created,omitempty"`  // the file was not there before
	Folder   bool   `json:"folder,omitempty"`   // nor its folder
	Previous string `json:"previous,omitempty"` // the current context before
}

// ExportedContext is the name of the context, cluster and user that
// --export-kubeconfig adds to the user's own kubeconfig.
func ExportedContext(name string) string { return "firedrill-" + name }

// planExport says where an entry would go, without writing anything: it is saved in
// the state first, so that Down finds the entry even if Up is killed right after.
func planExport() (*export, error) {
	path := clientcmd.NewDefaultPathOptions().GetDefaultFilename()
	if path == "" {
		return nil, errors.New("export the kubeconfig: neither $KUBECONFIG nor a home folder is set")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		_, err := os.Stat(filepath.Dir(path))
		return &export{Path: path, Created: true, Folder: errors.Is(err, fs.ErrNotExist)}, nil
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("export the kubeconfig: read %s: %w", path, err)
	}
	return &export{Path: path, Previous: config.CurrentContext}, nil
}

// write adds the administrator's entry of the cluster, as the current context.
func (e *export) write(h home.Home, name string) error {
	admin, err := clientcmd.LoadFromFile(adminKubeconfigPath(h, name))
	if err != nil {
		return fmt.Errorf("export the kubeconfig: %w", err)
	}
	from, ok := admin.Contexts[admin.CurrentContext]
	if !ok {
		return fmt.Errorf("export the kubeconfig: %s has no current context", adminKubeconfigPath(h, name))
	}
	key := ExportedContext(name)
	return e.change(func(config *clientcmdapi.Config) {
		config.Clusters[key] = admin.Clusters[from.Cluster]
		config.AuthInfos[key] = admin.AuthInfos[from.AuthInfo]
		config.Contexts[key] = &clientcmdapi.Context{Cluster: key, AuthInfo: key}
		config.CurrentContext = key
	})
}

// remove takes the entry out again. What the user did to the file since then stays.
func (e *export) remove(name string) error {
	if _, err := os.Stat(e.Path); errors.Is(err, fs.ErrNotExist) {
		e.removeFolder()
		return nil
	}
	key := ExportedContext(name)
	empty := false
	err := e.change(func(config *clientcmdapi.Config) {
		delete(config.Clusters, key)
		delete(config.AuthInfos, key)
		delete(config.Contexts, key)
		if config.CurrentContext == key {
			config.CurrentContext = ""
			if _, ok := config.Contexts[e.Previous]; ok {
				config.CurrentContext = e.Previous
			}
		}
		empty = len(config.Clusters)+len(config.AuthInfos)+len(config.Contexts) == 0
	})
	if err != nil || !e.Created || !empty {
		return err
	}
	file, _, err := e.target()
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	e.removeFolder()
	return nil
}

// removeFolder removes the folder that was made for the file, unless something else, such as
// kubectl's cache, is in it by now.
func (e *export) removeFolder() {
	if e.Folder {
		_ = os.Remove(filepath.Dir(e.Path))
	}
}

// change edits the kubeconfig file under the lock that kubectl uses.
func (e *export) change(edit func(*clientcmdapi.Config)) (err error) {
	if err := os.MkdirAll(filepath.Dir(e.Path), 0o755); err != nil {
		return fmt.Errorf("change %s: %w", e.Path, err)
	}
	// kubectl's lock (client-go's tools/clientcmd/loader.go) is a file that exists.
	lock := e.Path + ".lock"
	held, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0)
	if err != nil {
		return fmt.Errorf("lock %s against other programs: %w (if none runs, remove %s)", e.Path, err, lock)
	}
	defer func() { err = errors.Join(err, held.Close(), os.Remove(lock)) }()
	config, err := clientcmd.LoadFromFile(e.Path)
	if errors.Is(err, fs.ErrNotExist) {
		config, err = clientcmdapi.NewConfig(), nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", e.Path, err)
	}
	edit(config)
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encode %s: %w", e.Path, err)
	}
	file, perm, err := e.target()
	if err != nil {
		return err
	}
	return home.WriteFile(file, data, perm)
}

// target is the file that is written, and its permissions: a kubeconfig may be a symbolic
// link into somebody's dotfiles, or readable for a group, and stays so.
func (e *export) target() (string, fs.FileMode, error) {
	file := e.Path
	for range maxLinks {
		info, err := os.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			return file, home.FilePerm, nil
		}
		if err != nil {
			return "", 0, fmt.Errorf("write %s: %w", e.Path, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return file, info.Mode().Perm(), nil
		}
		to, err := os.Readlink(file)
		if err != nil {
			return "", 0, fmt.Errorf("write %s: %w", e.Path, err)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(file), to)
		}
		file = to
	}
	return "", 0, fmt.Errorf("write %s: too many symbolic links", e.Path)
}

// maxLinks is how many symbolic links are followed one after the other, as Linux does.
const maxLinks = 40
