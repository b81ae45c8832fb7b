package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// layer is a file system layer, made of parts in their order.
type layer struct {
	name  string
	parts []part
}

// part writes its files as tar entries.
type part func(ctx context.Context, w *tar.Writer) error

// write makes the layer's tar stream.
func (l layer) write(ctx context.Context, out io.Writer) error {
	w := tar.NewWriter(out)
	for _, p := range l.parts {
		if err := p(ctx, w); err != nil {
			return fmt.Errorf("layer %s: %w", l.name, err)
		}
	}
	return w.Close()
}

// epoch stands for every file's time: a layer's bytes must not tell when it was made.
func epoch() time.Time { return time.Unix(0, 0) }

// text is a file with the given content, owned by root.
func text(name string, mode int64, content string) part {
	return func(_ context.Context, w *tar.Writer) error {
		return writeFile(w, &tar.Header{
			Typeflag: tar.TypeReg, Name: entryName(name), Mode: mode, Size: int64(len(content)),
		}, strings.NewReader(content))
	}
}

// folder is an empty folder.
func folder(name string, mode int64, owner int) part {
	return func(_ context.Context, w *tar.Writer) error {
		return w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeDir, Name: entryName(name) + "/", Mode: mode, Uid: owner, Gid: owner, ModTime: epoch(),
		})
	}
}

// link is a symbolic link.
func link(name, target string) part {
	return func(_ context.Context, w *tar.Writer) error {
		return w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeSymlink, Name: entryName(name), Linkname: target, Mode: 0o777, ModTime: epoch(),
		})
	}
}

// binary is a copy of the file from, executable for all.
func binary(from, name string) part {
	return func(_ context.Context, w *tar.Writer) error {
		file, err := os.Open(from)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // only read
		info, err := file.Stat()
		if err != nil {
			return err
		}
		return writeFile(w, &tar.Header{
			Typeflag: tar.TypeReg, Name: entryName(name), Mode: 0o755, Size: info.Size(),
		}, file)
	}
}

// tree is a whole folder with its owners and modes.
func tree(root string) part {
	return func(ctx context.Context, w *tar.Writer) error {
		links := map[inode]string{}
		return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err := errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			name, err := filepath.Rel(root, file)
			if err != nil || name == "." {
				return err
			}
			return writeEntry(w, file, name, entry, links)
		})
	}
}

// inode tells two names of one file.
type inode struct{ device, number uint64 }

func writeEntry(w *tar.Writer, file, name string, entry fs.DirEntry, links map[inode]string) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket != 0 {
		return nil // a socket without its server is of no use, and tar has no entry for one
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(file); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	header.Name = name
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uname, header.Gname = "", "" // the image's names differ from this machine's
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && info.Mode().IsRegular() && stat.Nlink > 1 {
		id := inode{stat.Dev, stat.Ino}
		if first, seen := links[id]; seen {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, first, 0
		} else {
			links[id] = name
		}
	}
	if header.Typeflag != tar.TypeReg {
		header.ModTime, header.AccessTime, header.ChangeTime = epoch(), time.Time{}, time.Time{}
		return w.WriteHeader(header)
	}
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // only read
	return writeFile(w, header, content)
}

func writeFile(w *tar.Writer, header *tar.Header, content io.Reader) error {
	header.ModTime, header.AccessTime, header.ChangeTime = epoch(), time.Time{}, time.Time{}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.CopyN(w, content, header.Size)
	return err
}

func entryName(name string) string { return strings.TrimPrefix(path.Clean(name), "/") }
