package drillapp

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
)

// keepOrder is what a customer does with the database, when there is one: it places an
// order, looks it up in another connection, and looks up an order of long ago. An order
// that was confirmed and cannot be found is lost, and the customer is told so.
//
// The table is orders(number bigserial, reference text, ...); every other column has a
// default. Numbers 1 to DATABASE_HISTORY are the orders of long ago.
func (a *app) keepOrder(ctx context.Context) error {
	if a.cfg.database == nil {
		return nil
	}
	reference := strings.ToLower(rand.Text()) // 26 letters and digits: nothing to escape
	if _, err := a.cfg.database.query(ctx, "INSERT INTO orders (reference) VALUES ('"+reference+"')"); err != nil {
		return err
	}
	if err := a.find(ctx, "order "+reference+", confirmed a moment ago,", "reference = '"+reference+"'"); err != nil {
		return err
	}
	if a.cfg.databaseHistory == 0 {
		return nil
	}
	number := 1 + mathrand.Int64N(a.cfg.databaseHistory) //nolint:gosec // a choice, not a secret
	return a.find(ctx, fmt.Sprintf("order number %d of a regular customer", number), fmt.Sprintf("number = %d", number))
}

// find fails when no row of orders meets the condition.
func (a *app) find(ctx context.Context, what, condition string) error {
	count, err := a.cfg.database.query(ctx, "SELECT count(*) FROM orders WHERE "+condition)
	if err != nil {
		return err
	}
	if count == "0" {
		return fmt.Errorf("%s is not in the database", what)
	}
	return nil
}
