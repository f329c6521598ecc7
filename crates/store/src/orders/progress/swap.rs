//! What progress means for the swaps that a domain is part of (contract §5).

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId};
use peeker_domain::view::Source;
use peeker_domain::{
    JobKind, MailProvider, OrderDomainState, SwapReason, SwapStatus, SwapType, Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::connections::WriteTransaction;
use crate::entity::{order_domains, swaps as swap_rows};
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::NewJob;
use crate::keys::any_of;
use crate::swaps;
use crate::work::Work;

use super::rows::{Rows, license_share};
use super::settle::write_changed;
use super::{DomainKey, Step};

/// How long the old domain of a premium swap stays warm beside the new one.
const WARM_SECONDS: i64 = 14 * 24 * 60 * 60;

/// A domain that is to leave: an old one whose replacement is live, or one that a swap was bringing in, in vain.
pub(super) struct Retirement {
    place: DomainKey,
    order: OrderId,
    /// The swap that takes it off, if one does.
    swap: Option<SwapId>,
    at: Timestamp,
    /// What sends it on its way.
    job: NewJob,
}

/// Renamings that a domain's progress decides about.
pub(super) enum Renames {
    /// Its inboxes are live, with their new names.
    Live,
    /// These personas' pictures cannot be loaded.
    Blocked(Vec<String>),
}

/// Whether a place is one that an order shows, or did until it left: not one whose domain a swap is still bringing in. One
/// that never came in ends as `Left`, so one that was released was part of the order.
pub(crate) fn has_joined(place: &order_domains::Model) -> bool {
    let was_part = matches!(
        place.state,
        OrderDomainState::Active | OrderDomainState::Released
    );
    place.swap_in_id.is_none() || was_part
}

pub(super) async fn load(
    tx: &WriteTransaction,
    places: &[order_domains::Model],
) -> Result<Vec<swap_rows::Model>> {
    let keys: Vec<_> = places
        .iter()
        .filter_map(|place| Some((&place.account_id, place.swap_in_id.as_ref()?)))
        .collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(swap_rows::Entity::find()
        .filter(any_of(
            swap_rows::Column::AccountId,
            swap_rows::Column::Id,
            keys,
        ))
        .all(tx)
        .await?)
}

impl Rows {
    /// The open swap that brings the step's domain in.
    fn swap_in(&mut self, step: &Step) -> Result<Option<&mut swap_rows::Model>> {
        let Some(id) = self.place(step)?.swap_in_id.clone() else {
            return Ok(None);
        };
        let swap = self.swaps.get_mut(&(step.job.account.clone(), id));
        Ok(swap.filter(|swap| swap.status.is_open()))
    }

    fn turn(
        &mut self,
        work: &mut Work<'_>,
        step: &Step,
        to: SwapStatus,
        reason: Option<SwapReason>,
    ) -> Result<()> {
        if let Some(swap) = self.swap_in(step)? {
            swaps::turn(work, swap, to, reason, step.now)?;
        }
        Ok(())
    }

    pub(super) fn swap_begun(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let is_new = self
            .swap_in(step)?
            .is_some_and(|swap| swap.status == SwapStatus::Created);
        if is_new {
            self.turn(work, step, SwapStatus::InProgress, None)?;
        }
        Ok(())
    }

    pub(super) fn swap_blocked(
        &mut self,
        work: &mut Work<'_>,
        step: &Step,
        reason: SwapReason,
    ) -> Result<()> {
        self.turn(work, step, SwapStatus::ActionRequired, Some(reason))
    }

    /// The replacement cannot be set up: the old domain stays as it was, the new one is taken back by its job.
    pub(super) fn swap_failed(&mut self, step: &Step) -> Result<()> {
        let reason = if self.domain(step)?.owned {
            SwapReason::ReplacementRefused
        } else {
            SwapReason::ReplacementNotRegistered
        };
        self.place(step)?.leaves_at = Some(step.now);
        if let Some(swap) = self.swap_in(step)? {
            let swap = swap.clone();
            self.failed_swaps.push((swap, reason, step.now));
        }
        Ok(())
    }

    /// The new domain is live: the order shows it from now on, and the old one is to leave.
    pub(super) fn swap_joined(&mut self, step: &Step) -> Result<()> {
        let Some(swap) = self.swap_in(step)? else {
            return Ok(());
        };
        let (id, old) = (swap.id.clone(), swap.domain_id.clone());
        let premium = swap.kind == SwapType::Premium;
        let at = step
            .now
            .plus_seconds(if premium { WARM_SECONDS } else { 0 });
        swap.retires_at = Some(at);
        let account = &step.job.account;
        let job = if premium {
            NewJob::timer(account, JobKind::Retire, id.as_str(), at)
        } else {
            NewJob::provision(account, &step.job.order, &old, at)
        };
        self.retirements.push(Retirement {
            place: (account.clone(), old),
            order: step.job.order.clone(),
            swap: Some(id),
            at,
            job,
        });
        self.grow(step)
    }

    /// The order grows by the place of the step.
    fn grow(&mut self, step: &Step) -> Result<()> {
        let place = self.place(step)?.clone();
        let order = self.order(step)?;
        order.total_cents += license_share(&place, order)?;
        if place.source == Source::Registered {
            order.total_cents += place.price_cents;
        }
        order.domain_count += 1;
        order.inbox_count += place.inboxes;
        match place.provider {
            MailProvider::Google => order.google_licenses += place.inboxes,
            MailProvider::Microsoft => order.microsoft_licenses += 1,
        }
        Ok(())
    }

    pub(super) async fn store_swaps(&mut self, work: &mut Work<'_>) -> Result<()> {
        write_changed(work, &self.swaps).await?;
        for (swap, reason, now) in std::mem::take(&mut self.failed_swaps) {
            swaps::fail(work, swap, reason, now).await?;
        }
        self.retire_places(work).await?;
        for ((account, domain), renames, now) in std::mem::take(&mut self.renames) {
            match renames {
                Renames::Live => {
                    swaps::end_with_domain(work, &account, &domain, true, now).await?;
                }
                Renames::Blocked(personas) => {
                    swaps::block_renames(work, &account, &domain, &personas, now).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends places on their way, after those of this batch are written, in case they are among them. One that was
    /// cancelled leaves when it was to, should that be earlier; one that is over by now needs nobody any more.
    async fn retire_places(&mut self, work: &mut Work<'_>) -> Result<()> {
        for retirement in std::mem::take(&mut self.retirements) {
            let (account, domain) = &retirement.place;
            let place = order_domains::Entity::find()
                .filter(order_domains::Column::AccountId.eq(account))
                .filter(order_domains::Column::OrderId.eq(&retirement.order))
                .filter(order_domains::Column::DomainId.eq(domain))
                .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
                .one(work.tx())
                .await?;
            let Some(mut place) = place else { continue };
            let at = retirement.at;
            place.leaves_at = Some(place.leaves_at.map_or(at, |cancelled| cancelled.min(at)));
            place.swap_out_id = retirement.swap;
            write_back::<order_domains::Entity, _>(work.tx(), vec![place]).await?;
            work.enqueue(retirement.job);
        }
        Ok(())
    }

    /// What becomes of the swaps of domains that an order let go. A swap whose new domain is live is completed when
    /// the old one goes; any other has lost its order, and what it was bringing in is taken back.
    pub(super) async fn settle_swaps(
        &mut self,
        work: &mut Work<'_>,
        account: &AccountId,
        freed: &BTreeSet<DomainId>,
        now: Timestamp,
    ) -> Result<()> {
        let open = swaps::open_of_domains(work, account, freed).await?;
        let mut renamed = BTreeSet::new();
        for swap in open {
            let old_went = freed.contains(&swap.domain_id);
            let Some(new) = swap.replacement_domain_id.clone() else {
                if swap.kind == SwapType::UserNames {
                    renamed.insert(swap.domain_id.clone());
                } else {
                    swaps::fail(work, swap, SwapReason::OrderEnded, now).await?;
                }
                continue;
            };
            let is_live = swap.retires_at.is_some();
            if is_live && old_went {
                swaps::complete(work, swap, now).await?;
            } else if !is_live {
                let order = swap.order_id.clone();
                swaps::fail(work, swap, SwapReason::OrderEnded, now).await?;
                if !freed.contains(&new) {
                    self.retirements.push(Retirement {
                        job: NewJob::provision(account, &order, &new, now),
                        place: (account.clone(), new),
                        order,
                        swap: None,
                        at: now,
                    });
                }
            }
        }
        for domain in renamed {
            swaps::end_with_domain(work, account, &domain, false, now).await?;
        }
        self.retire_places(work).await
    }
}
