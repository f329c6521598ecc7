//! The rows of a new order.

use std::collections::HashMap;

use peeker_domain::id::{AccountId, DomainId, UserId};
use peeker_domain::{OrderDomainState, OrderStatus, ProvisionStep};

use super::NewOrder;
use crate::entity::{order_domains, orders};
use crate::error::{Result, StoreError};
use crate::number::small;

pub(super) fn order_row(item: &NewOrder, user_id: &UserId) -> Result<orders::Model> {
    let inboxes = item.domains.iter().map(|domain| domain.inboxes).sum();
    Ok(orders::Model {
        account_id: item.account.clone(),
        id: item.id.clone(),
        user_id: user_id.clone(),
        bundle_id: item.bundle_id.clone(),
        status: OrderStatus::InProgress,
        domain_count: small(u32::try_from(item.domains.len()).unwrap_or(u32::MAX))?,
        inbox_count: small(inboxes)?,
        domains_active: 0,
        inboxes_active: 0,
        total_cents: item.total(),
        google_licenses: small(item.google_licenses)?,
        microsoft_licenses: small(item.microsoft_licenses)?,
        google_license_cents: item.prices.google_license,
        microsoft_license_cents: item.prices.microsoft_license,
        personas: serde_json::to_string(&item.personas)?,
        client_id: item.client_id.as_ref().map(ToString::to_string),
        login_email: item.login_email.to_string(),
        sealed_password: Some(item.sealed_password.clone()),
        fingerprint: item.fingerprint.clone(),
        failure: None,
        renews_at: Some(item.renews_at),
        cancellation_scheduled_at: None,
        cancels_at: None,
        created_at: item.created_at,
        months_paid: 1,
        overdue_since: None,
    })
}

pub(super) fn place_rows_of(
    item: &NewOrder,
    taken: &mut HashMap<(AccountId, String), DomainId>,
) -> Result<Vec<order_domains::Model>> {
    let rows = item.domains.iter().zip(0..).map(|(domain, position)| {
        let key = (item.account.clone(), domain.name.to_string());
        Ok(order_domains::Model {
            account_id: item.account.clone(),
            order_id: item.id.clone(),
            position,
            domain_id: taken.remove(&key).ok_or(StoreError::Stale)?,
            name: domain.name.to_string(),
            provider: domain.provider,
            source: domain.source,
            inboxes: small(domain.inboxes)?,
            price_cents: domain.price,
            renewal_price_cents: domain.renewal_price,
            forwarding_url: domain.forwarding_url.clone(),
            step: ProvisionStep::FIRST,
            state: OrderDomainState::Pending,
            leaves_at: None,
            personas: None,
            swap_in_id: None,
            swap_out_id: None,
        })
    });
    rows.collect()
}
