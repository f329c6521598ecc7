//! What is wrong at a vendor: each with its state, its message and its way on.

use peeker_app::operator_tasks;
use peeker_app::provider_accounts::{self, look_after};
use peeker_domain::vendor::{AccountState, OperatorTask, Vendor};
use peeker_testkit::{LiveApp, apply, fake, live_on_both_engines};
use serde_json::{Value, json};

use super::{body, domain, get, place};

const NAME: &str = "getnorthwind.com";
/// Nothing is called there.
const ATTENTION: AccountState = AccountState::NeedsAttention;
/// What it has goes on, and it gets nothing new.
const USED_UP: AccountState = AccountState::Draining;

fn change(live: &LiveApp, vendor: Vendor, change: &Value) {
    let id = live.fakes.setups(fake(vendor))[0].id.clone();
    live.fakes
        .change(fake(vendor), "accounts", &id, change)
        .unwrap();
}

async fn status(live: &LiveApp, order: &str) -> String {
    let order = get(live, &format!("/orders/{order}")).await;
    order["data"]["status"].as_str().unwrap().to_owned()
}

/// An account that is refused waits with everything on it, and everything goes on when it is mended.
async fn waits_and_goes_on(
    live: &LiveApp,
    vendor: Vendor,
    wrong: &Value,
    right: &Value,
    order: Value,
    state: AccountState,
) {
    let id = place(live, order).await;
    change(live, vendor, wrong);
    let label = format!("{vendor}-1");
    live.run_until(async || live.account(&label).await.state == state)
        .await;
    live.run_rounds(3).await;
    assert_eq!(
        status(live, &id).await,
        "in_progress",
        "{vendor}: no order fails for it"
    );
    let account = live.account(&label).await;
    let reason = account.reason.unwrap();
    assert!(
        reason.len() > 10 && !reason.contains("http"),
        "{vendor}: {reason}"
    );
    change(live, vendor, right);
    let account = live.account(&format!("{vendor}-1")).await;
    provider_accounts::check(&live.app, &account).await.unwrap();
    live.run_order(&id, "completed").await;
    assert_eq!(
        live.account(&format!("{vendor}-1")).await.state,
        AccountState::Active
    );
}

#[apply(live_on_both_engines!)]
async fn refused_credentials_pause_the_account_and_fail_no_order(live: &LiveApp) {
    for (number, &vendor) in Vendor::ALL.iter().enumerate() {
        let name = format!("northwind-{number}.com");
        let microsoft = u32::from(vendor == Vendor::Microsoft);
        let google = 2 * (1 - microsoft);
        let customer = format!("c{number}@northwind.example");
        let order = body(&customer, &[&name], google, microsoft);
        let mut refused = json!({ "credentials_refused": true });
        if matches!(vendor, Vendor::Google | Vendor::Microsoft) {
            refused["revoke_tokens"] = json!(true);
        }
        let taken = json!({ "credentials_refused": false });
        waits_and_goes_on(live, vendor, &refused, &taken, order, ATTENTION).await;
        assert_eq!(live.made(Vendor::NameCom, "registrations", &name), 1);
    }
}

#[apply(live_on_both_engines!)]
async fn a_registrar_without_funds_is_waited_for(live: &LiveApp) {
    let order = body("a@northwind.example", &[NAME], 2, 0);
    let (empty, full) = (
        json!({ "balance_cents": 0 }),
        json!({ "balance_cents": 100_000 }),
    );
    waits_and_goes_on(live, Vendor::NameCom, &empty, &full, order, USED_UP).await;
    assert_eq!(live.made(Vendor::NameCom, "registrations", NAME), 1);
}

#[apply(live_on_both_engines!)]
async fn a_tenant_without_seats_is_waited_for(live: &LiveApp) {
    let order = body("a@northwind.example", &[NAME], 0, 1);
    let seats = |seats: u32| json!({ "seats": { "EXCHANGESTANDARD": seats } });
    let (none, enough) = (seats(5), seats(1_000));
    waits_and_goes_on(live, Vendor::Microsoft, &none, &enough, order, USED_UP).await;
}

/// What concerns one domain for good asks for a replacement; the rest of the order goes on.
#[apply(live_on_both_engines!)]
async fn what_is_held_elsewhere_asks_for_a_replacement(live: &LiveApp) {
    for (number, name) in ["held-northwind.com", "othertenant-northwind.com"]
        .iter()
        .enumerate()
    {
        let customer = format!("c{number}@northwind.example");
        let other = format!("trynorthwind-{number}.com");
        // Google takes the first names, Microsoft the last one.
        let id = place(live, body(&customer, &[&other, name], 2, 1)).await;
        live.run_until(async || status(live, &id).await == "action_required")
            .await;
        live.run_until(async || domain(live, &other).await["status"] == "active")
            .await;
        let open = get(live, &format!("/orders/pending?order_id={id}")).await;
        let action = &open["data"][0];
        assert_eq!(
            (&action["reason"], &action["domain"]),
            (&json!("replace_domain"), &json!(name))
        );
    }
}

#[apply(live_on_both_engines!)]
async fn a_vendor_that_asks_for_three_hours_gets_them(live: &LiveApp) {
    let id = place(
        live,
        body("a@northwind.example", &["blocked-northwind.com"], 2, 0),
    )
    .await;
    live.run_rounds(5).await;
    assert_eq!(status(live, &id).await, "in_progress");
    let domains = get(live, "/orders/pending").await;
    assert_eq!(domains["data"], json!([]), "nobody has to do anything");
}

#[apply(live_on_both_engines!)]
async fn a_domain_on_hold_becomes_a_task_and_is_taken_off_again(live: &LiveApp) {
    let id = place(live, body("a@northwind.example", &[NAME], 2, 0)).await;
    live.run_order(&id, "completed").await;
    let hold = |on: bool| {
        let change = json!({ "client_hold": on });
        live.fakes
            .change(fake(Vendor::NameCom), "domains", NAME, &change)
            .unwrap();
    };
    hold(true);
    look_after(&live.app).await.unwrap();
    let (tasks, _) = operator_tasks::open(&live.app).await.unwrap();
    let shown: Vec<_> = tasks
        .iter()
        .map(|task| (task.kind, task.domain.as_str()))
        .collect();
    assert_eq!(shown, [(OperatorTask::ClientHold, NAME)]);
    hold(false);
    look_after(&live.app).await.unwrap();
    let (tasks, open) = operator_tasks::open(&live.app).await.unwrap();
    assert_eq!((tasks.len(), open), (0, 0));
}
