//! An order, the domains on it, and what the rules ask of them again and again.

use crate::id::{AccountId, BundleId, DomainId, InboxId, OrderId, SwapId, UserId};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{Persona, Personas, personas_of_domain};
use crate::provisioning::ProvisionStep;
use crate::status::{
    IllegalTransition, InboxStatus, OrderDomainState, OrderFailureReason, OrderStatus,
};
use crate::time::Timestamp;
use crate::view::Source;

/// An order without its domains, of which it keeps the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub account_id: AccountId,
    pub id: OrderId,
    pub user_id: UserId,
    pub bundle_id: Option<BundleId>,
    pub status: OrderStatus,
    /// Domains that it shows.
    pub domain_count: u32,
    pub inbox_count: u32,
    /// Those of them that are live.
    pub domains_active: u32,
    pub inboxes_active: u32,
    pub total_cents: Cents,
    pub google_licenses: u32,
    pub microsoft_licenses: u32,
    pub google_license_cents: Cents,
    pub microsoft_license_cents: Cents,
    pub personas: Personas,
    /// Where its inboxes go; `None` is the account's default route.
    pub client_id: Option<String>,
    pub login_email: String,
    /// The sequencer log-in; wiped when nobody needs it any more.
    pub sealed_password: Option<String>,
    pub fingerprint: String,
    /// Why it failed, for the operator.
    pub failure: Option<String>,
    pub failure_reason: Option<OrderFailureReason>,
    pub renews_at: Option<Timestamp>,
    pub cancellation_scheduled_at: Option<Timestamp>,
    pub cancels_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub months_paid: i32,
    /// Since when a bill waits for the wallet.
    pub overdue_since: Option<Timestamp>,
}

/// One domain's part in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDomain {
    pub account_id: AccountId,
    pub order_id: OrderId,
    pub position: u32,
    pub domain_id: DomainId,
    pub name: String,
    pub provider: MailProvider,
    pub source: Source,
    pub inboxes: u32,
    /// First year; nothing when it was owned.
    pub price_cents: Cents,
    pub renewal_price_cents: Cents,
    pub forwarding_url: Option<String>,
    pub step: ProvisionStep,
    pub state: OrderDomainState,
    /// When its time on the order is over.
    pub leaves_at: Option<Timestamp>,
    /// Whether it has left and what was made for it at the providers may still be there: its job removes that first.
    pub deprovision_pending: bool,
    /// Whose names its inboxes bear, where those are not the order's personas.
    pub personas: Option<Personas>,
    /// The swap that brings it in.
    pub swap_in_id: Option<SwapId>,
    /// The swap that takes it off.
    pub swap_out_id: Option<SwapId>,
}

/// An inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    pub account_id: AccountId,
    pub id: InboxId,
    pub order_id: OrderId,
    pub domain_id: DomainId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub provider: MailProvider,
    pub status: InboxStatus,
    pub created_at: Timestamp,
}

impl Order {
    /// Whether another month of it is to be charged when its time comes.
    pub fn renews(&self) -> bool {
        self.status.is_active() && self.status != OrderStatus::CancelScheduled
    }

    /// Whether every domain that it shows is live.
    pub fn is_set_up(&self) -> bool {
        self.domains_active >= self.domain_count
    }

    pub(super) fn turn(&mut self, to: OrderStatus) -> Result<(), IllegalTransition> {
        self.status = self.status.transition(to)?;
        Ok(())
    }

    /// It shows one domain more.
    pub(super) fn grow(&mut self, domain: &OrderDomain) {
        self.total_cents += domain.share_of_total(self);
        self.domain_count += 1;
        self.inbox_count += domain.inboxes;
        match domain.provider {
            MailProvider::Google => self.google_licenses += domain.inboxes,
            MailProvider::Microsoft => self.microsoft_licenses += 1,
        }
    }

    /// It goes on without a domain that it showed.
    pub(super) fn shrink(&mut self, domain: &OrderDomain) {
        self.total_cents -= domain.share_of_total(self);
        self.domain_count -= 1;
        self.inbox_count -= domain.inboxes;
        match domain.provider {
            MailProvider::Google => self.google_licenses -= domain.inboxes,
            MailProvider::Microsoft => self.microsoft_licenses -= 1,
        }
    }
}

