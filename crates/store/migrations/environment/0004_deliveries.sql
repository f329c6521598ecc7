-- Pausing the deliveries to an endpoint that is broken or gone, with its backlog kept.

-- While set, events are recorded as `waiting` deliveries, which nobody claims. Set and cleared under the lock of this
-- row, in one transaction with the deliveries that it moves, so that none is left behind.
ALTER TABLE accounts ADD COLUMN deliveries_paused_at BIGINT;
ALTER TABLE accounts ADD COLUMN deliveries_paused_reason TEXT;

-- The end of the retries, on the account's clock. Set when a receiver asks for a longer wait than the schedule has.
ALTER TABLE deliveries ADD COLUMN retry_until BIGINT;
-- The state stands in it, though always the same, or the planner of SQLite would take the primary key instead.
CREATE INDEX deliveries_waiting ON deliveries (account_id, state, sequence) WHERE state = 'waiting';

-- What came of the attempts of late, on the account's clock. An account that nothing was sent to has no row.
CREATE TABLE endpoint_health (
    account_id TEXT NOT NULL PRIMARY KEY,
    last_success_at BIGINT,
    -- The first and the last failure since then.
    failing_since BIGINT,
    last_failure_at BIGINT
) /*clustered*/;
