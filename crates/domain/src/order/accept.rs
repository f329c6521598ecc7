//! A new order: what it is when it is accepted, and what follows.

use super::{Domain, Effect, Order, OrderDomain};
use crate::client_id::ClientId;
use crate::email::EmailAddress;
use crate::event::EventType;
use crate::id::{AccountId, BundleId, DomainId, OrderId, UserId};
use crate::job::NewJob;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::name::DomainName;
use crate::persona::Personas;
use crate::price::{PriceBook, line_items, total};
use crate::provisioning::ProvisionStep;
use crate::status::{DomainCategory, DomainStatus, OrderDomainState, OrderStatus};
use crate::time::Timestamp;
use crate::view::{self, Source};
use crate::wallet::LedgerReason;

/// A planned and priced order, ready to be written.
#[derive(Debug, Clone)]
pub struct NewOrder {
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
    pub personas: Personas,
    /// Where its inboxes go.
    pub client_id: Option<ClientId>,
    /// The sequencer log-in's address.
    pub login_email: EmailAddress,
    /// The sequencer log-in's password, sealed.
    pub sealed_password: String,
    pub google_licenses: u32,
    pub microsoft_licenses: u32,
    pub prices: PriceBook,
    /// What makes a repeated order the same.
    pub fingerprint: String,
    /// Until when it does.
    pub fingerprint_expires_at: Timestamp,
    /// When the next month is due.
    pub renews_at: Timestamp,
    pub created_at: Timestamp,
}

/// One domain of a new order.
#[derive(Debug, Clone)]
pub struct NewOrderDomain {
    /// Its id, should the name be new to the account.
    pub new_id: DomainId,
    pub name: DomainName,
    pub source: Source,
    /// Whether it can host nothing but Google.
    pub google_only: bool,
    /// What it will host.
    pub provider: MailProvider,
    pub inboxes: u32,
    /// First year; nothing when owned.
    pub price: Cents,
    /// Further years; nothing when owned.
    pub renewal_price: Cents,
    /// Where it redirects to.
    pub forwarding_url: Option<String>,
}

/// An accepted order as it is to be written.
#[derive(Debug)]
pub struct Acceptance {
    pub order: Order,
    pub parts: Vec<OrderDomain>,
    /// What the partner is shown.
    pub receipt: view::OrderReceipt,
    pub effects: Vec<Effect>,
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

    /// A domain as it joins the order, should its name be new to the account.
    pub fn domain(&self, new: &NewOrderDomain, user: &UserId) -> Domain {
        let (account, id) = (&self.account, &new.new_id);
        Domain {
            category: DomainCategory::Connected,
            status: DomainStatus::InProgress,
            google_only: new.google_only,
            order_id: Some(self.id.clone()),
            user_id: Some(user.clone()),
            provider: Some(new.provider),
            forwarding_url: new.forwarding_url.clone(),
            ..Domain::candidate(account, id, new.name.as_str(), self.created_at)
        }
    }

    /// Accepts it for a customer; `ids` are those of its domains, in the same order.
    pub fn accept(&self, user: &UserId, ids: Vec<DomainId>) -> Acceptance {
        let order = self.order(user);
        let new = self.domains.iter().zip(ids).zip(0..);
        let parts: Vec<OrderDomain> = new
            .map(|((domain, id), position)| self.part(domain, id, position))
            .collect();
        let email = self.email.to_string();
        Acceptance {
            effects: self.effects(&order, &parts),
            receipt: order.receipt(email),
            order,
            parts,
        }
    }

    fn effects(&self, order: &Order, parts: &[OrderDomain]) -> Vec<Effect> {
        let id = || self.id.clone();
        let shown = order.detail(self.email.to_string(), parts);
        let mut effects = vec![
            Effect::Debit {
                amount: self.total(),
                reason: LedgerReason::Order,
                order: id(),
            },
            Effect::Emit {
                event: EventType::OrderInProgress,
                order: id(),
                data: view::Object::Order(Box::new(shown)),
            },
            Effect::Enqueue(NewJob::renew(&self.account, &self.id, self.renews_at)),
        ];
        effects.extend(parts.iter().map(|part| {
            let job = NewJob::provision(&self.account, &self.id, &part.domain_id, self.created_at);
            Effect::Enqueue(job)
        }));
        effects
    }

    fn order(&self, user: &UserId) -> Order {
        Order {
            account_id: self.account.clone(),
            id: self.id.clone(),
            user_id: user.clone(),
            bundle_id: self.bundle_id.clone(),
            status: OrderStatus::InProgress,
            domain_count: u32::try_from(self.domains.len()).unwrap_or(u32::MAX),
            inbox_count: self.domains.iter().map(|domain| domain.inboxes).sum(),
            domains_active: 0,
            inboxes_active: 0,
            total_cents: self.total(),
            google_licenses: self.google_licenses,
            microsoft_licenses: self.microsoft_licenses,
            google_license_cents: self.prices.google_license,
            microsoft_license_cents: self.prices.microsoft_license,
            personas: self.personas.clone(),
            client_id: self.client_id.as_ref().map(ToString::to_string),
            login_email: self.login_email.to_string(),
            sealed_password: Some(self.sealed_password.clone()),
            fingerprint: self.fingerprint.clone(),
            failure: None,
            failure_reason: None,
            renews_at: Some(self.renews_at),
            cancellation_scheduled_at: None,
            cancels_at: None,
            created_at: self.created_at,
            months_paid: 1,
            overdue_since: None,
        }
    }

    fn part(&self, domain: &NewOrderDomain, id: DomainId, position: u32) -> OrderDomain {
        OrderDomain {
            account_id: self.account.clone(),
            order_id: self.id.clone(),
            position,
            domain_id: id,
            name: domain.name.to_string(),
            provider: domain.provider,
            source: domain.source,
            inboxes: domain.inboxes,
            price_cents: domain.price,
            renewal_price_cents: domain.renewal_price,
            forwarding_url: domain.forwarding_url.clone(),
            step: ProvisionStep::FIRST,
            state: OrderDomainState::Pending,
            leaves_at: None,
            deprovision_pending: false,
            personas: None,
            swap_in_id: None,
            swap_out_id: None,
        }
    }
}
