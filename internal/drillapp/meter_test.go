package drillapp

import (
	"testing"
	"testing/synctest"
	"time"
)

// meterOn is a meter over a process whose CPU time is what it is told.
func meterOn(perRequest, start time.Duration) (m *meter, used *time.Duration) {
	used = &start
	m = newMeter(perRequest)
	m.used = func() time.Duration { return *used }
	m.spin = func() { *used += time.Millisecond / 4 }
	return m, used
}

// TestMeter: the process uses so much a request, whatever else it does.
func TestMeter(t *testing.T) {
	t.Parallel()
	const perRequest = 6 * time.Millisecond
	for name, test := range map[string]struct {
		beside time.Duration // between two requests
		want   time.Duration // for a hundred
	}{
		"nothing beside":              {0, 600 * time.Millisecond},
		"a little beside":             {time.Millisecond, 600 * time.Millisecond},
		"half beside":                 {3 * time.Millisecond, 600 * time.Millisecond},
		"more than the requests take": {10 * time.Millisecond, 1000 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, used := meterOn(perRequest, 0)
			for range 100 {
				*used += test.beside
				m.request()
			}
			if *used != test.want {
				t.Errorf("100 requests used %s, want %s", *used, test.want)
			}
		})
	}
}

// TestMeterAfterAStart: what a start took is made up for by few requests.
func TestMeterAfterAStart(t *testing.T) {
	t.Parallel()
	m, used := meterOn(6*time.Millisecond, time.Second)
	for range 100 {
		m.request()
	}
	if want := time.Second + (100-absorbed)*6*time.Millisecond; *used != want {
		t.Errorf("used %s, want %s", *used, want)
	}
}

// TestMeterThrottled: a process that gets no time answers after a while, and owes nothing.
func TestMeterThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, used := meterOn(6*time.Millisecond, 0)
		spin := m.spin
		m.spin = func() { time.Sleep(time.Millisecond) }
		began := time.Now()
		for range 3 {
			m.request()
		}
		if waited := time.Since(began); waited != 3*patience*6*time.Millisecond {
			t.Errorf("three requests took %s", waited)
		}
		m.spin = spin
		m.request()
		if *used != 6*time.Millisecond {
			t.Errorf("the next one used %s, want one request's", *used)
		}
	})
}

// TestMeterWithoutWork: a request that takes no CPU time uses none.
func TestMeterWithoutWork(t *testing.T) {
	t.Parallel()
	m, used := meterOn(0, 0)
	m.request()
	if *used != 0 {
		t.Errorf("used %s", *used)
	}
}

// TestProcessTime: what a request uses is CPU time of this process, and not time that went by.
func TestProcessTime(t *testing.T) {
	m := newMeter(20 * time.Millisecond)
	before := processTime()
	for range absorbed + 3 {
		m.request()
	}
	if used := processTime() - before; used < 3*m.perRequest {
		t.Errorf("three requests of %s used %s", m.perRequest, used)
	}
	before = processTime()
	time.Sleep(200 * time.Millisecond)
	if used := processTime() - before; used >= 200*time.Millisecond {
		t.Errorf("200ms of waiting used %s", used)
	}
}

// TestWhichRequestsAreMetered: the users' are, and probes are not.
func TestWhichRequestsAreMetered(t *testing.T) {
	t.Parallel()
	a, server := testApp(t, nil)
	var used *time.Duration
	a.meter, used = meterOn(6*time.Millisecond, 0)
	for path, want := range map[string]time.Duration{"/find": 6 * time.Millisecond, "/readyz": 0, "/healthz": 0} {
		before := *used
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if got := *used - before; got != want {
			t.Errorf("%s used %s, want %s", path, got, want)
		}
	}
}
