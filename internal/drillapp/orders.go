package drillapp

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
)

// keepOrder is what a customer does with the database, when there is one: it places an
// order and looks it up in another connection, together with an order of long ago. An
// order that was confirmed and cannot be found is lost, and the customer is told so.
//
// The table is orders(number bigint, reference text, ...); every other column has a
// default. Numbers 1 to DATABASE_HISTORY are the orders of long ago.
func (a *app) keepOrder(ctx context.Context) error {
	if a.cfg.database == nil {
		return nil
	}
	reference := strings.ToLower(rand.Text()) // 26 letters and digits: nothing to escape
	if _, err := a.cfg.database.query(ctx, "INSERT INTO orders (reference) VALUES ('"+reference+"')"); err != nil {
		return err
	}
	want, condition, of := 1, "", ""
	if n := a.cfg.databaseHistory; n > 0 {
		number := 1 + mathrand.Int64N(n) //nolint:gosec // a choice, not a secret
		want, condition, of = 2, fmt.Sprintf(" OR number = %d", number), fmt.Sprintf("number %d of a regular customer", number)
	}
	found, err := a.cfg.database.query(ctx,
		"SELECT count(*), coalesce(bool_or(reference = '"+reference+"'), false) FROM orders WHERE reference = '"+reference+"'"+condition)
	if err != nil {
		return err
	}
	count, own, _ := strings.Cut(found, "|")
	switch n, err := strconv.Atoi(count); {
	case err != nil:
		return fmt.Errorf("database: unexpected answer %q", found)
	case own != "t":
		return fmt.Errorf("order %s, confirmed a moment ago, is not in the database", reference)
	case n < want:
		return fmt.Errorf("order %s is not in the database", of)
	}
	return nil
}
