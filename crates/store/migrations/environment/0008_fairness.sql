-- Work is claimed in turns over accounts, so that one with much of it delays no other.

-- Whether a row is among those that accounts take turns with. Set when it is due at once, or has fallen due; cleared by a
-- claim. Only a hint: what is due is claimed by its time, and joins the line by it.
ALTER TABLE jobs ADD COLUMN in_line BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE deliveries ADD COLUMN in_line BOOLEAN NOT NULL DEFAULT FALSE;

-- Two indexes share the rows of the one that was there: accounts with something in line, each with its rows in order, and
-- what waits for its time. An account that only waits is in the second alone, where a claim does not pass it.
CREATE INDEX jobs_in_line ON jobs (account_id, run_at) WHERE state = 'ready' AND in_line = TRUE;
CREATE INDEX jobs_timers ON jobs (run_at) WHERE state = 'ready' AND in_line = FALSE;
DROP INDEX jobs_due;
CREATE INDEX deliveries_in_line ON deliveries (account_id, next_attempt_at) WHERE state = 'pending' AND in_line = TRUE;
CREATE INDEX deliveries_timers ON deliveries (next_attempt_at) WHERE state = 'pending' AND in_line = FALSE;
DROP INDEX deliveries_due;
