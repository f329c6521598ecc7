//! What the adapters of real vendors are made of and with.
//!
//! An adapter speaks to one account of one vendor ([`VendorAccount`]) through [`VendorHttp`], which holds it to the
//! account's pace and reports how calls go. What has to be remembered it asks of [`Services`]: an adapter keeps nothing
//! itself. So the rule of the crate stands for them too: look up, create, on conflict adopt; no sleep, no retry.

mod account;
mod http;
mod many;
mod services;

use async_trait::async_trait;

use crate::ProviderError;

pub use account::{InvalidAccount, Setting, Settings, VendorAccount};
pub use http::{Answer, VendorHttp};
pub(crate) use many::{for_all, is_of_one, longer};
pub use services::{
    Mailbox, Mailboxes, OperatorTasks, Pacing, Payments, Permit, Report, Services, Settled, SignIn,
    SignIns, SlowDown,
};

/// What a look at an account has shown, for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountReport {
    /// What the vendor says of it, such as `balance` and `$120.00`.
    pub facts: Vec<(&'static str, String)>,
    /// Permissions that it lacks, in the vendor's words; empty when it can do all that is asked of it.
    pub missing: Vec<String>,
}

/// What every adapter can say of its account.
#[async_trait]
pub trait AccountCheck: Send + Sync {
    /// Makes the vendor's cheapest calls that tell whether the credentials work and what they may do. Changes nothing.
    async fn check(&self) -> Result<AccountReport, ProviderError>;
}
