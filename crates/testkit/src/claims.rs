//! Claiming as a worker does that has so many places free.

use peeker_domain::Timestamp;
use peeker_store::deliveries::{self, ClaimedDelivery};
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::{EnvironmentDb, LineUp, MOST_CLAIMED, Share};

/// Claims up to `most` due jobs until `lease_until`.
pub async fn claim_jobs(
    db: &EnvironmentDb,
    now: Timestamp,
    lease_until: Timestamp,
    token: &str,
    most: usize,
) -> Vec<ClaimedJob> {
    let mut claimed = Vec::new();
    while claimed.len() < most {
        let line = jobs::line_up_unscoped(db, now, None).await.unwrap();
        let shares = share_out(&line, most - claimed.len());
        let found = jobs::claim_unscoped(db, now, lease_until, token, &line, &shares);
        let found = found.await.unwrap();
        if found.is_empty() && !line.fell_due {
            break;
        }
        claimed.extend(found);
    }
    claimed
}

/// Claims up to `most` due deliveries until `lease_until`.
pub async fn claim_deliveries(
    db: &EnvironmentDb,
    now: Timestamp,
    lease_until: Timestamp,
    token: &str,
    most: usize,
) -> Vec<ClaimedDelivery> {
    let mut claimed = Vec::new();
    while claimed.len() < most {
        let line = deliveries::line_up_unscoped(db, now, None).await.unwrap();
        let shares = share_out(&line, most - claimed.len());
        let found = deliveries::claim_unscoped(db, now, lease_until, token, &line, &shares);
        let found = found.await.unwrap();
        if found.is_empty() && !line.fell_due {
            break;
        }
        claimed.extend(found);
    }
    claimed
}

/// As much for each as for any other, while it lasts.
fn share_out(line: &LineUp, most: usize) -> Vec<Share> {
    let most = most.min(MOST_CLAIMED);
    let each = most / line.accounts.len().max(1);
    let accounts = line.accounts.iter().take(most).cloned();
    let shares = accounts.map(|account| Share {
        account,
        most: each.max(1),
    });
    shares.collect()
}
