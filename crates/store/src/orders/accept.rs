//! Accepting orders: customer, order, domains, wallet debit, event and provisioning work in one transaction, many
//! orders at a time (invariant 1).
//!
//! The guarantees are rows, not checks: one order per fingerprint (`order_fingerprints`), one active order per
//! domain (`domains.order_id` is taken only while it is NULL), a wallet that never goes below zero.

use std::collections::{HashMap, HashSet};

use peeker_domain::id::{AccountId, BundleId, DomainId, OrderId, UserId};
use peeker_domain::order::{ClientId, Persona};
use peeker_domain::price::{PriceBook, line_items, total};
use peeker_domain::view::{Category, OrderReceipt, Source};
use peeker_domain::{
    Cents, DomainName, DomainStatus, EmailAddress, EventType, MailProvider, OrderStatus, Timestamp,
    UserStatus,
};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};

use super::{detail, receipt};
use crate::entity::{domains, order_domains, order_fingerprints, orders, users};
use crate::error::{Result, StoreError};
use crate::insert::{chunk_size, insert_all};
use crate::jobs::NewJob;
use crate::keys::any_of;
use crate::lane::Batch;
use crate::number::small;
use crate::work::Work;

/// The order write lane.
#[derive(Debug)]
pub enum Accept {}

/// A planned and priced order, ready to be written.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Whose.
    pub account: AccountId,
    /// Its id, should it become an order of its own.
    pub id: OrderId,
    /// The customer's address; the customer is made when there is none with it.
    pub email: EmailAddress,
    /// The customer's id, should one be made.
    pub new_user_id: UserId,
    /// The bundle it was sized by.
    pub bundle_id: Option<BundleId>,
    /// Its domains, in submitted order.
    pub domains: Vec<NewOrderDomain>,
    /// Its personas.
    pub personas: Vec<Persona>,
    /// Where its inboxes go.
    pub client_id: Option<ClientId>,
    /// The sequencer log-in's address.
    pub login_email: EmailAddress,
    /// The sequencer log-in's password, sealed.
    pub sealed_password: String,
    /// Google licenses.
    pub google_licenses: u32,
    /// Microsoft licenses.
    pub microsoft_licenses: u32,
    /// Unit prices.
    pub prices: PriceBook,
    /// What makes a repeated order the same.
    pub fingerprint: String,
    /// Until when it does.
    pub fingerprint_expires_at: Timestamp,
    /// When the next month is due.
    pub renews_at: Timestamp,
    /// Now.
    pub created_at: Timestamp,
}

/// One domain of a new order.
#[derive(Debug, Clone)]
pub struct NewOrderDomain {
    /// Its id, should the name be new to the account.
    pub new_id: DomainId,
    /// The name.
    pub name: DomainName,
    /// Bought or owned.
    pub source: Source,
    /// Whether it can host nothing but Google.
    pub google_only: bool,
    /// What it will host.
    pub provider: MailProvider,
    /// Inboxes on it.
    pub inboxes: u32,
    /// First year; 0 when owned.
    pub price: Cents,
    /// Further years; 0 when owned.
    pub renewal_price: Cents,
    /// Where it redirects to.
    pub forwarding_url: Option<String>,
}

impl NewOrder {
    /// What is taken from the wallet: first month and first year.
    pub fn total(&self) -> Cents {
        let bought = self
            .domains
            .iter()
            .filter(|domain| domain.source == Source::Registered);
        let registrations: Vec<Cents> = bought.map(|domain| domain.price).collect();
        total(&line_items(
            self.google_licenses,
            self.microsoft_licenses,
            &self.prices,
            &registrations,
        ))
    }
}

/// What became of an order that was handed in.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// It is a new order.
    New(Box<OrderReceipt>),
    /// It is a repetition of this one; nothing was written.
    Original(OrderId),
}

impl Batch for Accept {
    type Item = NewOrder;
    type Output = Accepted;

    fn account(item: &NewOrder) -> &AccountId {
        &item.account
    }

    fn weight(item: &NewOrder) -> usize {
        // order, customer, fingerprint, event, delivery, history, renewal, two ledger entries; domain, place and job for
        // each domain
        9 + 3 * item.domains.len()
    }

    async fn write(work: &mut Work<'_>, items: &[&NewOrder]) -> Result<Vec<Accepted>> {
        let originals = claim_fingerprints(work.tx(), items).await?;
        let original = |item: &NewOrder| {
            originals[&(item.account.as_str(), item.fingerprint.as_str())].clone()
        };
        let new: Vec<&NewOrder> = items
            .iter()
            .copied()
            .filter(|item| original(item) == item.id)
            .collect();
        let mut receipts = write_new(work, &new).await?.into_iter();
        let outcome = |item: &&NewOrder| {
            let id = original(item);
            if id == item.id {
                receipts
                    .next()
                    .map(|receipt| Accepted::New(Box::new(receipt)))
                    .ok_or(StoreError::Stale)
            } else {
                Ok(Accepted::Original(id))
            }
        };
        items.iter().map(outcome).collect()
    }
}

