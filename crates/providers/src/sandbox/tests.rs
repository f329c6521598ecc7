//! The sandbox against the shared contract suite, its magic names, and what it may cost and store.

use std::sync::Arc;

use peeker_domain::order::ClientId;
use peeker_domain::{DomainName, EmailAddress, MailProvider};

use super::memory::MemoryState;
use super::{REGISTRATION_PRICE, RENEWAL_PRICE, providers};
use crate::contract::{
    CANARY_PASSWORD, Provisioned, account, assert_port_contract, call, class, domain, provision,
};
use crate::simulation::{Nothing, Simulation};
use crate::{ErrorClass, InboxSpec, ProviderError, Providers, Purpose, RouteError, Scope, Verdict};

fn sandbox() -> (Arc<MemoryState>, Providers) {
    let state = Arc::new(MemoryState::default());
    (state.clone(), providers(state))
}

async fn run(ports: &Providers, name: &str, now_ms: i64) -> Result<Provisioned, ProviderError> {
    let (account, name) = (account(), domain(name));
    provision(
        ports,
        call(&account, "k", now_ms),
        &name,
        MailProvider::Google,
        REGISTRATION_PRICE,
        2,
    )
    .await
}

async fn verdicts(ports: &Providers, names: &[&str]) -> Vec<Verdict> {
    let names: Vec<DomainName> = names.iter().map(|name| domain(name)).collect();
    let checks = ports
        .registrar
        .check(call(&account(), "k", 0), &names)
        .await
        .unwrap();
    checks.into_iter().map(|check| check.verdict).collect()
}

#[tokio::test]
async fn keeps_the_port_contract() {
    let (_, ports) = sandbox();
    assert_port_contract(&ports, REGISTRATION_PRICE).await;
}

#[tokio::test]
async fn repeating_everything_changes_nothing_that_is_stored() {
    let (state, ports) = sandbox();
    let first = run(&ports, "acme.com", 1_234).await.unwrap();
    let before = state.snapshot();
    assert_eq!(run(&ports, "acme.com", 99_999).await.unwrap(), first);
    assert_eq!(state.snapshot(), before);
}

#[tokio::test]
async fn a_normal_domain_costs_seven_writes_and_one_read_even_with_99_inboxes() {
    let (state, ports) = sandbox();
    let (account, name) = (account(), domain("acme.com"));
    provision(
        &ports,
        call(&account, "k", 0),
        &name,
        MailProvider::Microsoft,
        REGISTRATION_PRICE,
        99,
    )
    .await
    .unwrap();
    assert_eq!(state.calls(), (1, 7));
    assert_eq!(state.snapshot().len(), 7);
}

#[tokio::test]
async fn fifty_names_are_checked_with_one_read_and_more_are_refused() {
    let (state, ports) = sandbox();
    let names: Vec<DomainName> = (0..51).map(|n| domain(&format!("name{n}.com"))).collect();
    let account = account();
    ports
        .registrar
        .check(call(&account, "k", 0), &names[..50])
        .await
        .unwrap();
    assert_eq!(state.calls(), (1, 0));
    let refused = ports.registrar.check(call(&account, "k", 0), &names).await;
    assert_eq!(
        class(refused),
        ErrorClass::Permanent {
            scope: Scope::Order
        }
    );
}

#[tokio::test]
async fn no_password_is_stored() {
    let (state, ports) = sandbox();
    run(&ports, "acme.com", 0).await.unwrap();
    let stored = format!("{:?}", state.snapshot());
    assert!(stored.contains("login@client.com"));
    assert!(!stored.contains(CANARY_PASSWORD));
}

#[tokio::test]
async fn magic_names_give_every_verdict() {
    let (_, ports) = sandbox();
    run(&ports, "bought.com", 0).await.unwrap();
    let names = [
        "taken-a.com",
        "premium-a.io",
        "unknown-a.de",
        "providererror-a.com",
        "bought.com",
    ];
    assert_eq!(
        verdicts(&ports, &names).await,
        [
            Verdict::Taken,
            Verdict::Premium,
            Verdict::Unknown,
            Verdict::Errored,
            Verdict::Taken
        ]
    );
    for (name, usable_for) in [
        ("gonly-a.com", vec![MailProvider::Google]),
        ("plain.com", MailProvider::ALL.to_vec()),
    ] {
        let available = Verdict::Available {
            price: REGISTRATION_PRICE,
            renewal_price: RENEWAL_PRICE,
            usable_for,
        };
        assert_eq!(verdicts(&ports, &[name]).await, [available]);
    }
    for name in &names[..4] {
        assert_eq!(
            class(run(&ports, name, 0).await),
            ErrorClass::Permanent {
                scope: Scope::Domain
            }
        );
    }
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let (_, ports) = sandbox();
    run(&ports, "acme.com", 0).await.unwrap();
    let other = peeker_domain::id::AccountId::from_stored("org_01KJZ4V1B6E8N2Q4R6S8T0V2W5".into());
    let checks = ports
        .registrar
        .check(call(&other, "k", 0), &[domain("acme.com")])
        .await
        .unwrap();
    assert!(matches!(checks[0].verdict, Verdict::Available { .. }));
}

