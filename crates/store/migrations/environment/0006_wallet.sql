-- Registrations over the years, and who looks after their end.

-- Whether the registrar refused another year for good: the domain ends with the one it has.
ALTER TABLE domains ADD COLUMN renewal_refused BOOLEAN NOT NULL DEFAULT FALSE;
-- Registrations that were recorded before they had such a job: it runs a day before their end.
INSERT INTO jobs (account_id, kind, subject, order_id, run_at, attempts, lease_token, wanted_again, state, last_error, created_at)
    SELECT account_id, 'expiry', id, NULL, registered_until - 86400000, 0, NULL, FALSE, 'ready', NULL, registered_until - 86400000
    FROM domains WHERE registered_until IS NOT NULL;