/// Writes the orders and everything that hangs on them; one receipt per order, in order.
async fn write_new(work: &mut Work<'_>, items: &[&NewOrder]) -> Result<Vec<OrderReceipt>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let users = ensure_users(work.tx(), items).await?;
    let mut taken = take_domains(work.tx(), items, &users).await?;
    let mut receipts = Vec::with_capacity(items.len());
    let mut order_rows = Vec::with_capacity(items.len());
    let mut place_rows = Vec::new();
    for item in items {
        let user_id = &users[&(item.account.as_str(), item.email.as_str())];
        let order = order_row(item, user_id)?;
        let places = place_rows_of(item, &mut taken)?;
        work.debit(
            &item.account,
            item.total(),
            "order",
            item.id.as_str(),
            item.created_at,
        )?;
        let shown = detail(&order, item.email.to_string(), &places)?;
        work.emit(
            &item.account,
            EventType::OrderInProgress,
            Some(item.id.as_str()),
            &shown,
            item.created_at,
        )?;
        work.enqueue(NewJob::renew(&item.account, &item.id, item.renews_at));
        for place in &places {
            work.enqueue(NewJob::provision(
                &item.account,
                &item.id,
                &place.domain_id,
                item.created_at,
            ));
        }
        receipts.push(receipt(&order, item.email.to_string())?);
        order_rows.push(order);
        place_rows.extend(places);
    }
    insert_all::<orders::Entity, _>(work.tx(), order_rows, None).await?;
    insert_all::<order_domains::Entity, _>(work.tx(), place_rows, None).await?;
    Ok(receipts)
}

/// Takes the fingerprints that are free or lapsed. Gives back, for each fingerprint, the order that it stands for now.
async fn claim_fingerprints<'i>(
    tx: &DatabaseTransaction,
    items: &[&'i NewOrder],
) -> Result<HashMap<(&'i str, &'i str), OrderId>> {
    use order_fingerprints::{ActiveModel, Column, Entity, Model};
    let mut originals: HashMap<(&str, &str), OrderId> = HashMap::new();
    let mut wanted = Vec::new();
    for item in items {
        // Two equal orders in one batch: the first is the original.
        originals
            .entry((item.account.as_str(), item.fingerprint.as_str()))
            .or_insert_with(|| {
                wanted.push(*item);
                item.id.clone()
            });
    }
    let rows = wanted.iter().map(|item| -> ActiveModel {
        let row = Model {
            account_id: item.account.to_string(),
            fingerprint: item.fingerprint.clone(),
            order_id: item.id.to_string(),
            expires_at: item.fingerprint_expires_at.as_millis(),
        };
        row.into_active_model().reset_all()
    });
    let now = wanted
        .iter()
        .map(|item| item.created_at.as_millis())
        .min()
        .unwrap_or(0);
    let lapsed = OnConflict::columns([Column::AccountId, Column::Fingerprint])
        .update_columns([Column::OrderId, Column::ExpiresAt])
        .action_and_where(Expr::col((Entity, Column::ExpiresAt)).lte(now))
        .to_owned();
    let claimed = Entity::insert_many(rows)
        .on_conflict(lapsed)
        .exec_with_returning(tx)
        .await?;
    if claimed.len() < wanted.len() {
        let claimed: HashSet<&str> = claimed.iter().map(|row| row.order_id.as_str()).collect();
        let lost: Vec<_> = wanted
            .iter()
            .filter(|item| !claimed.contains(item.id.as_str()))
            .collect();
        let keys = lost
            .iter()
            .map(|item| (item.account.as_str(), item.fingerprint.as_str()));
        let held = Entity::find()
            .filter(any_of(Column::AccountId, Column::Fingerprint, keys))
            .all(tx)
            .await?;
        for row in held {
            let id = OrderId::from_stored(row.order_id);
            let of = lost.iter().find(|item| {
                item.account.as_str() == row.account_id && item.fingerprint == row.fingerprint
            });
            if let Some(item) = of {
                originals.insert((item.account.as_str(), item.fingerprint.as_str()), id);
            }
        }
    }
    Ok(originals)
}