impl OrderDomain {
    /// Whether its part in the order is over.
    pub fn is_over(&self) -> bool {
        self.state.is_over()
    }

    /// Whether it is live.
    pub fn is_live(&self) -> bool {
        self.state == OrderDomainState::Active
    }

    /// Lets it leave now, if it has not been to before.
    pub(super) fn leave_now(&mut self, now: Timestamp) {
        self.leaves_at = Some(self.leaves_at.map_or(now, |at| at.min(now)));
    }

    /// Whether its time on the order is over.
    pub fn is_leaving(&self, now: Timestamp) -> bool {
        self.leaves_at.is_some_and(|at| at <= now)
    }

    /// Whether a swap brings it in, or did.
    pub fn is_replacement(&self) -> bool {
        self.swap_in_id.is_some()
    }

    /// Whether the order shows it, or did until it left: not one that a swap is still bringing in. One that never came in
    /// ends as `Left`, so one that was released was part of the order.
    pub fn has_joined(&self) -> bool {
        let was_shown = matches!(
            self.state,
            OrderDomainState::Active | OrderDomainState::Released
        );
        self.swap_in_id.is_none() || was_shown
    }

    /// Whether it is to leave because it was cancelled, or has lapsed; one that a swap takes off is replaced.
    pub fn is_cancelling(&self) -> bool {
        let leaves = self.leaves_at.is_some() && self.swap_out_id.is_none();
        leaves && !self.is_over() && self.has_joined()
    }

    /// Whether it is paid for: it stays on the order and, when a swap brings it in, is live.
    pub fn is_charged(&self) -> bool {
        self.leaves_at.is_none() && !self.is_over() && self.has_joined()
    }

    /// Licenses that its inboxes take.
    pub fn licenses(&self) -> u32 {
        match self.provider {
            MailProvider::Google => self.inboxes,
            MailProvider::Microsoft => 1,
        }
    }

    /// What its licenses cost a month.
    pub fn license_share(&self, order: &Order) -> Cents {
        let license = match self.provider {
            MailProvider::Google => order.google_license_cents,
            MailProvider::Microsoft => order.microsoft_license_cents,
        };
        license * self.licenses()
    }

    /// Its part in the order's total: licenses of a month, and the purchase if it was bought.
    fn share_of_total(&self, order: &Order) -> Cents {
        let purchase = match self.source {
            Source::Registered => self.price_cents,
            Source::Imported => Cents::ZERO,
        };
        self.license_share(order) + purchase
    }

    /// How many months of its licenses bought nothing, should they be refunded: all that it was charged for when it was never
    /// live. It is charged no more from when it is to leave.
    pub(super) fn months_undelivered(&self, order: &Order) -> u32 {
        if self.is_live() || self.swap_out_id.is_some() {
            return 1;
        }
        let charged = |month: &i32| {
            let begins = order.created_at.plus_months(*month);
            self.leaves_at.is_none_or(|leaves_at| begins < leaves_at)
        };
        let later = (1..order.months_paid).filter(charged).count();
        1 + u32::try_from(later).unwrap_or(0)
    }

    /// Whether nothing of it is bought or named yet.
    pub(super) fn is_at_first_step(&self) -> bool {
        self.step == ProvisionStep::FIRST
    }

    /// Whether it is yet to be bought; when its part is over, whether it never was. The order says so, not the domain: a name
    /// may be imported while it waits to be bought, and then the account has it all the same.
    pub(super) fn is_unbought(&self) -> bool {
        self.source == Source::Registered && self.step == ProvisionStep::Register
    }

    /// What was paid for a purchase that never came about.
    pub(super) fn never_bought(&self) -> Cents {
        if self.is_unbought() {
            self.price_cents
        } else {
            Cents::ZERO
        }
    }

    /// Whose names its inboxes bear, in the order that names are given in.
    pub fn personas_on(&self, order: &Order) -> Vec<Persona> {
        if let Some(Personas(personas)) = &self.personas {
            return personas.clone();
        }
        let all = order.personas.0.clone();
        personas_of_domain(all, self.position, self.inboxes)
    }
}
