//! Names that are imported where there is one real one of each: no two accounts have the same.

use peeker_domain::id::{AccountId, ImportId};
use peeker_domain::view::{FailureReason, ImportJob};
use peeker_domain::{DomainName, Timestamp};
use peeker_store::EnvironmentDb;
use peeker_store::imports::{self, NewImport, Submitted, ZoneOutcome, Zones};
use peeker_testkit::{EPOCH, TestApp, apply, names, on_both_engines};

fn live(app: &TestApp) -> &EnvironmentDb {
    app.may_leave_jobs();
    &app.app.store().live.db
}

/// Hands in an import. Gives back its id.
async fn begin(db: &EnvironmentDb, account: &AccountId, names: &[String]) -> ImportId {
    let valid = |name: &String| Submitted::Valid(DomainName::parse(name).unwrap());
    let new = NewImport {
        account: account.clone(),
        id: ImportId::new(EPOCH),
        domains: names.iter().map(valid).collect(),
        fingerprint: None,
        run_at: EPOCH,
        created_at: EPOCH,
    };
    imports::begin(db, &new).await.unwrap();
    new.id
}

/// Records the same outcome for all that is open of an import.
async fn record(db: &EnvironmentDb, account: &AccountId, id: &ImportId, outcome: ZoneOutcome) {
    let open = imports::pending(db, account, id, None, 500).await.unwrap();
    let zones = Zones {
        account,
        id,
        outcomes: open
            .into_iter()
            .map(|(position, name)| (position, name, outcome.clone()))
            .collect(),
        deadline: Timestamp::from_millis(EPOCH.as_millis() + 1),
        now: EPOCH,
        slice_of: None,
    };
    imports::record(db, zones).await.unwrap();
}

async fn shown(db: &EnvironmentDb, account: &AccountId, id: &ImportId) -> ImportJob {
    imports::find(db, account, id).await.unwrap().unwrap()
}

fn zone() -> ZoneOutcome {
    ZoneOutcome::Zone(vec!["ns1.example.com".to_owned()])
}

/// The names that were refused because another account has them.
fn foreign(job: &ImportJob) -> Vec<&str> {
    let failed = job.failed.iter();
    let foreign = failed.filter(|row| row.reason == FailureReason::AlreadyImported);
    foreign.map(|row| row.domain.as_str()).collect()
}

#[apply(on_both_engines!)]
async fn another_accounts_name_cannot_be_imported(app: &TestApp) {
    let db = live(app);
    let (ours, theirs) = (&app.partner.id, &AccountId::new(EPOCH));
    let contested = names("contested", 2);
    record(
        db,
        theirs,
        &begin(db, theirs, &contested[..1]).await,
        zone(),
    )
    .await;
    let job = shown(db, ours, &begin(db, ours, &contested).await).await;
    assert_eq!(
        (foreign(&job), job.failed_count),
        (vec!["contested-01.com"], 1)
    );
    let again = shown(db, theirs, &begin(db, theirs, &contested[..1]).await).await;
    assert_eq!(again.failed, [], "one's own is imported again");
}

#[apply(on_both_engines!)]
async fn of_two_accounts_at_once_each_name_goes_to_one(app: &TestApp) {
    let db = live(app);
    let (ours, theirs) = (&app.partner.id, &AccountId::new(EPOCH));
    let contested = names("contested", 40);
    let backwards: Vec<String> = contested.iter().rev().cloned().collect();
    let (our, their) = tokio::join!(
        begin(db, ours, &contested[..30]),
        begin(db, theirs, &backwards[..30])
    );
    let mut owned = Vec::new();
    for (account, id) in [(ours, &our), (theirs, &their)] {
        record(db, account, id, zone()).await;
        let job = shown(db, account, id).await;
        assert_eq!(job.completed.len() + foreign(&job).len(), 30);
        owned.extend(job.completed);
    }
    owned.sort_unstable();
    assert_eq!(
        owned, contested,
        "no name is in both accounts, and none in neither"
    );
}

#[apply(on_both_engines!)]
async fn a_name_that_has_no_zone_is_left_to_others(app: &TestApp) {
    let db = live(app);
    let (ours, theirs) = (&app.partner.id, &AccountId::new(EPOCH));
    let wanted = names("wanted", 1);
    let refused = || ZoneOutcome::Refused(FailureReason::ZoneRejected);
    record(db, ours, &begin(db, ours, &wanted).await, refused()).await;
    let job = begin(db, theirs, &wanted).await;
    record(db, theirs, &job, zone()).await;
    assert_eq!(shown(db, theirs, &job).await.completed, wanted);
    // Whoever has it keeps it, should a zone be refused later on.
    record(db, theirs, &begin(db, theirs, &wanted).await, refused()).await;
    let job = shown(db, ours, &begin(db, ours, &wanted).await).await;
    assert_eq!(foreign(&job), ["wanted-01.com"]);
}
