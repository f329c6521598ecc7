//! What is looked after at vendors now and then: domains that were put on hold, and payments whose end nobody has heard.
//! Takes no input and may run anywhere, any number of times.

use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::{OperatorTask, PaymentKind, Slot};
use peeker_domain::{DomainName, Result};
use peeker_providers::registry::Adapter;
use peeker_providers::{Call, ProviderError};
use peeker_store::operator_tasks::Task;
use peeker_store::{domain_providers, operator_tasks, vendor_payments};
use tokio_util::sync::CancellationToken;

use super::Live;
use super::accounts::Refused;
use crate::App;
use crate::failure::internal;

/// A payment is in doubt when nobody can be making it any more.
const IN_DOUBT_AFTER_SECONDS: i64 = 60 * 60;
/// Most payments that one look goes after.
const PAYMENTS: u64 = 200;
/// Most open tasks that one look goes after.
const TASKS: u64 = 1_000;
/// Domains asked for in one query.
const CHUNK: usize = 500;

/// Looks after vendors now and every while, until `shutdown`.
pub(crate) async fn keep(app: &App, shutdown: CancellationToken) {
    loop {
        match shutdown.run_until_cancelled(look_after(app)).await {
            Some(Ok(found)) if found != LookedAfter::default() => tracing::info!(
                on_hold = found.on_hold,
                settled = found.settled,
                "Looked after domains and payments at vendors"
            ),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::error!(error = error.chain(), "Could not look after vendors");
            }
            None => return,
        }
        let pause = tokio::time::sleep(app.settings().upkeep_interval);
        if shutdown.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// What a look has found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LookedAfter {
    /// Domains that the registrar or the registry holds back.
    pub on_hold: usize,
    /// Payments whose end is known now.
    pub settled: usize,
}

/// Looks at all registrars for domains on hold, and after all payments in doubt. What cannot be asked now is looked at the next
/// time.
pub async fn look_after(app: &App) -> Result<LookedAfter> {
    let live = app.live();
    let mut found = LookedAfter::default();
    let accounts = live.accounts.all().await;
    let accounts = accounts.map_err(internal("read accounts at vendors"))?;
    let registrars = accounts
        .iter()
        .filter(|account| account.vendor == Slot::Registrar.vendor() && account.state.is_called());
    for account in registrars {
        match live.note_holds(&account.id).await {
            Ok(on_hold) => found.on_hold += on_hold,
            Err(Refused(error)) => tracing::warn!(
                provider_account.id = %account.id,
                "Could not look for domains on hold: {error}"
            ),
        }
    }
    found.settled = live.settle_doubts().await?;
    Ok(found)
}

impl Live {
    /// Has a task opened for each domain that is on hold at this registrar.
    async fn note_holds(&self, id: &ProviderAccountId) -> Result<usize, Refused> {
        let adapter = self.adapter(id).await?;
        let Some(registrar) = adapter.name_com() else {
            return Ok(0);
        };
        let held = registrar.held_domains().await?;
        let names: Vec<String> = held.iter().map(|held| held.name.to_string()).collect();
        let mut noted = 0;
        for chunk in names.chunks(CHUNK) {
            let holders = domain_providers::holders_unscoped(self.db(), id, Slot::Registrar, chunk);
            for (account, name) in holders.await.map_err(super::unreadable)? {
                self.look_at_registration(&adapter, &account, name).await?;
                noted += 1;
            }
        }
        for task in self.open_holds(id).await? {
            self.look_at_registration(&adapter, &task.account_id, task.domain)
                .await?;
        }
        Ok(noted)
    }

    /// The holds that this registrar was seen to have.
    async fn open_holds(&self, id: &ProviderAccountId) -> Result<Vec<Task>, ProviderError> {
        let open = operator_tasks::open_unscoped(self.db(), TASKS).await;
        let open = open.map_err(super::unreadable)?.into_iter();
        let is_hold =
            |task: &Task| task.kind == OperatorTask::ClientHold && &task.provider_account_id == id;
        Ok(open.filter(is_hold).collect())
    }

    /// Reading a domain is what opens the task of a hold, and closes it when the hold is over.
    async fn look_at_registration(
        &self,
        adapter: &Adapter,
        account: &AccountId,
        name: String,
    ) -> Result<(), ProviderError> {
        let call = Call {
            account,
            idempotency_key: "hold",
            now: self.now(),
        };
        if let Some(registrar) = adapter.registrar() {
            registrar.find(call, &DomainName::from_stored(name)).await?;
        }
        Ok(())
    }

    /// Asks after payments of which nobody knows the end.
    async fn settle_doubts(&self) -> Result<usize> {
        let before = self.now().plus_seconds(-IN_DOUBT_AFTER_SECONDS);
        // A renewal is asked after by its own job until the registrar says yes or no.
        let kind = PaymentKind::Registration;
        let in_doubt = vendor_payments::in_doubt_unscoped(self.db(), kind, before, PAYMENTS).await;
        let in_doubt = in_doubt.map_err(internal("read payments in doubt"))?;
        let mut settled = 0;
        for payment in in_doubt {
            match self.settle_registration(&payment).await {
                Ok(()) => settled += 1,
                Err(error) => tracing::warn!(
                    payment.id = %payment.id,
                    "Could not ask after a payment in doubt: {error}"
                ),
            }
        }
        Ok(settled)
    }

    async fn settle_registration(
        &self,
        payment: &vendor_payments::Payment,
    ) -> Result<(), ProviderError> {
        let now = self.now();
        let call = Call {
            account: &payment.account_id,
            idempotency_key: "doubt",
            now,
        };
        let name = DomainName::from_stored(payment.subject.clone());
        let adapter = self.adapter(&payment.provider_account_id).await?;
        let Some(registrar) = adapter.registrar() else {
            return Ok(());
        };
        let held = registrar.find(call, &name).await?;
        let paid = held.map(|_| (payment.expected_cents, None));
        let (db, id) = (self.db(), &payment.id);
        vendor_payments::settle(db, &payment.account_id, id, paid, now)
            .await
            .map_err(super::unreadable)
    }
}
