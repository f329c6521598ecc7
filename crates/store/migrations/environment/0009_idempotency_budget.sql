-- Answers kept for `Idempotency-Key` have a size, and only successes are kept.

-- Bytes of the kept answer: 0 when it is kept no more, or was too large; NULL while the first request runs.
ALTER TABLE idempotency_keys ADD COLUMN body_bytes BIGINT;
-- The record that the answer is about, for when the answer itself is not kept.
ALTER TABLE idempotency_keys ADD COLUMN record_id TEXT;

-- A refused request runs again when it is repeated.
DELETE FROM idempotency_keys WHERE status >= 400;
UPDATE idempotency_keys SET body_bytes = LENGTH(body) WHERE status IS NOT NULL;

-- Holds all that is needed to say how much an account has kept.
CREATE INDEX idempotency_keys_of_account ON idempotency_keys (account_id, expires_at, body_bytes);
