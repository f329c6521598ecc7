//! What adapters have remembered, in rows of the live database.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::id::{AccountId, PaymentId, ProviderAccountId};
use peeker_domain::vendor::{OperatorTask, PaymentKind, TaskState};
use peeker_domain::{Cents, DomainName};
use peeker_providers::vendor::{Mailbox, Mailboxes, OperatorTasks, Payments, Settled};
use peeker_providers::{Call, ProviderError};
use peeker_store::mailboxes::{self, MailboxChange, MailboxRow, new_row};
use peeker_store::operator_tasks::{self, NewTask};
use peeker_store::vendor_payments::{self, Intent};
use peeker_store::{EnvironmentDb, Store};
use rand::seq::IndexedRandom;
use secrecy::SecretString;

use super::unreadable;
use crate::secrets::{SealContext, Sealer};

pub(super) struct Records {
    pub store: Arc<Store>,
    pub sealer: Arc<Sealer>,
}

/// Letters and digits that cannot be taken for one another, and signs that need no quoting anywhere.
const LOWER: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";
const SIGNS: &[u8] = b"-_.+";
/// Both providers take 8 to 100 and more; this is over 120 bits.
const PASSWORD_LENGTH: usize = 24;

/// A password with a sign of each kind, as Microsoft asks for three of the four.
fn new_password() -> SecretString {
    let mut rng = rand::rng();
    let all = [LOWER, UPPER, DIGITS, SIGNS].concat();
    let mut pick = |from: &[u8]| char::from(from.choose(&mut rng).copied().unwrap_or(b'x'));
    // A sign neither first nor last, where it gets lost when somebody copies it.
    let mut password = String::from(pick(LOWER));
    password.extend([pick(SIGNS), pick(UPPER), pick(DIGITS)]);
    while password.len() < PASSWORD_LENGTH - 1 {
        password.push(pick(&all));
    }
    password.push(pick(UPPER));
    password.into()
}

fn password_context(account: &AccountId) -> SealContext<'_> {
    SealContext {
        owner: account.as_str(),
        table: "mailboxes",
        column: "sealed_password",
    }
}

impl Records {
    fn db(&self) -> &EnvironmentDb {
        &self.store.live.db
    }

    fn opened(&self, row: MailboxRow) -> Result<Mailbox, ProviderError> {
        let context = password_context(&row.account_id);
        let password = self.sealer.open(context, &row.sealed_password);
        Ok(Mailbox {
            address: row.address,
            password: password.map_err(|error| {
                ProviderError::retry(None, "a mailbox's password cannot be opened")
                    .with_source(error)
            })?,
            picture_url: row.picture_url,
            sequencer_id: row.sequencer_id,
        })
    }

    async fn change(
        &self,
        call: Call<'_>,
        address: &str,
        change: MailboxChange,
    ) -> Result<(), ProviderError> {
        mailboxes::update(self.db(), call.account, address, change)
            .await
            .map_err(unreadable)
    }
}

#[async_trait]
impl Mailboxes for Records {
    async fn ensure(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[&str],
    ) -> Result<Vec<Mailbox>, ProviderError> {
        let known = self.find(call, addresses).await?;
        let is_known = |address: &str| known.iter().any(|one| one.address == address);
        let mut new = Vec::new();
        for address in addresses.iter().filter(|address| !is_known(address)) {
            let sealed = self
                .sealer
                .seal(password_context(call.account), &new_password())
                .map_err(|error| {
                    ProviderError::retry(None, "a password cannot be sealed").with_source(error)
                })?;
            new.push(new_row(
                call.account,
                domain.as_str(),
                address,
                sealed,
                call.now,
            ));
        }
        let known = if new.is_empty() {
            known
        } else {
            mailboxes::insert(self.db(), new)
                .await
                .map_err(unreadable)?;
            // Read again: somebody else may have been first.
            self.find(call, addresses).await?
        };
        let mut by_address: std::collections::HashMap<String, Mailbox> = known
            .into_iter()
            .map(|mailbox| (mailbox.address.clone(), mailbox))
            .collect();
        let in_order = addresses
            .iter()
            .filter_map(|address| by_address.remove(*address));
        Ok(in_order.collect())
    }

