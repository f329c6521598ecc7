//! Opening pending actions, and letting go on what waited for them.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, ActionId, DomainId, OrderId};
use peeker_domain::order::{
    self, ActionDomain, Cause, Domain, Effect, OrderDomain, PendingAction, Swap, resume_renames,
};
use peeker_domain::{ActionStatus, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::{Effects, ignore};
use crate::aggregate::pending::{concerned, domain_row, open_about, rows_of, with_domains};
use crate::aggregate::read::{self, CHUNK};
use crate::aggregate::write::{write_domains, write_order_domains, write_swaps};
use crate::entity::{pending_action_domains, pending_actions};
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::unit_of_work::UnitOfWork;

impl Effects {
    /// Opens actions, and adds domains to those that are open.
    pub(super) async fn open_actions(&mut self, work: &UnitOfWork<'_>) -> Result<()> {
        let opened = self.extract(|effect| match effect {
            Effect::OpenAction(action) => Some(action.clone()),
            _ => None,
        });
        let joined = self.extract(|effect| match effect {
            Effect::JoinAction { action, domain } => Some((action.clone(), domain.clone())),
            _ => None,
        });
        let (mut actions, mut domains) = (Vec::new(), Vec::new());
        for (_, action, _) in opened {
            let (row, of_action) = rows_of(action);
            actions.push(row);
            domains.extend(of_action);
        }
        let join = |(account, (action, domain), _): (AccountId, (ActionId, ActionDomain), _)| {
            domain_row(account, action, domain)
        };
        domains.extend(joined.into_iter().map(join));
        insert_all::<pending_actions::Entity, _>(work.tx(), actions, Some(ignore())).await?;
        insert_all::<pending_action_domains::Entity, _>(work.tx(), domains, Some(ignore())).await
    }

    /// Resolves actions, and releases domains from others; what waited for nothing else goes on.
    pub(super) async fn settle_actions(&mut self, work: &mut UnitOfWork<'_>) -> Result<()> {
        let resolved = self.extract(|effect| match effect {
            Effect::ResolveAction(action) => Some(action.clone()),
            _ => None,
        });
        for (account, action, now) in resolved {
            self.resolve(work, &account, &action, now).await?;
        }
        let released = self.extract(|effect| match effect {
            Effect::ReleaseActions {
                order,
                domains,
                cause,
            } => Some((order.clone(), domains.clone(), cause.clone())),
            _ => None,
        });
        for (account, (order, domains, cause), now) in released {
            let of_order = (&account, &order);
            if release(work, of_order, &domains, &cause, now).await? {
                self.resume(work, of_order, &domains, now).await?;
            }
        }
        Ok(())
    }

    async fn resolve(
        &mut self,
        work: &mut UnitOfWork<'_>,
        account: &AccountId,
        id: &ActionId,
        now: Timestamp,
    ) -> Result<()> {
        let row = pending_actions::Entity::find_by_id((account.clone(), id.clone()));
        let row = row.one(work.tx()).await?;
        let open = row.filter(|row| row.status == ActionStatus::Open);
        let open = with_domains(work.tx(), open.into_iter().collect()).await?;
        for mut action in open {
            action.resolve(now);
            let domains: BTreeSet<DomainId> = action
                .domains
                .iter()
                .map(|domain| domain.id.clone())
                .collect();
            write_action(work, action.clone()).await?;
            let of_order = (account, &action.order_id);
            self.resume_renames(work, &action, &domains, now).await?;
            self.resume(work, of_order, &domains, now).await?;
        }
        Ok(())
    }

    /// Lets the renamings go on that wait for the picture of an action's persona.
    async fn resume_renames(
        &mut self,
        work: &mut UnitOfWork<'_>,
        action: &PendingAction,
        domains: &BTreeSet<DomainId>,
        now: Timestamp,
    ) -> Result<()> {
        if action.persona.is_none() {
            return Ok(());
        }
        let (account, order) = (&action.account_id, &action.order_id);
        let open = read::open_renames_of_order(work.tx(), account, order).await?;
        let of_domains = |swap: &Swap| domains.contains(&swap.domain_id);
        let mut open: Vec<Swap> = open.into_iter().filter(of_domains).collect();
        let effects = resume_renames(&mut open, action.persona.as_ref())?;
        write_swaps(work, open).await?;
        self.take(work, account, effects, now)
    }

    /// Lets the domains go on that nothing keeps waiting any more, and the order with them.
    async fn resume(
        &mut self,
        work: &mut UnitOfWork<'_>,
        (account, order): (&AccountId, &OrderId),
        domains: &BTreeSet<DomainId>,
        now: Timestamp,
    ) -> Result<()> {
        let anything = Cause::Anything;
        let open = open_about(work.tx(), account, order, domains, &anything).await?;
        let open: Vec<&ActionId> = open.iter().map(|action| &action.id).collect();
        let still = concerned(work.tx(), account, &open, domains).await?;
        let waits = |domain: &DomainId| still.iter().any(|(_, still)| still == domain);
        let free: Vec<DomainId> = domains
            .iter()
            .filter(|domain| !waits(domain))
            .cloned()
            .collect();
        let mut parts = read::parts_of(work, account, order, &free).await?;
        let mut rows = read::domains(work, account, &free).await?;
        let mut swaps = read::swaps_in(work, &parts).await?;
        for part in &mut parts {
            let is_it = |row: &&mut Domain| row.id == part.domain_id;
            let Some(domain) = rows.iter_mut().find(is_it) else {
                continue;
            };
            let swap_in = swap_of(part, &mut swaps);
            let effects = order::resume(part, domain, swap_in, now)?;
            self.take(work, account, effects, now)?;
        }
        let on_order = |row: &Domain| row.order_id.as_ref() == Some(order);
        rows.retain(on_order);
        write_order_domains(work, parts).await?;
        write_domains(work, rows).await?;
        write_swaps(work, swaps).await?;
        let settle = Effect::SettleOrder(order.clone());
        self.take(work, account, [settle], now)
    }
}

fn swap_of<'s>(part: &OrderDomain, swaps: &'s mut [Swap]) -> Option<&'s mut Swap> {
    let id = part.swap_in_id.as_ref()?;
    swaps.iter_mut().find(|swap| swap.id == *id)
}

