//! One unit of work: everything that changes an environment goes through here, so that a change, its events, its
//! deliveries, its money and its jobs are one transaction (invariants 1 and 2).
//!
//! A work names the accounts it is about and locks their rows first, in one order, which keeps two works from
//! dead-locking and gives each event the next number of its account without a gap. No network I/O happens between
//! [`UnitOfWork::begin`] and [`UnitOfWork::commit`] (invariant 3).

mod job_rows;
mod money;

pub use money::Booking;

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::delivery::Pause;
use peeker_domain::event::EventBody;
use peeker_domain::id::{AccountId, EventId, HistoryId, OrderId};
use peeker_domain::order::{Effect, Told};
use peeker_domain::{Cents, ClockOffset, DeliveryState, EventType, HistoryKind, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;

use crate::connections::WriteTransaction;
use crate::entity::{accounts, deliveries, events, jobs, ledger_entries, order_history};
use crate::environment::{EnvironmentDb, Moment};
use crate::error::{Result, StoreError};
use crate::insert::{insert_all, write_back};
use crate::turnstile::{Pass, Writer};
use job_rows::{bring_forward, job_row};
use peeker_domain::NewJob;

/// An open unit of work. Dropped without [`UnitOfWork::commit`], it changes nothing.
#[derive(Debug)]
pub struct UnitOfWork<'a> {
    db: &'a EnvironmentDb,
    tx: WriteTransaction,
    accounts: BTreeMap<AccountId, accounts::Model>,
    touched: BTreeSet<AccountId>,
    events: Vec<events::Model>,
    ledger: Vec<ledger_entries::Model>,
    history: Vec<order_history::Model>,
    jobs: Vec<NewJob>,
    resumed: bool,
    replayed: bool,
    /// The last field, so that the transaction has ended when the next one's turn comes.
    _turn: Pass<Writer>,
}

impl<'a> UnitOfWork<'a> {
    /// Opens a write transaction and locks the accounts' rows, making those that are new.
    pub async fn begin(
        db: &'a EnvironmentDb,
        accounts: impl IntoIterator<Item = &AccountId> + Send,
    ) -> Result<Self> {
        let accounts: Vec<AccountId> = accounts.into_iter().cloned().collect();
        let writer = Writer::Accounts(accounts.clone());
        let turn = db.writers.pass(writer).await;
        Self::begin_in(db, turn, &accounts).await
    }

    /// As [`UnitOfWork::begin`], in a turn that has come.
    pub(crate) async fn begin_in(
        db: &'a EnvironmentDb,
        turn: Pass<Writer>,
        accounts: impl IntoIterator<Item = &AccountId> + Send,
    ) -> Result<Self> {
        let wanted: BTreeSet<AccountId> = accounts.into_iter().cloned().collect();
        let tx = db.pools.begin().await?;
        let mut rows = lock_accounts(&tx, &wanted).await?;
        if rows.len() < wanted.len() {
            let missing = wanted.iter().filter(|id| !rows.contains_key(*id));
            let new = missing
                .map(|id| accounts::Model {
                    account_id: id.clone(),
                    event_sequence: 0,
                    balance_cents: Cents::ZERO,
                    replay_sequence: 0,
                    clock_offset_ms: ClockOffset::NONE,
                    clock_target: None,
                    microsoft_inboxes_active: 0,
                    deliveries_paused_at: None,
                    deliveries_paused_reason: None,
                })
                .collect();
            let ignore = OnConflict::column(accounts::Column::AccountId)
                .do_nothing()
                .to_owned();
            insert_all::<accounts::Entity, _>(&tx, new, Some(ignore)).await?;
            rows = lock_accounts(&tx, &wanted).await?;
        }
        Ok(Self {
            db,
            tx,
            accounts: rows,
            touched: BTreeSet::new(),
            events: Vec::new(),
            ledger: Vec::new(),
            history: Vec::new(),
            jobs: Vec::new(),
            resumed: false,
            replayed: false,
            _turn: turn,
        })
    }

    /// The transaction, for queries of the nouns.
    pub fn tx(&self) -> &WriteTransaction {
        &self.tx
    }

    /// How far the account's clock is ahead of the system's; nothing for an account that this work did not lock.
    pub(crate) fn clock(&self, account: &AccountId) -> ClockOffset {
        let row = self.accounts.get(account);
        row.map_or(ClockOffset::NONE, |row| row.clock_offset_ms)
    }

