//! Deliveries of events: claimed by lease like jobs, so that a killed sender loses nothing, and a permanent record
//! of each attempt.

pub mod endpoint_health;

use std::collections::{BTreeSet, HashMap};

use peeker_domain::id::{AccountId, AttemptId, EventId};
use peeker_domain::{DeliveryState, FailureClass, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};

use crate::entity::{deliveries, delivery_attempts, events};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::keys::any_of;
use crate::lane::Batch;
use crate::line::{Claim, Line, LineUp, Share};
use crate::unit_of_work::UnitOfWork;

/// An event that is to be sent now.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    pub account: AccountId,
    /// Its place in the account's log.
    pub sequence: i64,
    /// The event; the same on every attempt.
    pub event: EventId,
    pub body: String,
    /// Which attempt this is, from 1, unless another one is recorded meanwhile.
    pub number: u32,
    /// Which attempt of the present schedule this is, from 1: a replay starts the schedule anew, and so does a resumption.
    pub try_number: u32,
    /// Proof that the delivery is still ours.
    pub lease: String,
    /// When its retries end, on the account's clock, if the receiver has put them off.
    pub retry_until: Option<Timestamp>,
}

/// [`DeliveryState::Pending`], spelled out as in the indexes of open deliveries; see that of jobs.
pub(crate) const IS_PENDING: &str = "state = 'pending'";
/// [`DeliveryState::Waiting`], spelled out as in the index of what waits for a paused endpoint.
pub(crate) const IS_WAITING: &str = "state = 'waiting'";

#[derive(FromQueryResult)]
struct ClaimedRow {
    account_id: AccountId,
    sequence: i64,
    attempts: i32,
    retry_until: Option<Timestamp>,
    attempts_before: i32,
}

/// Who takes turns with their deliveries.
const LINE: Line = Line {
    table: "deliveries",
    keys: &["sequence"],
    due: "next_attempt_at",
    open: IS_PENDING,
    exception: None,
};

/// Who has deliveries that are due; see that of jobs.
pub async fn line_up_unscoped(
    db: &EnvironmentDb,
    now: Timestamp,
    after: Option<&AccountId>,
) -> Result<LineUp> {
    LINE.up(&db.pools, now, after).await
}

/// Claims each account's share of the deliveries that are due; see that of jobs.
pub async fn claim_unscoped(
    db: &EnvironmentDb,
    now: Timestamp,
    lease_until: Timestamp,
    token: &str,
    line_up: &LineUp,
    shares: &[Share],
) -> Result<Vec<ClaimedDelivery>> {
    let claim = claim(lease_until, token);
    let fell_due = line_up.fell_due;
    let claimed: Vec<ClaimedRow> = LINE.claim(&db.pools, now, fell_due, shares, claim).await?;
    let bodies = load_events(&db.pools.writer, &claimed).await?;
    Ok(claimed
        .into_iter()
        .filter_map(|row| {
            let event = bodies.get(&(row.account_id.clone(), row.sequence))?.clone();
            Some(row.with_event(event, token))
        })
        .collect())
}

fn claim(lease_until: Timestamp, token: &str) -> Claim<'static> {
    Claim {
        set: "next_attempt_at = $2, lease_token = $3",
        values: vec![lease_until.into(), token.into()],
        returning: "deliveries.account_id AS account_id, deliveries.sequence AS sequence, \
            deliveries.attempts AS attempts, deliveries.retry_until AS retry_until, \
            deliveries.attempts_before AS attempts_before",
    }
}

/// The statements that workers claim with; see those of jobs.
pub fn claim_queries(backend: DbBackend, now: Timestamp, shares: &[Share]) -> [Statement; 3] {
    [
        LINE.up_query(backend, now, ""),
        LINE.join_query(backend, now),
        LINE.claim_query(backend, now, shares, claim(now, "token")),
    ]
}

impl ClaimedRow {
    fn with_event(self, (event, body): (EventId, String), lease: &str) -> ClaimedDelivery {
        ClaimedDelivery {
            account: self.account_id,
            sequence: self.sequence,
            event,
            body,
            number: nth(self.attempts),
            try_number: nth(self.attempts - self.attempts_before),
            lease: lease.to_owned(),
            // Of an earlier round of attempts, if this one has not begun.
            retry_until: self
                .retry_until
                .filter(|_| self.attempts > self.attempts_before),
        }
    }
}

