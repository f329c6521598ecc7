//! What an order costs: licenses by the month and domain registrations by the year (contract §8).

use crate::money::Cents;
use crate::view::{LineItem, LineItemType};

/// Prices of the parts that the operator sets. A registration costs what the registrar asks for the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBook {
    /// One Google license for one month.
    pub google_license: Cents,
    /// One Microsoft license for one month.
    pub microsoft_license: Cents,
}

/// The prices where the operator has set no others (contract §8).
impl Default for PriceBook {
    fn default() -> Self {
        Self {
            google_license: Cents(100),
            microsoft_license: Cents(900),
        }
    }
}

/// The parts of an order's price: Google, Microsoft, registrations. `registrations` holds one price for every
/// domain that is bought; a part of quantity 0 is left out.
pub fn line_items(
    google_licenses: u32,
    microsoft_licenses: u32,
    prices: &PriceBook,
    registrations: &[Cents],
) -> Vec<LineItem> {
    let item = |kind, quantity, amount_cents| LineItem {
        kind,
        quantity,
        amount_cents,
    };
    // An order has at most `order::MAX_DOMAINS` domains, so their number fits.
    let bought = u32::try_from(registrations.len()).unwrap_or(u32::MAX);
    let mut items = vec![
        item(
            LineItemType::GoogleLicense,
            google_licenses,
            prices.google_license * google_licenses,
        ),
        item(
            LineItemType::MicrosoftLicense,
            microsoft_licenses,
            prices.microsoft_license * microsoft_licenses,
        ),
        item(
            LineItemType::DomainRegistration,
            bought,
            registrations.iter().copied().sum(),
        ),
    ];
    items.retain(|item| item.quantity > 0);
    items
}

/// The sum of line items.
pub fn total(items: &[LineItem]) -> Cents {
    items.iter().map(|item| item.amount_cents).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRATION: Cents = Cents(3_300);

    #[test]
    fn reproduces_the_documented_order() {
        for (bought, expected) in [(10, 36_800), (12, 43_400)] {
            let items = line_items(20, 2, &PriceBook::default(), &vec![REGISTRATION; bought]);
            let parts: Vec<_> = items
                .iter()
                .map(|item| (item.kind.as_str(), item.quantity))
                .collect();
            let registrations = u32::try_from(bought).unwrap();
            assert_eq!(
                parts,
                [
                    ("google_license", 20),
                    ("microsoft_license", 2),
                    ("domain_registration", registrations)
                ]
            );
            assert_eq!(total(&items), Cents(expected));
        }
    }

    #[test]
    fn leaves_out_what_is_not_ordered() {
        let items = line_items(0, 3, &PriceBook::default(), &[]);
        let expected = LineItem {
            kind: LineItemType::MicrosoftLicense,
            quantity: 3,
            amount_cents: Cents(2_700),
        };
        assert_eq!(items, [expected]);
        assert_eq!(line_items(0, 0, &PriceBook::default(), &[]), []);
        assert_eq!(total(&[]), Cents::ZERO);
    }

    #[test]
    fn charges_each_registration_its_own_price_and_follows_the_book() {
        let prices = PriceBook {
            google_license: Cents(250),
            microsoft_license: Cents(0),
        };
        let items = line_items(4, 1, &prices, &[Cents(1_000), Cents(0), Cents(2_345)]);
        let amounts: Vec<_> = items.iter().map(|item| item.amount_cents).collect();
        assert_eq!(amounts, [Cents(1_000), Cents(0), Cents(3_345)]);
        assert_eq!(total(&items), Cents(4_345));
    }
}
