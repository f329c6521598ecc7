//! What adapters ask of whoever runs them, in memory, and what they have asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use peeker_domain::id::{PaymentId, ProviderAccountId};
use peeker_domain::vendor::{Bucket, OperatorTask, PaymentKind, Vendor};
use peeker_domain::{Cents, DomainName, MailProvider, Timestamp};
use peeker_providers::vendor::{
    Mailbox, Mailboxes, OperatorTasks, Pacing, Payments, Permit, Report, Services, Settled, SignIn,
    SignIns, SlowDown, VendorAccount,
};
use peeker_providers::{Call, ProviderError};
use peeker_webhooks::{AddressPolicy, OutboundClient};

/// How long a vendor is left alone that names no time.
const UNNAMED_PAUSE_MS: i64 = 60_000;
/// An answer that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// A thing on the operator's list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Task {
    pub instructions: String,
    /// What the operator has entered.
    pub outcome: Option<String>,
}

/// A payment, and how it ended.
#[derive(Debug, Clone)]
pub struct Payment {
    pub id: PaymentId,
    pub kind: PaymentKind,
    pub subject: String,
    pub settled: Option<Settled>,
}

#[derive(Default)]
pub struct State {
    /// What each call counted in.
    pub permits: Vec<(ProviderAccountId, Vec<Bucket>)>,
    pub reports: Vec<(ProviderAccountId, Report)>,
    pub slow_downs: Vec<(ProviderAccountId, SlowDown)>,
    pub tasks: BTreeMap<(OperatorTask, String), Task>,
    pub mailboxes: BTreeMap<String, Mailbox>,
    pub payments: Vec<Payment>,
    /// The token that the next sign-in to any inbox gives; without one, its password signs in.
    pub oauth: Option<fn() -> SignIn>,
}

/// All services of one test.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

impl Memory {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// For making adapters.
    pub fn services(&self) -> Services {
        let memory = Arc::new(self.clone());
        let policy = AddressPolicy::development();
        let outbound = OutboundClient::with_timeout(policy, false, PATIENCE).unwrap();
        Services {
            pacing: memory.clone(),
            mailboxes: memory.clone(),
            tasks: memory.clone(),
            sign_ins: memory.clone(),
            payments: memory,
            outbound,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(PATIENCE)
                .build()
                .unwrap(),
        }
    }

    /// The tasks of a kind that the operator has not done, by domain.
    pub fn open_tasks(&self, task: OperatorTask) -> BTreeMap<String, String> {
        let state = self.state();
        let of_kind = state.tasks.iter().filter(|((kind, _), _)| *kind == task);
        let open = of_kind.filter(|(_, task)| task.outcome.is_none());
        open.map(|((_, domain), task)| (domain.clone(), task.instructions.clone()))
            .collect()
    }

    /// Why the account is out of use, if it is.
    pub fn attention(&self, account: &ProviderAccountId) -> Option<String> {
        let state = self.state();
        let reports = state.reports.iter().rev();
        let mut of_account = reports.filter(|(id, _)| id == account);
        of_account.find_map(|(_, report)| match report {
            Report::NeedsAttention(reason) | Report::UsedUp(reason) => Some(reason.clone()),
            _ => None,
        })
    }
}

#[async_trait]
impl Pacing for Memory {
    async fn permit(
        &self,
        account: &ProviderAccountId,
        _vendor: Vendor,
        buckets: &[Bucket],
    ) -> Result<Permit, ProviderError> {
        let permit = (account.clone(), buckets.to_vec());
        self.state().permits.push(permit);
        Ok(Permit::default())
    }

    async fn slow_down(&self, account: &ProviderAccountId, slow_down: SlowDown) -> i64 {
        self.state().slow_downs.push((account.clone(), slow_down));
        match slow_down {
            SlowDown::AfterMs(ms) => ms,
            SlowDown::AtUnix(seconds) => seconds * 1000 - now().as_millis(),
            SlowDown::Unnamed => UNNAMED_PAUSE_MS,
        }
    }

    async fn report(&self, account: &VendorAccount, report: Report) {
        self.state().reports.push((account.id.clone(), report));
    }
}

#[async_trait]
impl OperatorTasks for Memory {
    async fn outcome(
        &self,
        _call: Call<'_>,
        _account: &ProviderAccountId,
        task: OperatorTask,
        domain: &DomainName,
        instructions: &str,
    ) -> Result<Option<String>, ProviderError> {
        let mut state = self.state();
        let task = state.tasks.entry((task, domain.to_string())).or_default();
        task.instructions = instructions.to_owned();
        Ok(task.outcome.clone())
    }