#[tokio::test]
async fn replace_and_fail_are_refused_by_the_mail_provider_after_the_purchase() {
    let (_, ports) = sandbox();
    for (name, scope) in [
        ("replace-a.com", Scope::Domain),
        ("fail-a.com", Scope::Order),
    ] {
        for _ in 0..2 {
            assert_eq!(
                class(run(&ports, name, 0).await),
                ErrorClass::Permanent { scope }
            );
        }
        assert_eq!(verdicts(&ports, &[name]).await, [Verdict::Taken]);
    }
}

#[tokio::test]
async fn flaky2_fails_twice_even_over_a_restart() {
    let (state, _) = sandbox();
    for _ in 0..2 {
        let restarted = providers(state.clone());
        assert_eq!(
            class(run(&restarted, "flaky2-a.com", 0).await),
            ErrorClass::Retry {
                after_ms: Some(4_000)
            }
        );
    }
    run(&providers(state), "flaky2-a.com", 0).await.unwrap();
}

#[tokio::test]
async fn slow5_is_ready_five_seconds_after_it_was_first_asked_for() {
    let (_, ports) = sandbox();
    for (now_ms, left) in [(1_000, 5_000), (2_000, 4_000), (5_999, 1)] {
        assert_eq!(
            class(run(&ports, "slow5-a.com", now_ms).await),
            ErrorClass::Retry {
                after_ms: Some(left)
            }
        );
    }
    run(&ports, "slow5-a.com", 6_000).await.unwrap();
    run(&ports, "slow5-a.com", 6_001).await.unwrap();
}

#[tokio::test]
async fn swapfail_is_refused_to_a_swap_and_to_no_order() {
    let (_, ports) = sandbox();
    let (account, name) = (account(), domain("swapfail-a.com"));
    let call = call(&account, "k", 0);
    let prepare = |purpose| {
        let mail = &ports.mail;
        mail.prepare_domain(call, MailProvider::Google, &name, purpose)
    };
    let refused = ErrorClass::Permanent {
        scope: Scope::Domain,
    };
    assert_eq!(class(prepare(Purpose::Swap).await), refused);
    prepare(Purpose::Order).await.unwrap();
}

#[test]
fn broke_empties_the_wallet_of_the_sandbox_and_of_no_other() {
    let (_, ports) = sandbox();
    for (address, empty) in [
        ("broke@example.com", true),
        ("broke-client@example.com", true),
        ("not-broke@example.com", false),
    ] {
        let customer = EmailAddress::parse(address).unwrap();
        assert_eq!(ports.simulation.empties_wallet(&customer), empty);
        assert!(!Nothing.empties_wallet(&customer));
    }
}

#[tokio::test]
async fn a_domain_is_verified_only_once_its_proof_is_published() {
    let (_, ports) = sandbox();
    let (account, name) = (account(), domain("acme.com"));
    let call = call(&account, "k", 0);
    ports
        .mail
        .prepare_domain(call, MailProvider::Google, &name, Purpose::Order)
        .await
        .unwrap();
    let early = ports
        .mail
        .verify_domain(call, MailProvider::Google, &name)
        .await;
    assert!(matches!(
        class(early),
        ErrorClass::Retry { after_ms: Some(_) }
    ));
}

#[tokio::test]
async fn inboxes_are_added_to_those_that_exist_and_removed_one_by_one() {
    let (state, ports) = sandbox();
    let (account, name) = (account(), domain("acme.com"));
    let call = call(&account, "k", 0);
    let stored = || {
        let snapshot = state.snapshot();
        snapshot
            .into_iter()
            .find(|((_, kind, _), _)| *kind == "inboxes")
            .map(|(_, document)| document)
    };
    for address in ["b@acme.com", "a@acme.com", "b@acme.com"] {
        let spec = InboxSpec {
            address,
            first_name: "A",
            last_name: "B",
            picture_url: None,
        };
        ports
            .mail
            .ensure_inboxes(call, MailProvider::Google, &name, &[spec])
            .await
            .unwrap();
    }
    assert_eq!(
        stored(),
        Some(serde_json::json!(["a@acme.com", "b@acme.com"]))
    );
    for (address, left) in [
        ("b@acme.com", Some(serde_json::json!(["a@acme.com"]))),
        ("a@acme.com", None),
        ("a@acme.com", None),
    ] {
        ports
            .mail
            .remove_inboxes(call, MailProvider::Google, &name, &[address.to_owned()])
            .await
            .unwrap();
        assert_eq!(stored(), left);
    }
}

#[tokio::test]
async fn clients_404_and_401_have_no_route() {
    let (_, ports) = sandbox();
    let account = account();
    let call = call(&account, "k", 0);
    let route = async |text: &str| {
        ports
            .sequencer
            .check_route(call, ClientId::from_text(text).as_ref())
            .await
    };
    assert!(matches!(
        route("404").await,
        Err(RouteError::ClientNotFound)
    ));
    assert!(matches!(
        route("401").await,
        Err(RouteError::ConnectionRequired)
    ));
    for fine in ["", "366903", "acme"] {
        route(fine).await.unwrap();
    }
}
