//! Which submitted domain hosts which provider (contract §4).
//!
//! A domain that can host only one provider takes one of that provider's domains before any domain that can host
//! both; those fill what is left, Google first. That finds a place for every domain whenever there is one.

use serde_json::json;

use super::capacity::Capacity;
use crate::error::{Code, Error};
use crate::mail::MailProvider;
use crate::name::DomainName;

/// The order in which domains are filled.
const FILL_ORDER: [MailProvider; 2] = [MailProvider::Google, MailProvider::Microsoft];

/// A submitted domain, with the providers it can host.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub name: &'a DomainName,
    /// The providers it can host; empty when it cannot be ordered at all.
    pub usable_for: &'a [MailProvider],
}

impl Candidate<'_> {
    fn can_host(&self, provider: MailProvider) -> bool {
        self.usable_for.contains(&provider)
    }

    /// The provider it can host when there is exactly one.
    fn sole_provider(&self) -> Option<MailProvider> {
        let mut providers = FILL_ORDER
            .into_iter()
            .filter(|provider| self.can_host(*provider));
        providers.next().filter(|_| providers.next().is_none())
    }

    fn refusal(&self, left_over: MailProvider) -> Error {
        let message = format!(
            "{} cannot host {left_over}, and the plan has no other place left for it",
            self.name
        );
        Error::new(Code::DomainNotUsableForProvider, message)
            .with_field("domains")
            .with_detail("domain", self.name.as_str())
            .with_detail("provider", left_over.as_str())
            .with_detail("usable_for", json!(self.usable_for))
    }
}

/// What a domain is to host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    pub provider: MailProvider,
    /// Inboxes on the domain.
    pub inboxes: u32,
}

/// Domains of a plan that none of the submitted ones fills yet.
struct FreeDomains {
    google: u32,
    microsoft: u32,
}

impl FreeDomains {
    fn of(capacity: &Capacity) -> Self {
        Self {
            google: capacity.google.map_or(0, |plan| plan.domains),
            microsoft: capacity.microsoft.map_or(0, |plan| plan.domains),
        }
    }

    /// Takes one domain of the provider; `false` when none is left.
    fn take(&mut self, provider: MailProvider) -> bool {
        let domains = match provider {
            MailProvider::Google => &mut self.google,
            MailProvider::Microsoft => &mut self.microsoft,
        };
        let found = *domains > 0;
        *domains = domains.saturating_sub(1);
        found
    }
}

