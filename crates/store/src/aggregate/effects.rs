//! Carrying out what decisions ask for, in their unit of work: what touches the account alone at once, in the order it was
//! asked for; the rest set-wise, when the rows that the decisions changed are written.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId};
use peeker_domain::order::{
    self, Effect, Order, OrderDomain, Retirement, Swap, block_renames, complete_renames,
    fail_renames,
};
use peeker_domain::{ActionStatus, EventType, IllegalTransition, InboxStatus, NewJob, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::loaded::Loaded;
use super::read::{self, open_of_domains, open_renames};
use super::rows::all;
use super::write::{write_all, write_order_domains, write_swaps};
use crate::entity::{inboxes, order_domains, order_fingerprints, orders, pending_actions, swaps};
use crate::error::Result;
use crate::insert::insert_all;
use crate::keys::any_of;
use crate::unit_of_work::UnitOfWork;
use crate::users;

/// Orders that a unit of work has read and may have changed.
pub(crate) type Orders = Loaded<(AccountId, OrderId), Order>;

/// Carries out the effects of one decision.
pub(crate) async fn carry_out(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    effects: Vec<Effect>,
    now: Timestamp,
) -> Result<()> {
    let mut later = Effects::default();
    later.take(work, account, effects, now)?;
    later.settle(work, Orders::default()).await
}

/// Effects that wait until the rows of their decisions are written.
#[derive(Default)]
pub(crate) struct Effects {
    waiting: Vec<Waiting>,
}

struct Waiting {
    account: AccountId,
    effect: Effect,
    now: Timestamp,
}

impl Effects {
    /// Does at once what touches the account alone, and keeps the rest.
    pub fn take(
        &mut self,
        work: &mut UnitOfWork<'_>,
        account: &AccountId,
        effects: impl IntoIterator<Item = Effect>,
        now: Timestamp,
    ) -> Result<()> {
        for effect in effects {
            if let Some(effect) = work.carry_out(account, effect, now)? {
                self.waiting.push(Waiting {
                    account: account.clone(),
                    effect,
                    now,
                });
            }
        }
        Ok(())
    }

    /// Does the rest, and what follows from it. Writes the orders that have changed.
    pub async fn settle(mut self, work: &mut UnitOfWork<'_>, mut orders: Orders) -> Result<()> {
        self.settle_swaps(work).await?;
        self.settle_left(work, &mut orders).await?;
        self.settle_orders(work, &mut orders).await?;
        self.emit_orders(work, &mut orders).await?;
        write_all::<orders::Model, _, _>(work, orders.changed()).await?;
        self.write_inboxes(work).await?;
        self.open_actions(work).await?;
        self.free_fingerprints(work).await?;
        self.take_back(work).await
    }

    /// Takes out what `pick` makes something of.
    fn extract<T>(
        &mut self,
        pick: impl Fn(&Effect) -> Option<T>,
    ) -> Vec<(AccountId, T, Timestamp)> {
        let mut picked = Vec::new();
        self.waiting.retain(|waiting| match pick(&waiting.effect) {
            Some(found) => {
                picked.push((waiting.account.clone(), found, waiting.now));
                false
            }
            None => true,
        });
        picked
    }

    async fn settle_swaps(&mut self, work: &mut UnitOfWork<'_>) -> Result<()> {
        let ended = self.extract(|effect| match effect {
            Effect::FailSwap { swap, reason } => Some((swap.clone(), Some(*reason))),
            Effect::CompleteSwap(swap) => Some((swap.clone(), None)),
            _ => None,
        });
        for (account, (id, failure), now) in ended {
            let Some(mut swap) = find_swap(work, &account, &id).await? else {
                continue;
            };
            let effects = match failure {
                Some(reason) => swap.fail(reason)?,
                None => swap.complete()?,
            };
            self.take(work, &account, effects, now)?;
            write_swaps(work, vec![swap]).await?;
        }
        let retirements = self.extract(|effect| match effect {
            Effect::Retire(retirement) => Some(retirement.clone()),
            _ => None,
        });
        for (account, retirement, _) in retirements {
            retire(work, &account, retirement).await?;
        }
        self.settle_renames(work).await
    }

    async fn settle_renames(&mut self, work: &mut UnitOfWork<'_>) -> Result<()> {
        let changes = self.extract(|effect| match effect {
            Effect::CompleteRenames(domain) => Some((domain.clone(), Renames::Complete)),
            Effect::FailRenames(domain) => Some((domain.clone(), Renames::Fail)),
            Effect::BlockRenames { domain, personas } => {
                Some((domain.clone(), Renames::Block(personas.clone())))
            }
            _ => None,
        });
        for (account, (domain, change), now) in changes {
            let mut open = open_renames(work.tx(), &account, &domain).await?;
            let effects = change.apply(&mut open)?;
            self.take(work, &account, effects, now)?;
            write_swaps(work, open).await?;
        }
        Ok(())
    }

    /// What follows from domains whose part in an order is over: actions about them need nobody any more, their swaps end,
    /// and an order without a domain left is cancelled.
    async fn settle_left(&mut self, work: &mut UnitOfWork<'_>, orders: &mut Orders) -> Result<()> {
        let left = self.extract(|effect| match effect {
            Effect::Left { order, domain } => Some((order.clone(), domain.clone())),
            _ => None,
        });
        let mut by_order: BTreeMap<(AccountId, OrderId), (BTreeSet<DomainId>, Timestamp)> =
            BTreeMap::new();
        for (account, (order, domain), now) in left {
            let of_order = by_order.entry((account, order));
            let (domains, _) = of_order.or_insert_with(|| (BTreeSet::new(), now));
            domains.insert(domain);
        }
        for ((account, id), (domains, now)) in by_order {
            resolve_actions(work, &account, &id, &domains, now).await?;
            let open = open_of_domains(work, &account, &domains).await?;
            let effects = order::swaps_after_leaving(&open, &domains, now);
            self.take(work, &account, effects, now)?;
            self.settle_swaps(work).await?;
            let staying = read::staying_on(work, &account, &id).await?;
            if let Some(order) = loaded(work, orders, &account, &id).await? {
                let effects = order::after_leaving(order, &staying)?;
                self.take(work, &account, effects, now)?;
            }
        }
        Ok(())
    }

    /// Completes the orders of which every domain is live, unless one that a swap brings in waits for somebody.
    async fn settle_orders(
        &mut self,
        work: &mut UnitOfWork<'_>,
        orders: &mut Orders,
    ) -> Result<()> {
        let settled = self.extract(|effect| match effect {
            Effect::SettleOrder(order) => Some(order.clone()),
            _ => None,
        });
        for (account, id, now) in settled {
            let staying = read::staying_on(work, &account, &id).await?;
            if let Some(order) = loaded(work, orders, &account, &id).await? {
                let event = order.settle_among(&staying)?;
                self.take(work, &account, event, now)?;
            }
        }
        Ok(())
    }

    /// Emits the events that show whole orders, with one query for the domains of all of them.
    async fn emit_orders(&mut self, work: &mut UnitOfWork<'_>, orders: &mut Orders) -> Result<()> {
        let events = self.extract(|effect| match effect {
            Effect::EmitOrder { event, order } => Some((*event, order.clone())),
            _ => None,
        });
        if events.is_empty() {
            return Ok(());
        }
        for (account, (_, id), _) in &events {
            loaded(work, orders, account, id).await?;
        }
        let shown = Shown::read(work, orders, &events).await?;
        for (account, (event, id), now) in events {
            if let Some(order) = orders.get(&(account.clone(), id.clone())) {
                let data = shown.detail(order);
                work.emit(&account, event, Some(&id), &data, now)?;
            }
        }
        Ok(())
    }

    async fn write_inboxes(&mut self, work: &UnitOfWork<'_>) -> Result<()> {
        let new = self.extract(|effect| match effect {
            Effect::AddInboxes(inboxes) => Some(inboxes.clone()),
            _ => None,
        });
        let new = new.into_iter().flat_map(|(_, inboxes, _)| inboxes);
        let rows: Vec<inboxes::Model> = all(new.collect())?;
        // A retried step names the same inboxes again; the rows that are there stay.
        insert_all::<inboxes::Entity, _>(work.tx(), rows, Some(ignore())).await?;
        let turned = self.extract(|effect| match effect {
            Effect::TurnInboxes { domain, status } => Some((domain.clone(), *status)),
            _ => None,
        });
        for status in [InboxStatus::Active, InboxStatus::Removed] {
            let keys: Vec<_> = turned
                .iter()
                .filter(|(_, (_, to), _)| *to == status)
                .map(|(account, (domain, _), _)| (account, domain))
                .collect();
            turn_inboxes(work, keys, status).await?;
        }
        Ok(())
    }

    async fn open_actions(&mut self, work: &UnitOfWork<'_>) -> Result<()> {
        let actions = self.extract(|effect| match effect {
            Effect::OpenAction(action) => Some(action.clone()),
            _ => None,
        });
        let actions = actions.into_iter().map(|(_, action, _)| action).collect();
        let rows: Vec<pending_actions::Model> = all(actions)?;
        insert_all::<pending_actions::Entity, _>(work.tx(), rows, Some(ignore())).await
    }

    async fn free_fingerprints(&mut self, work: &UnitOfWork<'_>) -> Result<()> {
        let freed = self.extract(|effect| match effect {
            Effect::FreeFingerprint { order, fingerprint } => {
                Some((order.clone(), fingerprint.clone()))
            }
            _ => None,
        });
        for (account, (order, fingerprint), _) in freed {
            order_fingerprints::Entity::delete_many()
                .filter(order_fingerprints::Column::AccountId.eq(&account))
                .filter(order_fingerprints::Column::Fingerprint.eq(fingerprint))
                .filter(order_fingerprints::Column::OrderId.eq(&order))
                .exec(work.tx())
                .await?;
        }
        Ok(())
    }

    async fn take_back(&mut self, work: &mut UnitOfWork<'_>) -> Result<()> {
        let failed = self.extract(|effect| match effect {
            Effect::TakeBack(order) => Some(order.clone()),
            _ => None,
        });
        for (account, order, now) in failed {
            for domain in read::staying_on(work, &account, &order).await? {
                work.enqueue(NewJob::provision(&account, &order, &domain.domain_id, now));
            }
        }
        Ok(())
    }
}

/// What progress means for the open renamings of a domain.
enum Renames {
    Complete,
    Fail,
    Block(Vec<order::Persona>),
}

impl Renames {
    fn apply(self, open: &mut [Swap]) -> Result<Vec<Effect>, IllegalTransition> {
        match self {
            Self::Complete => complete_renames(open),
            Self::Fail => fail_renames(open),
            Self::Block(personas) => block_renames(open, &personas),
        }
    }
}

/// What the views of orders need beside them.
struct Shown {
    emails: users::Emails,
    domains: BTreeMap<(AccountId, OrderId), Vec<OrderDomain>>,
}

impl Shown {
    async fn read(
        work: &UnitOfWork<'_>,
        orders: &Orders,
        events: &[(AccountId, (EventType, OrderId), Timestamp)],
    ) -> Result<Self> {
        let of = || {
            let keys = events
                .iter()
                .map(|(account, (_, id), _)| (account.clone(), id.clone()));
            keys.filter_map(|key| orders.get(&key))
        };
        let users = of().map(|order| (&order.account_id, &order.user_id));
        let emails = users::emails(work.tx(), users).await?;
        let rows = order_domains::Entity::find()
            .filter(any_of(
                order_domains::Column::AccountId,
                order_domains::Column::OrderId,
                of().map(|order| (&order.account_id, &order.id)),
            ))
            .order_by_asc(order_domains::Column::Position)
            .all(work.tx())
            .await?;
        let mut domains: BTreeMap<_, Vec<OrderDomain>> = BTreeMap::new();
        for domain in all::<_, OrderDomain>(rows)? {
            let key = (domain.account_id.clone(), domain.order_id.clone());
            domains.entry(key).or_default().push(domain);
        }
        Ok(Self { emails, domains })
    }

    fn detail(&self, order: &Order) -> peeker_domain::view::OrderDetail {
        let user = (order.account_id.clone(), order.user_id.clone());
        let email = self.emails.get(&user).cloned().unwrap_or_default();
        let key = (order.account_id.clone(), order.id.clone());
        let domains = self.domains.get(&key).map_or(&[][..], Vec::as_slice);
        order.detail(email, domains)
    }
}

fn ignore() -> OnConflict {
    OnConflict::new().do_nothing().to_owned()
}

/// An order, read when it is not there yet.
async fn loaded<'o>(
    work: &UnitOfWork<'_>,
    orders: &'o mut Orders,
    account: &AccountId,
    id: &OrderId,
) -> Result<Option<&'o mut Order>> {
    let key = (account.clone(), id.clone());
    if orders.get(&key).is_none()
        && let Some(order) = read::order(work, account, id).await?
    {
        orders.insert(key.clone(), order);
    }
    Ok(orders.get_mut(&key))
}

