//! Time as the API speaks it: RFC 3339, UTC, whole seconds. Kept in milliseconds, which is what the database stores.

use std::fmt;

use jiff::ToSpan;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time moved by `ms` milliseconds, back when negative.
    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// How many milliseconds after `earlier` this time is; negative when it is before.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This time moved by `seconds`, back when negative.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// The same time of day `months` calendar months later; a day the month does not have becomes its last one
    /// (31 January + 1 month = 28 or 29 February), as contract §8 asks of `renews_at`.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        let moved = self
            .zoned()
            .checked_add(months.months())
            .map(|zoned| zoned.timestamp().as_millisecond());
        Self(moved.unwrap_or(i64::MAX))
    }

    fn zoned(self) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(self.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(jiff::tz::TimeZone::UTC)
    }
}

/// How far an account's clock is ahead of the system's, in milliseconds. Always nothing in the live environment; a
/// sandbox's grows when its clock is advanced (contract §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
pub struct ClockOffset(pub i64);

impl ClockOffset {
    /// The clock of the live environment.
    pub const NONE: Self = Self(0);

    /// What the account's clock shows at a time of the system's.
    #[must_use]
    pub const fn account_time(self, system: Timestamp) -> Timestamp {
        system.plus_millis(self.0)
    }

    /// When the system's clock shows what the account's shows at `account`.
    #[must_use]
    pub const fn system_time(self, account: Timestamp) -> Timestamp {
        account.plus_millis(-self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = jiff::Timestamp::from_second(self.as_seconds()).unwrap_or_default();
        write!(f, "{whole}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(parsed.as_millisecond()))
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A point in time in RFC 3339: UTC, to the second."))
            .examples(["2026-05-08T12:00:00Z"])
            .into()
    }
}

impl ToSchema for Timestamp {}

/// Where code asks what time it is, so that tests can freeze it and a sandbox can move it.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn months_clamp_to_the_last_day() {
        for (from, months, to) in [
            ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z"),
            ("2026-01-31T10:00:00Z", 2, "2026-03-31T10:00:00Z"),
            ("2026-12-15T23:59:59Z", 1, "2027-01-15T23:59:59Z"),
        ] {
            assert_eq!(at(from).plus_months(months).to_string(), to);
        }
    }

    #[test]
    fn shows_whole_seconds() {
        assert_eq!(
            Timestamp::from_millis(1_778_241_600_999).to_string(),
            "2026-05-08T12:00:00Z"
        );
    }
}