/// Gives the domains of an order their providers and inboxes, in submitted order, with every misfit. A domain gets `None`
/// when nothing is left that it can host; it gives an error too, [`Code::DomainNotUsableForProvider`], unless all of the plan
/// is allocated, which is for the count check to tell.
pub fn allocate(
    capacity: &Capacity,
    candidates: &[Candidate<'_>],
) -> (Vec<Option<Allocation>>, Vec<Error>) {
    let mut free = FreeDomains::of(capacity);
    let mut providers: Vec<Option<MailProvider>> = candidates
        .iter()
        .map(|candidate| {
            candidate
                .sole_provider()
                .filter(|provider| free.take(*provider))
        })
        .collect();
    for (provider, candidate) in providers.iter_mut().zip(candidates) {
        if provider.is_none() {
            *provider = FILL_ORDER
                .into_iter()
                .find(|one| candidate.can_host(*one) && free.take(*one));
        }
    }
    let errors = providers
        .iter()
        .zip(candidates)
        .filter(|(provider, _)| provider.is_none())
        .filter_map(|(_, candidate)| {
            let left_over = FILL_ORDER.into_iter().find(|one| free.take(*one))?;
            Some(candidate.refusal(left_over))
        })
        .collect();
    (with_inboxes(capacity, &providers), errors)
}

/// Adds the inboxes: full domains first, so that an uneven rest falls to the provider's last place.
fn with_inboxes(
    capacity: &Capacity,
    providers: &[Option<MailProvider>],
) -> Vec<Option<Allocation>> {
    let (mut google_rank, mut microsoft_rank) = (0, 0);
    let mut allocation = |provider: MailProvider| {
        let rank = match provider {
            MailProvider::Google => &mut google_rank,
            MailProvider::Microsoft => &mut microsoft_rank,
        };
        let inboxes = capacity.provider(provider)?.inboxes_at(*rank);
        *rank += 1;
        Some(Allocation { provider, inboxes })
    };
    providers
        .iter()
        .map(|provider| provider.and_then(&mut allocation))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Result;
    use crate::sizing::{GoogleSizing, MicrosoftSizing};

    const BOTH: &[MailProvider] = &FILL_ORDER;
    const GOOGLE: &[MailProvider] = &[MailProvider::Google];
    const MICROSOFT: &[MailProvider] = &[MailProvider::Microsoft];
    const NEITHER: &[MailProvider] = &[];

    fn capacity(google_licenses: u32, microsoft_licenses: u32) -> Capacity {
        Capacity::custom(
            Some(GoogleSizing {
                licenses: google_licenses,
                inboxes_per_domain: 2,
            }),
            Some(MicrosoftSizing {
                licenses: microsoft_licenses,
                inboxes_per_domain: 50,
            }),
        )
    }

    fn names(count: usize) -> Vec<DomainName> {
        (0..count)
            .map(|i| DomainName::parse(&format!("acme-{i}.com")).unwrap())
            .collect()
    }

    fn candidates<'a>(
        names: &'a [DomainName],
        usable: &[&'a [MailProvider]],
    ) -> Vec<Candidate<'a>> {
        names
            .iter()
            .zip(usable)
            .map(|(name, usable_for)| Candidate { name, usable_for })
            .collect()
    }

    /// All of a plan allocated, or the first problem.
    fn allocated(capacity: &Capacity, candidates: &[Candidate<'_>]) -> Result<Vec<Allocation>> {
        capacity.check_count(candidates.len())?;
        let (allocations, errors) = allocate(capacity, candidates);
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(allocations.into_iter().flatten().collect()),
        }
    }

    fn google(inboxes: u32) -> Allocation {
        Allocation {
            provider: MailProvider::Google,
            inboxes,
        }
    }

    fn microsoft() -> Allocation {
        Allocation {
            provider: MailProvider::Microsoft,
            inboxes: 50,
        }
    }

    #[test]
    fn fills_google_then_microsoft_in_submitted_order() {
        let names = names(4);
        let placed = allocated(&capacity(4, 2), &candidates(&names, &[BOTH; 4])).unwrap();
        assert_eq!(placed, [google(2), google(2), microsoft(), microsoft()]);
    }

    #[test]
    fn names_for_one_provider_only_take_its_places_first() {
        let names = names(4);
        let placed = allocated(
            &capacity(4, 2),
            &candidates(&names, &[BOTH, MICROSOFT, BOTH, GOOGLE]),
        )
        .unwrap();
        assert_eq!(placed, [google(2), microsoft(), microsoft(), google(2)]);
    }

    #[test]
    fn the_last_google_domain_gets_the_uneven_rest() {
        let names = names(4);
        let placed = allocated(
            &capacity(5, 1),
            &candidates(&names, &[BOTH, BOTH, BOTH, GOOGLE]),
        )
        .unwrap();
        assert_eq!(placed, [google(2), google(2), microsoft(), google(1)]);
    }

    #[test]
    fn refuses_a_name_that_fits_no_place_left() {
        let names = names(3);
        let error = allocated(
            &capacity(2, 2),
            &candidates(&names, &[BOTH, GOOGLE, GOOGLE]),
        )
        .unwrap_err();
        assert_eq!(error.code, Code::DomainNotUsableForProvider);
        assert_eq!(error.field.as_deref(), Some("domains"));
        let details =
            json!({"domain": "acme-2.com", "provider": "microsoft", "usable_for": ["google"]});
        assert_eq!(json!(error.details), details);
    }

    #[test]
    fn a_wrong_count_is_told_before_a_misfit() {
        let names = names(2);
        let error = allocated(&capacity(2, 2), &candidates(&names, &[GOOGLE, GOOGLE])).unwrap_err();
        assert_eq!(error.code, Code::DomainCountMismatch);
    }

    #[test]
    fn a_quote_gets_every_misfit_and_the_allocations_that_work() {
        let names = names(4);
        let usable = [GOOGLE, NEITHER, GOOGLE, BOTH];
        let (placed, errors) = allocate(&capacity(2, 3), &candidates(&names, &usable));
        assert_eq!(placed, [Some(google(2)), None, None, Some(microsoft())]);
        let domains: Vec<_> = errors
            .iter()
            .map(|error| error.details["domain"].clone())
            .collect();
        assert_eq!(domains, ["acme-1.com", "acme-2.com"]);
        let (placed, errors) = allocate(&capacity(1, 0), &candidates(&names, &[BOTH, BOTH]));
        assert_eq!(placed, [Some(google(1)), None]);
        assert!(errors.is_empty());
    }

    proptest! {
        #[test]
        fn places_all_exactly_when_it_is_possible(
            usable in prop::collection::vec(
                prop_oneof![4 => Just(BOTH), 3 => Just(GOOGLE), 2 => Just(MICROSOFT), 1 => Just(NEITHER)],
                1..30,
            ),
            google_share in 0..=100_usize,
            odd in any::<bool>(),
        ) {
            let google_domains = usable.len() * google_share / 100;
            let microsoft_domains = usable.len() - google_domains;
            let count = |what: &[MailProvider]| usable.iter().filter(|one| **one == what).count();
            let licenses = u32::try_from(google_domains * 2).unwrap().saturating_sub(odd.into());
            let capacity = capacity(licenses, u32::try_from(microsoft_domains).unwrap());
            let names = names(usable.len());
            let candidates = candidates(&names, &usable);
            let possible =
                count(NEITHER) == 0 && count(GOOGLE) <= google_domains && count(MICROSOFT) <= microsoft_domains;
            match allocated(&capacity, &candidates) {
                Err(_) => prop_assert!(!possible),
                Ok(placed) => {
                    prop_assert!(possible);
                    prop_assert_eq!(placed.len(), usable.len());
                    prop_assert!(placed.iter().zip(&candidates).all(|(at, one)| one.can_host(at.provider)));
                    prop_assert_eq!(placed.iter().map(|at| at.inboxes).sum::<u32>(), capacity.inbox_count());
                }
            }
        }
    }
}