async fn find_swap(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    id: &SwapId,
) -> Result<Option<Swap>> {
    let row = swaps::Entity::find_by_id((account.clone(), id.clone()));
    let row = row.one(work.tx()).await?;
    row.map(Swap::try_from).transpose()
}

/// Sends a domain on its way. One that was cancelled leaves when it was to, should that be earlier; one that is over by now
/// needs nobody any more.
async fn retire(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    retirement: Retirement,
) -> Result<()> {
    let (order, domain) = (&retirement.order, &retirement.domain);
    let Some(mut part) = read::part_of(work, account, order, domain).await? else {
        return Ok(());
    };
    part.retire(&retirement);
    write_order_domains(work, vec![part]).await?;
    work.enqueue(retirement.job);
    Ok(())
}

/// Closes the actions about domains that are no longer on the order.
async fn resolve_actions(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
    domains: &BTreeSet<DomainId>,
    now: Timestamp,
) -> Result<()> {
    pending_actions::Entity::update_many()
        .set(pending_actions::ActiveModel {
            status: Set(ActionStatus::Resolved),
            resolved_at: Set(Some(now)),
            ..Default::default()
        })
        .filter(pending_actions::Column::AccountId.eq(account))
        .filter(pending_actions::Column::OrderId.eq(order))
        .filter(pending_actions::Column::Status.eq(ActionStatus::Open))
        .filter(pending_actions::Column::DomainId.is_in(domains))
        .exec(work.tx())
        .await?;
    Ok(())
}

async fn turn_inboxes(
    work: &UnitOfWork<'_>,
    keys: Vec<(&AccountId, &DomainId)>,
    status: InboxStatus,
) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    inboxes::Entity::update_many()
        .set(inboxes::ActiveModel {
            status: Set(status),
            ..Default::default()
        })
        .filter(any_of(
            inboxes::Column::AccountId,
            inboxes::Column::DomainId,
            keys,
        ))
        .filter(inboxes::Column::Status.ne(InboxStatus::Removed))
        .exec(work.tx())
        .await?;
    Ok(())
}