    /// The account's row, to be changed. Errors: the work was not begun for the account.
    pub(crate) fn account(&mut self, account: &AccountId) -> Result<&mut accounts::Model> {
        self.touched.insert(account.clone());
        let row = self.accounts.get_mut(account);
        row.ok_or_else(|| not_begun_for(account))
    }

    /// Records an event and its delivery. `data` is the object as partners see it after the change. An event about an
    /// order as a whole is part of its history too.
    pub fn emit(
        &mut self,
        account: &AccountId,
        kind: EventType,
        order: Option<&OrderId>,
        data: &impl Serialize,
        now: Timestamp,
    ) -> Result<()> {
        self.emit_told(account, kind, order, data, None, now)
    }

    /// As [`UnitOfWork::emit`]; `told` is what the history says instead of the event's summary.
    pub(crate) fn emit_told(
        &mut self,
        account: &AccountId,
        kind: EventType,
        order: Option<&OrderId>,
        data: &impl Serialize,
        told: Option<Told>,
        now: Timestamp,
    ) -> Result<()> {
        if let (Some(order), Some(of_order)) = (order, HistoryKind::of(kind)) {
            let told = told.unwrap_or_else(|| Told {
                message: kind.summary().to_owned(),
                amount: None,
            });
            self.record_history(account, order, of_order, told.message, told.amount, now);
        }
        let row = self.account(account)?;
        row.event_sequence += 1;
        let sequence = row.event_sequence;
        let id = EventId::new(now);
        let data = serde_json::value::to_raw_value(data)?;
        let body = EventBody {
            id: &id,
            kind,
            created_at: now,
            environment: self.db.environment,
            sequence,
            order_id: order,
            data: &data,
        };
        let body = serde_json::to_string(&body)?;
        self.events.push(events::Model {
            account_id: account.clone(),
            sequence,
            id,
            kind,
            order_id: order.cloned(),
            created_at: now,
            body,
        });
        Ok(())
    }

    /// The numbers of the next `count` replays of the account: gap-free, since they move in the replays' transaction.
    pub(crate) fn number_replays(
        &mut self,
        account: &AccountId,
        count: usize,
    ) -> Result<std::ops::RangeInclusive<i64>> {
        let row = self.account(account)?;
        let first = row.replay_sequence + 1;
        row.replay_sequence += i64::try_from(count).unwrap_or(i64::MAX);
        let numbers = first..=row.replay_sequence;
        self.replayed = true;
        Ok(numbers)
    }

    /// Adds to the history of an order.
    pub fn record_history(
        &mut self,
        account: &AccountId,
        order: &OrderId,
        kind: HistoryKind,
        message: String,
        amount: Option<Cents>,
        now: Timestamp,
    ) {
        self.history.push(order_history::Model {
            account_id: account.clone(),
            order_id: order.clone(),
            id: HistoryId::new(now),
            kind,
            message,
            amount_cents: amount,
            created_at: now,
        });
    }

    /// Sets the account's own row to that of a new sandbox, for one that is emptied in the same transaction: no money,
    /// and the system's clock. The number of the last event stays.
    pub(crate) fn start_anew(&mut self, account: &AccountId) -> Result<()> {
        let row = self.account(account)?;
        row.balance_cents = Cents::ZERO;
        row.clock_offset_ms = ClockOffset::NONE;
        row.clock_target = None;
        row.microsoft_inboxes_active = 0;
        Ok(())
    }

    /// Why nothing is delivered to the account's endpoint, if it is paused.
    pub(crate) fn paused(&self, account: &AccountId) -> Option<Pause> {
        self.accounts.get(account).and_then(accounts::Model::pause)
    }

    /// Pauses the account's deliveries, or resumes them. The caller moves those that are there, in the same work.
    pub(crate) fn set_paused(&mut self, account: &AccountId, pause: Option<Pause>) -> Result<()> {
        self.resumed |= pause.is_none();
        let row = self.account(account)?;
        row.deliveries_paused_at = pause.map(|pause| pause.at);
        row.deliveries_paused_reason = pause.map(|pause| pause.reason);
        Ok(())
    }

