//! Money: out of the account's balance, into an order.

use jiff::{Span, Timestamp, tz::TimeZone};

use super::catalog::Name;
use super::error::error;
use super::state::{Item, Order};
use crate::World;
use crate::call::Answer;
use crate::vendor::Vendor;

/// What is bought, for how many years, and what all of them cost in cents.
pub(crate) type Line = (&'static str, u32, u64);

/// Takes the money and writes the order. Gives its id and what it cost.
pub(crate) fn pay(
    world: &mut World,
    account: &str,
    name: &Name,
    lines: Vec<Line>,
) -> Result<(u32, u64), Answer> {
    let total: u64 = lines.iter().map(|(_, _, cents)| cents).sum();
    let now = world.clock.now();
    let state = &mut world.namecom;
    let paid = state.accounts.get_mut(account).and_then(|payer| {
        payer.balance_cents = payer.balance_cents.checked_sub(total)?;
        Some(())
    });
    if paid.is_none() {
        return Err(error(402, "Payment failed", Some("Insufficient Funds")));
    }
    let items = lines
        .into_iter()
        .map(|(kind, years, cents)| Item {
            id: state.next_id(),
            name: name.domain.clone(),
            tld: name.tld.name.to_owned(),
            kind,
            years,
            cents,
        })
        .collect();
    let id = state.next_id();
    let order = Order {
        account: account.to_owned(),
        created: now,
        items,
    };
    state.orders.insert(id, order);
    world
        .counts
        .add(Vendor::NameCom, "cents_paid", account, total);
    Ok((id, total))
}

/// Some years later, on the same day.
pub(crate) fn later(from: Timestamp, years: u32) -> Timestamp {
    let moved = from
        .to_zoned(TimeZone::UTC)
        .checked_add(Span::new().years(years));
    moved.map_or(from, |moved| moved.timestamp())
}
