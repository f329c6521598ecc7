-- Leaving at once, swaps that are withdrawn, one pending action per cause, and why an order failed.

-- Who refused; `failure` is what was said, for the operator.
ALTER TABLE orders ADD COLUMN failure_reason TEXT;
UPDATE orders SET failure_reason = 'provider_refused' WHERE status = 'failed';

-- The domain has left, and what was made for it at the providers may still be there.
ALTER TABLE order_domains ADD COLUMN deprovision_pending BOOLEAN NOT NULL DEFAULT FALSE;

-- An order that has ended costs what was kept: a failed one no licenses, and neither kind a purchase that never came about.
UPDATE orders SET google_licenses = 0, microsoft_licenses = 0, total_cents = (
    SELECT COALESCE(SUM(price_cents), 0) FROM order_domains
    WHERE order_domains.account_id = orders.account_id AND order_domains.order_id = orders.id
        AND state = 'released' AND source = 'registered' AND step <> 'register'
) WHERE status = 'failed';
UPDATE orders SET total_cents = total_cents - (
    SELECT COALESCE(SUM(price_cents), 0) FROM order_domains
    WHERE order_domains.account_id = orders.account_id AND order_domains.order_id = orders.id
        AND state = 'released' AND source = 'registered' AND step = 'register'
) WHERE status IN ('cancelled', 'cancel_scheduled');

-- The domains that an action is about; one action about a picture is about all domains of its order that show it.
CREATE TABLE pending_action_domains (
    account_id TEXT NOT NULL,
    action_id TEXT NOT NULL,
    domain_id TEXT NOT NULL,
    domain TEXT NOT NULL,
    PRIMARY KEY (account_id, action_id, domain_id)
) /*clustered*/;
CREATE INDEX pending_action_domains_by_domain ON pending_action_domains (account_id, domain_id, action_id);
INSERT INTO pending_action_domains (account_id, action_id, domain_id, domain)
    SELECT account_id, id, domain_id, domain FROM pending_actions;
INSERT INTO pending_action_domains (account_id, action_id, domain_id, domain)
    SELECT account_id, first_id, domain_id, MIN(domain) FROM (
        SELECT pending_actions.account_id, pending_actions.domain_id, pending_actions.domain, pending_actions.id, (
            SELECT MIN(first.id) FROM pending_actions AS first
            WHERE first.account_id = pending_actions.account_id AND first.order_id = pending_actions.order_id
                AND first.reason = pending_actions.reason AND first.persona = pending_actions.persona AND first.status = 'open'
        ) AS first_id
        FROM pending_actions WHERE status = 'open' AND persona IS NOT NULL
    ) AS of_pictures
    WHERE first_id <> id
    GROUP BY account_id, first_id, domain_id;
UPDATE pending_actions SET status = 'resolved', resolved_at = created_at
    WHERE status = 'open' AND persona IS NOT NULL AND EXISTS (
        SELECT 1 FROM pending_actions AS first
        WHERE first.account_id = pending_actions.account_id AND first.order_id = pending_actions.order_id
            AND first.reason = pending_actions.reason AND first.persona = pending_actions.persona AND first.status = 'open'
            AND first.id < pending_actions.id
    );
DROP INDEX pending_actions_open;
DROP INDEX pending_actions_by_domain;
ALTER TABLE pending_actions DROP COLUMN domain_id;
ALTER TABLE pending_actions DROP COLUMN domain;
CREATE UNIQUE INDEX pending_actions_open ON pending_actions (account_id, order_id, reason, persona)
    WHERE status = 'open' AND persona IS NOT NULL;

-- A swap that waits ends by itself; those that wait already count from when they were accepted.
INSERT INTO jobs (account_id, kind, subject, order_id, run_at, attempts, lease_token, rerun_requested, state, last_error, created_at, in_line)
    SELECT swaps.account_id, 'swap_deadline', swaps.id, NULL, swaps.created_at + 1209600000 - accounts.clock_offset_ms, 0, NULL, FALSE,
        'ready', NULL, swaps.created_at + 1209600000 - accounts.clock_offset_ms, FALSE
    FROM swaps JOIN accounts ON accounts.account_id = swaps.account_id
    WHERE swaps.status = 'action_required';