    async fn find(
        &self,
        call: Call<'_>,
        addresses: &[&str],
    ) -> Result<Vec<Mailbox>, ProviderError> {
        let rows = mailboxes::find(self.db(), call.account, addresses).await;
        let rows = rows.map_err(unreadable)?.into_iter();
        rows.map(|row| self.opened(row)).collect()
    }

    async fn pictured(
        &self,
        call: Call<'_>,
        address: &str,
        picture_url: &str,
    ) -> Result<(), ProviderError> {
        let change = MailboxChange::Pictured(picture_url.to_owned());
        self.change(call, address, change).await
    }

    async fn connected(
        &self,
        call: Call<'_>,
        address: &str,
        sequencer_id: Option<&str>,
    ) -> Result<(), ProviderError> {
        let change = MailboxChange::Connected(sequencer_id.map(ToOwned::to_owned));
        self.change(call, address, change).await
    }

    async fn renamed(&self, call: Call<'_>, from: &str, to: &str) -> Result<(), ProviderError> {
        mailboxes::rename(self.db(), call.account, from, to)
            .await
            .map_err(unreadable)
    }

    async fn removed(&self, call: Call<'_>, addresses: &[&str]) -> Result<(), ProviderError> {
        mailboxes::remove(self.db(), call.account, addresses)
            .await
            .map_err(unreadable)
    }
}

#[async_trait]
impl OperatorTasks for Records {
    async fn outcome(
        &self,
        call: Call<'_>,
        account: &ProviderAccountId,
        task: OperatorTask,
        domain: &DomainName,
        instructions: &str,
    ) -> Result<Option<String>, ProviderError> {
        let new = NewTask {
            account: call.account,
            domain: domain.as_str(),
            kind: task,
            provider_account: account,
            instructions,
        };
        let mut task = operator_tasks::open(self.db(), new, call.now)
            .await
            .map_err(unreadable)?;
        if task.kind == OperatorTask::ClientHold && task.state == TaskState::Done {
            // Ticked off, and the vendor shows that it is not done.
            self.settled(call, task.kind, domain).await?;
            task = operator_tasks::open(self.db(), new, call.now)
                .await
                .map_err(unreadable)?;
        }
        Ok(match task.state {
            TaskState::Open => None,
            TaskState::Done => Some(task.answer.unwrap_or_default()),
        })
    }

    async fn settled(
        &self,
        call: Call<'_>,
        task: OperatorTask,
        domain: &DomainName,
    ) -> Result<(), ProviderError> {
        operator_tasks::forget(self.db(), call.account, domain.as_str(), task)
            .await
            .map_err(unreadable)
    }
}

#[async_trait]
impl Payments for Records {
    async fn intend(
        &self,
        call: Call<'_>,
        account: &ProviderAccountId,
        kind: PaymentKind,
        subject: &str,
        expected: Cents,
    ) -> Result<PaymentId, ProviderError> {
        let intent = Intent {
            account: call.account,
            provider_account: account,
            kind,
            subject,
            purchase: call.idempotency_key,
            expected,
        };
        let intended = vendor_payments::intend(self.db(), intent, call.now).await;
        Ok(intended.map_err(unreadable)?.0.id)
    }

    async fn settle(
        &self,
        call: Call<'_>,
        payment: &PaymentId,
        settled: Settled,
    ) -> Result<(), ProviderError> {
        let paid = match settled {
            Settled::Paid { amount, reference } => Some((amount, reference)),
            Settled::NotPaid => None,
        };
        vendor_payments::settle(self.db(), call.account, payment, paid, call.now)
            .await
            .map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn passwords_have_every_kind_of_sign_and_are_never_the_same() {
        let passwords: Vec<SecretString> = (0..200).map(|_| new_password()).collect();
        for password in &passwords {
            let text = password.expose_secret();
            assert_eq!(text.len(), PASSWORD_LENGTH);
            for kind in [LOWER, UPPER, DIGITS, SIGNS] {
                assert!(text.bytes().any(|byte| kind.contains(&byte)), "{text}");
            }
        }
        let different: std::collections::BTreeSet<&str> =
            passwords.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(different.len(), passwords.len());
    }
}
