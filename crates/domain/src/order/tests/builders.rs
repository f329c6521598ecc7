//! Orders, domains and swaps with what a test does not care about filled in.

use crate::PersonName;
use crate::id::{AccountId, ActionId, DomainId, InboxId, OrderId, SwapId, UserId};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{
    Blocker, Change, Domain, NewInbox, Order, OrderDomain, Persona, Personas, Swap,
};
use crate::provisioning::ProvisionStep;
use crate::status::{
    ActionReason, DomainCategory, DomainStatus, OrderDomainState, OrderStatus, SwapStatus, SwapType,
};
use crate::time::Timestamp;
use crate::view::Source;
use crate::wallet::{Funding, Wallet};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_778_241_600_000);
pub(super) const EMAIL: &str = "ann@example.com";
pub(super) const DAY: i64 = 24 * 60 * 60;
pub(super) const REGISTRATION: Cents = Cents(3_300);
pub(super) const RENEWAL: Cents = Cents(2_200);

/// One that pays whatever is asked of it.
pub(super) const FULL: Wallet = Wallet {
    balance: Cents::ZERO,
    funding: Funding::FilledUp { to: Cents(100_000) },
};

pub(super) fn days(days: i64) -> Timestamp {
    NOW.plus_seconds(days * DAY)
}

pub(super) fn account() -> AccountId {
    AccountId::from_stored("org_1".to_owned())
}

pub(super) fn order_id() -> OrderId {
    OrderId::from_stored("ord_1".to_owned())
}

pub(super) fn domain_id(name: &str) -> DomainId {
    DomainId::from_stored(format!("dom_{name}"))
}

pub(super) fn swap_id(name: &str) -> SwapId {
    SwapId::from_stored(format!("swp_{name}"))
}

pub(super) fn persona(first_name: &str, picture: Option<&str>) -> Persona {
    let name = |text: &str| PersonName::from_stored(text.to_owned());
    Persona {
        first_name: name(first_name),
        last_name: name("Lee"),
        profile_picture_url: picture.map(str::to_owned),
    }
}

pub(super) fn personas(first_names: &[&str]) -> Personas {
    Personas(first_names.iter().map(|name| persona(name, None)).collect())
}

/// A domain that was bought for Google, two inboxes, to be set up.
pub(super) fn google(position: u32) -> OrderDomain {
    let name = format!("d{position}");
    OrderDomain {
        account_id: account(),
        order_id: order_id(),
        position,
        domain_id: domain_id(&name),
        name: format!("{name}.com"),
        provider: MailProvider::Google,
        source: Source::Registered,
        inboxes: 2,
        price_cents: REGISTRATION,
        renewal_price_cents: RENEWAL,
        forwarding_url: None,
        step: ProvisionStep::Register,
        state: OrderDomainState::Pending,
        leaves_at: None,
        deprovision_pending: false,
        personas: None,
        swap_in_id: None,
        swap_out_id: None,
    }
}

/// A domain that was bought for Microsoft, fifty inboxes, to be set up.
pub(super) fn microsoft(position: u32) -> OrderDomain {
    OrderDomain {
        provider: MailProvider::Microsoft,
        inboxes: 50,
        ..google(position)
    }
}

/// A domain that was owned before.
pub(super) fn owned(domain: OrderDomain) -> OrderDomain {
    OrderDomain {
        source: Source::Imported,
        price_cents: Cents::ZERO,
        renewal_price_cents: Cents::ZERO,
        ..domain
    }
}

pub(super) fn live(domain: OrderDomain) -> OrderDomain {
    OrderDomain {
        step: ProvisionStep::Inboxes,
        state: OrderDomainState::Active,
        ..domain
    }
}

pub(super) fn waiting(domain: OrderDomain) -> OrderDomain {
    OrderDomain {
        state: OrderDomainState::ActionRequired,
        ..domain
    }
}

/// One that a swap brings in, to be set up.
pub(super) fn coming_in(domain: OrderDomain, swap: &str) -> OrderDomain {
    OrderDomain {
        swap_in_id: Some(swap_id(swap)),
        ..domain
    }
}