async fn write_action(work: &UnitOfWork<'_>, action: PendingAction) -> Result<()> {
    let (row, _) = rows_of(action);
    write_back::<pending_actions::Entity, _>(work.tx(), vec![row]).await
}

/// Takes domains off the open actions of their order; an action that is about no other is resolved, and keeps them. Gives back
/// whether there was any.
pub(super) async fn release(
    work: &UnitOfWork<'_>,
    (account, order): (&AccountId, &OrderId),
    domains: &BTreeSet<DomainId>,
    cause: &Cause,
    now: Timestamp,
) -> Result<bool> {
    use pending_action_domains::{Column, Entity};
    let open = open_about(work.tx(), account, order, domains, cause).await?;
    let found = !open.is_empty();
    for mut action in open {
        let ids = [&action.id];
        let released = concerned(work.tx(), account, &ids, domains).await?;
        let all = Entity::find()
            .filter(Column::AccountId.eq(account))
            .filter(Column::ActionId.eq(&action.id))
            .count(work.tx())
            .await?;
        if all == u64::try_from(released.len()).unwrap_or(u64::MAX) {
            action.resolve(now);
            write_action(work, action).await?;
            continue;
        }
        let released: Vec<&DomainId> = released.iter().map(|(_, domain)| domain).collect();
        for chunk in released.chunks(CHUNK) {
            Entity::delete_many()
                .filter(Column::AccountId.eq(account))
                .filter(Column::ActionId.eq(&action.id))
                .filter(Column::DomainId.is_in(chunk.iter().copied()))
                .exec(work.tx())
                .await?;
        }
    }
    Ok(found)
}
