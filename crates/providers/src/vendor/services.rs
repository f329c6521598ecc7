//! What adapters ask of whoever runs them: whose turn it is, and what has to outlive a call. `app` answers from the
//! database, so all servers of an installation share it.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::id::{PaymentId, ProviderAccountId};
use peeker_domain::vendor::{Bucket, OperatorTask, PaymentKind, Vendor};
use peeker_domain::{Cents, DomainName, MailProvider};
use peeker_webhooks::OutboundClient;
use secrecy::SecretString;

use super::VendorAccount;
use crate::{Call, ProviderError};

/// All of it, for making an adapter. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub pacing: Arc<dyn Pacing>,
    pub mailboxes: Arc<dyn Mailboxes>,
    pub tasks: Arc<dyn OperatorTasks>,
    pub sign_ins: Arc<dyn SignIns>,
    pub payments: Arc<dyn Payments>,
    /// Loads pictures, whose addresses partners choose.
    pub outbound: OutboundClient,
    /// Talks to vendors, whose addresses the operator chose. Follows no redirect; has time limits of its own.
    pub http: reqwest::Client,
}

/// Leave to make one call; what it holds comes free when it is dropped.
#[derive(Default)]
pub struct Permit(Option<Box<dyn Send + Sync>>);

impl Permit {
    /// A permit that keeps `held` until the call is over.
    pub fn holding(held: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(held)))
    }

    /// Whether something waits for the call to end.
    pub const fn holds(&self) -> bool {
        self.0.is_some()
    }
}

/// What a vendor says when it is asked too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowDown {
    /// Come back after so many milliseconds.
    AfterMs(i64),
    /// Come back at this Unix time, in seconds.
    AtUnix(i64),
    /// It named no time.
    Unnamed,
}

/// How a call to an account went, as far as it concerns the whole account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// An answer came, whatever it said.
    Answered,
    /// No answer came, or that the vendor is out of order.
    Failed(String),
    /// The account cannot be used until somebody mends it: credentials or permissions. Says what is wrong.
    NeedsAttention(String),
    /// It has no more of something, such as funds or licences. What it has goes on. Says what to do.
    UsedUp(String),
}

/// Holds the calls to an account to the pace of its vendor, across all servers, and stops them when they are pointless.
#[async_trait]
pub trait Pacing: Send + Sync {
    /// Leave for one call that counts in `buckets`. Waits for a turn that comes within seconds; for a later one the error
    /// is `Quota` with the time to come back. An account that is out of use is `NeedsHuman`.
    async fn permit(
        &self,
        account: &ProviderAccountId,
        vendor: Vendor,
        buckets: &[Bucket],
    ) -> Result<Permit, ProviderError>;

    /// The vendor said that this account calls too often: nothing goes there until that time. Gives back how long that is,
    /// in milliseconds.
    async fn slow_down(&self, account: &ProviderAccountId, slow_down: SlowDown) -> i64;

    /// Tells how a call went, of the account as it was when the call was made: what has been changed since is another.
    async fn report(&self, account: &VendorAccount, report: Report);
}

/// What is remembered of an inbox at its vendors.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// The address, lower case.
    pub address: String,
    /// Made here, sealed where it is kept.
    pub password: SecretString,
    /// The URL of the picture that it shows.
    pub picture_url: Option<String>,
    /// Its id at the sequencer, when it is connected there.
    pub sequencer_id: Option<String>,
}

/// What is remembered of inboxes, so that no adapter has to ask a vendor for what it did itself.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// What is known of these inboxes of `domain`, in the order given. One that is new gets a password, which is stored
    /// before this returns.
    async fn ensure(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[&str],
    ) -> Result<Vec<Mailbox>, ProviderError>;

    /// What is known of those of these inboxes that are known at all.
    async fn find(&self, call: Call<'_>, addresses: &[&str])
    -> Result<Vec<Mailbox>, ProviderError>;

    /// The inbox shows this picture now.
    async fn pictured(
        &self,
        call: Call<'_>,
        address: &str,
        picture_url: &str,
    ) -> Result<(), ProviderError>;

    /// The inbox is connected at the sequencer under this id; `None`: it is no longer.
    async fn connected(
        &self,
        call: Call<'_>,
        address: &str,
        sequencer_id: Option<&str>,
    ) -> Result<(), ProviderError>;

    /// The inbox has another address now; everything else known of it stays.
    async fn renamed(&self, call: Call<'_>, from: &str, to: &str) -> Result<(), ProviderError>;

    /// These inboxes are gone; what is known of them is forgotten, passwords first of all.
    async fn removed(&self, call: Call<'_>, addresses: &[&str]) -> Result<(), ProviderError>;
}

/// What only the operator can do. It waits in a list that `peeker provider tasks` shows.
#[async_trait]
pub trait OperatorTasks: Send + Sync {
    /// Puts the task on the list unless it is there, with what is to be done in one sentence. Gives back what the operator
    /// entered, once it is done.
    async fn outcome(
        &self,
        call: Call<'_>,
        account: &ProviderAccountId,
        task: OperatorTask,
        domain: &DomainName,
        instructions: &str,
    ) -> Result<Option<String>, ProviderError>;

    /// Takes the task off the list, if it is there and open: the vendor shows that it is done.
    async fn settled(
        &self,
        call: Call<'_>,
        task: OperatorTask,
        domain: &DomainName,
    ) -> Result<(), ProviderError>;
}

/// How a program signs in to an inbox.
pub enum SignIn {
    /// With the inbox's own password, over SMTP and IMAP.
    Password {
        password: SecretString,
        smtp_host: &'static str,
        imap_host: &'static str,
    },
    /// With tokens of the vendor's OAuth.
    OAuth {
        access_token: SecretString,
        refresh_token: SecretString,
        scope: String,
        /// When the access token ends, in milliseconds since 1970.
        expires_at_ms: i64,
    },
}

/// How others sign in to the inboxes that a mail vendor hosts.
#[async_trait]
pub trait SignIns: Send + Sync {
    async fn sign_in(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        domain: &DomainName,
        address: &str,
    ) -> Result<SignIn, ProviderError>;
}

/// How a payment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// What was taken, and the vendor's own number of the order where it named one.
    Paid {
        amount: Cents,
        reference: Option<String>,
    },
    /// Refused: nothing was taken.
    NotPaid,
}

/// The bill of what vendors are paid. An intent is stored before the call that pays.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Stores what is about to be paid, once for each `subject` (a domain and what is bought of it) and kind that is open.
    async fn intend(
        &self,
        call: Call<'_>,
        account: &ProviderAccountId,
        kind: PaymentKind,
        subject: &str,
        expected: Cents,
    ) -> Result<PaymentId, ProviderError>;

    /// Stores how it ended. Repeating that changes nothing.
    async fn settle(
        &self,
        call: Call<'_>,
        payment: &PaymentId,
        settled: Settled,
    ) -> Result<(), ProviderError>;
}
