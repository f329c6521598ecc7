//! Beginning a domain swap: every rule of contract §5 is checked in the transaction that stores it.

use peeker_domain::id::{AccountId, DomainId, SwapId};
use peeker_domain::{
    Cents, DomainCategory, DomainName, HistoryKind, LedgerReason, MailProvider, OrderStatus,
    SwapReason, SwapStatus, SwapType, Timestamp, view,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::place::{Incoming, add, current};
use super::{to_view, turn};
use crate::domains::{disown, has_lapsed, usable_for};
use crate::entity::swaps::{Column, Entity, Model};
use crate::entity::{domains, order_domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::insert_all;
use crate::orders::progress::{has_joined, license_share};
use crate::work::Work;

/// For so long premium swaps count towards the quota, and a domain cannot be premium-swapped again.
const PREMIUM_WINDOW_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Swaps of the kind [`SwapType::Premium`] that have not [`SwapStatus::Failed`], spelled out, so that the planner can choose
/// their index.
const PREMIUM: &str = "type = 'premium' AND status <> 'failed'";

/// A wish to replace a domain.
#[derive(Debug, Clone)]
pub struct NewSwap {
    /// Whose.
    pub account: AccountId,
    /// Standard or premium.
    pub kind: SwapType,
    /// The domain that is to go.
    pub domain: DomainId,
    /// What is to come.
    pub replacement: Replacement,
    /// Share of the active Microsoft inboxes that may be premium-swapped in 30 days, in percent.
    pub premium_percent: u8,
    /// Whether the wallet is to be found empty, whatever it holds.
    pub simulate_empty_wallet: bool,
    /// Now.
    pub now: Timestamp,
}

/// The domain that is to come.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The name.
    pub name: DomainName,
    /// Where it comes from, unless the account owns it by the time of the transaction.
    pub source: Source,
}

/// Where a domain comes from that the account does not own.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// It can be bought.
    Registrar {
        /// First year.
        price: Cents,
        /// Further years.
        renewal_price: Cents,
        /// Whether it can host nothing but Google.
        google_only: bool,
    },
    /// It is registered elsewhere and has to be imported.
    Elsewhere,
    /// It cannot be had, for this reason in the words of `domains_not_submittable`.
    Nowhere(&'static str),
}

/// What became of the wish. Anything but `Created` has changed nothing.
#[derive(Debug)]
pub enum Begun {
    /// It is stored; a duplicate of one in flight with the status `failed`.
    Created(view::Swap),
    /// The account has no such domain.
    NoDomain,
    /// The domain is on no active order, or about to leave it.
    NotConnected,
    /// Premium, but the domain is not a Microsoft one.
    NotMicrosoft,
    /// Premium, but the domain was premium-swapped lately.
    Cooldown {
        /// When it may be again.
        available_at: Timestamp,
    },
    /// Premium, but too many inboxes were premium-swapped lately.
    OverQuota {
        /// Inboxes that may be, in 30 days.
        limit: i64,
        /// Inboxes that were.
        used: i64,
        /// Inboxes of this domain.
        requested: i64,
    },
    /// The replacement is on an active order.
    Taken,
    /// The replacement cannot host the provider.
    Unusable {
        /// What it would have to host.
        provider: MailProvider,
        /// What it can host.
        usable_for: Vec<MailProvider>,
    },
    /// The replacement cannot be had.
    NotToBeHad(&'static str),
    /// The wallet does not hold enough.
    InsufficientFunds {
        /// What the swap costs.
        required: Cents,
        /// What is there.
        balance: Cents,
    },
}

/// What the rules are checked on.
struct Old {
    place: order_domains::Model,
    order: orders::Model,
    provider: MailProvider,
}

/// Stores a swap with its place on the order, its money, its events and its work.
pub async fn begin(db: &EnvironmentDb, new: &NewSwap) -> Result<Begun> {
    let mut work = Work::begin(db, [&new.account]).await?;
    let key = (new.account.clone(), new.domain.clone());
    let domain = domains::Entity::find_by_id(key).one(work.tx()).await?;
    let Some(domain) = domain.filter(|row| row.category != DomainCategory::Candidate) else {
        return Ok(Begun::NoDomain);
    };
    let Some(old) = find_old(&work, &domain).await? else {
        return Ok(Begun::NotConnected);
    };
    let mut swap = row(new, &old);
    if is_duplicate(&work, new).await? {
        turn(
            &mut work,
            &mut swap,
            SwapStatus::Failed,
            Some(SwapReason::Duplicate),
            new.now,
        )?;
        let shown = to_view(&swap);
        insert_all::<Entity, _>(work.tx(), vec![swap], None).await?;
        work.commit().await?;
        return Ok(Begun::Created(shown));
    }
    if old.place.leaves_at.is_some() || old.order.status == OrderStatus::CancelScheduled {
        return Ok(Begun::NotConnected);
    }
    if new.kind == SwapType::Premium
        && let Some(refused) = premium_refusal(&mut work, new, &old).await?
    {
        return Ok(refused);
    }
    let incoming = match incoming(&work, new, &old).await? {
        Ok(incoming) => incoming,
        Err(refused) => return Ok(refused),
    };
    if new.kind == SwapType::Premium {
        swap.license_cents = license_share(&old.place, &old.order)?;
    }
    swap.price_cents = incoming
        .as_ref()
        .map_or(Cents::ZERO, |incoming| incoming.price);
    match store(work, new, &old, swap, incoming).await {
        Err(StoreError::InsufficientFunds { required, balance }) => {
            Ok(Begun::InsufficientFunds { required, balance })
        }
        other => other.map(Begun::Created),
    }
}

/// Pays and writes. The answer shows the swap as it was accepted, even when it waits for an import at once.
async fn store(
    mut work: Work<'_>,
    new: &NewSwap,
    old: &Old,
    mut swap: Model,
    incoming: Option<Incoming>,
) -> Result<view::Swap> {
    let cost = swap.price_cents + swap.license_cents;
    if cost > Cents::ZERO && new.simulate_empty_wallet {
        return Err(StoreError::InsufficientFunds {
            required: cost,
            balance: Cents::ZERO,
        });
    }
    work.debit(
        &new.account,
        cost,
        LedgerReason::Swap,
        &old.order.id,
        new.now,
    )?;
    let message = format!(
        "A {} swap of {} to {} was accepted",
        new.kind, old.place.name, new.replacement.name
    );
    work.note(
        &new.account,
        &old.order.id,
        HistoryKind::SwapCreated,
        message,
        Some(-cost),
        new.now,
    );
    turn(&mut work, &mut swap, SwapStatus::Created, None, new.now)?;
    let shown = to_view(&swap);
    match incoming {
        Some(incoming) => {
            add(
                &mut work, &old.order, &old.place, &mut swap, incoming, new.now,
            )
            .await?;
        }
        None => turn(
            &mut work,
            &mut swap,
            SwapStatus::ActionRequired,
            Some(SwapReason::DomainNotImported),
            new.now,
        )?,
    }
    insert_all::<Entity, _>(work.tx(), vec![swap], None).await?;
    work.commit().await?;
    Ok(shown)
}

/// The domain's place on its active order. A replacement that is not live yet has none that could be swapped.
async fn find_old(work: &Work<'_>, domain: &domains::Model) -> Result<Option<Old>> {
    let Some(order_id) = &domain.order_id else {
        return Ok(None);
    };
    let found = current(work, &domain.account_id, order_id, &domain.id).await?;
    let Some((order, place)) = found.filter(|(_, place)| has_joined(place)) else {
        return Ok(None);
    };
    let provider = place.provider;
    Ok(Some(Old {
        place,
        order,
        provider,
    }))
}

fn row(new: &NewSwap, old: &Old) -> Model {
    Model {
        account_id: new.account.clone(),
        id: SwapId::new(new.now),
        kind: new.kind,
        status: SwapStatus::Created,
        reason: None,
        order_id: old.order.id.clone(),
        user_id: old.order.user_id.clone(),
        domain_id: new.domain.clone(),
        replacement_domain: Some(new.replacement.name.to_string()),
        replacement_domain_id: None,
        inbox_id: None,
        persona: None,
        old_email: None,
        new_email: None,
        inboxes: old.place.inboxes,
        price_cents: Cents::ZERO,
        license_cents: Cents::ZERO,
        retires_at: None,
        created_at: new.now,
    }
}

async fn is_duplicate(work: &Work<'_>, new: &NewSwap) -> Result<bool> {
    let open = SwapStatus::ALL.iter().copied();
    let open = open.filter(|status| status.is_open());
    let found = Entity::find()
        .filter(Column::AccountId.eq(&new.account))
        .filter(Column::DomainId.eq(&new.domain))
        .filter(Column::Kind.ne(SwapType::UserNames))
        .filter(Column::Status.is_in(open))
        .limit(1)
        .one(work.tx())
        .await?;
    Ok(found.is_some())
}

async fn premium_refusal(work: &mut Work<'_>, new: &NewSwap, old: &Old) -> Result<Option<Begun>> {
    if old.provider != MailProvider::Microsoft {
        return Ok(Some(Begun::NotMicrosoft));
    }
    let since = new.now.plus_seconds(-PREMIUM_WINDOW_SECONDS);
    let premium = || {
        Entity::find()
            .filter(Column::AccountId.eq(&new.account))
            .filter(Expr::cust(PREMIUM))
            .filter(Column::CreatedAt.gt(since))
    };
    let either = Condition::any()
        .add(Column::DomainId.eq(&new.domain))
        .add(Column::ReplacementDomainId.eq(&new.domain));
    let last = premium()
        .filter(either)
        .order_by_desc(Column::CreatedAt)
        .one(work.tx())
        .await?;
    if let Some(last) = last {
        let available_at = last.created_at.plus_seconds(PREMIUM_WINDOW_SECONDS);
        return Ok(Some(Begun::Cooldown { available_at }));
    }
    let swapped: Vec<i32> = premium()
        .select_only()
        .column(Column::Inboxes)
        .into_tuple()
        .all(work.tx())
        .await?;
    let used = swapped.into_iter().map(i64::from).sum();
    let active = work.account(&new.account)?.microsoft_inboxes_active;
    let limit = active * i64::from(new.premium_percent) / 100;
    let requested = i64::from(old.place.inboxes);
    Ok((used + requested > limit).then_some(Begun::OverQuota {
        limit,
        used,
        requested,
    }))
}

/// What comes in, or why it cannot; `None` when it has to be imported first.
async fn incoming(
    work: &Work<'_>,
    new: &NewSwap,
    old: &Old,
) -> Result<Result<Option<Incoming>, Begun>> {
    let name = new.replacement.name.to_string();
    let known = domains::Entity::find()
        .filter(domains::Column::AccountId.eq(&new.account))
        .filter(domains::Column::Name.eq(&name))
        .one(work.tx())
        .await?;
    let known = known.map(|mut row| {
        if has_lapsed(&row, new.now) {
            disown(&mut row);
        }
        row
    });
    if known.as_ref().is_some_and(|row| row.order_id.is_some()) {
        return Ok(Err(Begun::Taken));
    }
    let unusable = |usable_for: Vec<MailProvider>| {
        Ok(Err(Begun::Unusable {
            provider: old.provider,
            usable_for,
        }))
    };
    if let Some(row) = known.as_ref().filter(|row| row.owned) {
        let usable_for = usable_for(row);
        if !usable_for.contains(&old.provider) {
            return unusable(usable_for);
        }
        return Ok(Ok(Some(Incoming {
            name,
            google_only: row.google_only,
            known: known.clone(),
            source: view::Source::Imported,
            price: Cents::ZERO,
            renewal_price: Cents::ZERO,
        })));
    }
    match new.replacement.source {
        Source::Nowhere(reason) => Ok(Err(Begun::NotToBeHad(reason))),
        Source::Elsewhere => Ok(Ok(None)),
        Source::Registrar {
            google_only: true, ..
        } if old.provider == MailProvider::Microsoft => unusable(vec![MailProvider::Google]),
        Source::Registrar {
            price,
            renewal_price,
            google_only,
        } => Ok(Ok(Some(Incoming {
            name,
            known,
            source: view::Source::Registered,
            google_only,
            price,
            renewal_price,
        }))),
    }
}
