//! What is known of one domain of a new order.

use super::{OrderAnswers, OrderFacts, RegistrarOffer, RequestedDomain};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::view::Source;

/// A domain of the order as the account or the registrar knows it.
pub(super) struct Offer<'a> {
    pub requested: &'a RequestedDomain,
    pub source: Source,
    /// What it can host, as far as is known.
    pub usable_for: &'a [MailProvider],
    /// First and further years; `None` when it cannot be bought.
    pub prices: Option<(Cents, Cents)>,
    /// Why it cannot be bought, in the words of `domains_not_submittable`.
    pub refusal: Option<&'static str>,
}

impl<'a> Offer<'a> {
    pub fn of(
        requested: &'a RequestedDomain,
        facts: &'a OrderFacts,
        answers: &'a OrderAnswers,
    ) -> Self {
        if let Some(known) = facts.owned(&requested.name) {
            return Self {
                requested,
                source: Source::Imported,
                usable_for: &known.usable_for,
                prices: Some((Cents::ZERO, Cents::ZERO)),
                refusal: None,
            };
        }
        // Nothing is known of it yet, so it counts as usable for both: a misfit then is one of the inventory.
        let unknown = Self {
            requested,
            source: Source::Registered,
            usable_for: MailProvider::ALL,
            prices: None,
            refusal: None,
        };
        let Some(names) = &answers.names else {
            return unknown;
        };
        match names.get(&requested.name) {
            Some(RegistrarOffer::Buyable {
                price,
                renewal_price,
                usable_for,
            }) => Self {
                usable_for,
                prices: Some((*price, *renewal_price)),
                ..unknown
            },
            Some(RegistrarOffer::NotToBeHad(reason)) => Self {
                refusal: Some(reason),
                ..unknown
            },
            None => Self {
                refusal: Some("provider_error"),
                ..unknown
            },
        }
    }

    /// What it can host, or could if the registrar had nothing against it.
    pub fn usable_for_at_best(&self) -> &'a [MailProvider] {
        match self.source {
            Source::Imported => self.usable_for,
            Source::Registered => MailProvider::ALL,
        }
    }
}
