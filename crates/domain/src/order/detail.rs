//! An order as partners see it.

use super::{Order, OrderDomain};
use crate::money::{CURRENCY, Cents};
use crate::price::{PriceBook, line_items, total};
use crate::status::OrderDomainState;
use crate::view::{self, Source};

impl Order {
    /// In short. `email` is the customer's.
    pub fn receipt(&self, email: String) -> view::OrderReceipt {
        view::OrderReceipt {
            id: self.id.to_string(),
            user_id: self.user_id.to_string(),
            email,
            bundle_id: self.bundle_id.as_ref().map(ToString::to_string),
            status: self.status,
            domain_count: self.domain_count,
            costs: view::Costs {
                total_cents: self.total_cents,
                currency: CURRENCY,
            },
            renews_at: self.renews_at,
            created_at: self.created_at,
        }
    }

    /// In full. `domains` are all it ever had, by position; those that it goes on without are not shown, nor those that a
    /// swap has not brought in yet.
    pub fn detail(&self, email: String, domains: &[OrderDomain]) -> view::OrderDetail {
        let is_shown =
            |domain: &&OrderDomain| domain.state != OrderDomainState::Left && domain.has_joined();
        let of = |source: Source| {
            let shown = domains.iter().filter(is_shown);
            shown.filter(move |domain| domain.source == source)
        };
        let names = |source| of(source).map(|domain| domain.name.clone()).collect();
        let kept =
            of(Source::Registered).filter(|domain| !(domain.is_over() && domain.is_unbought()));
        let registrations: Vec<Cents> = kept.map(|domain| domain.price_cents).collect();
        let cancelling = domains.iter().filter(|domain| domain.is_cancelling());
        let line_items = self.line_items(&registrations);
        view::OrderDetail {
            id: self.id.to_string(),
            user_id: self.user_id.to_string(),
            email,
            bundle_id: self.bundle_id.as_ref().map(ToString::to_string),
            status: self.status,
            domain_count: self.domain_count,
            costs: view::OrderCosts {
                total_cents: total(&line_items),
                currency: CURRENCY,
                line_items,
            },
            domains: view::OrderDomains {
                registered: names(Source::Registered),
                imported: names(Source::Imported),
            },
            users: self.personas.0.iter().map(view::Persona::from).collect(),
            inbox_count: self.inbox_count,
            progress: view::Progress {
                domains_total: self.domain_count,
                domains_active: self.domains_active,
                inboxes_total: self.inbox_count,
                inboxes_active: self.inboxes_active,
            },
            renews_at: self.renews_at,
            cancellation_scheduled_at: self.cancellation_scheduled_at,
            cancels_at: self.cancels_at,
            failure: self.failure_reason.map(Into::into),
            cancelling_domains: cancelling
                .map(|domain| view::CancellingDomain {
                    id: domain.domain_id.to_string(),
                    domain: domain.name.clone(),
                })
                .collect(),
            created_at: self.created_at,
        }
    }

    fn line_items(&self, registrations: &[Cents]) -> Vec<view::LineItem> {
        let prices = PriceBook {
            google_license: self.google_license_cents,
            microsoft_license: self.microsoft_license_cents,
        };
        line_items(
            self.google_licenses,
            self.microsoft_licenses,
            &prices,
            registrations,
        )
    }
}
