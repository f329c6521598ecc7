-- The sandbox clock, renewals, swaps, the history of orders.

-- How far the account's clock is ahead of the system's. Always 0 in `live`. Times in rows are on the account's clock,
-- except what a worker compares with the system's: `jobs.run_at`, `deliveries.next_attempt_at`.
ALTER TABLE accounts ADD COLUMN clock_offset_ms BIGINT NOT NULL DEFAULT 0;
-- Where the clock is on its way to; NULL while it runs as usual.
ALTER TABLE accounts ADD COLUMN clock_target BIGINT;
-- Microsoft inboxes that are live: what a premium swap's quota is a share of.
ALTER TABLE accounts ADD COLUMN microsoft_inboxes_active BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET microsoft_inboxes_active = (
    SELECT COALESCE(SUM(inboxes), 0) FROM order_domains
    WHERE order_domains.account_id = accounts.account_id AND provider = 'microsoft' AND state = 'active'
);

-- What another year costs, of a domain that was bought.
ALTER TABLE domains ADD COLUMN renewal_price_cents BIGINT NOT NULL DEFAULT 0;
UPDATE domains SET renewal_price_cents = (
    SELECT COALESCE(MAX(order_domains.renewal_price_cents), 0) FROM order_domains
    WHERE order_domains.account_id = domains.account_id AND order_domains.domain_id = domains.id
) WHERE registered_until IS NOT NULL;
-- Until when the registration was paid for, while the registrar has not confirmed it.
ALTER TABLE domains ADD COLUMN renewing_until BIGINT;

-- Months that are paid, the first included: `renews_at` is so many months after `created_at`, whatever the day.
ALTER TABLE orders ADD COLUMN months_paid INTEGER NOT NULL DEFAULT 1;
-- Since when a month is due that the wallet could not pay.
ALTER TABLE orders ADD COLUMN overdue_since BIGINT;
INSERT INTO jobs (account_id, kind, subject, order_id, run_at, attempts, lease_token, wanted_again, state, last_error, created_at)
    SELECT account_id, 'renew', id, id, renews_at, 0, NULL, FALSE, 'ready', NULL, renews_at
    FROM orders WHERE renews_at IS NOT NULL AND status NOT IN ('failed', 'cancelled');

-- JSON of the personas of this domain's inboxes, in their order; NULL takes those of the order.
ALTER TABLE order_domains ADD COLUMN personas TEXT;
-- The swap that brings the domain in. Until it is live the order does not show it.
ALTER TABLE order_domains ADD COLUMN swap_in_id TEXT;
-- The swap that takes the domain off.
ALTER TABLE order_domains ADD COLUMN swap_out_id TEXT;

-- The operator's name for a payment: the same one is never booked twice.
ALTER TABLE ledger_entries ADD COLUMN reference TEXT;
CREATE UNIQUE INDEX ledger_entries_by_reference ON ledger_entries (account_id, reference, ledger_account)
    WHERE reference IS NOT NULL;

-- What happened to an order, for people: its events, and what no event tells of.
CREATE TABLE order_history (
    account_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    -- What the wallet gave (negative) or got.
    amount_cents BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, order_id, id)
) /*clustered*/;

CREATE TABLE swaps (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    order_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    domain_id TEXT NOT NULL,
    -- Of a domain swap: the name that comes in, and its id once the account has it.
    replacement_domain TEXT,
    replacement_domain_id TEXT,
    -- Of a user_names swap: the inbox, NULL when it is not made yet, and what it becomes.
    inbox_id TEXT,
    persona TEXT,
    old_email TEXT,
    new_email TEXT,
    inboxes INTEGER NOT NULL,
    -- What the wallet paid: the registration, and of a premium swap one month of licenses.
    price_cents BIGINT NOT NULL,
    license_cents BIGINT NOT NULL,
    -- When the old domain of a premium swap leaves.
    retires_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX swaps_by_user ON swaps (account_id, user_id, id);
CREATE INDEX swaps_by_order ON swaps (account_id, order_id, id);
CREATE INDEX swaps_by_status ON swaps (account_id, status, id);
CREATE INDEX swaps_by_domain ON swaps (account_id, domain_id, id);
CREATE INDEX swaps_by_replacement ON swaps (account_id, replacement_domain_id, id) WHERE replacement_domain_id IS NOT NULL;
-- The guarantee behind "a duplicate of one in flight fails": one domain swap at a time.
CREATE UNIQUE INDEX swaps_open ON swaps (account_id, domain_id)
    WHERE type <> 'user_names' AND status IN ('created', 'in_progress', 'action_required');
-- Swaps that wait for an import of their replacement.
CREATE INDEX swaps_waiting ON swaps (account_id, replacement_domain)
    WHERE status = 'action_required' AND replacement_domain_id IS NULL AND type <> 'user_names';
-- What the premium quota and its cooldown look back on.
CREATE INDEX swaps_premium ON swaps (account_id, created_at) WHERE type = 'premium' AND status <> 'failed';
