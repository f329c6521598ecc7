//! Rows of an order and what hangs on it, as the rules know them, and back.

use peeker_domain::order::{Domain, Inbox, Order, OrderDomain, Swap};

use crate::entity::{domains, inboxes, order_domains, orders, swaps};
use crate::error::StoreError;
use crate::number::{small, unsigned};

/// A row and the noun that it is have the same fields; what a noun counts has no sign.
macro_rules! row {
    ($row:ty => $noun:ty { $($field:ident),+ $(,)? } counts { $($count:ident),* $(,)? }) => {
        impl TryFrom<$row> for $noun {
            type Error = StoreError;
            fn try_from(row: $row) -> Result<Self, StoreError> {
                Ok(Self { $($field: row.$field,)+ $($count: unsigned(row.$count)?,)* })
            }
        }

        impl TryFrom<$noun> for $row {
            type Error = StoreError;
            fn try_from(noun: $noun) -> Result<Self, StoreError> {
                Ok(Self { $($field: noun.$field,)+ $($count: small(noun.$count)?,)* })
            }
        }
    };
}

row! {
    orders::Model => Order {
        account_id, id, user_id, bundle_id, status, total_cents, google_license_cents,
        microsoft_license_cents, personas, client_id, login_email, sealed_password, fingerprint,
        failure, failure_reason, renews_at, cancellation_scheduled_at, cancels_at, created_at, months_paid,
        overdue_since,
    } counts {
        domain_count, inbox_count, domains_active, inboxes_active, google_licenses,
        microsoft_licenses,
    }
}

row! {
    order_domains::Model => OrderDomain {
        account_id, order_id, domain_id, name, provider, source, price_cents, renewal_price_cents,
        forwarding_url, step, state, leaves_at, deprovision_pending, personas, swap_in_id, swap_out_id,
    } counts { position, inboxes }
}

row! {
    domains::Model => Domain {
        account_id, id, name, category, status, owned, google_only, order_id, user_id, provider,
        forwarding_url, registered_until, created_at, import_id, nameservers, delegated,
        renewal_price_cents, renewing_until, renewal_refused,
    } counts {}
}

row! {
    inboxes::Model => Inbox {
        account_id, id, order_id, domain_id, email, first_name, last_name, provider, status,
        created_at,
    } counts {}
}

row! {
    swaps::Model => Swap {
        account_id, id, kind, status, reason, order_id, user_id, domain_id, replacement_domain,
        replacement_domain_id, inbox_id, persona, old_email, new_email, price_cents, license_cents,
        retires_at, created_at,
    } counts { inboxes }
}

/// All of them, or what is wrong with one.
pub(crate) fn all<R, N: TryFrom<R, Error = StoreError>>(
    rows: Vec<R>,
) -> Result<Vec<N>, StoreError> {
    rows.into_iter().map(N::try_from).collect()
}
