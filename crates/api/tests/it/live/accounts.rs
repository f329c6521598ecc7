//! Accounts at vendors: what is refused while one is missing, and which of several is used.

use peeker_app::provider_accounts::{self, Checked, NewAccount};
use peeker_domain::Cents;
use peeker_domain::vendor::{AccountState, Vendor};
use peeker_testkit::{Engine, LiveApp, apply, fake, live_on_both_engines};
use secrecy::SecretString;
use serde_json::json;

use super::{body, get, place, post};

/// What a live key is told while something is missing: exactly what, and nothing is stored.
async fn refused_until_there_is_all(engine: Engine) {
    let live = LiveApp::start_bare(engine).await;
    live.pay_in(Cents(100_000)).await;
    let order = body("a@northwind.example", &["getnorthwind.com"], 2, 0);
    let steps = [
        (
            Vendor::Cloudflare,
            json!(["cloudflare", "namecom", "google"]),
        ),
        (Vendor::Google, json!(["namecom", "google"])),
        (Vendor::NameCom, json!(["namecom"])),
    ];
    for (added, missing) in steps {
        let refused = post(&live, "/orders", order.clone(), 503).await;
        assert_eq!(refused["error"]["details"]["missing"], missing);
        live.add_account(added).await;
    }
    let refused = post(&live, "/orders", order.clone(), 400).await;
    assert_eq!(refused["error"]["code"], "smartlead_connection_required");
    live.add_account(Vendor::Smartlead).await;
    let refused = post(
        &live,
        "/orders",
        body("a@northwind.example", &["getnorthwind.com"], 0, 1),
        503,
    )
    .await;
    assert_eq!(refused["error"]["details"]["missing"], json!(["microsoft"]));
    let list = get(&live, "/orders").await;
    assert_eq!(list["data"], json!([]));
    assert_eq!(live.event_types().await, Vec::<String>::new());

    place(&live, order).await;
    live.finish().await;
}

#[tokio::test]
async fn what_is_missing_is_named_and_changes_nothing_sqlite() {
    refused_until_there_is_all(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_is_missing_is_named_and_changes_nothing_postgres() {
    refused_until_there_is_all(Engine::Postgres).await;
}

#[apply(live_on_both_engines!)]
async fn a_partner_pays_live_orders_from_its_wallet(live: &LiveApp) {
    place(
        live,
        body("a@northwind.example", &["getnorthwind.com"], 2, 0),
    )
    .await;
    let wallet = get(live, "/wallet").await;
    // One registration and two Google licenses.
    assert_eq!(wallet["data"]["balance_cents"], 1_000_000 - 1_099 - 200);
    let names: Vec<String> = (0..600).map(|n| format!("dear-{n}.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let dear = body("b@northwind.example", &names, 0, 600);
    let refused = post(live, "/orders", dear, 402).await;
    assert_eq!(refused["error"]["code"], "insufficient_funds");
    live.run_rounds(40).await;
}

#[apply(live_on_both_engines!)]
async fn domains_go_to_the_account_with_room_and_stay_there(live: &LiveApp) {
    live.fakes
        .open_account(fake(Vendor::Cloudflare), &json!({}))
        .unwrap();
    let second = NewAccount {
        capacity: Some(1),
        ..live.nth_account(Vendor::Cloudflare, 1)
    };
    let second = provider_accounts::add(&live.app, second).await.unwrap();
    let first = live.account("cloudflare-1").await;
    provider_accounts::set_state(&live.app, &first, AccountState::Draining)
        .await
        .unwrap();
    let one = place(
        live,
        body("a@northwind.example", &["getnorthwind.com"], 2, 0),
    )
    .await;
    live.run_order(&one, "completed").await;
    let waiting = place(
        live,
        body("b@northwind.example", &["trynorthwind.com"], 2, 0),
    )
    .await;
    live.run_rounds(5).await;
    let order = get(live, &format!("/orders/{waiting}")).await;
    assert_eq!(order["data"]["status"], "in_progress", "the second is full");
    provider_accounts::set_state(&live.app, &first, AccountState::Active)
        .await
        .unwrap();
    live.run_order(&waiting, "completed").await;
    let listed = provider_accounts::list(&live.app).await.unwrap();
    for (id, domains) in [(&first.id, 1), (&second.id, 1)] {
        let account = listed.iter().find(|one| &one.account.id == id).unwrap();
        assert_eq!(account.domains, domains, "{}", account.account.label);
    }
}

#[apply(live_on_both_engines!)]
async fn a_wrong_account_is_refused_with_all_that_is_wrong(live: &LiveApp) {
    let wrong = NewAccount {
        label: String::new(),
        partner: None,
        base_url: Some("http://api.example.com".to_owned()),
        settings: [("colour".to_owned(), "red".to_owned())].into(),
        capacity: Some(0),
        credentials: SecretString::from(" "),
        ..live.new_account(Vendor::Smartlead)
    };
    let refused = provider_accounts::add(&live.app, wrong).await.unwrap_err();
    let violations = refused.details["violations"].as_array().unwrap().clone();
    let fields: Vec<&str> = violations
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "label",
            "partner",
            "base_url",
            "settings",
            "capacity",
            "credentials"
        ]
    );
    let again = provider_accounts::add(&live.app, live.new_account(Vendor::Google)).await;
    assert_eq!(again.unwrap_err().field.as_deref(), Some("label"));
}

#[apply(live_on_both_engines!)]
async fn a_check_says_what_is_missing_and_takes_an_account_back_into_use(live: &LiveApp) {
    for &vendor in Vendor::ALL {
        let account = live.account(&format!("{vendor}-1")).await;
        let checked = provider_accounts::check(&live.app, &account).await.unwrap();
        assert!(
            matches!(checked, Checked::Works(_)),
            "{vendor}: {checked:?}"
        );
    }
    let id = live.fakes.setups(fake(Vendor::NameCom))[0].id.clone();
    let refuse = |refused: bool| {
        let change = json!({ "credentials_refused": refused });
        live.fakes
            .change(fake(Vendor::NameCom), "accounts", &id, &change)
            .unwrap();
    };
    refuse(true);
    let account = live.account("namecom-1").await;
    let checked = provider_accounts::check(&live.app, &account).await.unwrap();
    assert!(matches!(checked, Checked::Refused(_)), "{checked:?}");
    let account = live.account("namecom-1").await;
    assert_eq!(account.state, AccountState::NeedsAttention);
    let order = body("a@northwind.example", &["getnorthwind.com"], 2, 0);
    let refused = post(live, "/orders", order, 503).await;
    assert_eq!(refused["error"]["details"]["missing"], json!(["namecom"]));
    refuse(false);
    let checked = provider_accounts::check(&live.app, &account).await.unwrap();
    assert!(matches!(checked, Checked::Works(_)), "{checked:?}");
    let account = live.account("namecom-1").await;
    assert_eq!(account.state, AccountState::Active);
}
