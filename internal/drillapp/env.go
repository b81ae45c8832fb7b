package drillapp

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// env reads typed values and collects every mistake, so that one start shows all.
type env struct {
	get  func(string) string
	errs []error
}

func (e *env) text(key, fallback string) string {
	if v := e.get(key); v != "" {
		return v
	}
	return fallback
}

func (e *env) duration(key string, fallback time.Duration) time.Duration {
	return parsed(e, key, fallback, "a duration such as 20ms or 5s", func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err == nil && d < 0 {
			err = errors.New("negative")
		}
		return d, err
	})
}

func (e *env) size(key string, fallback int64) int64 {
	return parsed(e, key, fallback, "a size such as 512Ki or 48Mi", parseSize)
}

func (e *env) number(key string, fallback, lowest, highest float64) float64 {
	want := fmt.Sprintf("a number from %g to %g", lowest, highest)
	return parsed(e, key, fallback, want, func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err == nil && !(f >= lowest && f <= highest) {
			err = errors.New("out of range")
		}
		return f, err
	})
}

func parsed[T any](e *env, key string, fallback T, want string, parse func(string) (T, error)) T {
	text := e.get(key)
	if text == "" {
		return fallback
	}
	v, err := parse(text)
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s=%q: want %s", key, text, want))
		return fallback
	}
	return v
}

// err is every mistake found so far, as a usage error.
func (e *env) err() error {
	if len(e.errs) == 0 {
		return nil
	}
	return usagef("%v", errors.Join(e.errs...))
}

// parseSize reads bytes with an optional binary suffix, as Kubernetes writes memory.
func parseSize(s string) (int64, error) {
	factor := int64(1)
	for suffix, f := range map[string]int64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, factor = rest, f
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > math.MaxInt64/factor {
		return 0, errors.New("out of range")
	}
	return n * factor, nil
}
