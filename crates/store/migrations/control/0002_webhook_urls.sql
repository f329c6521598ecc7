-- A webhook address for each environment of a partner, which was one for both.

CREATE TABLE webhook_urls (
    account_id TEXT NOT NULL REFERENCES partners (id),
    environment TEXT NOT NULL,
    url TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, environment)
);
INSERT INTO webhook_urls (account_id, environment, url, updated_at)
    SELECT account_id, 'live', url, updated_at FROM webhook_endpoints;
INSERT INTO webhook_urls (account_id, environment, url, updated_at)
    SELECT account_id, 'test', url, updated_at FROM webhook_endpoints;
-- webhook_endpoints stays for servers of the version before, until the next one.
