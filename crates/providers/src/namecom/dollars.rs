//! Prices as name.com writes them: dollars, as JSON numbers.
//!
//! A number goes through its shortest decimal spelling, so that no cent is lost to binary fractions.

use peeker_domain::Cents;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

/// An amount that is written in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dollars(pub(super) Cents);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let cents = cents(&number.to_string());
        cents.map(Self).ok_or_else(|| D::Error::custom("no price"))
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cents = i32::try_from(self.0.0).map_err(|_| S::Error::custom("no price"))?;
        // The division gives the double that is nearest to the amount, which is spelled as the amount.
        serializer.serialize_f64(f64::from(cents) / 100.0)
    }
}

/// The cents of a decimal number, rounded to the nearest; half a cent goes away from zero.
fn cents(text: &str) -> Option<Cents> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    let mut digits = fraction.chars().map(|digit| digit.to_digit(10));
    let mut next = || digits.next().unwrap_or(Some(0)).map(i64::from);
    let (tens, ones, rest) = (next()?, next()?, next()?);
    let rounded_up = i64::from(rest >= 5);
    let cents = whole.checked_mul(100)?;
    let cents = cents.checked_add(tens * 10 + ones + rounded_up)?;
    Some(Cents(sign * cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_price_is_its_cents() {
        for (json, expected) in [
            ("10.99", 1_099),
            ("12.994", 1_299),
            ("12.995", 1_300),
            ("1.005", 101),
            ("1e1", 1_000),
            ("1.099e1", 1_099),
            ("10", 1_000),
            ("10.9", 1_090),
            ("0.30000000000000004", 30),
            ("0.29999999999999999", 30),
            ("8.999999999999999", 900),
            ("1234567.89", 123_456_789),
            ("4.35", 435),
            ("0", 0),
            ("-3.5", -350),
        ] {
            let read: Dollars = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, Cents(expected), "{json}");
        }
    }

    #[test]
    fn what_is_no_amount_is_no_price() {
        for json in ["1e300", "\"10.99\"", "true"] {
            assert!(serde_json::from_str::<Dollars>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_amount_is_written_as_the_number_it_is() {
        for (cents, expected) in [
            (1_099, "10.99"),
            (30, "0.3"),
            (1_000, "10.0"),
            (435, "4.35"),
        ] {
            let json = serde_json::to_string(&Dollars(Cents(cents))).unwrap();
            assert_eq!(json, expected);
        }
    }

    #[test]
    fn every_amount_survives_the_way_there_and_back() {
        for cents in 0..200_000 {
            let json = serde_json::to_string(&Dollars(Cents(cents))).unwrap();
            let back: Dollars = serde_json::from_str(&json).unwrap();
            assert_eq!(back.0, Cents(cents), "{json}");
        }
    }
}
