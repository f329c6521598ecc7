//! Whose turn it is at a vendor. One place for all accounts and all servers: what is counted stands in the control database.
//!
//! A server takes leave for several calls at once, so that a fast vendor does not cost a commit for each. Leave that is not
//! used within a second is lost, which is slower and never too fast.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::{AccountState, Bucket, Limit, Turn, Vendor, limits};
use peeker_domain::{Clock, Timestamp};
use peeker_providers::vendor::{Pacing, Permit, Report, SlowDown, VendorAccount};
use peeker_providers::{ErrorClass, ProviderError};
use peeker_store::pacing::{self as rows, Rate};
use peeker_store::provider_accounts::{self, AccountPatch, ProviderAccount};
use peeker_store::{Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accounts::{Accounts, settings_of};
use super::unreadable;

/// The longest that a call waits for its turn where it stands. Who has to wait longer gives its worker back.
const PATIENCE: Duration = Duration::from_secs(5);
/// For how long leave that was taken counts.
const LEAVE_LASTS: Duration = Duration::from_secs(1);
/// Of a window's calls, the part that a server takes leave for at once.
const LEAVE_PART: u32 = 64;
/// A call that holds one of few places and was cut off gives it back by then.
const HELD_AT_MOST_MS: i64 = 60_000;
/// When to come back to a vendor that takes only so many calls at once.
const CROWDED_MS: i64 = 2_000;
/// How long a vendor is left alone that asks for a pause and names none.
const UNNAMED_PAUSE_MS: i64 = 15_000;
/// The shortest pause: a vendor that says "now" has just refused all the same.
const SHORTEST_PAUSE_MS: i64 = 1_000;
/// The longest: a vendor that names another time has another clock.
const LONGEST_PAUSE_MS: i64 = 24 * 60 * 60 * 1000;
/// Settings that hold an account's own pace, instead of the vendor's published one: what it counts, and in which time.
pub(crate) const OWN_PACES: [(&str, Bucket, u32); 3] = [
    ("calls_per_minute", Bucket::Call, 60_000),
    ("writes_per_minute", Bucket::Write, 60_000),
    ("zones_per_hour", Bucket::Zone, 3_600_000),
];

/// What leave was taken for: an account, and the buckets that its calls count in.
type Kind = (ProviderAccountId, Vec<Bucket>);

pub(super) struct Pacer {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    accounts: Arc<Accounts>,
    /// Calls that this server has leave for.
    leave: Mutex<HashMap<Kind, (u32, Instant)>>,
    /// In front of the places of which there are few, so that this server's calls do not look for one in turn.
    places: Mutex<HashMap<(ProviderAccountId, Bucket), Arc<Semaphore>>>,
}

impl Pacer {
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, accounts: Arc<Accounts>) -> Self {
        Self {
            store,
            clock,
            accounts,
            leave: Mutex::default(),
            places: Mutex::default(),
        }
    }

    /// Whether the account is called at all now.
    async fn usable(&self, id: &ProviderAccountId) -> Result<ProviderAccount, ProviderError> {
        let account = self.accounts.get(id).await?;
        if !account.state.is_called() {
            return Err(out_of_use(&account));
        }
        let rest = account.rest.as_ref();
        let left = rest.map_or(0, |rest| {
            rest.until.as_millis() - self.clock.now().as_millis()
        });
        if left > 0 {
            let reason = rest.map_or("", |rest| rest.reason.as_str());
            let message = format!(
                "{} account {:?} waits: {reason}",
                account.vendor.name(),
                account.label
            );
            return Err(quota(left, message));
        }
        Ok(account)
    }

    fn take_leave(&self, kind: &Kind) -> bool {
        let mut leave = self.leave.lock().unwrap_or_else(PoisonError::into_inner);
        match leave.get_mut(kind) {
            Some((calls, until)) if *calls > 0 && Instant::now() < *until => {
                *calls -= 1;
                true
            }
            _ => false,
        }
    }

    /// Waits for a turn under these rates. Errors: `Quota` when it comes later than anybody waits where he stands.
    async fn turn(&self, kind: Kind, rates: &[Rate]) -> Result<(), ProviderError> {
        if rates.is_empty() || self.take_leave(&kind) {
            return Ok(());
        }
        let at_once = rates.iter().map(|rate| (rate.most / LEAVE_PART).max(1));
        let calls = at_once.min().unwrap_or(1);
        let patience_ms = i64::try_from(PATIENCE.as_millis()).unwrap_or(0);
        let (control, now) = (&self.store.control, self.clock.now());
        let (booked, turn) = rows::book(control, &kind.0, rates, calls, patience_ms, now)
            .await
            .map_err(unreadable)?;
        match turn {
            Turn::After(wait) if booked == 0 => {
                return Err(quota(
                    wait,
                    "it is not our turn yet at this vendor".to_owned(),
                ));
            }
            Turn::After(wait) => {
                tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
            }
            Turn::Now => {
                let until = Instant::now() + LEAVE_LASTS;
                let mut leave = self.leave.lock().unwrap_or_else(PoisonError::into_inner);
                leave.insert(kind, (booked.saturating_sub(1), until));
            }
        }
        Ok(())
    }

    /// One of the few places for calls that are made at the same time.
    async fn place(
        &self,
        id: &ProviderAccountId,
        bucket: Bucket,
        most: u32,
    ) -> Result<Permit, ProviderError> {
        let local = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (id.clone(), bucket);
            let new = || Arc::new(Semaphore::new(most as usize));
            Arc::clone(places.entry(key).or_insert_with(new))
        };
        let crowded = || {
            quota(
                CROWDED_MS,
                "too many calls are under way at this vendor".to_owned(),
            )
        };
        let local = tokio::time::timeout(PATIENCE, local.acquire_owned()).await;
        let local = local.map_err(|_| crowded())?.map_err(|_| crowded())?;
        let now = self.clock.now();
        let until = now.plus_millis(HELD_AT_MOST_MS);
        let taken = rows::take_permit(&self.store.control, id, bucket, most, until, now).await;
        let number = taken.map_err(unreadable)?.ok_or_else(crowded)?;
        Ok(Permit::holding(Place {
            store: Arc::clone(&self.store),
            account: id.clone(),
            bucket,
            number,
            until,
            local: Some(local),
        }))
    }

    async fn tell(&self, called: &VendorAccount, report: Report) -> Result<(), StoreError> {
        let (control, now, id) = (&self.store.control, self.clock.now(), &called.id);
        let Ok(account) = self.accounts.get(id).await else {
            return Ok(());
        };
        let (vendor, label) = (account.vendor.name(), &account.label);
        match report {
            // A pause that was asked for stands, whatever other calls say that were under way.
            Report::Answered => match &account.rest {
                Some(rest) if rest.until <= now => {
                    provider_accounts::recovered(control, id).await?;
                }
                _ => return Ok(()),
            },
            Report::Failed(reason) => {
                let (health, rest) = provider_accounts::failed(control, id, &reason, now).await?;
                if let Some(rest_ms) = rest {
                    tracing::error!(
                        provider_account.id = %id, failures = health.failures, rest_ms,
                        "{vendor} account {label:?} only fails and is left alone for a while: {reason}"
                    );
                }
            }
            // Credentials that were changed since are others.
            Report::NeedsAttention(_) if account.updated_at > called.changed_at => return Ok(()),
            Report::NeedsAttention(reason) => {
                tracing::error!(provider_account.id = %id, "{vendor} account {label:?} needs attention: {reason}");
                self.set_state(id, AccountState::NeedsAttention, reason)
                    .await?;
            }
            Report::UsedUp(_) if account.state != AccountState::Active => return Ok(()),
            Report::UsedUp(reason) => {
                tracing::error!(provider_account.id = %id, "{vendor} account {label:?} gets no new domains: {reason}");
                self.set_state(id, AccountState::Draining, reason).await?;
            }
        }
        self.accounts.forget().await;
        Ok(())
    }
}

