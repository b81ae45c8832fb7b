package drillapp

import (
	"bufio"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakePostgres is a server with one table, orders, of which it knows no more than the
// references that were inserted and how many numbers there are.
type fakePostgres struct {
	password string
	history  int  // orders numbered from 1
	forgets  bool // confirms what it does not keep
	liar     bool // lets everybody in without knowing the password

	mu   sync.Mutex
	rows map[string]bool
	open []net.Conn          // every connection so far
	used map[string]net.Conn // by what of a statement was quoted, the latest
}

// connections tells how many there were so far.
func (f *fakePostgres) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open)
}

// restart closes every connection, as a server that goes away does.
func (f *fakePostgres) restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range f.open {
		_ = conn.Close()
	}
}

func (f *fakePostgres) listen(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); group.Wait() })
	return listener.Addr().String()
}

func (f *fakePostgres) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	f.mu.Lock()
	f.open = append(f.open, conn)
	f.mu.Unlock()
	s := &dbSession{conn: conn, in: bufio.NewReader(conn)}
	var length [4]byte
	if _, err := io.ReadFull(s.in, length[:]); err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, s.in, int64(binary.BigEndian.Uint32(length[:]))-4); err != nil {
		return
	}
	if err := f.login(s); err != nil {
		_ = s.send('E', []byte("SFATAL\x00VFATAL\x00C28P01\x00M"+err.Error()+"\x00\x00"))
		return
	}
	for {
		kind, body, err := s.receive()
		if err != nil || kind != 'Q' {
			return
		}
		_ = s.send('D', f.answer(conn, strings.TrimSuffix(string(body), "\x00")))
		_ = s.send('C', []byte("SELECT 1\x00"))
		_ = s.send('Z', []byte("I"))
	}
}

func authMessage(code uint32, text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, code), text...)
}

// login is the server's side of SCRAM-SHA-256.
func (f *fakePostgres) login(s *dbSession) error {
	_ = s.send('R', authMessage(authSASL, scramName+"\x00\x00"))
	_, body, err := s.receive()
	if err != nil {
		return err
	}
	_, first, _ := strings.Cut(string(body), "n,,")
	salt := []byte("0123456789abcdef")
	challenge := fmt.Sprintf("r=%sserver,s=%s,i=4096", scramFields(first)["r"], base64.StdEncoding.EncodeToString(salt))
	_ = s.send('R', authMessage(authSASLContinue, challenge))
	if _, body, err = s.receive(); err != nil {
		return err
	}
	unproven, proof, _ := strings.Cut(string(body), ",p=")
	salted, err := pbkdf2.Key(sha256.New, f.password, salt, 4096, sha256.Size)
	if err != nil {
		return err
	}
	exchange := first + "," + challenge + "," + unproven
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	want := mac(stored[:], exchange)
	for i := range want {
		want[i] ^= key[i]
	}
	given, err := base64.StdEncoding.DecodeString(proof)
	if !f.liar && (err != nil || !hmac.Equal(given, want)) {
		return errors.New(`password authentication failed for user "shop"`)
	}
	signature := mac(mac(salted, "Server Key"), exchange)
	_ = s.send('R', authMessage(authSASLFinal, "v="+base64.StdEncoding.EncodeToString(signature)))
	_ = s.send('R', authMessage(authOK, ""))
	_ = s.send('S', []byte("server_version\x0015.4\x00"))
	return s.send('Z', []byte("I"))
}

// answer is a row.
func (f *fakePostgres) answer(conn net.Conn, sql string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	quoted := strings.Split(sql, "'")
	if f.used[quoted[1]] == conn {
		return []byte{0, 0} // looked up where it was placed: as good as not found
	}
	f.used[quoted[1]] = conn
	if strings.HasPrefix(sql, "INSERT") {
		f.rows[quoted[1]] = !f.forgets
		return []byte{0, 0}
	}
	count, own := 0, "f"
	if f.rows[quoted[1]] {
		count, own = 1, "t"
	}
	if _, condition, asked := strings.Cut(sql, " OR "); asked {
		var number int
		if _, err := fmt.Sscanf(condition, "number = %d", &number); err == nil && number <= f.history {
			count++
		}
	}
	row := []byte{0, 2}
	for _, value := range []string{strconv.Itoa(count), own} {
		row = append(binary.BigEndian.AppendUint32(row, uint32(len(value))), value...) //nolint:gosec // one digit
	}
	return row
}

func TestOrdersAreKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, password string
		server         *fakePostgres
		history        string
		want           string // part of the answer's error; empty: the answer is good
	}{
		{name: "kept", password: "s3cret", server: &fakePostgres{history: 20}, history: "20"},
		{name: "no history asked", password: "s3cret", server: &fakePostgres{}},
		{name: "confirmed and lost", password: "s3cret", server: &fakePostgres{history: 20, forgets: true}, history: "20", want: "confirmed a moment ago, is not in the database"},
		{name: "history lost", password: "s3cret", server: &fakePostgres{history: 0}, history: "20", want: "of a regular customer is not in the database"},
		{name: "wrong password", password: "guess", server: &fakePostgres{history: 20}, history: "20", want: "password authentication failed"},
		{name: "another server", password: "guess", server: &fakePostgres{liar: true}, want: "the server does not know the password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.server.password, tt.server.rows, tt.server.used = "s3cret", map[string]bool{}, map[string]net.Conn{}
			_, app := testApp(t, map[string]string{
				"DATABASE_URL":     "postgres://shop:" + tt.password + "@" + tt.server.listen(t) + "/shop",
				"DATABASE_TIMEOUT": "5s", "DATABASE_HISTORY": tt.history,
			})
			code, answer := get(t, app.URL+"/order")
			if tt.want == "" {
				if code != http.StatusOK || !answer.OK {
					t.Errorf("got %d %+v, want a good answer", code, answer)
				}
				return
			}
			if code != http.StatusInternalServerError || !strings.Contains(answer.Error, tt.want) {
				t.Errorf("got %d %q, want 500 because of %q", code, answer.Error, tt.want)
			}
		})
	}
}

func TestDatabaseIsAway(t *testing.T) {
	t.Parallel()
	_, app := testApp(t, map[string]string{"DATABASE_URL": "postgres://shop:s3cret@127.0.0.1:1/shop"})
	if code, answer := get(t, app.URL+"/order"); code != http.StatusInternalServerError || !strings.Contains(answer.Error, "database: dial") {
		t.Errorf("got %d %+v", code, answer)
	}
}

func TestDatabaseURL(t *testing.T) {
	t.Parallel()
	d, err := newDatabase("postgres://shop:p%40ss@db/orders", time.Second)
	if err != nil || d.address != "db:5432" || d.user != "shop" || d.password != "p@ss" || d.name != "orders" {
		t.Errorf("got %+v, %v", d, err)
	}
	for _, bad := range []string{"db:5432", "mysql://db/shop", "postgres:///shop", "postgres://%zz"} {
		if _, err := newDatabase(bad, time.Second); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: got %v, want an error that does not repeat it", bad, err)
		}
	}
}

// Connections are kept, but an order is never looked up over the one that placed it, and
// one that the server has closed is not used.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	server := &fakePostgres{password: "s3cret", rows: map[string]bool{}, used: map[string]net.Conn{}}
	_, app := testApp(t, map[string]string{"DATABASE_URL": "postgres://shop:s3cret@" + server.listen(t) + "/shop", "DATABASE_TIMEOUT": "5s"})
	order := func(when string) {
		t.Helper()
		if code, answer := get(t, app.URL+"/order"); code != http.StatusOK {
			t.Errorf("%s: got %d %+v, want a good answer", when, code, answer)
		}
	}
	for range 10 {
		order("in peace")
	}
	if got := server.connections(); got != poolSize {
		t.Errorf("%d connections for 20 statements, want %d", got, poolSize)
	}
	server.restart()
	for range 3 {
		order("after a restart of the server")
	}
	if got := server.connections(); got != 2*poolSize {
		t.Errorf("%d connections after a restart, want %d", got, 2*poolSize)
	}
}

// What is too old is closed, used or not.
func TestConnectionsAreShortOfBreath(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"while it waits": 30 * time.Millisecond, "as it comes back": -time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, server := net.Pipe()
			pool := new(dbPool)
			var group sync.WaitGroup
			group.Go(func() { // a farewell over a pipe waits until it is heard
				pool.put(&dbSession{conn: ours, in: bufio.NewReader(ours), expires: time.Now().Add(age)})
			})
			if err := server.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if said, err := io.ReadAll(server); err != nil || !strings.HasPrefix(string(said), "X") {
				t.Errorf("the server heard %q, %v; want a farewell and the end", said, err)
			}
			group.Wait()
			if len(pool.idle) != 0 {
				t.Error("it is still in the pool")
			}
		})
	}
}

// TestABusyServerIsNotFloodedWithLogins: each one that is given up is a process that the
// server has to start all the same.
func TestABusyServerIsNotFloodedWithLogins(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var begun atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			begun.Add(1)
			t.Cleanup(func() { _ = conn.Close() }) // it never answers
		}
	}()
	d := &database{address: listener.Addr().String(), timeout: 300 * time.Millisecond}
	start := time.Now()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := d.query(t.Context(), "SELECT 1"); err == nil {
				t.Error("a server that never answers answered")
			}
		})
	}
	wg.Wait()
	if n := begun.Load(); n != 1 {
		t.Errorf("%d logins begun by 20 statements at once, want 1", n)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("they took %s, want hardly more than the timeout", took)
	}
}
