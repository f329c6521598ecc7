-- Imports, delegation, forwarding jobs, pending actions, cancellation.

ALTER TABLE domains ADD COLUMN import_id TEXT;
-- JSON list of the zone's nameservers; NULL while there is no zone of ours.
ALTER TABLE domains ADD COLUMN nameservers TEXT;
-- Whether the domain's nameservers were seen to be the zone's.
ALTER TABLE domains ADD COLUMN delegated BOOLEAN NOT NULL DEFAULT FALSE;

-- Who may have a zone for a name. The one table that does not lead with the account: its point is that two accounts
-- cannot both import a name, however close together they try.
CREATE TABLE imported_names (
    name TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL
) /*clustered*/;

CREATE TABLE imports (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    completed_count INTEGER NOT NULL,
    failed_count INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE import_domains (
    account_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- pending, completed or failed.
    state TEXT NOT NULL,
    reason TEXT,
    domain_id TEXT,
    PRIMARY KEY (account_id, import_id, position)
);
CREATE INDEX import_domains_by_domain ON import_domains (account_id, domain_id);
CREATE INDEX import_domains_pending ON import_domains (account_id, name) WHERE state = 'pending';

-- The guarantee behind "the same set of domains gives the same import job for 24 hours".
CREATE TABLE import_fingerprints (
    account_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    import_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
) /*clustered*/;

CREATE TABLE forwardings (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE forwarding_domains (
    account_id TEXT NOT NULL,
    forwarding_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    -- As submitted: a name or a dom_ id.
    name TEXT NOT NULL,
    domain_id TEXT,
    -- pending, completed or failed.
    state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (account_id, forwarding_id, position)
) /*clustered*/;

-- JSON of the persona that a picture action is about.
ALTER TABLE pending_actions ADD COLUMN persona TEXT;
ALTER TABLE pending_actions ADD COLUMN domain TEXT NOT NULL DEFAULT '';
ALTER TABLE pending_actions ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE pending_actions ADD COLUMN resolved_at BIGINT;
-- One open action per order, domain, reason and, for pictures, persona.
DROP INDEX pending_actions_open;
CREATE UNIQUE INDEX pending_actions_open ON pending_actions (account_id, order_id, domain_id, reason, COALESCE(persona, ''))
    WHERE status = 'open';
CREATE INDEX pending_actions_by_status ON pending_actions (account_id, status, id);
CREATE INDEX pending_actions_by_order ON pending_actions (account_id, order_id, id);
CREATE INDEX pending_actions_by_domain ON pending_actions (account_id, domain_id, id);

-- When the domain leaves its order; NULL when it stays.
ALTER TABLE order_domains ADD COLUMN leaves_at BIGINT;

-- Lists of domains that can host Microsoft: few, where most carry it already. The query spells the condition out.
CREATE INDEX domains_usable_for_microsoft ON domains (account_id, id)
    WHERE (provider IS NULL OR provider = 'google') AND google_only = FALSE AND category <> 'candidate';
