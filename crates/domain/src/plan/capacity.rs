//! Domains, licenses and inboxes of an order, by provider.

use crate::error::{Code, Error, Result};
use crate::mail::MailProvider;
use crate::sizing::{GoogleSizing, MicrosoftSizing};
use crate::sizing::{Volume, required_domains};

/// One provider's part of an order; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderPlan {
    pub domains: u32,
    /// Licenses billed by the month.
    pub licenses: u32,
    /// Inboxes on a full domain.
    pub inboxes_per_domain: u32,
    inboxes: u32,
}

impl ProviderPlan {
    /// One license is one inbox. When they do not fill every domain, the last domain has fewer inboxes.
    fn google(licenses: u32, inboxes_per_domain: u32) -> Option<Self> {
        // Request validation has refused a density of 0; the floor only keeps the division defined.
        let inboxes_per_domain = inboxes_per_domain.max(1);
        let domains = licenses.div_ceil(inboxes_per_domain);
        (domains > 0).then_some(Self {
            domains,
            licenses,
            inboxes_per_domain,
            inboxes: licenses,
        })
    }

    /// One license is one domain, and every domain is full.
    fn microsoft(licenses: u32, inboxes_per_domain: u32) -> Option<Self> {
        let inboxes = licenses.saturating_mul(inboxes_per_domain);
        (licenses > 0).then_some(Self {
            domains: licenses,
            licenses,
            inboxes_per_domain,
            inboxes,
        })
    }

    /// Inboxes on all domains together.
    pub fn inboxes(&self) -> u32 {
        self.inboxes
    }

    /// Inboxes on the domain with this rank (from 0) among the provider's domains.
    pub(super) fn inboxes_at(&self, rank: u32) -> u32 {
        let before = rank.saturating_mul(self.inboxes_per_domain);
        self.inboxes
            .saturating_sub(before)
            .min(self.inboxes_per_domain)
    }
}

/// What an order has room for, by provider; `None` is a provider that the order does not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    pub google: Option<ProviderPlan>,
    pub microsoft: Option<ProviderPlan>,
}

impl Capacity {
    /// The plan of a custom order: `microsoft_licenses + ceil(google_licenses / google_inboxes_per_domain)` domains.
    pub fn custom(google: Option<GoogleSizing>, microsoft: Option<MicrosoftSizing>) -> Self {
        Self {
            google: google
                .and_then(|part| ProviderPlan::google(part.licenses, part.inboxes_per_domain)),
            microsoft: microsoft
                .and_then(|part| ProviderPlan::microsoft(part.licenses, part.inboxes_per_domain)),
        }
    }

    /// The plan of a bundle order: as many licenses as fill the domains that the volume needs. How many inboxes a
    /// bundle's Microsoft license stands for is the operator's setting, 50 by default.
    pub fn bundle(volume: &Volume, microsoft_inboxes_per_license: u32) -> Self {
        let required = required_domains(volume);
        let density = volume.google_inboxes_per_domain;
        Self {
            google: ProviderPlan::google(required.google.saturating_mul(density), density),
            microsoft: ProviderPlan::microsoft(required.microsoft, microsoft_inboxes_per_license),
        }
    }

    pub fn provider(&self, provider: MailProvider) -> Option<ProviderPlan> {
        match provider {
            MailProvider::Google => self.google,
            MailProvider::Microsoft => self.microsoft,
        }
    }

    /// Domains that the order must bring.
    pub fn required_domains(&self) -> u32 {
        self.sum(|part| part.domains)
    }

    /// Inboxes that the order gives.
    pub fn inbox_count(&self) -> u32 {
        self.sum(|part| part.inboxes)
    }

    /// Refuses any other number of domains than the plan needs, with [`Code::DomainCountMismatch`].
    pub fn check_count(&self, submitted: usize) -> Result<()> {
        let required = self.required_domains() as usize;
        if submitted == required {
            return Ok(());
        }
        let message =
            format!("The order plan needs exactly {required} domains; {submitted} were submitted");
        let error = Error::new(Code::DomainCountMismatch, message)
            .with_field("domains")
            .with_detail("required_count", required)
            .with_detail("submitted_count", submitted)
            .with_detail("missing_count", required.saturating_sub(submitted));
        Err(match submitted.checked_sub(required) {
            Some(excess) => error.with_detail("excess_count", excess),
            None => error,
        })
    }

