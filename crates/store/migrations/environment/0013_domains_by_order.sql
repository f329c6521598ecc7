-- The domains of an order, listed by `GET /domains?order_id=`.
CREATE INDEX domains_by_order ON domains (account_id, order_id, id) WHERE order_id IS NOT NULL;
