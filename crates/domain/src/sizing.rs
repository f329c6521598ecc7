//! How many domains a monthly sending volume needs (contract §8).
//!
//! All arithmetic is in integers and rounded up once per provider, so that the number a bundle shows is the
//! number its orders are held to.

use crate::id::BundleId;
use crate::view::RequiredDomains;

/// Most domains on one order: the largest bundle (10,000,000 a month on Google alone) needs 11,364.
pub const MAX_DOMAINS: usize = 12_000;
/// Google licenses of a custom order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoogleSizing {
    /// Licenses, one inbox each.
    pub licenses: u32,
    pub inboxes_per_domain: u32,
}

/// Microsoft licenses of a custom order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicrosoftSizing {
    /// Licenses, one domain each.
    pub licenses: u32,
    /// 25, 50, 75 or 99.
    pub inboxes_per_domain: u32,
}

/// How large the order is to be: exactly one of the two forms (contract §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sizing {
    /// As a saved bundle says.
    Bundle(BundleId),
    /// As the body says; at least one provider.
    Custom {
        google: Option<GoogleSizing>,
        microsoft: Option<MicrosoftSizing>,
    },
}

/// Largest `monthly_sending_volume` of a bundle, in e-mails (contract §2).
pub const MAX_MONTHLY_VOLUME: u32 = 10_000_000;
/// Inboxes that a Google domain may hold (contract §4).
pub const GOOGLE_DENSITIES: [u32; 2] = [2, 3];
/// Inboxes that a Microsoft domain may hold (contract §4).
pub const MICROSOFT_DENSITIES: [u32; 4] = [25, 50, 75, 99];

/// Sending days of a month without weekends.
const WEEKDAYS_PER_MONTH: u64 = 22;
/// Sending days of a month with weekends.
const DAYS_PER_MONTH: u64 = 30;
/// E-mails a day from one Google inbox.
const GOOGLE_DAILY_PER_INBOX: u64 = 20;
/// E-mails a day from one Microsoft domain, whatever its number of inboxes.
const MICROSOFT_DAILY_PER_DOMAIN: u64 = 150;

// The largest bundle must be orderable: all on Google, two inboxes per domain, weekdays only.
const _: () = assert!(
    (MAX_MONTHLY_VOLUME as u64).div_ceil(WEEKDAYS_PER_MONTH * GOOGLE_DAILY_PER_INBOX * 2)
        <= MAX_DOMAINS as u64
);

/// How a volume is shared between the providers, in whole percent; the two add up to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// Share on Google, 0 to 100.
    pub google_percent: u32,
    /// Share on Microsoft, 0 to 100.
    pub microsoft_percent: u32,
}

impl Split {
    /// Takes two percentages; `None` unless each is 0 to 100 and they add up to 100.
    pub fn new(google_percent: u32, microsoft_percent: u32) -> Option<Self> {
        let whole = google_percent.checked_add(microsoft_percent) == Some(100);
        whole.then_some(Self {
            google_percent,
            microsoft_percent,
        })
    }
}

/// The recommended split where the operator has set no other (contract §2).
impl Default for Split {
    fn default() -> Self {
        Self {
            google_percent: 50,
            microsoft_percent: 50,
        }
    }
}

/// What a bundle asks for, with its split resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// E-mails a month, 1 to [`MAX_MONTHLY_VOLUME`].
    pub monthly_sending_volume: u32,
    /// The split in force.
    pub split: Split,
    /// Whether weekends are sending days too.
    pub send_on_weekends: bool,
    /// One of [`GOOGLE_DENSITIES`].
    pub google_inboxes_per_domain: u32,
}

