-- Accounts at vendors, and how they are doing. Shared by all servers.

CREATE TABLE provider_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    vendor TEXT NOT NULL,
    -- What the operator calls it.
    label TEXT NOT NULL,
    -- The partner that brought it; NULL: the operator's pool.
    partner_id TEXT REFERENCES partners (id),
    -- Where the vendor's hosts are instead; NULL: the vendor itself.
    base_url TEXT,
    -- A JSON object of texts.
    settings TEXT NOT NULL,
    -- XChaCha20-Poly1305 under the master key.
    sealed_credentials TEXT NOT NULL,
    -- Domains that it may have; NULL: any number.
    capacity BIGINT,
    state TEXT NOT NULL,
    -- Why it needs attention.
    reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX provider_accounts_by_label ON provider_accounts (vendor, label);
-- A partner has one account of its own at a vendor.
CREATE UNIQUE INDEX provider_accounts_by_partner ON provider_accounts (partner_id, vendor) WHERE partner_id IS NOT NULL;

-- One wait for the whole account, whoever met its cause.
CREATE TABLE provider_rests (
    provider_account_id TEXT NOT NULL PRIMARY KEY REFERENCES provider_accounts (id),
    -- Failures since the last success.
    failures INTEGER NOT NULL,
    -- Nothing is called before.
    until BIGINT NOT NULL,
    reason TEXT NOT NULL
);

-- Where each limit of an account stands: `Cursor` in domain/src/vendor/pacing.rs.
CREATE TABLE provider_paces (
    provider_account_id TEXT NOT NULL REFERENCES provider_accounts (id),
    bucket TEXT NOT NULL,
    -- Of the limits on this bucket, which.
    position INTEGER NOT NULL,
    arrival_ms BIGINT NOT NULL,
    tail_ms BIGINT NOT NULL,
    PRIMARY KEY (provider_account_id, bucket, position)
);

-- Calls of which only so many may be made at the same time. One that is not given back comes free by its time.
CREATE TABLE provider_permits (
    provider_account_id TEXT NOT NULL REFERENCES provider_accounts (id),
    bucket TEXT NOT NULL,
    number INTEGER NOT NULL,
    held_until BIGINT NOT NULL,
    PRIMARY KEY (provider_account_id, bucket, number)
);
