//! What a new order takes for itself: its fingerprint, its customer, its domains.

use std::collections::{HashMap, HashSet};

use peeker_domain::id::{AccountId, DomainId, OrderId, UserId};
use peeker_domain::view::Source;
use peeker_domain::{DomainCategory, DomainStatus, Timestamp, UserStatus};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::NewOrder;
use crate::connections::WriteTransaction;
use crate::domains::candidate;
use crate::entity::{domains, order_fingerprints, users};
use crate::error::{Result, StoreError};
use crate::insert::{chunk_size, insert_all};
use crate::keys::any_of;

/// Takes the fingerprints that are free or lapsed. Gives back, for each fingerprint, the order that it stands for now.
pub(super) async fn claim_fingerprints<'i>(
    tx: &WriteTransaction,
    items: &[&'i NewOrder],
) -> Result<HashMap<(&'i AccountId, &'i str), OrderId>> {
    use order_fingerprints::{ActiveModel, Column, Entity, Model};
    let mut originals: HashMap<(&AccountId, &str), OrderId> = HashMap::new();
    let mut wanted = Vec::new();
    for item in items {
        // Two equal orders in one batch: the first is the original.
        originals
            .entry((&item.account, item.fingerprint.as_str()))
            .or_insert_with(|| {
                wanted.push(*item);
                item.id.clone()
            });
    }
    let rows = wanted.iter().map(|item| -> ActiveModel {
        let row = Model {
            account_id: item.account.clone(),
            fingerprint: item.fingerprint.clone(),
            order_id: item.id.clone(),
            expires_at: item.fingerprint_expires_at,
        };
        row.into_active_model().reset_all()
    });
    let now = wanted.iter().map(|item| item.created_at).min();
    let now = now.unwrap_or(Timestamp::from_millis(0));
    let lapsed = OnConflict::columns([Column::AccountId, Column::Fingerprint])
        .update_columns([Column::OrderId, Column::ExpiresAt])
        .action_and_where(Expr::col((Entity, Column::ExpiresAt)).lte(now))
        .to_owned();
    let claimed = Entity::insert_many(rows)
        .on_conflict(lapsed)
        .exec_with_returning(tx)
        .await?;
    if claimed.len() < wanted.len() {
        let claimed: HashSet<&OrderId> = claimed.iter().map(|row| &row.order_id).collect();
        let lost: Vec<_> = wanted
            .iter()
            .filter(|item| !claimed.contains(&item.id))
            .collect();
        let keys = lost
            .iter()
            .map(|item| (&item.account, item.fingerprint.as_str()));
        let held = Entity::find()
            .filter(any_of(Column::AccountId, Column::Fingerprint, keys))
            .all(tx)
            .await?;
        for row in held {
            let of = lost
                .iter()
                .find(|item| item.account == row.account_id && item.fingerprint == row.fingerprint);
            if let Some(item) = of {
                originals.insert((&item.account, item.fingerprint.as_str()), row.order_id);
            }
        }
    }
    Ok(originals)
}

/// Makes the customers that are not there yet. Gives back the id of each (account, address).
pub(super) async fn ensure_users<'i>(
    tx: &WriteTransaction,
    items: &[&'i NewOrder],
) -> Result<HashMap<(&'i AccountId, &'i str), UserId>> {
    use users::{Column, Entity, Model};
    let rows = items.iter().map(|item| Model {
        account_id: item.account.to_string(),
        id: item.new_user_id.to_string(),
        email: item.email.to_string(),
        first_name: None,
        last_name: None,
        status: UserStatus::Active.to_string(),
        client_id: item.client_id.as_ref().map(ToString::to_string),
        created_at: item.created_at.as_millis(),
    });
    let ignore = OnConflict::columns([Column::AccountId, Column::Email])
        .do_nothing()
        .to_owned();
    insert_all::<Entity, _>(tx, rows.collect(), Some(ignore)).await?;
    let keys = items
        .iter()
        .map(|item| (&item.account, item.email.as_str()));
    let found = Entity::find()
        .filter(any_of(Column::AccountId, Column::Email, keys))
        .all(tx)
        .await?;
    let by_key: HashMap<(AccountId, String), UserId> = found
        .into_iter()
        .map(|row| {
            let account = AccountId::from_stored(row.account_id);
            ((account, row.email), UserId::from_stored(row.id))
        })
        .collect();
    items
        .iter()
        .map(|item| {
            let key = (&item.account, item.email.as_str());
            let id = by_key
                .get(&(key.0.clone(), key.1.to_owned()))
                .ok_or(StoreError::Stale)?;
            Ok((key, id.clone()))
        })
        .collect()
}