/// The active order of these domains: its numbers and its status are what they say.
pub(super) fn order_of(domains: &[OrderDomain]) -> Order {
    let shown =
        |domain: &&OrderDomain| domain.state != OrderDomainState::Left && domain.has_joined();
    let is = |state| move |domain: &OrderDomain| domain.state == state;
    let mut order = Order {
        account_id: account(),
        id: order_id(),
        user_id: UserId::from_stored("usr_1".to_owned()),
        bundle_id: None,
        status: OrderStatus::InProgress,
        domain_count: 0,
        inbox_count: 0,
        domains_active: 0,
        inboxes_active: 0,
        total_cents: Cents::ZERO,
        google_licenses: 0,
        microsoft_licenses: 0,
        google_license_cents: Cents(100),
        microsoft_license_cents: Cents(900),
        personas: personas(&["Ann", "Bob"]),
        client_id: None,
        login_email: "login@example.com".to_owned(),
        sealed_password: Some("sealed".to_owned()),
        fingerprint: "fingerprint".to_owned(),
        failure: None,
        failure_reason: None,
        renews_at: Some(NOW.plus_months(1)),
        cancellation_scheduled_at: None,
        cancels_at: None,
        created_at: NOW,
        months_paid: 1,
        overdue_since: None,
    };
    for domain in domains.iter().filter(shown) {
        order.grow(domain);
        if domain.state == OrderDomainState::Active {
            order.domains_active += 1;
            order.inboxes_active += domain.inboxes;
        }
    }
    if domains.iter().any(is(OrderDomainState::ActionRequired)) {
        order.status = OrderStatus::ActionRequired;
    } else if order.is_set_up() {
        order.status = OrderStatus::Completed;
        order.sealed_password = None;
    }
    order
}

/// The name that has this part in an order; one that was bought is ours from its first step on, for a year.
pub(super) fn domain_of(part: &OrderDomain) -> Domain {
    let bought = part.source == Source::Registered;
    let is_ours = !bought || part.step != ProvisionStep::Register;
    Domain {
        category: DomainCategory::Connected,
        status: match part.state {
            OrderDomainState::Active => DomainStatus::Active,
            OrderDomainState::ActionRequired => DomainStatus::ActionRequired,
            _ => DomainStatus::InProgress,
        },
        owned: is_ours,
        delegated: is_ours,
        order_id: Some(part.order_id.clone()),
        user_id: Some(UserId::from_stored("usr_1".to_owned())),
        provider: Some(part.provider),
        forwarding_url: part.forwarding_url.clone(),
        registered_until: (bought && is_ours).then(|| NOW.plus_months(12)),
        renewal_price_cents: part.renewal_price_cents,
        ..Domain::candidate(&account(), &part.domain_id, &part.name, NOW)
    }
}

/// One in the inventory.
pub(super) fn idle(name: &str) -> Domain {
    let name_in_full = format!("{name}.com");
    Domain {
        category: DomainCategory::Inventory,
        status: DomainStatus::Available,
        owned: true,
        delegated: true,
        ..Domain::candidate(&account(), &domain_id(name), &name_in_full, NOW)
    }
}

/// A standard swap of the first domain to the second, accepted.
pub(super) fn swap(name: &str, old: &OrderDomain, new: &OrderDomain) -> Swap {
    Swap {
        account_id: account(),
        id: swap_id(name),
        kind: SwapType::Standard,
        status: SwapStatus::Created,
        reason: None,
        order_id: order_id(),
        user_id: UserId::from_stored("usr_1".to_owned()),
        domain_id: old.domain_id.clone(),
        replacement_domain: Some(new.name.clone()),
        replacement_domain_id: Some(new.domain_id.clone()),
        inbox_id: None,
        persona: None,
        old_email: None,
        new_email: None,
        inboxes: old.inboxes,
        price_cents: new.price_cents,
        license_cents: Cents::ZERO,
        retires_at: None,
        created_at: NOW,
    }
}

/// A renaming of one inbox of a domain.
pub(super) fn renaming(name: &str, of: &OrderDomain, to: &Persona, status: SwapStatus) -> Swap {
    Swap {
        kind: SwapType::UserNames,
        status,
        replacement_domain: None,
        replacement_domain_id: None,
        persona: Some(to.clone()),
        price_cents: Cents::ZERO,
        inboxes: 1,
        ..swap(name, of, of)
    }
}

pub(super) fn blocked(reasons: &[ActionReason]) -> Change {
    let blocker = |(index, reason): (usize, &ActionReason)| Blocker {
        id: ActionId::from_stored(format!("act_{index}")),
        reason: *reason,
        message: "mend it".to_owned(),
        persona: (*reason == ActionReason::ProfilePictureNotAccessible)
            .then(|| persona("Ann", Some("https://example.com/ann.png"))),
    };
    Change::Blocked(reasons.iter().enumerate().map(blocker).collect())
}

/// The inboxes of a domain, named after its order's personas.
pub(super) fn named(part: &OrderDomain) -> Change {
    let inbox = |number| NewInbox {
        id: InboxId::from_stored(format!("inb_{}_{number}", part.domain_id)),
        email: format!("box{number}@{}", part.name),
        first_name: "Ann".to_owned(),
        last_name: "Lee".to_owned(),
    };
    Change::InboxesNamed {
        inboxes: (0..part.inboxes).map(inbox).collect(),
        personas: part.personas.clone(),
    }
}
