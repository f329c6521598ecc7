-- Everything of one environment. `live` and `sandbox` have this same schema.
-- Dialect: the common subset of SQLite and PostgreSQL. Times are epoch milliseconds, money is cents, ids prefixed
-- text, JSON is text. Every key leads with the account, so that one partner's rows sit together and the schema can
-- be spread by account. `/*clustered*/` becomes WITHOUT ROWID on SQLite: the key is the table. Only for tables that are
-- read by their key alone: without statistics SQLite prefers such a key to any other index of the table.

-- One row per account: what every transaction of the account has to read and lock first.
CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    -- The last number given to an event: gap-free, since it moves in the event's transaction.
    event_sequence BIGINT NOT NULL,
    -- The wallet: always the sum of the account's `wallet` ledger entries, never negative.
    balance_cents BIGINT NOT NULL CHECK (balance_cents >= 0)
) /*clustered*/;

CREATE TABLE users (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    status TEXT NOT NULL,
    client_id TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX users_by_email ON users (account_id, email);
CREATE INDEX users_by_status ON users (account_id, status, id);

CREATE TABLE bundles (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    monthly_sending_volume INTEGER NOT NULL,
    -- Both or neither; NULL follows the recommended split.
    google_percent INTEGER,
    microsoft_percent INTEGER,
    send_on_weekends BOOLEAN NOT NULL,
    google_inboxes_per_domain INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX bundles_by_status ON bundles (account_id, status, id);

CREATE TABLE orders (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    bundle_id TEXT,
    status TEXT NOT NULL,
    domain_count INTEGER NOT NULL,
    inbox_count INTEGER NOT NULL,
    domains_active INTEGER NOT NULL,
    inboxes_active INTEGER NOT NULL,
    total_cents BIGINT NOT NULL,
    google_licenses INTEGER NOT NULL,
    microsoft_licenses INTEGER NOT NULL,
    -- Unit prices at acceptance; a later price book does not change a placed order.
    google_license_cents BIGINT NOT NULL,
    microsoft_license_cents BIGINT NOT NULL,
    personas TEXT NOT NULL,
    client_id TEXT,
    login_email TEXT NOT NULL,
    -- Sealed; NULL once the inboxes are handed over or the order failed.
    sealed_password TEXT,
    fingerprint TEXT NOT NULL,
    failure TEXT,
    renews_at BIGINT,
    cancellation_scheduled_at BIGINT,
    cancels_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id),
    FOREIGN KEY (account_id, bundle_id) REFERENCES bundles (account_id, id)
);
CREATE INDEX orders_by_user ON orders (account_id, user_id, id);
CREATE INDEX orders_by_bundle ON orders (account_id, bundle_id, id);
CREATE INDEX orders_by_status ON orders (account_id, status, id);

-- The guarantee behind "the same body gives the same order for 24 hours": one row per fingerprint.
CREATE TABLE order_fingerprints (
    account_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    order_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
) /*clustered*/;

-- One row per domain name ever seen in the account; the id stays with the name for ever.
CREATE TABLE domains (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- connected: on an active order; inventory: owned, on none; candidate: neither (an order for it failed).
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    owned BOOLEAN NOT NULL,
    google_only BOOLEAN NOT NULL,
    -- The order that holds the domain. At most one, since the row is taken only while this is NULL.
    order_id TEXT,
    user_id TEXT,
    provider TEXT,
    forwarding_url TEXT,
    registered_until BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX domains_by_name ON domains (account_id, name);
CREATE INDEX domains_by_category ON domains (account_id, category, id);
CREATE INDEX domains_by_status ON domains (account_id, status, id);
CREATE INDEX domains_by_user ON domains (account_id, user_id, id);

-- A domain's place on an order, and how far its provisioning is.
CREATE TABLE order_domains (
    account_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    domain_id TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    source TEXT NOT NULL,
    inboxes INTEGER NOT NULL,
    price_cents BIGINT NOT NULL,
    renewal_price_cents BIGINT NOT NULL,
    forwarding_url TEXT,
    -- The step that provisioning goes on with.
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (account_id, order_id, position)
);
CREATE INDEX order_domains_by_domain ON order_domains (account_id, domain_id);

CREATE TABLE inboxes (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    domain_id TEXT NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX inboxes_by_email ON inboxes (account_id, email) WHERE status <> 'removed';
CREATE INDEX inboxes_by_order ON inboxes (account_id, order_id, id);
CREATE INDEX inboxes_by_domain ON inboxes (account_id, domain_id);

CREATE TABLE pending_actions (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    domain_id TEXT NOT NULL,
    type TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX pending_actions_open ON pending_actions (account_id, order_id, domain_id, reason) WHERE status = 'open';

-- Append-only, double entry: the amounts of one transaction add up to zero.
CREATE TABLE ledger_entries (
    account_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    ledger_account TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    reason TEXT NOT NULL,
    order_id TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, transaction_id, ledger_account)
);
CREATE INDEX ledger_entries_by_order ON ledger_entries (account_id, order_id);

-- The event log. `body` is the exact text that is signed and sent.
CREATE TABLE events (
    account_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    order_id TEXT,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account_id, sequence)
);
CREATE UNIQUE INDEX events_by_id ON events (account_id, id);

CREATE TABLE deliveries (
    account_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    -- When it may be claimed; moved to the end of the lease by a claim.
    next_attempt_at BIGINT NOT NULL,
    lease_token TEXT,
    PRIMARY KEY (account_id, sequence)
) /*clustered*/;
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'pending';

CREATE TABLE delivery_attempts (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    event_sequence BIGINT NOT NULL,
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    http_status INTEGER,
    failure TEXT,
    latency_ms BIGINT NOT NULL,
    response_excerpt TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX delivery_attempts_by_event ON delivery_attempts (account_id, event_sequence);

-- Durable work. One row per kind and subject, so a subject is never worked on twice at once.
CREATE TABLE jobs (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The order that the subject is worked on for, if there is one.
    order_id TEXT,
    -- When it may be claimed; moved to the end of the lease by a claim.
    run_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_token TEXT,
    -- Set when somebody asks for the job while it runs, so that the wish is not lost when it ends.
    wanted_again BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, subject)
) /*clustered*/;
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'ready';

-- Answers kept for `Idempotency-Key`.
CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    -- NULL while the first request runs.
    status INTEGER,
    body TEXT,
    -- While it runs: when the claim lapses. Afterwards: when the answer is forgotten.
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, key)
);

-- What the simulated providers of the sandbox remember. Empty in `live`.
CREATE TABLE simulated_records (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    counter BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, name)
) /*clustered*/;
