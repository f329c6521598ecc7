//! What happens as time goes on.

use super::builders::*;
use super::world::World;
use crate::id::{DomainId, SwapId};
use crate::job::{JobKind, NewJob};
use crate::order::{
    Domain, Look, Order, RegistrarAnswer, RenewalFacts, Swap, coming_in_for, due, look_after,
    renew, schedule_removal, settle_paid_year,
};
use crate::time::Timestamp;

impl World {
    /// Time goes on, and everything that waited for it is done, late or not.
    pub fn advance(&mut self, to: Timestamp, registrar_refuses: bool) {
        self.now = to;
        let is_timer = |kind: JobKind| kind != JobKind::Provision;
        loop {
            let now = self.now;
            let mut timers = self.jobs.iter().filter(|((kind, _), _)| is_timer(*kind));
            let next = timers.find(|(_, job)| job.run_at <= now);
            let Some(key) = next.map(|(key, _)| key.clone()) else {
                return;
            };
            if let Some(job) = self.jobs.remove(&key) {
                self.run_timer(&job, registrar_refuses);
            }
        }
    }

    fn run_timer(&mut self, job: &NewJob, registrar_refuses: bool) {
        let domain = || DomainId::from_stored(job.subject.clone());
        match job.kind {
            JobKind::Cancel => {
                let (due, next) = due(&self.parts, self.now);
                for domain in due {
                    self.provision(&domain);
                }
                self.again(job, next);
            }
            JobKind::Retire => {
                let swap = self.swaps[&SwapId::from_stored(job.subject.clone())].clone();
                if self.position(&swap.domain_id).is_some() && self.order.status.is_active() {
                    self.provision(&swap.domain_id);
                }
            }
            JobKind::Renew => self.renew(job),
            JobKind::Registration => self.ask_registrar(&domain(), registrar_refuses),
            JobKind::Expiry => self.look_after(job, &domain()),
            // Whoever has to do something does it when a test says so.
            _ => {}
        }
    }

    fn provision(&mut self, domain: &DomainId) {
        let job = NewJob::provision(&account(), &order_id(), domain, self.now);
        self.enqueue(job);
    }

    fn again(&mut self, job: &NewJob, at: Option<Timestamp>) {
        if let Some(run_at) = at {
            assert!(run_at > self.now || job.kind == JobKind::Renew, "{job:?}");
            self.enqueue(NewJob {
                run_at,
                ..job.clone()
            });
        }
    }

    fn renew(&mut self, job: &NewJob) {
        let charged = self.parts.iter().filter(|row| row.is_charged());
        let domains = charged.map(|row| self.domains[&row.domain_id].clone());
        let facts = RenewalFacts {
            order: self.order.clone(),
            parts: self.parts.clone(),
            domains: domains.collect(),
            wallet: self.wallet,
        };
        if let Some(renewal) = renew(facts, self.now).unwrap() {
            self.order = renewal.order;
            self.write(renewal.parts);
            for domain in renewal.domains {
                self.domains.insert(domain.id.clone(), domain);
            }
            self.carry_out(renewal.effects);
            self.again(job, renewal.next);
        }
    }

    fn ask_registrar(&mut self, domain: &DomainId, refuses: bool) {
        let domain = self.domains.get_mut(domain).unwrap();
        let answer = match domain.renewing_until {
            None => RegistrarAnswer::Nothing,
            Some(_) if refuses => RegistrarAnswer::Refused,
            Some(until) => {
                self.bought += domain.renewal_price_cents;
                RegistrarAnswer::Renewed(until)
            }
        };
        let effects = settle_paid_year(domain, &order_id(), &answer, self.now);
        self.carry_out(effects);
    }

    fn look_after(&mut self, job: &NewJob, id: &DomainId) {
        let domain = self.domains[id].clone();
        let part = self.position(id).map(|at| &self.parts[at]);
        let on: Option<(&Order, _)> = domain.order_id.as_ref().map(|_| (&self.order, part));
        let next = match look_after(&domain, on, self.now) {
            Look::Over => None,
            Look::Again(next) => Some(next),
            Look::RenewOrder(next) => {
                let renewal = NewJob::renew(&account(), &order_id(), self.now);
                self.enqueue(renewal);
                Some(next)
            }
            Look::Lapse(next) => {
                self.lapse(&domain);
                Some(next)
            }
            Look::LeaveInventory => {
                let domain = self.domains.get_mut(id).unwrap();
                domain.leave_inventory(self.now).unwrap();
                None
            }
        };
        self.again(job, next);
    }

    fn lapse(&mut self, domain: &Domain) {
        let swaps: Vec<Swap> = self.swaps.values().cloned().collect();
        let at = self.position(&domain.id).unwrap();
        let mut leaving = [self.parts[at].position].into();
        let coming = coming_in_for(&self.parts, &swaps, &leaving);
        leaving.extend(coming);
        let (order, parts) = (self.order.clone(), self.parts.clone());
        let removal = schedule_removal(order, parts, &leaving, self.now, self.now);
        self.carry_out(vec![domain.lapse_record(&order_id())]);
        self.remove(removal.unwrap());
    }
}
