package drillapp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// A connection costs its server a process and a login, so a few are kept, as every
// application does. They are short of breath all the same, as pools that have to notice a
// failover are: a Service that leads elsewhere is followed within seconds.
const (
	poolSize      = 4
	minSessionAge = 4 * time.Second
	maxSessionAge = 8 * time.Second

	// aliveCheck is how long a connection is listened to before it is used again: a server
	// that went away said so, or closed it.
	aliveCheck = time.Millisecond

	// loginPause is how long nobody logs in after a login that failed. A server that has no time
	// gets less to do, not more: each attempt that is given up is a process that goes on.
	loginPause = time.Second
)

// dbPool keeps sessions that nobody uses, the one that was used longest ago first: two
// statements in a row never go over the same one.
type dbPool struct {
	mu   sync.Mutex
	idle []*dbSession

	login  sync.Mutex // held while somebody logs in: one after the other
	failed time.Time  // when the last login failed; zero after one that did not. Guarded by login
}

// fill logs in, unless the pool was filled while others did.
func (p *dbPool) fill(ctx context.Context, open func(context.Context) (*dbSession, error)) (*dbSession, error) {
	p.login.Lock()
	defer p.login.Unlock()
	if s := p.take(); s != nil {
		return s, nil
	}
	if wait := loginPause - time.Since(p.failed); !p.failed.IsZero() && wait > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	if err := ctx.Err(); err != nil { // it waited for others all the time that it has
		return nil, fmt.Errorf("no connection: %w", err)
	}
	s, err := open(ctx)
	p.failed = time.Time{}
	if err != nil {
		p.failed = time.Now()
	}
	return s, err
}

// take returns a session of the pool that is alive, once the pool is full; else nil.
func (p *dbPool) take() *dbSession {
	for {
		p.mu.Lock()
		if len(p.idle) < poolSize {
			p.mu.Unlock()
			return nil
		}
		s := p.idle[0]
		p.idle = p.idle[1:]
		p.mu.Unlock()
		if s.alive() {
			return s
		}
		s.discard()
	}
}

// put keeps a session that did well, or closes it: it is too old, or one too many.
func (p *dbPool) put(s *dbSession) {
	p.mu.Lock()
	keep := len(p.idle) < poolSize && time.Now().Before(s.expires)
	if keep {
		p.idle = append(p.idle, s)
		if s.timer == nil {
			s.timer = time.AfterFunc(time.Until(s.expires), func() { p.retire(s) })
		}
	}
	p.mu.Unlock()
	if !keep {
		s.discard()
	}
}

// retire closes a session that nobody uses; one in use is closed when it comes back.
func (p *dbPool) retire(s *dbSession) {
	p.mu.Lock()
	i := slices.Index(p.idle, s)
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		s.discard()
	}
}

// open connects and logs in; ctx bounds both.
func (d *database) open(ctx context.Context) (*dbSession, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, err
	}
	age := minSessionAge + mathrand.N(maxSessionAge-minSessionAge) //nolint:gosec // spread, not a secret
	s := &dbSession{conn: conn, in: bufio.NewReader(conn), expires: time.Now().Add(age)}
	if err := s.bound(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := s.login(d); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// bound gives what is read and written next the deadline of ctx.
func (s *dbSession) bound(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	return s.conn.SetDeadline(deadline)
}

// alive tells whether the server kept silent, as it does between statements.
func (s *dbSession) alive() bool {
	if err := s.conn.SetDeadline(time.Now().Add(aliveCheck)); err != nil {
		return false
	}
	_, err := s.in.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// discard ends the session. Whether the server hears of it does not matter.
func (s *dbSession) discard() {
	if s.timer != nil {
		s.timer.Stop()
	}
	if err := s.conn.SetDeadline(time.Now().Add(time.Second)); err == nil {
		_ = s.send('X', nil)
	}
	_ = s.conn.Close()
}

// query sends one statement and returns the answer's first row, its columns apart by "|";
// empty when there is none. It is never sent twice.
func (d *database) query(ctx context.Context, sql string) (value string, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	s := d.pool.take()
	if s == nil {
		if s, err = d.pool.fill(ctx, d.open); err != nil {
			return "", fmt.Errorf("database: %w", err)
		}
	}
	if err = s.bound(ctx); err == nil {
		value, err = s.simpleQuery(sql)
	}
	if err != nil {
		s.discard()
		return "", fmt.Errorf("database: %w", err)
	}
	d.pool.put(s)
	return value, nil
}
