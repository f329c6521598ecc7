-- Partners, their keys and where their webhooks go. Shared by both environments.
-- Dialect: the common subset of SQLite and PostgreSQL. Times are epoch milliseconds, ids prefixed text.

CREATE TABLE partners (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    tier TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES partners (id),
    environment TEXT NOT NULL,
    preset TEXT NOT NULL,
    label TEXT,
    -- HMAC-SHA-256 of the secret under the server's pepper; the secret itself is nowhere.
    secret_hash TEXT NOT NULL,
    requests_per_minute INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX api_keys_by_secret ON api_keys (secret_hash);
CREATE INDEX api_keys_by_account ON api_keys (account_id, id);

CREATE TABLE webhook_endpoints (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES partners (id),
    url TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE webhook_secrets (
    account_id TEXT NOT NULL REFERENCES partners (id),
    environment TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- XChaCha20-Poly1305 under the master key.
    sealed_secret TEXT NOT NULL,
    -- Set on the older secret of a rotation; both sign until then.
    expires_at BIGINT,
    PRIMARY KEY (account_id, environment, created_at)
);

-- Requests counted per key and second, so that several servers share one limit.
CREATE TABLE rate_windows (
    key_id TEXT NOT NULL,
    second BIGINT NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (key_id, second)
);

-- Facts about the installation, such as the check value of the master key.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
