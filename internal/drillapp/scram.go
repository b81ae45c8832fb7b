package drillapp

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// scramName is the only mechanism of PostgreSQL 15 that works without TLS.
const scramName = "SCRAM-SHA-256"

// maxIterations bounds the work that a server may ask a client for; PostgreSQL asks 4096.
const maxIterations = 100_000

// scram is the client's side of RFC 5802 and 7677, without channel binding.
type scram struct {
	bare      string // the first message without its header
	nonce     string
	signature []byte // what the server must answer
}

// first is the message that begins the exchange.
func (s *scram) first() string {
	s.nonce = rand.Text()
	s.bare = "n=,r=" + s.nonce // PostgreSQL takes the user from the start of the session
	return "n,," + s.bare
}

// final proves the password to the server.
func (s *scram) final(challenge, password string) (string, error) {
	fields := scramFields(challenge)
	salt, err := base64.StdEncoding.DecodeString(fields["s"])
	if err != nil {
		return "", fmt.Errorf("log in: salt: %w", err)
	}
	iterations, err := strconv.Atoi(fields["i"])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return "", fmt.Errorf("log in: %q iterations", fields["i"])
	}
	if s.nonce == "" || !strings.HasPrefix(fields["r"], s.nonce) {
		return "", errors.New("log in: the server answered somebody else")
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	unproven := "c=biws,r=" + fields["r"]
	exchange := s.bare + "," + challenge + "," + unproven
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	proof := mac(stored[:], exchange)
	for i := range proof {
		proof[i] ^= key[i]
	}
	s.signature = mac(mac(salted, "Server Key"), exchange)
	return unproven + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

// verify makes sure that the server knows the password as well.
func (s *scram) verify(message string) error {
	signature, err := base64.StdEncoding.DecodeString(scramFields(message)["v"])
	if err != nil || len(s.signature) == 0 || !hmac.Equal(signature, s.signature) {
		return errors.New("log in: the server does not know the password")
	}
	return nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// scramFields reads "r=...,s=...,i=4096".
func scramFields(message string) map[string]string {
	fields := map[string]string{}
	for field := range strings.SplitSeq(message, ",") {
		if name, value, ok := strings.Cut(field, "="); ok {
			fields[name] = value
		}
	}
	return fields
}