impl Pacer {
    /// What the vendor's answers make of an account. One that the operator has paused stays so.
    async fn set_state(
        &self,
        id: &ProviderAccountId,
        state: AccountState,
        reason: String,
    ) -> Result<(), StoreError> {
        let patch = AccountPatch {
            state: Some((state, Some(reason))),
            ..AccountPatch::default()
        };
        let (control, now) = (&self.store.control, self.clock.now());
        let paused = Some(AccountState::Paused);
        provider_accounts::update(control, id, patch, paused, now).await?;
        Ok(())
    }
}

#[async_trait]
impl Pacing for Pacer {
    async fn permit(
        &self,
        id: &ProviderAccountId,
        vendor: Vendor,
        buckets: &[Bucket],
    ) -> Result<Permit, ProviderError> {
        let account = self.usable(id).await?;
        let (rates, places) = limits_of(&account, vendor, buckets);
        let permit = match places {
            Some((bucket, most)) => self.place(id, bucket, most).await?,
            None => Permit::default(),
        };
        self.turn((id.clone(), buckets.to_vec()), &rates).await?;
        Ok(permit)
    }

    async fn slow_down(&self, id: &ProviderAccountId, slow_down: SlowDown) -> i64 {
        let now = self.clock.now();
        let wait_ms = match slow_down {
            SlowDown::AfterMs(ms) => ms,
            SlowDown::AtUnix(seconds) => seconds.saturating_mul(1000) - now.as_millis(),
            SlowDown::Unnamed => UNNAMED_PAUSE_MS,
        };
        let wait_ms = wait_ms.clamp(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS);
        let until = now.plus_millis(wait_ms);
        let reason = "the vendor asked for a pause";
        match provider_accounts::rest(&self.store.control, id, until, reason).await {
            Ok(()) => self.accounts.forget().await,
            // The job that met it waits all the same.
            Err(error) => {
                tracing::warn!(%error, "could not record that a vendor asked for a pause");
            }
        }
        wait_ms
    }

