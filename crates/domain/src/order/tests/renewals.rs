//! Renewals over the years, however the runs fall: late, repeated, or many periods behind.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::billing::facts;
use super::builders::*;
use super::cases;
use super::effects::{debits, refunds};
use crate::id::DomainId;
use crate::money::Cents;
use crate::order::{OrderDomain, RegistrarAnswer, Renewal, RenewalFacts, renew, settle_paid_year};
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::wallet::{Funding, Wallet};

/// An order with its renewals so far.
struct Years {
    facts: RenewalFacts,
    debited: Cents,
    refunded: Cents,
    /// Every year of a domain that was paid, by its end.
    paid: BTreeSet<(DomainId, Timestamp)>,
    refused: u32,
}

impl Years {
    fn new(parts: &[OrderDomain], ends: &[i64]) -> Self {
        let mut facts = facts(parts, FULL);
        for (domain, end) in facts.domains.iter_mut().zip(ends) {
            domain.registered_until = domain.registered_until.map(|_| days(*end));
        }
        Self {
            facts,
            debited: Cents::ZERO,
            refunded: Cents::ZERO,
            paid: BTreeSet::new(),
            refused: 0,
        }
    }

    fn order_facts(&self) -> RenewalFacts {
        let RenewalFacts {
            order,
            parts,
            domains,
            wallet,
        } = &self.facts;
        RenewalFacts {
            order: order.clone(),
            parts: parts.clone(),
            domains: domains.clone(),
            wallet: *wallet,
        }
    }

    /// One run of the job. Gives back when the next is.
    fn run(&mut self, now: Timestamp) -> Option<Timestamp> {
        let Renewal {
            order,
            domains,
            effects,
            next,
            ..
        } = renew(self.order_facts(), now).unwrap()?;
        self.debited += debits(&effects);
        self.facts.order = order;
        for domain in domains {
            let year = (domain.id.clone(), domain.renewing_until.unwrap());
            assert!(self.paid.insert(year), "a year was bought twice");
            let mut all = self.facts.domains.iter_mut();
            let before = all.find(|before| before.id == domain.id).unwrap();
            *before = domain;
        }
        next
    }

    /// The registrar answers to the years that are under way, maybe twice.
    fn answer(&mut self, refuses: bool, now: Timestamp) {
        for domain in &mut self.facts.domains {
            let Some(until) = domain.renewing_until else {
                continue;
            };
            let answer = if refuses {
                self.refused += 1;
                RegistrarAnswer::Refused
            } else {
                RegistrarAnswer::Renewed(until)
            };
            for _ in 0..2 {
                let effects = settle_paid_year(domain, &order_id(), &answer, now);
                self.refunded += refunds(&effects);
            }
        }
    }

    fn months(&self) -> u32 {
        u32::try_from(self.facts.order.months_paid - 1).unwrap()
    }
}

fn any_domains() -> impl Strategy<Value = Vec<OrderDomain>> {
    prop::collection::vec((any::<bool>(), any::<bool>()), 1..5).prop_map(|kinds| {
        let domains = (0..).zip(kinds).map(|(position, (is_google, is_owned))| {
            let domain = if is_google {
                google(position)
            } else {
                microsoft(position)
            };
            live(if is_owned { owned(domain) } else { domain })
        });
        domains.collect()
    })
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn every_month_and_every_year_is_charged_once(
        parts in any_domains(),
        ends in prop::collection::vec(20i64..400, 5),
        runs in prop::collection::vec((0i64..45, 1usize..4, prop::option::weighted(0.6, prop::bool::weighted(0.2))), 1..40),
    ) {
        let mut years = Years::new(&parts, &ends);
        let a_month: Cents = parts.iter().map(|domain| domain.license_share(&years.facts.order)).sum();
        let mut now = NOW;
        for (passed, times, answer) in runs {
            now = now.plus_seconds(passed * DAY);
            for _ in 0..times {
                years.run(now);
            }
            // The job runs until it has caught up.
            while years.run(now).is_some_and(|next| next <= now) {}
            if let Some(refuses) = answer {
                years.answer(refuses, now);
            }
            let begun = (1..1_000).take_while(|month| NOW.plus_months(*month) <= now).count();
            prop_assert_eq!(years.months() as usize, begun);
            let renews_at = years.facts.order.renews_at;
            prop_assert_eq!(renews_at, Some(NOW.plus_months(years.facts.order.months_paid)));
            let paid_years = u32::try_from(years.paid.len()).unwrap();
            prop_assert_eq!(years.debited, a_month * years.months() + RENEWAL * paid_years);
            prop_assert_eq!(years.refunded, RENEWAL * years.refused);
            // What is kept up ends no sooner than the month that is paid, unless the registrar has its say first.
            for domain in &years.facts.domains {
                let end = domain.renewing_until.or(domain.registered_until);
                prop_assert!(domain.renewal_refused || end.is_none_or(|end| Some(end) >= renews_at || end > now));
            }
        }
    }

    #[test]
    fn an_empty_wallet_has_seven_days_and_a_payment_within_them_ends_it(
        first_hours in 0i64..200, late_minutes in prop::collection::vec(0i64..300, 20), paid_on in prop::option::of(0usize..8),
    ) {
        let mut years = Years::new(&[live(google(0)), live(microsoft(1))], &[400, 400]);
        years.facts.wallet = Wallet { balance: Cents(1_099), funding: Funding::Prepaid };
        let due = NOW.plus_months(1);
        let first = due.plus_seconds(first_hours * 3_600);
        let since = if first_hours > 24 { first } else { due };
        let (mut now, mut tries) = (first, 0);
        for late in late_minutes {
            if paid_on == Some(tries) {
                years.facts.wallet.balance = Cents(1_100);
            }
            tries += 1;
            let before = years.facts.order.clone();
            let next = years.run(now);
            let order = &years.facts.order;
            if paid_on == Some(tries - 1) {
                prop_assert_eq!(years.debited, Cents(1_100));
                prop_assert_eq!((order.overdue_since, order.renews_at), (None, Some(NOW.plus_months(2))));
                return Ok(());
            }
            prop_assert_eq!(years.debited, Cents::ZERO);
            let Some(next) = next else {
                prop_assert_eq!(before.overdue_since, Some(since));
                prop_assert!(now >= since.plus_seconds(7 * DAY));
                prop_assert_eq!(order.status, OrderStatus::CancelScheduled);
                prop_assert_eq!(order.cancels_at, Some(now.plus_seconds(7 * DAY)));
                // On the day it was due or found so, and once a day from then on.
                let first_day = usize::from(first_hours == 24);
                prop_assert_eq!(tries, 8 - first_day);
                return Ok(());
            };
            prop_assert!(now < since.plus_seconds(7 * DAY));
            prop_assert_eq!((order.overdue_since, order.renews_at), (Some(since), Some(due)));
            prop_assert!(next > now && next <= now.plus_seconds(DAY));
            prop_assert_eq!((next.as_millis() - since.as_millis()) % (DAY * 1_000), 0);
            now = next.plus_seconds(late * 60);
        }
        prop_assert!(false, "tried for ever");
    }
}
