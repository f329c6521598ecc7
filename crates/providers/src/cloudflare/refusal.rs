//! What Cloudflare's error codes mean. The codes are those of its documentation, and of answers that others have recorded.

use peeker_domain::DomainName;
use peeker_domain::excerpt::{QUOTED, excerpt};
use reqwest::StatusCode;

use super::wire::Fault;
use crate::{ErrorClass, ProviderError, Scope};

/// How long Cloudflare takes no domain that was offered too often.
const RESTRICTED_MS: i64 = 3 * 60 * 60 * 1000;
/// When it is worth asking again whether an account takes zones: some are active by then.
pub(super) const ROOM_MS: i64 = 60 * 60 * 1000;

/// Why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The zone is there already, in some account.
    ZoneExists,
    /// The domain is not in the DNS yet.
    NotInDns,
    /// The domain was offered too often.
    Restricted,
    /// Cloudflare does not want the domain.
    Blocked,
    /// Another account holds the domain.
    Hold,
    /// No domain that a zone can be made of.
    NoApex,
    /// The account has too many zones that are not active.
    TooManyZones,
    /// The very record is there already.
    SameRecord,
    /// The record is gone already.
    RecordGone,
    /// A record of another type has the name.
    Clash,
    /// The zone takes no more records.
    ZoneFull,
    /// The phase has no rules.
    NoRuleset,
    /// The zone is gone.
    NoZone,
    /// The token may not do this.
    Forbidden,
    /// Too many calls, said without a 429.
    TooFast,
    Other,
}

impl Refusal {
    pub(super) fn of(status: StatusCode, faults: &[Fault]) -> Self {
        let known = faults.iter().find_map(Self::of_fault);
        known.unwrap_or(match status {
            // Without a reason, it is not the API that refuses.
            _ if faults.is_empty() => Self::Other,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Forbidden,
            _ => Self::Other,
        })
    }

    fn of_fault(fault: &Fault) -> Option<Self> {
        Some(match fault.code {
            // Known by its sentence only; its code is not written down anywhere.
            _ if fault.message.contains("subject to a hold") => Self::Hold,
            971 => Self::TooFast,
            1000 | 6003 | 6111 | 9103 | 9106 | 9109 | 10_000 => Self::Forbidden,
            1061 => Self::ZoneExists,
            1049 | 1110 => Self::NotInDns,
            1105 => Self::Restricted,
            1097 => Self::Blocked,
            1093 | 1099 | 1116 => Self::NoApex,
            1118 => Self::TooManyZones,
            7003 => Self::NoZone,
            10_003 => Self::NoRuleset,
            81_044 => Self::RecordGone,
            81_045 => Self::ZoneFull,
            81_053 | 81_054 => Self::Clash,
            81_057 | 81_058 => Self::SameRecord,
            _ if fault.message.contains("limit for adding zones") => Self::TooManyZones,
            _ => return None,
        })
    }
}

/// What Cloudflare said, short enough to be repeated. Its messages name domains, records and fields.
pub(super) fn said(faults: &[Fault]) -> String {
    let Some(fault) = faults.first() else {
        return "no reason given".to_owned();
    };
    format!("{} (code {})", excerpt(&fault.message, QUOTED), fault.code)
}

/// The error for a refusal to make a zone; `None` for one that is no answer to that alone.
pub(super) fn no_zone(refusal: Refusal, name: &DomainName) -> Option<ProviderError> {
    let refused = |message: String| ProviderError::permanent(Scope::Domain, message);
    Some(match refusal {
        // A list may be behind what was made a moment ago.
        Refusal::ZoneExists => ProviderError::new(
            ErrorClass::Conflict,
            format!(
                "Cloudflare has a zone of {name} that does not show in this account; if it is in another Cloudflare \
                 account, have it removed there"
            ),
        ),
        Refusal::NotInDns => ProviderError::retry(
            None,
            format!(
                "Cloudflare does not find {name} in the DNS yet, as is usual just after a purchase"
            ),
        ),
        Refusal::Restricted => ProviderError::new(
            ErrorClass::Quota {
                after_ms: Some(RESTRICTED_MS),
            },
            format!(
                "Cloudflare takes {name} in three hours at the earliest: it was offered too often"
            ),
        ),
        Refusal::Blocked => refused(format!(
            "Cloudflare has blocked {name}; its owner can ask abusereply@cloudflare.com to have it freed"
        )),
        Refusal::Hold => refused(format!(
            "{name} is under a zone hold of another Cloudflare account; have the hold removed there"
        )),
        Refusal::NoApex => refused(format!(
            "Cloudflare makes no zone of {name}: it does not know it as a registered domain of its own"
        )),
        Refusal::TooManyZones => too_many_zones(),
        _ => return None,
    })
}

/// Free plans hold some hundred records in a zone, and ours are a dozen.
pub(super) fn zone_full(zone: &str) -> ProviderError {
    let message = format!("the zone of {zone} takes no more records; remove some of the others");
    ProviderError::permanent(Scope::Domain, message)
}

pub(super) fn too_many_zones() -> ProviderError {
    let class = ErrorClass::Quota {
        after_ms: Some(ROOM_MS),
    };
    let message =
        "the Cloudflare account makes no more zones until more of those it has are active";
    ProviderError::new(class, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: u32, message: &str) -> Refusal {
        let fault = Fault {
            code,
            message: message.to_owned(),
        };
        Refusal::of(StatusCode::from_u16(status).unwrap(), &[fault])
    }

    #[test]
    fn each_refusal_to_make_a_zone_has_its_class() {
        let name = DomainName::parse("acme-mail.com").unwrap();
        let domain = ErrorClass::Permanent {
            scope: Scope::Domain,
        };
        let quota = |hours: i64| ErrorClass::Quota {
            after_ms: Some(hours * 3_600_000),
        };
        let retry = ErrorClass::Retry { after_ms: None };
        for (code, message, class) in [
            (1061, "acme-mail.com already exists", ErrorClass::Conflict),
            (1049, "acme-mail.com is not a registered domain", retry),
            (1110, "Failed to lookup registrar", retry),
            (1105, "This zone is temporarily restricted", quota(3)),
            (1097, "This web property cannot be added", domain),
            (1093, "cannot be added", domain),
            (1099, "We were unable to identify", domain),
            (1116, "cannot be added", domain),
            (1118, "You have exceeded the limit", quota(1)),
            (
                0,
                "exceeded the limit for adding zones. Please activate some",
                quota(1),
            ),
            (0, "The zone name provided is subject to a hold", domain),
        ] {
            let error = no_zone(of(400, code, message), &name).unwrap();
            assert_eq!(error.class, class, "{code}: {error}");
        }
        assert!(no_zone(of(400, 4_711, "Something else"), &name).is_none());
    }

    #[test]
    fn a_code_says_more_than_the_status() {
        assert_eq!(of(403, 1097, "blocked"), Refusal::Blocked);
        assert_eq!(of(403, 0, "Requires permission"), Refusal::Forbidden);
        assert_eq!(of(400, 9109, "Invalid access token"), Refusal::Forbidden);
        assert_eq!(of(400, 4_711, "Something"), Refusal::Other);
        assert_eq!(Refusal::of(StatusCode::FORBIDDEN, &[]), Refusal::Other);
    }

    #[test]
    fn what_is_repeated_of_a_message_is_short() {
        let fault = Fault {
            code: 7,
            message: "x".repeat(5_000),
        };
        assert!(said(&[fault]).chars().count() < 130);
    }
}