    async fn report(&self, account: &VendorAccount, report: Report) {
        if let Err(error) = self.tell(account, report).await {
            tracing::warn!(%error, "could not record how a call to a vendor went");
        }
    }
}

/// Who hears how calls went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The account's row, so that every server goes by it.
    Everybody,
    Nobody,
}

/// Lets every call through, and reports as the other does, or not at all.
pub(super) struct Unpaced(pub Arc<dyn Pacing>, pub Told);

#[async_trait]
impl Pacing for Unpaced {
    async fn permit(
        &self,
        _: &ProviderAccountId,
        _: Vendor,
        _: &[Bucket],
    ) -> Result<Permit, ProviderError> {
        Ok(Permit::default())
    }

    async fn slow_down(&self, id: &ProviderAccountId, slow_down: SlowDown) -> i64 {
        match self.1 {
            Told::Everybody => self.0.slow_down(id, slow_down).await,
            Told::Nobody => UNNAMED_PAUSE_MS,
        }
    }

    async fn report(&self, account: &VendorAccount, report: Report) {
        if self.1 == Told::Everybody {
            self.0.report(account, report).await;
        }
    }
}

/// The rates and the places that hold for a call of this account.
fn limits_of(
    account: &ProviderAccount,
    vendor: Vendor,
    buckets: &[Bucket],
) -> (Vec<Rate>, Option<(Bucket, u32)>) {
    let settings = settings_of(account).unwrap_or_default();
    let own_pace = |bucket: Bucket| {
        let (key, _, window_ms) = OWN_PACES.iter().find(|(_, of, _)| *of == bucket)?;
        let most: u32 = settings.get(*key)?.trim().parse().ok()?;
        Some(rate(bucket, 0, most.max(1), *window_ms))
    };
    let (mut rates, mut places) = (Vec::new(), None);
    for &bucket in buckets {
        if let Some(own) = own_pace(bucket) {
            rates.push(own);
            continue;
        }
        for (position, limit) in (0..).zip(limits(vendor, bucket)) {
            match *limit {
                Limit::Rate { most, window_ms } => {
                    rates.push(rate(bucket, position, most, window_ms));
                }
                Limit::AtOnce { most } => places = Some((bucket, most)),
            }
        }
    }
    (rates, places)
}

const fn rate(bucket: Bucket, position: i32, most: u32, window_ms: u32) -> Rate {
    Rate {
        bucket,
        position,
        most,
        window_ms,
    }
}

fn quota(after_ms: i64, message: String) -> ProviderError {
    let class = ErrorClass::Quota {
        after_ms: Some(after_ms),
    };
    ProviderError::new(class, message)
}

fn out_of_use(account: &ProviderAccount) -> ProviderError {
    let (vendor, label) = (account.vendor.name(), &account.label);
    let why = match (&account.reason, account.state) {
        (Some(reason), _) => reason.as_str(),
        (None, AccountState::Paused) => "the operator has paused it",
        (None, _) => "it is not in use",
    };
    let message = format!("{vendor} account {label:?}: {why}");
    ProviderError::new(ErrorClass::NeedsHuman, message)
}

/// A place that comes free for others when it is dropped.
struct Place {
    store: Arc<Store>,
    account: ProviderAccountId,
    bucket: Bucket,
    number: i32,
    until: Timestamp,
    local: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (store, account) = (Arc::clone(&self.store), self.account.clone());
        let (bucket, number, until) = (self.bucket, self.number, self.until);
        // The next call of this server comes when the place is free in the database, too.
        let local = self.local.take();
        runtime.spawn(async move {
            let given = rows::give_back(&store.control, &account, bucket, number, until).await;
            if let Err(error) = given {
                tracing::warn!(%error, "a place at a vendor comes free only by its time");
            }
            drop(local);
        });
    }
}
