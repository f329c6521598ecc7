//! Carrying out what decisions ask for, in their unit of work: what touches the account alone at once, in the order it was
//! asked for; the rest set-wise, when the rows that the decisions changed are written.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId};
use peeker_domain::order::{
    self, Cause, Effect, Order, Retirement, Swap, block_renames, complete_renames, fail_renames,
};
use peeker_domain::{EventType, IllegalTransition, InboxStatus, NewJob, Timestamp, view};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

mod actions;
mod shown;

use super::loaded::Loaded;
use super::pending::is_any_open;
use super::read::{self, open_of_domains, open_renames};
use super::rows::all;
use super::write::{write_all, write_order_domains, write_swaps};
use crate::entity::{inboxes, order_fingerprints, orders, swaps};
use crate::error::Result;
use crate::insert::insert_all;
use crate::keys::any_of;
use crate::unit_of_work::UnitOfWork;
use actions::release;
use shown::Shown;

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
        self.open_actions(work).await?;
        self.settle_swaps(work).await?;
        self.settle_actions(work).await?;
        self.settle_left(work, &mut orders).await?;
        self.settle_orders(work, &mut orders).await?;
        self.emit_orders(work, &mut orders).await?;
        write_all::<orders::Model, _, _>(work, orders.changed()).await?;
        self.write_inboxes(work).await?;
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
            Effect::BlockRenames { domain, pictures } => {
                Some((domain.clone(), Renames::Block(pictures.clone())))
            }
            _ => None,
        });
        for (account, (domain, change), now) in changes {
            let mut open = open_renames(work.tx(), &account, &domain).await?;
            let effects = change.apply(&mut open, now)?;
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
            release(work, (&account, &id), &domains, &Cause::Anything, now).await?;
            let open = open_of_domains(work, &account, &domains).await?;
            let effects = order::swaps_after_leaving(&open, &domains, now);
            self.take(work, &account, effects, now)?;
            self.settle_swaps(work).await?;
            let staying = read::staying_on(work, &account, &id).await?;
            let waits = is_any_open(work.tx(), &account, &id).await?;
            if let Some(order) = loaded(work, orders, &account, &id).await? {
                let effects = order::after_leaving(order, &staying, waits)?;
                self.take(work, &account, effects, now)?;
            }
        }
        Ok(())
    }

    /// Gives orders the status that they have now that something was resolved, or is live.
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
            let waits = is_any_open(work.tx(), &account, &id).await?;
            if let Some(order) = loaded(work, orders, &account, &id).await? {
                let event = order.settle(waits)?;
                self.take(work, &account, event, now)?;
            }
        }
        Ok(())
    }

    /// Emits the events that show whole orders, with one query for the domains of all of them.
    async fn emit_orders(&mut self, work: &mut UnitOfWork<'_>, orders: &mut Orders) -> Result<()> {
        let events = self.extract(|effect| match effect {
            Effect::EmitOrder {
                event,
                order,
                told,
                actions,
            } => Some((order.clone(), (*event, told.clone(), actions.clone()))),
            _ => None,
        });
        if events.is_empty() {
            return Ok(());
        }
        for (account, (id, _), _) in &events {
            loaded(work, orders, account, id).await?;
        }
        let of = events
            .iter()
            .map(|(account, (id, _), _)| (account.clone(), id.clone()));
        let shown = Shown::read(work, orders, of.collect()).await?;
        for (account, (id, (event, told, actions)), now) in events {
            let Some(order) = orders.get(&(account.clone(), id.clone())) else {
                continue;
            };
            let object = shown.detail(order);
            if event == EventType::OrderActionRequired {
                let waiting = view::Waiting { object, actions };
                work.emit_told(&account, event, Some(&id), &waiting, told, now)?;
            } else {
                work.emit_told(&account, event, Some(&id), &object, told, now)?;
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
    Block(Vec<(order::Persona, view::OpenAction)>),
}

impl Renames {
    fn apply(self, open: &mut [Swap], now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
        match self {
            Self::Complete => complete_renames(open),
            Self::Fail => fail_renames(open),
            Self::Block(pictures) => block_renames(open, &pictures, now),
        }
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