/// Makes the customers that are not there yet. Gives back the id of each (account, address).
async fn ensure_users<'i>(
    tx: &DatabaseTransaction,
    items: &[&'i NewOrder],
) -> Result<HashMap<(&'i str, &'i str), String>> {
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
        .map(|item| (item.account.as_str(), item.email.as_str()));
    let found = Entity::find()
        .filter(any_of(Column::AccountId, Column::Email, keys))
        .all(tx)
        .await?;
    let by_key: HashMap<(String, String), String> = found
        .into_iter()
        .map(|row| ((row.account_id, row.email), row.id))
        .collect();
    items
        .iter()
        .map(|item| {
            let key = (item.account.as_str(), item.email.as_str());
            let id = by_key
                .get(&(key.0.to_owned(), key.1.to_owned()))
                .ok_or(StoreError::Stale)?;
            Ok((key, id.clone()))
        })
        .collect()
}

/// Puts the domains on their orders. Gives back the id of each (account, name).
/// Errors: [`StoreError::DomainsTaken`], and [`StoreError::Stale`] when a name was bought or lost since it was planned.
async fn take_domains(
    tx: &DatabaseTransaction,
    items: &[&NewOrder],
    users: &HashMap<(&str, &str), String>,
) -> Result<HashMap<(String, String), String>> {
    use domains::{ActiveModel, Column, Entity, Model};
    let mut rows: Vec<ActiveModel> = Vec::new();
    let mut planned: HashMap<(&str, &str), Source> = HashMap::new();
    let mut twice = Vec::new();
    for item in items {
        for domain in &item.domains {
            if planned
                .insert((item.account.as_str(), domain.name.as_str()), domain.source)
                .is_some()
            {
                twice.push(domain.name.to_string());
                continue;
            }
            let row = Model {
                account_id: item.account.to_string(),
                id: domain.new_id.to_string(),
                name: domain.name.to_string(),
                category: Category::Connected.to_string(),
                status: DomainStatus::InProgress.to_string(),
                owned: false,
                google_only: domain.google_only,
                order_id: Some(item.id.to_string()),
                user_id: Some(users[&(item.account.as_str(), item.email.as_str())].clone()),
                provider: Some(domain.provider.to_string()),
                forwarding_url: domain.forwarding_url.clone(),
                registered_until: None,
                import_id: None,
                nameservers: None,
                delegated: false,
                renewal_price_cents: 0,
                renewing_until: None,
                renewal_refused: false,
                created_at: item.created_at.as_millis(),
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
            let source = planned.get(&(row.account_id.as_str(), row.name.as_str()));
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
    let missing = planned.keys().filter(|(account, name)| {
        !taken.contains_key(&((*account).to_owned(), (*name).to_owned()))
    });
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

fn order_row(item: &NewOrder, user_id: &str) -> Result<orders::Model> {
    let inboxes = item.domains.iter().map(|domain| domain.inboxes).sum();
    Ok(orders::Model {
        account_id: item.account.to_string(),
        id: item.id.to_string(),
        user_id: user_id.to_owned(),
        bundle_id: item.bundle_id.as_ref().map(ToString::to_string),
        status: OrderStatus::InProgress.to_string(),
        domain_count: small(u32::try_from(item.domains.len()).unwrap_or(u32::MAX))?,
        inbox_count: small(inboxes)?,
        domains_active: 0,
        inboxes_active: 0,
        total_cents: item.total().0,
        google_licenses: small(item.google_licenses)?,
        microsoft_licenses: small(item.microsoft_licenses)?,
        google_license_cents: item.prices.google_license.0,
        microsoft_license_cents: item.prices.microsoft_license.0,
        personas: serde_json::to_string(&item.personas)?,
        client_id: item.client_id.as_ref().map(ToString::to_string),
        login_email: item.login_email.to_string(),
        sealed_password: Some(item.sealed_password.clone()),
        fingerprint: item.fingerprint.clone(),
        failure: None,
        renews_at: Some(item.renews_at.as_millis()),
        cancellation_scheduled_at: None,
        cancels_at: None,
        created_at: item.created_at.as_millis(),
        months_paid: 1,
        overdue_since: None,
    })
}

fn place_rows_of(
    item: &NewOrder,
    taken: &mut HashMap<(String, String), String>,
) -> Result<Vec<order_domains::Model>> {
    let rows = item.domains.iter().zip(0..).map(|(domain, position)| {
        let key = (item.account.to_string(), domain.name.to_string());
        Ok(order_domains::Model {
            account_id: item.account.to_string(),
            order_id: item.id.to_string(),
            position,
            domain_id: taken.remove(&key).ok_or(StoreError::Stale)?,
            name: domain.name.to_string(),
            provider: domain.provider.to_string(),
            source: domain.source.to_string(),
            inboxes: small(domain.inboxes)?,
            price_cents: domain.price.0,
            renewal_price_cents: domain.renewal_price.0,
            forwarding_url: domain.forwarding_url.clone(),
            step: super::progress::FIRST_STEP.to_owned(),
            state: super::progress::PENDING.to_owned(),
            leaves_at: None,
            personas: None,
            swap_in_id: None,
            swap_out_id: None,
        })
    });
    rows.collect()
}