/// The oldest delivery that waits for a paused endpoint. It is not claimed: only the one probe of an endpoint sends it.
pub async fn oldest_waiting(
    db: &EnvironmentDb,
    account: &AccountId,
) -> Result<Option<ClaimedDelivery>> {
    let reader = &db.pools.reader;
    // The number alone is in the index; SQLite would look for whole rows in all that the account ever had.
    let oldest: Option<i64> = deliveries::Entity::find()
        .select_only()
        .column(deliveries::Column::Sequence)
        .filter(deliveries::Column::AccountId.eq(account))
        .filter(Expr::cust(IS_WAITING))
        .order_by_asc(deliveries::Column::Sequence)
        .into_tuple()
        .one(reader)
        .await?;
    let Some(sequence) = oldest else {
        return Ok(None);
    };
    let key = (account.clone(), sequence);
    let row = deliveries::Entity::find_by_id(key).one(reader).await?;
    let Some(row) = row else { return Ok(None) };
    // Of a sender that was at it when the endpoint was paused.
    let lease = row.lease_token.unwrap_or_default();
    let claimed = [ClaimedRow {
        account_id: row.account_id,
        sequence: row.sequence,
        attempts: row.attempts,
        retry_until: row.retry_until,
        attempts_before: row.attempts_before,
    }];
    let event = load_events(reader, &claimed).await?.into_values().next();
    let [claimed] = claimed;
    Ok(event.map(|event| claimed.with_event(event, &lease)))
}

/// The attempt that follows so many.
fn nth(made: i32) -> u32 {
    u32::try_from(made).unwrap_or(0).saturating_add(1)
}

async fn load_events(
    db: &impl ConnectionTrait,
    claimed: &[ClaimedRow],
) -> Result<HashMap<(AccountId, i64), (EventId, String)>> {
    if claimed.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = claimed.iter().map(|row| (&row.account_id, row.sequence));
    let rows: Vec<(AccountId, i64, EventId, String)> = events::Entity::find()
        .select_only()
        .columns([
            events::Column::AccountId,
            events::Column::Sequence,
            events::Column::Id,
            events::Column::Body,
        ])
        .filter(any_of(
            events::Column::AccountId,
            events::Column::Sequence,
            keys,
        ))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(account, sequence, id, body)| ((account, sequence), (id, body)))
        .collect())
}

/// About when the next delivery is due; see that of jobs.
pub async fn next_due_unscoped(db: &EnvironmentDb) -> Result<Option<Timestamp>> {
    LINE.next_due(&db.pools).await
}

/// Deliveries in a state, for metrics and `peeker doctor`.
pub async fn count_unscoped(db: &EnvironmentDb, state: DeliveryState) -> Result<u64> {
    Ok(deliveries::Entity::find()
        .filter(deliveries::Column::State.eq(state))
        .count(&db.pools.reader)
        .await?)
}

/// One attempt, for the record.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it began, on the account's clock.
    pub started_at: Timestamp,
    /// When it was over, on the account's clock.
    pub ended_at: Timestamp,
    /// The answer's status, if there was an answer.
    pub http_status: Option<u16>,
    /// What kind of failure it was, if it was one.
    pub failure: Option<FailureClass>,
    /// How long it took.
    pub latency_ms: u64,
    /// The first 1 KiB of the answer.
    pub response_excerpt: String,
}

/// What became of a claimed delivery.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub delivery: ClaimedDelivery,
    /// The attempt; `None` when there was nobody to send to.
    pub attempt: Option<Attempt>,
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// When to try again, while pending.
    pub next_attempt_at: Timestamp,
    /// When its retries end, on the account's clock, if the receiver has put them off.
    pub retry_until: Option<Timestamp>,
}

impl Recorded {
    /// Nothing was sent, because nobody could take it now.
    pub fn postponed(delivery: ClaimedDelivery, until: Timestamp) -> Self {
        Self {
            retry_until: delivery.retry_until,
            delivery,
            attempt: None,
            state: DeliveryState::Pending,
            next_attempt_at: until,
        }
    }

    /// Counts the attempt in its delivery's row, and writes what came of it there, under the lease it was made with. Gives back
    /// the record of the attempt. A sender that lost its lease was too slow, or the event was replayed meanwhile: the one
    /// that comes next says what becomes of the delivery. Its request counts all the same, but not in the present schedule.
    pub(crate) fn apply(&self, row: &mut deliveries::Model) -> Option<delivery_attempts::Model> {
        let attempts = i32::from(self.attempt.is_some());
        row.attempts += attempts;
        if row.lease_token.as_deref().unwrap_or_default() == self.delivery.lease {
            self.settle(row);
        } else {
            row.attempts_before += attempts;
        }
        let attempt = self.attempt.as_ref()?;
        Some(attempt_row(&self.delivery, row.attempts, attempt))
    }

