//! The job of a domain: what it records, step by step.

use super::builders::*;
use super::world::World;
use crate::id::{ActionId, DomainId};
use crate::job::JobKind;
use crate::order::{Change, Next, OrderDomain};
use crate::provisioning::ProvisionStep;
use crate::status::{ActionReason, OrderDomainState, OrderFailureReason, OrderStatus};
use crate::view::Source;

/// How the providers take the next step of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Providers {
    Willing,
    Busy,
    /// The customer has to do something.
    Waiting,
    /// The domain cannot be set up.
    RefuseDomain,
    /// Nothing of the order can be set up.
    RefuseOrder,
}

impl World {
    /// The job of a domain runs, if it is due. A worker that began before its domain was to go finds out by what it records.
    pub fn work(&mut self, domain: &DomainId, providers: Providers, began_before: bool) {
        let key = (JobKind::Provision, domain.to_string());
        if self.jobs.get(&key).is_none_or(|job| job.run_at > self.now) {
            return;
        }
        let Some(at) = self.subject(domain) else {
            self.jobs.remove(&key);
            return;
        };
        self.begun.insert(domain.clone());
        let part = self.parts[at].clone();
        if part.deprovision_pending {
            let named = part.step != ProvisionStep::Register && began_before;
            let change = if named {
                self.set_up(&part, providers)
            } else {
                let redirect = part.forwarding_url.clone();
                Change::Released { redirect }
            };
            self.apply(domain, &change);
            return;
        }
        let failed = self.order.status == OrderStatus::Failed;
        let is_pending = part.state == OrderDomainState::Pending;
        if (failed || part.is_leaving(self.now)) && !(is_pending && began_before) {
            let redirect = part.forwarding_url.clone();
            let change = match providers {
                Providers::Busy => self.retry(),
                _ => Change::Released { redirect },
            };
            self.apply(domain, &change);
        } else if is_pending {
            let begun =
                !part.is_replacement() || self.apply(domain, &Change::SwapBegun) == Next::Continue;
            let change = self.set_up(&part, providers);
            if begun {
                if matches!(change, Change::Registered { .. }) {
                    self.bought += part.price_cents;
                }
                self.apply(domain, &change);
            }
        } else {
            self.jobs.remove(&key);
        }
    }

    fn retry(&self) -> Change {
        Change::Retry {
            run_at: self.now.plus_seconds(60),
            error: "busy".to_owned(),
            is_failure: true,
            reached: ProvisionStep::FIRST,
        }
    }

    /// A domain waits; every action has an id of its own.
    fn blocked(&self, reason: ActionReason) -> Change {
        let Change::Blocked(mut blockers) = blocked(&[reason]) else {
            unreachable!("a blocked domain");
        };
        for blocker in &mut blockers {
            blocker.id = ActionId::from_stored(format!("act_{:03}", self.actions.len()));
        }
        Change::Blocked(blockers)
    }

    fn set_up(&self, part: &OrderDomain, providers: Providers) -> Change {
        let refused = || {
            if part.is_replacement() {
                Change::SwapFailed
            } else {
                self.blocked(ActionReason::ReplaceDomain)
            }
        };
        match providers {
            Providers::Busy => self.retry(),
            Providers::Waiting if part.source == Source::Imported => {
                self.blocked(ActionReason::UpdateNameservers)
            }
            Providers::Waiting => self.blocked(ActionReason::ProfilePictureNotAccessible),
            Providers::RefuseOrder if !part.is_replacement() => Change::OrderFailed {
                reason: OrderFailureReason::MailRefused,
                message: "refused".to_owned(),
            },
            Providers::RefuseOrder | Providers::RefuseDomain => refused(),
            Providers::Willing => match part.step {
                ProvisionStep::Register if part.source == Source::Registered => {
                    Change::Registered {
                        until: Some(self.now.plus_months(12)),
                    }
                }
                ProvisionStep::Register
                | ProvisionStep::Zone
                | ProvisionStep::Mail
                | ProvisionStep::Verify => named(part),
                ProvisionStep::Inboxes | ProvisionStep::HandOver => Change::Connected {
                    redirect: part.forwarding_url.clone(),
                },
            },
        }
    }
}
