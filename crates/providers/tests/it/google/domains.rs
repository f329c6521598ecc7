//! Domains: added, proven, signed for, taken off.

use peeker_domain::vendor::OperatorTask;
use peeker_domain::{DomainName, MailProvider};
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::google::parse_dkim_answer;
use peeker_providers::{DnsRecord, ErrorClass, Mail, Purpose, RecordKind, Scope};
use serde_json::json;

use super::{GOOGLE, Tenant, made, with_domain};
use crate::steps::{Published, inboxes, numbered, persist};
use crate::world::{REFUSED, World, class, domain, is_retry, lost_answers, passing_failures, text};

const ADD: &str = "POST /admin/directory/v1/customer/{}/domains";
const REMOVE: &str = "DELETE /admin/directory/v1/customer/{}/domains/{}";
const PROVE: &str = "POST /siteVerification/v1/webResource";

/// Enters what the console shows.
fn make_dkim_key(world: &World, tenant: &Tenant, name: &DomainName) -> DnsRecord {
    let input = json!({"domain": name.as_str()});
    let shown = world
        .fakes
        .console(Fake::Google, &tenant.id, "dkim", &input)
        .unwrap();
    let (selector, value) = (text(&shown, "selector"), text(&shown, "value"));
    let answer = format!("{selector} {value}");
    assert_eq!(
        parse_dkim_answer(&answer),
        Ok((selector.to_owned(), value.to_owned()))
    );
    let key = (OperatorTask::GoogleDkim, name.to_string());
    let mut state = world.memory.state();
    state.tasks.get_mut(&key).unwrap().outcome = Some(answer);
    DnsRecord::txt(format!("{selector}._domainkey.{name}"), value)
}

#[tokio::test]
async fn a_domain_is_proven_by_its_records_and_signed_by_the_operators_key() {
    let world = World::new().await;
    let (tenant, name) = (Tenant::first(&world, &[]), domain("acme-mail.com"));
    let (google, call) = (&tenant.google, world.call("k"));
    let published = Published::of(&world, &name).await;
    let prepared = google
        .prepare_domain(call, GOOGLE, &name, Purpose::Order)
        .await
        .unwrap();
    let [proof, mx, spf] = &prepared.records[..] else {
        panic!("proof, MX and SPF: {prepared:?}")
    };
    assert_eq!(*mx, DnsRecord::mx("acme-mail.com", 1, "smtp.google.com"));
    assert_eq!(
        *spf,
        DnsRecord::txt("acme-mail.com", "v=spf1 include:_spf.google.com ~all")
    );
    assert_eq!(
        (proof.kind, proof.name.as_str()),
        (RecordKind::Txt, "acme-mail.com")
    );
    assert!(proof.content.starts_with("google-site-verification="));
    let unseen = google.verify_domain(call, GOOGLE, &name).await;
    assert!(matches!(
        class(unseen),
        ErrorClass::Retry { after_ms: Some(_) }
    ));
    published.put(&world, &prepared.records).await;

    let waits = google.verify_domain(call, GOOGLE, &name).await;
    assert_eq!(class(waits), ErrorClass::NeedsHuman);
    let tasks = world.memory.open_tasks(OperatorTask::GoogleDkim);
    assert!(tasks["acme-mail.com"].contains("2048-bit DKIM key for acme-mail.com"));
    assert_eq!(Tenant::attention(&world), None, "the account itself works");

    let dkim = make_dkim_key(&world, &tenant, &name);
    let verified = google.verify_domain(call, GOOGLE, &name).await.unwrap();
    assert_eq!(verified.records[..3], prepared.records);
    assert_eq!(verified.records[3..], [dkim]);
    published.put(&world, &verified.records).await;
    google.activate_domain(call, GOOGLE, &name).await.unwrap();
    let domains = &world.fakes.holdings(Fake::Google)[&tenant.id]["domains"];
    let published = json!({"domain": "acme-mail.com", "verified": true, "dkim_published": true});
    assert!(
        domains.as_array().unwrap().contains(&published),
        "{domains}"
    );

    // A repeat says and does the same.
    let again = google
        .prepare_domain(call, GOOGLE, &name, Purpose::Swap)
        .await
        .unwrap();
    assert_eq!(again, prepared);
    let again = google.verify_domain(call, GOOGLE, &name).await.unwrap();
    assert_eq!(again, verified);
    assert_eq!(made(&world, "domains", "acme-mail.com"), 1);
    assert_eq!(made(&world, "verifications", "acme-mail.com"), 1);
}

#[tokio::test]
async fn an_answer_that_is_no_key_keeps_the_operator_waiting() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let name = tenant.own_domain();
    let call = world.call("k");
    let waits = tenant.google.verify_domain(call, GOOGLE, &name).await;
    assert_eq!(class(waits), ErrorClass::NeedsHuman);
    let key = (OperatorTask::GoogleDkim, name.to_string());
    world.memory.state().tasks.get_mut(&key).unwrap().outcome = Some("done".to_owned());
    let waits = tenant.google.verify_domain(call, GOOGLE, &name).await;
    assert_eq!(class(waits), ErrorClass::NeedsHuman);
    let off = Tenant::first(&world, &[("dkim", "off")]);
    let verified = off.google.verify_domain(call, GOOGLE, &name).await.unwrap();
    assert_eq!(verified.records.len(), 3);
}

