package traffic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/firedrill/firedrill/internal/scenario"
)

// FileName is the record's file in the run's folder: one JSON line a request, as the
// prober wrote it, but for its time, which is this host's.
const FileName = "traffic.jsonl"

// Open opens the record of a run's streams for writing, with all that the file holds
// already. A line that a crash cut off is dropped; the prober's log has it still.
func Open(path string, streams []scenario.Traffic) (*Record, error) {
	r := newRecord(streams)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the traffic record: %w", err)
	}
	whole, err := r.read(file)
	if err == nil {
		err = file.Truncate(whole)
	}
	if err == nil {
		_, err = file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the traffic record %s: %w", path, err), file.Close())
	}
	r.file, r.buffer, r.syncedAt = file, bufio.NewWriter(file), r.now()
	return r, nil
}

// Load reads a record to report on it. No file is an empty record.
func Load(path string) (r *Record, err error) {
	r = newRecord(nil)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the traffic record: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := r.read(file); err != nil {
		return nil, fmt.Errorf("read the traffic record %s: %w", path, err)
	}
	return r, nil
}

// read takes every whole line and returns how many bytes they are.
func (r *Record) read(from io.Reader) (whole int64, err error) {
	reader := bufio.NewReader(from)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		whole += int64(len(line))
		if _, err := r.add(bytes.TrimSpace(line)); err != nil {
			return whole, err
		}
	}
}

// sync brings the file up to date; the lock is held.
func (r *Record) sync() error {
	r.syncedAt = r.now()
	if r.file == nil {
		return nil
	}
	if err := errors.Join(r.buffer.Flush(), r.file.Sync()); err != nil {
		return fmt.Errorf("write the traffic record: %w", err)
	}
	return nil
}

// Close writes what is left and closes the file. The record can still be read.
func (r *Record) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.sync(), r.file.Close())
	r.file, r.buffer = nil, nil
	return err
}
