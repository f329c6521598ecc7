//! A domain name within an account, on an order or not.

use crate::id::{AccountId, DomainId, ImportId, OrderId, UserId};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{KnownDomain, Order, OrderDomain};
use crate::status::{DomainCategory, DomainStatus, IllegalTransition};
use crate::time::Timestamp;
use crate::view::{self, Category};

/// A domain name that the account has, wants, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not depend on each other"
)]
pub struct Domain {
    pub account_id: AccountId,
    pub id: DomainId,
    pub name: String,
    pub category: DomainCategory,
    pub status: DomainStatus,
    pub owned: bool,
    /// Whether it can host nothing but Google.
    pub google_only: bool,
    pub order_id: Option<OrderId>,
    pub user_id: Option<UserId>,
    /// What it hosts on its order.
    pub provider: Option<MailProvider>,
    pub forwarding_url: Option<String>,
    /// Until when the registration is paid; `None` when it was not bought here.
    pub registered_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub import_id: Option<ImportId>,
    /// Those of its zone, as JSON.
    pub nameservers: Option<String>,
    /// Whether its nameservers point to the zone.
    pub delegated: bool,
    pub renewal_price_cents: Cents,
    /// When the registration ends after the year that is paid and not confirmed.
    pub renewing_until: Option<Timestamp>,
    /// Whether the registrar refused another year for good.
    pub renewal_refused: bool,
}

impl Domain {
    /// A name that is new to the account: not owned, on no order.
    pub fn candidate(account: &AccountId, id: &DomainId, name: &str, now: Timestamp) -> Self {
        Self {
            account_id: account.clone(),
            id: id.clone(),
            name: name.to_owned(),
            category: DomainCategory::Candidate,
            status: DomainStatus::Failed,
            owned: false,
            google_only: false,
            order_id: None,
            user_id: None,
            provider: None,
            forwarding_url: None,
            registered_until: None,
            created_at: now,
            import_id: None,
            nameservers: None,
            delegated: false,
            renewal_price_cents: Cents::ZERO,
            renewing_until: None,
            renewal_refused: false,
        }
    }

    /// What a new order could put on it (contract §3): nobody or Google on it → both; Microsoft on it → Google only.
    pub fn usable_for(&self) -> Vec<MailProvider> {
        let microsoft_on_it = self.provider == Some(MailProvider::Microsoft);
        if self.category == DomainCategory::Candidate {
            Vec::new()
        } else if microsoft_on_it || self.google_only {
            vec![MailProvider::Google]
        } else {
            vec![MailProvider::Google, MailProvider::Microsoft]
        }
    }

    /// What a new order has to know of it. One that has lapsed is not owned any more, even before the job that says so
    /// has run.
    pub fn known(&self, now: Timestamp) -> KnownDomain {
        KnownDomain {
            owned: self.owned && !self.has_lapsed(now),
            order: self.order_id.clone(),
            usable_for: self.usable_for(),
            renewal_price: self.renewal_price_cents,
        }
    }

    /// Whether what was bought is over: the registration has ended and nobody has paid for another year.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.registered_until.is_some_and(|until| until <= now) && self.renewing_until.is_none()
    }

    /// Whether another year can be paid: it was bought, no year is on its way, none was refused for good.
    pub fn may_be_renewed(&self) -> bool {
        self.owned
            && self.registered_until.is_some()
            && self.renewing_until.is_none()
            && !self.renewal_refused
    }

    /// Ends the ownership of one that has lapsed: from now on it is a name like any other.
    pub fn disown(&mut self) {
        self.owned = false;
        self.delegated = false;
        self.registered_until = None;
        self.renewal_price_cents = Cents::ZERO;
        self.renewal_refused = false;
    }

    /// It has a zone: from now on it is the account's, to be used when its nameservers point there.
    pub fn imported(&mut self, now: Timestamp) -> Result<(), IllegalTransition> {
        if self.has_lapsed(now) {
            self.disown();
        }
        self.owned = true;
        if self.order_id.is_some() {
            return Ok(());
        }
        self.category = DomainCategory::Inventory;
        self.turn(if self.delegated {
            DomainStatus::Available
        } else {
            DomainStatus::ActionRequired
        })
    }

    /// Its nameservers were seen to point to the zone.
    pub fn delegated(&mut self) -> Result<(), IllegalTransition> {
        self.delegated = true;
        if self.order_id.is_none() {
            self.turn(DomainStatus::Available)?;
        }
        Ok(())
    }

    pub(super) fn turn(&mut self, to: DomainStatus) -> Result<(), IllegalTransition> {
        self.status = self.status.transition(to)?;
        Ok(())
    }

    /// Puts it on an order, with the layout of `like`.
    pub(super) fn join(
        &mut self,
        order: &Order,
        like: &OrderDomain,
    ) -> Result<(), IllegalTransition> {
        self.turn(DomainStatus::InProgress)?;
        self.category = DomainCategory::Connected;
        self.order_id = Some(order.id.clone());
        self.user_id = Some(order.user_id.clone());
        self.provider = Some(like.provider);
        self.forwarding_url.clone_from(&like.forwarding_url);
        Ok(())
    }

    /// Takes it off its order, back to the inventory if it is owned.
    pub(super) fn leave(&mut self, now: Timestamp) -> Result<(), IllegalTransition> {
        if self.has_lapsed(now) {
            self.disown();
        }
        let (category, status) = match (self.owned, self.delegated) {
            (true, true) => (DomainCategory::Inventory, DomainStatus::Available),
            (true, false) => (DomainCategory::Inventory, DomainStatus::ActionRequired),
            (false, _) => (DomainCategory::Candidate, DomainStatus::Failed),
        };
        self.turn(status)?;
        self.category = category;
        self.order_id = None;
        self.user_id = None;
        self.provider = None;
        self.forwarding_url = None;
        Ok(())
    }

    /// As partners see it.
    pub fn view(&self) -> view::Domain {
        let connected = self.order_id.is_some();
        view::Domain {
            id: self.id.to_string(),
            domain: self.name.clone(),
            category: if connected {
                Category::Connected
            } else {
                Category::Inventory
            },
            status: self.status,
            usable_for: self.usable_for(),
            provider: self.provider,
            user_id: self.user_id.as_ref().map(ToString::to_string),
            order_id: self.order_id.as_ref().map(ToString::to_string),
            forwarding_url: connected.then(|| self.forwarding_url.clone()),
            created_at: self.created_at,
        }
    }
}
