package drillapp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// database is a PostgreSQL server as a client knows it. The client speaks just enough of
// the protocol, version 3.0, to log in and send statements: the program is built from
// the standard library alone.
//
// Source: https://www.postgresql.org/docs/15/protocol-message-formats.html
type database struct {
	address, user, password, name string
	timeout                       time.Duration // of one statement, connecting included
	pool                          dbPool
}

const (
	protocolVersion = 3 << 16
	messageLimit    = 1 << 20 // bytes; our answers are a row

	// Codes of an Authentication message.
	authOK           = 0
	authCleartext    = 3
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

// newDatabase reads postgres://user:password@host[:port]/name; nil for an empty text.
func newDatabase(text string, timeout time.Duration) (*database, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" {
		return nil, usagef("DATABASE_URL: want postgres://user:password@host:port/name") // without the text: it holds a password
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	password, _ := u.User.Password()
	d := &database{
		address: net.JoinHostPort(u.Hostname(), port), user: u.User.Username(), password: password,
		name: strings.TrimPrefix(u.Path, "/"), timeout: timeout,
	}
	if d.name == "" {
		d.name = d.user
	}
	return d, nil
}

// dbSession is one connection.
type dbSession struct {
	conn    net.Conn
	in      *bufio.Reader
	expires time.Time
	timer   *time.Timer // that retires it, once it was in the pool
}

// login starts the session and waits until the server takes statements.
func (s *dbSession) login(d *database) error {
	var parameters []byte
	for _, text := range []string{"user", d.user, "database", d.name, "application_name", "drillapp", ""} {
		parameters = append(append(parameters, text...), 0)
	}
	if err := s.send(0, append(binary.BigEndian.AppendUint32(nil, protocolVersion), parameters...)); err != nil {
		return err
	}
	var sasl scram
	for {
		kind, body, err := s.receive()
		if err != nil {
			return err
		}
		switch kind {
		case 'R':
			err = s.authenticate(d, body, &sasl)
		case 'Z':
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *dbSession) authenticate(d *database, body []byte, sasl *scram) error {
	if len(body) < 4 {
		return errors.New("short authentication message")
	}
	code, data := binary.BigEndian.Uint32(body), body[4:]
	switch code {
	case authOK:
		return nil
	case authCleartext:
		return s.send('p', append([]byte(d.password), 0))
	case authSASL:
		if !strings.Contains(string(data), scramName+"\x00") {
			return fmt.Errorf("the server offers no %s", scramName)
		}
		first := sasl.first()
		answer := append([]byte(scramName), 0)
		answer = binary.BigEndian.AppendUint32(answer, uint32(len(first))) //nolint:gosec // some 30 bytes
		return s.send('p', append(answer, first...))
	case authSASLContinue:
		final, err := sasl.final(string(data), d.password)
		if err != nil {
			return err
		}
		return s.send('p', []byte(final))
	case authSASLFinal:
		return sasl.verify(string(data))
	}
	return fmt.Errorf("the server asks for authentication %d, which is not supported", code)
}

// simpleQuery sends a statement and reads its whole answer.
func (s *dbSession) simpleQuery(sql string) (value string, err error) {
	if err := s.send('Q', append([]byte(sql), 0)); err != nil {
		return "", err
	}
	for found := false; ; {
		kind, body, err := s.receive()
		switch {
		case err != nil:
			return "", err
		case kind == 'D' && !found:
			value, found = rowText(body), true
		case kind == 'Z':
			return value, nil
		}
	}
}

// rowText is a DataRow as text: a count, then each value with its length, which is -1 for NULL.
func rowText(row []byte) string {
	if len(row) < 2 {
		return ""
	}
	var columns []string
	for rest := row[2:]; len(rest) >= 4; {
		length := int(int32(binary.BigEndian.Uint32(rest))) //nolint:gosec // as the protocol has it
		rest = rest[4:]
		value := ""
		if length > 0 && length <= len(rest) {
			value, rest = string(rest[:length]), rest[length:]
		}
		columns = append(columns, value)
	}
	return strings.Join(columns, "|")
}

// send writes a message; the first one of a session has no kind.
func (s *dbSession) send(kind byte, body []byte) error {
	var message []byte
	if kind != 0 {
		message = append(message, kind)
	}
	message = binary.BigEndian.AppendUint32(message, uint32(len(body)+4)) //nolint:gosec // short
	_, err := s.conn.Write(append(message, body...))
	return err
}

// receive reads a message; one that reports an error of the server is that error.
func (s *dbSession) receive() (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > messageLimit {
		return 0, nil, fmt.Errorf("message %q of %d bytes", head[0], length)
	}
	body = make([]byte, length-4)
	if _, err := io.ReadFull(s.in, body); err != nil {
		return 0, nil, err
	}
	if head[0] == 'E' {
		return 0, nil, serverError(body)
	}
	return head[0], body, nil
}

// serverError makes "FATAL: the database system is starting up" of an ErrorResponse.
func serverError(body []byte) error {
	severity, message := "ERROR", "unknown error"
	for field := range strings.SplitSeq(string(body), "\x00") {
		switch {
		case field == "":
		case field[0] == 'S':
			severity = field[1:]
		case field[0] == 'M':
			message = field[1:]
		}
	}
	return fmt.Errorf("%s: %s", severity, message)
}
