//! What is sold at which price. All prices are cents of a US dollar for a year.
//!
//! The first label of a name can be magic: `taken-…` is registered by somebody, `premium-…` is premium, `unknown-…` is not offered.

use serde_json::Value;

use super::error::{error, invalid};
use crate::World;
use crate::call::Answer;

/// A top-level domain that is sold.
pub(crate) struct Tld {
    pub name: &'static str,
    pub first_year: u64,
    pub renewal: u64,
    /// Whether the registrar can lock its domains, and offers Whois privacy for them.
    pub lock: bool,
    pub privacy: bool,
}

const fn tld(name: &'static str, first_year: u64, renewal: u64) -> Tld {
    Tld {
        name,
        first_year,
        renewal,
        lock: true,
        privacy: true,
    }
}

/// In the order of the alphabet.
pub(crate) const TLDS: &[Tld] = &[
    tld("agency", 499, 2999),
    tld("biz", 799, 2199),
    tld("cloud", 299, 2699),
    tld("co", 999, 3599),
    tld("co.uk", 899, 1199),
    tld("com", 1099, 1299),
    Tld {
        lock: false,
        ..tld("de", 899, 1199)
    },
    tld("digital", 399, 3999),
    tld("email", 599, 2999),
    tld("info", 399, 2799),
    tld("io", 3499, 6499),
    tld("me", 699, 2299),
    tld("net", 1299, 1699),
    tld("online", 199, 3499),
    tld("org", 899, 1499),
    tld("pro", 399, 2999),
    tld("site", 199, 3499),
    tld("store", 199, 5499),
    tld("tech", 599, 5999),
    Tld {
        privacy: false,
        ..tld("us", 799, 1199)
    },
    tld("xyz", 199, 1499),
];

const PREMIUM_FIRST_YEAR: u64 = 34_995;
const PREMIUM_RENEWAL: u64 = 4_995;

/// A name of a domain that could be sold: one label and a TLD.
pub(crate) struct Name {
    pub domain: String,
    pub sld: String,
    pub tld: &'static Tld,
}

impl Name {
    /// Takes a name apart; nothing comes of one that is not well-formed or has a TLD that is not sold.
    pub fn parse(text: &str) -> Option<Self> {
        let domain = text.to_ascii_lowercase();
        let (sld, rest) = domain.split_once('.')?;
        let tld = TLDS.iter().find(|tld| tld.name == rest)?;
        is_label(sld).then(|| Self {
            sld: sld.to_owned(),
            tld,
            domain: domain.clone(),
        })
    }

    /// The same, or the refusal of a name that cannot be bought here.
    pub fn wanted(text: &str) -> Result<Self, Answer> {
        let labels: Vec<_> = text.split('.').map(str::to_ascii_lowercase).collect();
        match Self::parse(text) {
            Some(name) => Ok(name),
            None if labels.len() > 1 && labels.iter().all(|label| is_label(label)) => Err(error(
                422,
                "Unprocessable Entity",
                Some("TLD not supported"),
            )),
            None => Err(invalid("domainName is not a domain name")),
        }
    }

    pub fn is_premium(&self) -> bool {
        self.sld.starts_with("premium-")
    }

    /// False for names that answers leave out.
    pub fn is_offered(&self) -> bool {
        !self.sld.starts_with("unknown-")
    }

    /// Whether somebody has it, in this world or by its magic label.
    pub fn is_taken(&self, world: &World) -> bool {
        self.sld.starts_with("taken-") || world.registry.find(&self.domain).is_some()
    }

    /// What the first years cost together.
    pub fn purchase_cents(&self, years: u32) -> u64 {
        let year = if self.is_premium() {
            PREMIUM_FIRST_YEAR
        } else {
            self.tld.first_year
        };
        year * u64::from(years)
    }

    /// What more years cost together.
    pub fn renewal_cents(&self, years: u32) -> u64 {
        let year = if self.is_premium() {
            PREMIUM_RENEWAL
        } else {
            self.tld.renewal
        };
        year * u64::from(years)
    }
}

/// A label in ASCII as registries take it.
pub(crate) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A host's name in lower case, of two labels or more.
pub(crate) fn is_host(text: &str) -> bool {
    text.contains('.') && text.len() <= 253 && text.split('.').all(is_label)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "prices are far below the cents at which a double loses one"
)]
pub(crate) fn dollars(cents: u64) -> Value {
    (cents as f64 / 100.0).into()
}

/// Whether a price in dollars is these cents.
#[expect(
    clippy::cast_precision_loss,
    reason = "prices are far below the cents at which a double loses one"
)]
pub(crate) fn is_price(dollars: f64, cents: u64) -> bool {
    (dollars * 100.0 - cents as f64).abs() < 0.001
}
