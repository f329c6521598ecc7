//! The suite that every set of adapters must pass, through the accounts and over the wire.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_app::provider_accounts::{self, NewAccount};
use peeker_domain::vendor::Vendor;
use peeker_domain::{Cents, Environment, PartnerStatus, Tier};
use peeker_providers::contract;
use peeker_store::partners::{self, Partner};
use peeker_testkit::{Engine, LiveApp, Meanwhile, patient};

/// The operator does what has no API, and time passes.
struct Operator(LiveApp);

#[async_trait]
impl Meanwhile for Operator {
    async fn happen(&self) {
        self.0.do_tasks(&self.0.app).await;
        self.0.let_time_pass(&self.0.app).await;
    }
}

/// The suite's own partner, with a sequencer account.
async fn partner_of_the_suite(live: &LiveApp) {
    let partner = Partner {
        id: contract::account(),
        name: "Contract".to_owned(),
        tier: Tier::Base,
        created_at: live.app.now(),
        status: PartnerStatus::Active,
    };
    partners::insert(&live.app.store().control, &partner)
        .await
        .unwrap();
    let account = NewAccount {
        label: "of the suite".to_owned(),
        partner: Some(partner.id),
        ..live.new_account(Vendor::Smartlead)
    };
    provider_accounts::add(&live.app, account).await.unwrap();
}

async fn keeps_the_port_contract(engine: Engine) {
    let live = LiveApp::start(engine).await;
    partner_of_the_suite(&live).await;
    let providers = live.app.providers(Environment::Live).clone();
    let operator = Arc::new(Operator(live));
    let meanwhile: Arc<dyn Meanwhile> = operator.clone();
    let providers = patient(providers, &meanwhile);
    contract::assert_port_contract(&providers, Cents(1_099)).await;
    drop((providers, meanwhile));
    let Some(Operator(live)) = Arc::into_inner(operator) else {
        panic!("somebody still waits");
    };
    live.finish().await;
}

#[tokio::test]
async fn the_port_contract_is_kept_over_the_wire_sqlite() {
    keeps_the_port_contract(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_port_contract_is_kept_over_the_wire_postgres() {
    keeps_the_port_contract(Engine::Postgres).await;
}
