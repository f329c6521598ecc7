-- The sandbox clock looks for an account's next delivery at each of its steps.

CREATE INDEX deliveries_of_account ON deliveries (account_id, next_attempt_at) WHERE state = 'pending';