    /// A paused endpoint's delivery goes on waiting, unless it was received.
    fn settle(&self, row: &mut deliveries::Model) {
        let was_received = self.state == DeliveryState::Delivered;
        if row.state != DeliveryState::Waiting || was_received {
            row.state = self.state;
        }
        row.next_attempt_at = self.next_attempt_at;
        row.retry_until = self.retry_until;
        row.lease_token = None;
    }
}

/// The lane that records delivery attempts.
#[derive(Debug)]
pub enum RecordAttempt {}

impl Batch for RecordAttempt {
    type Item = Recorded;
    type Output = ();

    const LOCKS_ACCOUNTS: bool = false;

    fn account(item: &Recorded) -> &AccountId {
        &item.delivery.account
    }

    async fn write(work: &mut UnitOfWork<'_>, items: &[&Recorded]) -> Result<Vec<()>> {
        let keys = items
            .iter()
            .map(|item| (&item.delivery.account, item.delivery.sequence));
        let rows = deliveries::Entity::find()
            .filter(any_of(
                deliveries::Column::AccountId,
                deliveries::Column::Sequence,
                keys,
            ))
            // In one order, so that two writers cannot wait for each other.
            .order_by_asc(deliveries::Column::AccountId)
            .order_by_asc(deliveries::Column::Sequence)
            // Or another sender could claim between this look at the lease and the write.
            .lock_exclusive()
            .all(work.tx())
            .await?;
        let mut rows: HashMap<(AccountId, i64), deliveries::Model> = rows
            .into_iter()
            .map(|row| ((row.account_id.clone(), row.sequence), row))
            .collect();
        let (mut changed, mut attempts) = (BTreeSet::new(), Vec::new());
        for item in items {
            let delivery = &item.delivery;
            let key = (delivery.account.clone(), delivery.sequence);
            // Gone when the sandbox was emptied meanwhile.
            let Some(row) = rows.get_mut(&key) else {
                continue;
            };
            attempts.extend(item.apply(row));
            changed.insert(key);
        }
        let changed = changed.iter().filter_map(|key| rows.remove(key)).collect();
        write_back::<deliveries::Entity, _>(work.tx(), changed).await?;
        insert_all::<delivery_attempts::Entity, _>(work.tx(), attempts, None).await?;
        endpoint_health::note(work, items).await?;
        Ok(vec![(); items.len()])
    }
}

fn attempt_row(
    delivery: &ClaimedDelivery,
    number: i32,
    attempt: &Attempt,
) -> delivery_attempts::Model {
    delivery_attempts::Model {
        account_id: delivery.account.clone(),
        id: AttemptId::new(attempt.started_at),
        event_sequence: delivery.sequence,
        number,
        started_at: attempt.started_at,
        http_status: attempt.http_status.map(i32::from),
        failure: attempt.failure,
        latency_ms: i64::try_from(attempt.latency_ms).unwrap_or(i64::MAX),
        // PostgreSQL cannot store a NUL in text.
        response_excerpt: attempt.response_excerpt.replace('\0', "\u{fffd}"),
    }
}

/// The attempts made for one event, oldest first.
pub async fn attempts(
    db: &EnvironmentDb,
    account: &AccountId,
    sequence: i64,
) -> Result<Vec<delivery_attempts::Model>> {
    Ok(delivery_attempts::Entity::find()
        .filter(delivery_attempts::Column::AccountId.eq(account))
        .filter(delivery_attempts::Column::EventSequence.eq(sequence))
        .order_by_asc(delivery_attempts::Column::Id)
        .all(&db.pools.reader)
        .await?)
}

/// Ends every lease, so that what a killed process was sending is sent again at once.
pub async fn end_all_leases_unscoped(db: &EnvironmentDb, now: Timestamp) -> Result<()> {
    use sea_orm::ActiveValue::Set;
    deliveries::Entity::update_many()
        .set(deliveries::ActiveModel {
            next_attempt_at: Set(now),
            lease_token: Set(None),
            ..Default::default()
        })
        .filter(deliveries::Column::LeaseToken.is_not_null())
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}
