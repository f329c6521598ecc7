-- What is kept of domains at real vendors. A sandbox has none of it: its vendors are simulated.

-- Which account at a vendor has a domain. The name, since a domain may be at a vendor before it is a row of ours.
CREATE TABLE domain_providers (
    account_id TEXT NOT NULL,
    domain TEXT NOT NULL,
    slot TEXT NOT NULL,
    provider_account_id TEXT NOT NULL,
    assigned_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, domain, slot)
) /*clustered*/;
CREATE INDEX domain_providers_by_provider ON domain_providers (provider_account_id);
-- Accounts at vendors are shared, and there is one real domain of each name: it is one partner's at a time.
CREATE UNIQUE INDEX domain_providers_by_domain ON domain_providers (domain, slot);

-- What is known of inboxes at their vendors.
CREATE TABLE mailboxes (
    account_id TEXT NOT NULL,
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    -- XChaCha20-Poly1305 under the master key.
    sealed_password TEXT NOT NULL,
    -- The picture that it shows.
    picture_url TEXT,
    -- Its id at the sequencer; NULL: not connected.
    sequencer_id TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, address)
) /*clustered*/;

-- What only the operator can do.
CREATE TABLE operator_tasks (
    account_id TEXT NOT NULL,
    domain TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    provider_account_id TEXT NOT NULL,
    instructions TEXT NOT NULL,
    state TEXT NOT NULL,
    -- What the operator entered.
    answer TEXT,
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    PRIMARY KEY (account_id, domain, kind)
) /*clustered*/;
CREATE UNIQUE INDEX operator_tasks_by_id ON operator_tasks (id);
CREATE INDEX operator_tasks_open ON operator_tasks (created_at) WHERE state = 'open';

-- What vendors are paid. A row stands before the call that pays.
CREATE TABLE vendor_payments (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    provider_account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- What is bought, such as a domain and the end that it is renewed from.
    subject TEXT NOT NULL,
    -- What it is bought for: the same on every try of one purchase, and no other's.
    purchase TEXT NOT NULL,
    expected_cents BIGINT NOT NULL,
    state TEXT NOT NULL,
    paid_cents BIGINT,
    -- The vendor's own number of the order.
    reference TEXT,
    created_at BIGINT NOT NULL,
    -- When the call that pays was last about to be made.
    tried_at BIGINT NOT NULL,
    settled_at BIGINT,
    PRIMARY KEY (account_id, id)
) /*clustered*/;
-- One payment for a purchase, however many try.
CREATE UNIQUE INDEX vendor_payments_by_purchase ON vendor_payments (account_id, kind, subject, purchase)
    WHERE state <> 'not_paid';
CREATE INDEX vendor_payments_in_doubt ON vendor_payments (kind, tried_at) WHERE state = 'intended';
CREATE INDEX vendor_payments_by_subject ON vendor_payments (account_id, kind, subject);
CREATE INDEX vendor_payments_by_time ON vendor_payments (created_at);
