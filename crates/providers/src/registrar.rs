//! The port to the registrar: who sells domains, for how much.

use async_trait::async_trait;
use peeker_domain::{Cents, DomainName, MailProvider, Timestamp};

use crate::{Call, ProviderError};

/// Most names in one [`Registrar::check`]: the contract's own limit (§3), and what the first vendor takes at once.
pub const MAX_CHECKED_NAMES: usize = 50;

/// What the registrar says about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It can be bought at the standard price.
    Available {
        price: Cents,
        renewal_price: Cents,
        /// Mail providers that the name can host.
        usable_for: Vec<MailProvider>,
    },
    /// Somebody has it, possibly this account.
    Taken,
    /// Only for sale at a premium price.
    Premium,
    /// The registrar does not know the name or sells no such ending.
    Unknown,
    /// The registrar failed to answer about this name.
    Errored,
}

/// The answer about one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name asked about.
    pub name: DomainName,
    /// What the registrar says.
    pub verdict: Verdict,
}

/// A domain that this account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    /// When the paid term ends.
    pub expires_at: Timestamp,
}

/// What the registrar took for a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub paid: Cents,
    /// The registrar's own number of the order.
    pub reference: Option<String>,
}

/// A domain that this account holds after it was to be paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    pub registration: Registration,
    /// What this call paid; `None` when it was held already, and nothing was paid now.
    pub receipt: Option<Receipt>,
}

impl Bought {
    /// Nothing was paid now.
    pub const fn held(registration: Registration) -> Self {
        Self {
            registration,
            receipt: None,
        }
    }
}

/// Where domains are bought.
#[async_trait]
pub trait Registrar: Send + Sync {
    /// Looks up at most [`MAX_CHECKED_NAMES`] names; one answer per name, in the order asked. Trouble with a single
    /// name is a [`Verdict`], an error means that none could be looked up.
    async fn check(
        &self,
        call: Call<'_>,
        names: &[DomainName],
    ) -> Result<Vec<Check>, ProviderError>;

    /// Buys `name` for one year, unless this account holds it: then that registration is the answer and nothing is
    /// paid. A price other than `expected_price` is refused for good and nothing is bought.
    async fn register(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError>;

    /// Pays one more year of `name`, which this account holds until `current_end`. Never paid twice: a registration that
    /// ends later is the answer, and nothing is paid. A price other than `expected_price`, or a name that this account
    /// does not hold, is refused for good.
    async fn renew(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError>;

    /// The registration of `name`, when this account holds it. Lets a workflow that was cut off find out whether its
    /// purchase went through, without buying.
    async fn find(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Registration>, ProviderError>;

    /// Delegates `name` to exactly these nameservers.
    async fn set_nameservers(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError>;
}