    /// Saturating, because the licenses of a custom order are only bounded by the count check that comes after.
    fn sum(&self, part: impl Fn(ProviderPlan) -> u32) -> u32 {
        let [google, microsoft] = [self.google, self.microsoft].map(|plan| plan.map_or(0, &part));
        google.saturating_add(microsoft)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::sizing::{GOOGLE_DENSITIES, MICROSOFT_DENSITIES, Split};

    fn custom(google: (u32, u32), microsoft: (u32, u32)) -> Capacity {
        Capacity::custom(
            Some(GoogleSizing {
                licenses: google.0,
                inboxes_per_domain: google.1,
            }),
            Some(MicrosoftSizing {
                licenses: microsoft.0,
                inboxes_per_domain: microsoft.1,
            }),
        )
    }

    #[test]
    fn a_custom_order_needs_a_domain_per_microsoft_license_and_per_full_google_domain() {
        let capacity = custom((20, 2), (2, 50));
        assert_eq!(capacity.required_domains(), 12);
        assert_eq!(capacity.inbox_count(), 120);
        let google = custom((7, 3), (0, 50)).google.unwrap();
        assert_eq!((google.domains, google.inboxes()), (3, 7));
        assert_eq!(
            [0, 1, 2, 3].map(|rank| google.inboxes_at(rank)),
            [3, 3, 1, 0]
        );
    }

    #[test]
    fn a_part_without_licenses_is_no_part() {
        assert_eq!(
            custom((0, 2), (0, 50)),
            Capacity {
                google: None,
                microsoft: None
            }
        );
        assert_eq!(Capacity::custom(None, None).required_domains(), 0);
    }

    #[test]
    fn a_bundle_fills_the_domains_that_its_volume_needs() {
        let volume = Volume {
            monthly_sending_volume: 25_000,
            split: Split::default(),
            send_on_weekends: false,
            google_inboxes_per_domain: 3,
        };
        let capacity = Capacity::bundle(&volume, 50);
        let google = capacity.provider(MailProvider::Google).unwrap();
        let microsoft = capacity.provider(MailProvider::Microsoft).unwrap();
        assert_eq!(
            (google.domains, google.licenses, google.inboxes()),
            (10, 30, 30)
        );
        assert_eq!(
            (microsoft.domains, microsoft.licenses, microsoft.inboxes()),
            (4, 4, 200)
        );
        let google_only = Volume {
            split: Split::new(100, 0).unwrap(),
            ..volume
        };
        assert_eq!(Capacity::bundle(&google_only, 50).microsoft, None);
    }

    #[test]
    fn says_how_many_domains_are_missing_or_too_many() {
        let capacity = custom((20, 2), (2, 50));
        assert!(capacity.check_count(12).is_ok());
        let missing = capacity.check_count(9).unwrap_err();
        assert_eq!(missing.code, Code::DomainCountMismatch);
        assert_eq!(missing.field.as_deref(), Some("domains"));
        let details = json!({"required_count": 12, "submitted_count": 9, "missing_count": 3});
        assert_eq!(json!(missing.details), details);
        let excess = capacity.check_count(13).unwrap_err();
        let details = json!({"required_count": 12, "submitted_count": 13, "missing_count": 0, "excess_count": 1});
        assert_eq!(json!(excess.details), details);
    }

    #[test]
    fn absurd_license_counts_do_not_overflow() {
        let capacity = custom((u32::MAX, 2), (u32::MAX, 99));
        assert_eq!(capacity.required_domains(), u32::MAX);
        assert_eq!(capacity.inbox_count(), u32::MAX);
        assert!(capacity.check_count(3).is_err());
    }

    proptest! {
        #[test]
        fn domains_of_a_provider_hold_its_inboxes_and_no_domain_is_empty(
            google in (0..5_000_u32, prop::sample::select(GOOGLE_DENSITIES.to_vec())),
            microsoft in (0..500_u32, prop::sample::select(MICROSOFT_DENSITIES.to_vec())),
        ) {
            let capacity = custom(google, microsoft);
            let naive_google = (0..=5_000).find(|domains| domains * google.1 >= google.0).unwrap();
            prop_assert_eq!(capacity.required_domains(), naive_google + microsoft.0);
            for plan in [capacity.google, capacity.microsoft].into_iter().flatten() {
                let each: Vec<_> = (0..plan.domains).map(|rank| plan.inboxes_at(rank)).collect();
                prop_assert!(each.iter().all(|inboxes| (1..=plan.inboxes_per_domain).contains(inboxes)));
                prop_assert_eq!(each.iter().sum::<u32>(), plan.inboxes());
            }
        }
    }
}