    async fn settled(
        &self,
        _call: Call<'_>,
        task: OperatorTask,
        domain: &DomainName,
    ) -> Result<(), ProviderError> {
        self.state().tasks.remove(&(task, domain.to_string()));
        Ok(())
    }
}

#[async_trait]
impl Mailboxes for Memory {
    async fn ensure(
        &self,
        _call: Call<'_>,
        _domain: &DomainName,
        addresses: &[&str],
    ) -> Result<Vec<Mailbox>, ProviderError> {
        let mut state = self.state();
        let ensured = addresses.iter().map(|address| {
            let address = address.to_lowercase();
            let password = format!("Pw-{address}-1!");
            let new = Mailbox {
                address: address.clone(),
                password: password.into(),
                picture_url: None,
                sequencer_id: None,
            };
            state.mailboxes.entry(address).or_insert(new).clone()
        });
        Ok(ensured.collect())
    }

    async fn find(
        &self,
        _call: Call<'_>,
        addresses: &[&str],
    ) -> Result<Vec<Mailbox>, ProviderError> {
        let state = self.state();
        let known = |address: &&str| state.mailboxes.get(&address.to_lowercase()).cloned();
        Ok(addresses.iter().filter_map(known).collect())
    }

    async fn pictured(
        &self,
        _call: Call<'_>,
        address: &str,
        picture_url: &str,
    ) -> Result<(), ProviderError> {
        if let Some(mailbox) = self.state().mailboxes.get_mut(&address.to_lowercase()) {
            mailbox.picture_url = Some(picture_url.to_owned());
        }
        Ok(())
    }

    async fn connected(
        &self,
        _call: Call<'_>,
        address: &str,
        sequencer_id: Option<&str>,
    ) -> Result<(), ProviderError> {
        if let Some(mailbox) = self.state().mailboxes.get_mut(&address.to_lowercase()) {
            mailbox.sequencer_id = sequencer_id.map(str::to_owned);
        }
        Ok(())
    }

    async fn renamed(&self, _call: Call<'_>, from: &str, to: &str) -> Result<(), ProviderError> {
        let mut state = self.state();
        if let Some(mailbox) = state.mailboxes.remove(&from.to_lowercase()) {
            let address = to.to_lowercase();
            let renamed = Mailbox {
                address: address.clone(),
                ..mailbox
            };
            state.mailboxes.insert(address, renamed);
        }
        Ok(())
    }

    async fn removed(&self, _call: Call<'_>, addresses: &[&str]) -> Result<(), ProviderError> {
        let mut state = self.state();
        for address in addresses {
            state.mailboxes.remove(&address.to_lowercase());
        }
        Ok(())
    }
}

#[async_trait]
impl SignIns for Memory {
    async fn sign_in(
        &self,
        _call: Call<'_>,
        _provider: MailProvider,
        _domain: &DomainName,
        address: &str,
    ) -> Result<SignIn, ProviderError> {
        let state = self.state();
        if let Some(oauth) = state.oauth {
            return Ok(oauth());
        }
        let mailbox = state.mailboxes.get(&address.to_lowercase());
        let unknown = || ProviderError::retry(None, "the inbox is not known");
        Ok(SignIn::Password {
            password: mailbox.ok_or_else(unknown)?.password.clone(),
            smtp_host: "smtp.host.example",
            imap_host: "imap.host.example",
        })
    }
}

#[async_trait]
impl Payments for Memory {
    async fn intend(
        &self,
        call: Call<'_>,
        _account: &ProviderAccountId,
        kind: PaymentKind,
        subject: &str,
        _expected: Cents,
    ) -> Result<PaymentId, ProviderError> {
        let mut state = self.state();
        let is_open = |payment: &&Payment| {
            payment.kind == kind && payment.subject == subject && payment.settled.is_none()
        };
        if let Some(open) = state.payments.iter().find(is_open) {
            return Ok(open.id.clone());
        }
        let id = PaymentId::new(call.now);
        state.payments.push(Payment {
            id: id.clone(),
            kind,
            subject: subject.to_owned(),
            settled: None,
        });
        Ok(id)
    }

    async fn settle(
        &self,
        _call: Call<'_>,
        payment: &PaymentId,
        settled: Settled,
    ) -> Result<(), ProviderError> {
        let mut state = self.state();
        let mut payments = state.payments.iter_mut();
        if let Some(open) = payments.find(|one| one.id == *payment && one.settled.is_none()) {
            open.settled = Some(settled);
        }
        Ok(())
    }
}

/// The time of the fakes, unless they were moved on.
pub fn now() -> Timestamp {
    let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap())
}