/// The domains that carry a volume, by provider; a provider with a share of 0 % needs none.
pub fn required_domains(volume: &Volume) -> RequiredDomains {
    let days = if volume.send_on_weekends {
        DAYS_PER_MONTH
    } else {
        WEEKDAYS_PER_MONTH
    };
    // Request validation has refused a density of 0; the floor only keeps the division defined.
    let density = u64::from(volume.google_inboxes_per_domain.max(1));
    let domains = |percent: u32, monthly_per_domain: u64| {
        // In hundredths of an e-mail, because the percentage must not be rounded before the division.
        let share = u64::from(volume.monthly_sending_volume) * u64::from(percent);
        u32::try_from(share.div_ceil(100 * monthly_per_domain)).unwrap_or(u32::MAX)
    };
    let google = domains(
        volume.split.google_percent,
        days * GOOGLE_DAILY_PER_INBOX * density,
    );
    let microsoft = domains(
        volume.split.microsoft_percent,
        days * MICROSOFT_DAILY_PER_DOMAIN,
    );
    RequiredDomains {
        google,
        microsoft,
        total: google.saturating_add(microsoft),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn volume(monthly: u32, google: u32, send_on_weekends: bool, density: u32) -> Volume {
        Volume {
            monthly_sending_volume: monthly,
            split: Split::new(google, 100 - google).unwrap(),
            send_on_weekends,
            google_inboxes_per_domain: density,
        }
    }

    #[test]
    fn gives_the_documented_examples() {
        for (monthly, google_percent, weekends, density, google, microsoft, total) in [
            (25_000, 50, false, 2, 15, 4, 19),
            (100_000, 70, false, 2, 80, 10, 90),
            (25_000, 50, true, 2, 11, 3, 14),
            (25_000, 50, false, 3, 10, 4, 14),
            (25_000, 100, false, 2, 29, 0, 29),
        ] {
            let volume = volume(monthly, google_percent, weekends, density);
            assert_eq!(
                required_domains(&volume),
                RequiredDomains {
                    google,
                    microsoft,
                    total
                },
                "{volume:?}"
            );
        }
    }

    #[test]
    fn a_share_that_fits_exactly_needs_no_spare_domain() {
        assert_eq!(required_domains(&volume(880, 100, false, 2)).total, 1);
        assert_eq!(required_domains(&volume(881, 100, false, 2)).total, 2);
        assert_eq!(required_domains(&volume(3_300, 0, false, 2)).total, 1);
        assert_eq!(required_domains(&volume(3_301, 0, false, 2)).total, 2);
        assert_eq!(required_domains(&volume(1, 99, false, 2)).total, 2);
    }

    #[test]
    fn the_largest_bundle_needs_what_the_order_limit_says() {
        assert_eq!(
            required_domains(&volume(MAX_MONTHLY_VOLUME, 100, false, 2)).total,
            11_364
        );
    }

    #[test]
    fn a_split_adds_up_to_one_hundred() {
        assert!(
            Split::new(0, 100).is_some()
                && Split::new(100, 0).is_some()
                && Split::new(37, 63).is_some()
        );
        for (google, microsoft) in [(0, 0), (50, 51), (101, 0), (0, 101), (u32::MAX, 101)] {
            assert_eq!(Split::new(google, microsoft), None, "{google}/{microsoft}");
        }
        assert_eq!(Some(Split::default()), Split::new(50, 50));
    }

    /// Counts domains one by one until nothing of the share is left, in hundredths of an e-mail.
    fn count_by_hand(monthly: u32, percent: u32, monthly_per_domain: i64) -> u32 {
        let mut left = i64::from(monthly) * i64::from(percent);
        let mut domains = 0;
        while left > 0 {
            left -= 100 * monthly_per_domain;
            domains += 1;
        }
        domains
    }

    proptest! {
        #[test]
        fn agrees_with_counting_by_hand(
            monthly in 1..=MAX_MONTHLY_VOLUME,
            google_percent in 0..=100_u32,
            weekends in any::<bool>(),
            density in prop::sample::select(GOOGLE_DENSITIES.to_vec()),
        ) {
            let days = if weekends { 30 } else { 22 };
            let google = count_by_hand(monthly, google_percent, days * 20 * i64::from(density));
            let microsoft = count_by_hand(monthly, 100 - google_percent, days * 150);
            let required = required_domains(&volume(monthly, google_percent, weekends, density));
            prop_assert_eq!(required, RequiredDomains { google, microsoft, total: google + microsoft });
            prop_assert!(required.total as usize <= MAX_DOMAINS);
        }
    }
}
