-- Listing, following, replaying and pruning events.

-- How many attempts were made before the present schedule of retries began; a replay starts it anew.
ALTER TABLE deliveries ADD COLUMN attempts_before INTEGER NOT NULL DEFAULT 0;
-- The last number given to a replay: gap-free, as that of events.
ALTER TABLE accounts ADD COLUMN replay_sequence BIGINT NOT NULL DEFAULT 0;

-- Each time that an event was sent again on request, in order, for listeners that follow replays.
CREATE TABLE replays (
    account_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    event_sequence BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, number)
) /*clustered*/;

-- Jobs that replay the events of a window of time.
CREATE TABLE event_replays (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    -- The window: from the first, until just before the second.
    since_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    -- JSON list, sorted; NULL for all types.
    types TEXT,
    only_failed BOOLEAN NOT NULL,
    -- Where the job goes on, and the last event that it is about.
    next_sequence BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    matched_count BIGINT NOT NULL,
    replayed_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    PRIMARY KEY (account_id, id)
);
-- The guarantee behind "the same replay, asked for again while it runs, is the same job".
CREATE UNIQUE INDEX event_replays_running ON event_replays (account_id, since_at, until_at, COALESCE(types, ''), only_failed)
    WHERE status = 'in_progress';

CREATE INDEX events_by_type ON events (account_id, type, sequence);
CREATE INDEX events_by_order ON events (account_id, order_id, sequence);
CREATE INDEX events_by_time ON events (account_id, created_at, sequence);
-- What arrived and what did not, by account. The account is inside the expression, because SQLite would otherwise prefer
-- the table's key, which also begins with it. The queries spell the expression out.
CREATE INDEX deliveries_by_outcome ON deliveries ((account_id || CASE WHEN state = 'delivered' THEN '+' ELSE '-' END), sequence);
-- Pages of the attempts of an event; the older index could not order them.
CREATE INDEX delivery_attempts_of_event ON delivery_attempts (account_id, event_sequence, id);
DROP INDEX delivery_attempts_by_event;

-- What has lapsed is looked for across accounts, by the pruner.
CREATE INDEX idempotency_keys_lapsed ON idempotency_keys (expires_at);
CREATE INDEX order_fingerprints_lapsed ON order_fingerprints (expires_at);
CREATE INDEX import_fingerprints_lapsed ON import_fingerprints (expires_at);