/// Puts the domains on their orders. Gives back the id of each (account, name).
/// Errors: [`StoreError::DomainsTaken`], and [`StoreError::Stale`] when a name was bought or lost since it was planned.
pub(super) async fn take_domains(
    tx: &WriteTransaction,
    items: &[&NewOrder],
    users: &HashMap<(&AccountId, &str), UserId>,
) -> Result<HashMap<(AccountId, String), DomainId>> {
    use domains::{ActiveModel, Column, Entity, Model};
    let mut rows: Vec<ActiveModel> = Vec::new();
    let mut planned: HashMap<(&AccountId, &str), Source> = HashMap::new();
    let mut twice = Vec::new();
    for item in items {
        for domain in &item.domains {
            if planned
                .insert((&item.account, domain.name.as_str()), domain.source)
                .is_some()
            {
                twice.push(domain.name.to_string());
                continue;
            }
            let (account, name) = (&item.account, domain.name.as_str());
            let row = Model {
                category: DomainCategory::Connected,
                status: DomainStatus::InProgress,
                google_only: domain.google_only,
                order_id: Some(item.id.clone()),
                user_id: Some(users[&(account, item.email.as_str())].clone()),
                provider: Some(domain.provider),
                forwarding_url: domain.forwarding_url.clone(),
                ..candidate(account, domain.new_id.clone(), name, item.created_at)
            };
            rows.push(row.into_active_model().reset_all());
        }
    }
    if !twice.is_empty() {
        // Two orders of one batch want the same name: alone, the first gets it.
        return Err(StoreError::DomainsTaken(twice));
    }
    let only_free = OnConflict::columns([Column::AccountId, Column::Name])
        .update_columns([
            Column::Category,
            Column::Status,
            Column::GoogleOnly,
            Column::OrderId,
            Column::UserId,
            Column::Provider,
            Column::ForwardingUrl,
        ])
        .value(Column::Owned, unless_lapsed("FALSE", "owned"))
        .value(
            Column::RegisteredUntil,
            unless_lapsed("NULL", "registered_until"),
        )
        .action_and_where(Expr::col((Entity, Column::OrderId)).is_null())
        .to_owned();
    let mut taken = HashMap::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let size = chunk_size(rows.len());
        let chunk: Vec<ActiveModel> = rows.by_ref().take(size).collect();
        let got = Entity::insert_many(chunk)
            .on_conflict(only_free.clone())
            .exec_with_returning(tx)
            .await?;
        for row in got {
            let source = planned.get(&(&row.account_id, row.name.as_str()));
            let expected = if row.owned {
                Source::Imported
            } else {
                Source::Registered
            };
            if source != Some(&expected) {
                return Err(StoreError::Stale);
            }
            taken.insert((row.account_id, row.name), row.id);
        }
    }
    let missing = planned
        .keys()
        .filter(|(account, name)| !taken.contains_key(&((*account).clone(), (*name).to_owned())));
    let mut missing: Vec<String> = missing.map(|(_, name)| (*name).to_owned()).collect();
    if missing.is_empty() {
        Ok(taken)
    } else {
        missing.sort_unstable();
        Err(StoreError::DomainsTaken(missing))
    }
}

/// The value of a column of a domain that is taken, or `lapsed` when its registration is over: such a domain is bought
/// anew, whatever its row still says (see `domains::has_lapsed`).
fn unless_lapsed(lapsed: &str, column: &str) -> SimpleExpr {
    Expr::cust(format!(
        "CASE WHEN domains.registered_until <= excluded.created_at AND domains.renewing_until IS NULL \
         THEN {lapsed} ELSE domains.{column} END"
    ))
}