#[tokio::test]
async fn a_domain_of_another_tenant_is_refused_for_good() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let other = Tenant::opened(&world, &json!({}), &[]);
    with_domain(&world, &other, "acme-mail.com").await;
    for name in ["othertenant-acme.com", "acme-mail.com"] {
        let (call, wanted) = (world.call("k"), domain(name));
        let google = &tenant.google;
        let refused = google
            .prepare_domain(call, GOOGLE, &wanted, Purpose::Order)
            .await;
        let said = refused.as_ref().unwrap_err().to_string();
        assert!(
            said.contains(name) && said.contains("removed there"),
            "{said}"
        );
        assert_eq!(class(refused), REFUSED);
    }
}

#[tokio::test]
async fn another_provider_is_refused() {
    let world = World::new().await;
    let (tenant, name) = (Tenant::first(&world, &[]), domain("acme-mail.com"));
    let refused = tenant.google.prepare_domain(
        world.call("k"),
        MailProvider::Microsoft,
        &name,
        Purpose::Order,
    );
    let scope = Scope::Order;
    assert_eq!(class(refused.await), ErrorClass::Permanent { scope });
}

#[tokio::test]
async fn a_domain_is_added_and_removed_once_whatever_gets_lost() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let (google, call) = (&tenant.google, world.call("k"));
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let name = domain(&format!("lost{n}.com"));
        world.fail_next(Fake::Google, ADD, kind.clone());
        let lost = google
            .prepare_domain(call, GOOGLE, &name, Purpose::Order)
            .await;
        assert!(is_retry(class(lost)), "{name}");
        with_domain(&world, &tenant, name.as_str()).await;
        assert_eq!(made(&world, "domains", name.as_str()), 1);
        world.fail_next(Fake::Google, REMOVE, kind);
        let lost = google.release_domain(call, GOOGLE, &name).await;
        // A removal has no answer that could be cut in half.
        assert!(lost.is_ok() || is_retry(class(lost)), "{name}");
        google.release_domain(call, GOOGLE, &name).await.unwrap();
        assert_eq!(made(&world, "domains_deleted", name.as_str()), 1);
    }
    for (n, kind) in passing_failures().into_iter().enumerate() {
        let name = domain(&format!("again{n}.com"));
        world.fail_next(Fake::Google, ADD, kind);
        let failed = google
            .prepare_domain(call, GOOGLE, &name, Purpose::Order)
            .await;
        assert!(is_retry(class(failed)), "{name}");
        with_domain(&world, &tenant, name.as_str()).await;
    }
}

#[tokio::test]
async fn a_proof_whose_answer_was_lost_counts() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("dkim", "off")]);
    let name = with_domain(&world, &tenant, "acme-mail.com").await;
    let (google, call) = (&tenant.google, world.call("k"));
    let records = google
        .prepare_domain(call, GOOGLE, &name, Purpose::Order)
        .await
        .unwrap();
    let published = Published::of(&world, &name).await;
    published.put(&world, &records.records).await;
    world.fail_next(Fake::Google, PROVE, FaultKind::TimeoutAfterItWorked);
    let lost = google.verify_domain(call, GOOGLE, &name).await;
    assert!(is_retry(class(lost)));
    google.verify_domain(call, GOOGLE, &name).await.unwrap();
    assert_eq!(made(&world, "verifications", "acme-mail.com"), 1);
}

#[tokio::test]
async fn what_google_shows_late_is_waited_for() {
    let world = World::new().await;
    world.fakes.set_lag(Fake::Google, 2);
    let (tenant, name) = (
        Tenant::first(&world, &[("dkim", "off")]),
        domain("acme-mail.com"),
    );
    let (google, call) = (&tenant.google, world.call("k"));
    let prepared = google
        .prepare_domain(call, GOOGLE, &name, Purpose::Order)
        .await
        .unwrap();
    let published = Published::of(&world, &name).await;
    published.put(&world, &prepared.records).await;
    let verified = persist(async || google.verify_domain(call, GOOGLE, &name).await).await;
    assert_eq!(verified.records, prepared.records);
}

#[tokio::test]
async fn a_domain_with_users_stays_and_so_does_the_tenants_own() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let (google, call) = (&tenant.google, world.call("k"));
    let name = with_domain(&world, &tenant, "acme-mail.com").await;
    tenant.prove(&world, &name).await;
    let addresses = numbered(&name, 1);
    google
        .ensure_inboxes(call, GOOGLE, &name, &inboxes(&addresses, None))
        .await
        .unwrap();
    let own = tenant.own_domain();
    for name in [&name, &own] {
        google.release_domain(call, GOOGLE, name).await.unwrap();
        assert_eq!(made(&world, "domains_deleted", name.as_str()), 0);
    }
    google
        .remove_inboxes(call, GOOGLE, &name, &addresses)
        .await
        .unwrap();
    for _ in 0..2 {
        google.release_domain(call, GOOGLE, &name).await.unwrap();
        google
            .remove_inboxes(call, GOOGLE, &name, &addresses)
            .await
            .unwrap();
    }
    assert_eq!(made(&world, "domains_deleted", "acme-mail.com"), 1);
    assert_eq!(made(&world, "users_deleted", "jane0@acme-mail.com"), 1);
}