    /// Carries out an effect that touches the account alone; gives back any other.
    pub(crate) fn carry_out(
        &mut self,
        account: &AccountId,
        effect: Effect,
        now: Timestamp,
    ) -> Result<Option<Effect>> {
        match effect {
            Effect::Debit {
                amount,
                reason,
                order,
            } => self.debit(account, amount, reason, &order, now)?,
            Effect::Refund {
                amount,
                order,
                kind,
                message,
            } => {
                self.refund(account, amount, &order, now)?;
                if amount != Cents::ZERO {
                    self.record_history(account, &order, kind, message, Some(amount), now);
                }
            }
            Effect::TellWalletLow { order, required } => {
                self.tell_wallet_low(account, &order, Some(required), now)?;
            }
            Effect::CountMicrosoftInboxes(inboxes) => {
                self.account(account)?.microsoft_inboxes_active += inboxes;
            }
            Effect::Emit { event, order, data } => {
                self.emit(account, event, Some(&order), &data, now)?;
            }
            Effect::Record {
                order,
                kind,
                message,
                amount,
            } => self.record_history(account, &order, kind, message, amount, now),
            Effect::Enqueue(job) => self.enqueue(job),
            other => return Ok(Some(other)),
        }
        Ok(None)
    }

    /// Asks for a job, due at a time on its account's clock; one that is there already is brought forward, or run again
    /// after its present run.
    pub fn enqueue(&mut self, job: NewJob) {
        self.jobs.push(job);
    }

    /// Writes what was collected, commits, and wakes who waits for it.
    pub async fn commit(mut self) -> Result<()> {
        let of_accounts = !self.accounts.is_empty();
        let deliveries = self.events.iter().map(|event| self.first_delivery(event));
        let deliveries = deliveries.collect();
        let jobs = self.take_jobs();
        let touched = std::mem::take(&mut self.touched);
        let accounts = touched
            .iter()
            .filter_map(|id| self.accounts.remove(id))
            .collect();
        write_back::<accounts::Entity, _>(&self.tx, accounts).await?;
        let has_deliveries = !self.events.is_empty() || self.resumed || self.replayed;
        let has_jobs = !jobs.is_empty();
        insert_all::<events::Entity, _>(&self.tx, self.events, None).await?;
        insert_all::<deliveries::Entity, _>(&self.tx, deliveries, None).await?;
        insert_all::<ledger_entries::Entity, _>(&self.tx, self.ledger, None).await?;
        insert_all::<order_history::Entity, _>(&self.tx, self.history, None).await?;
        insert_all::<jobs::Entity, _>(&self.tx, jobs, Some(bring_forward())).await?;
        self.db.announce(&self.tx, has_jobs, has_deliveries).await?;
        if of_accounts {
            self.db.pass(Moment::BeforeCommit).await;
        }
        self.tx.commit().await?;
        if of_accounts {
            self.db.pass(Moment::AfterCommit).await;
        }
        self.db.wake(has_jobs, has_deliveries);
        Ok(())
    }

    /// The jobs that were asked for, each once: a statement that writes a row twice is refused by PostgreSQL.
    fn take_jobs(&mut self) -> Vec<jobs::Model> {
        let mut wanted: BTreeMap<_, jobs::Model> = BTreeMap::new();
        for job in std::mem::take(&mut self.jobs) {
            let clock = self.clock(&job.account);
            let mut row = job_row(job, clock);
            let key = (row.account_id.clone(), row.kind, row.subject.clone());
            if let Some(before) = wanted.get(&key) {
                row.run_at = row.run_at.min(before.run_at);
                row.created_at = row.created_at.min(before.created_at);
                row.in_line |= before.in_line;
            }
            wanted.insert(key, row);
        }
        wanted.into_values().collect()
    }

    /// What a delivery that is to be made reads: it waits while the account's endpoint is paused.
    pub(crate) fn open_state(&self, account: &AccountId) -> DeliveryState {
        let account = self.accounts.get(account);
        if account.is_some_and(|account| account.deliveries_paused_at.is_some()) {
            DeliveryState::Waiting
        } else {
            DeliveryState::Pending
        }
    }

    fn first_delivery(&self, event: &events::Model) -> deliveries::Model {
        let clock = self.clock(&event.account_id);
        let at = clock.system_time(event.created_at);
        deliveries::Model {
            account_id: event.account_id.clone(),
            sequence: event.sequence,
            state: self.open_state(&event.account_id),
            attempts: 0,
            next_attempt_at: at,
            lease_token: None,
            retry_until: None,
            attempts_before: 0,
            in_line: true,
        }
    }
}

fn not_begun_for(account: &AccountId) -> StoreError {
    StoreError::Corrupt(format!("account {account} is not part of this work"))
}

async fn lock_accounts(
    tx: &WriteTransaction,
    ids: &BTreeSet<AccountId>,
) -> Result<BTreeMap<AccountId, accounts::Model>> {
    use sea_orm::QueryOrder;
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = accounts::Entity::find()
        .filter(accounts::Column::AccountId.is_in(ids))
        .order_by_asc(accounts::Column::AccountId)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.account_id.clone(), row))
        .collect())
}
