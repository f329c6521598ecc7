//! Domains: added, proven, set up for mail, taken off.

use peeker_domain::MailProvider;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::{DnsRecord, ErrorClass, Mail, Purpose, RecordKind, Scope};
use serde_json::json;

use super::{MICROSOFT, Tenant, made, proven};
use crate::steps::{Published, inboxes, numbered, persist};
use crate::world::{REFUSED, World, class, domain, is_retry, lost_answers, passing_failures, text};

const ADD: &str = "POST /v1.0/domains";
const PROVE: &str = "POST /v1.0/domains/{}/verify";
const OPEN: &str = "PATCH /v1.0/domains/{}";
const REMOVE: &str = "DELETE /v1.0/domains/{}";

#[tokio::test]
async fn a_domain_gets_the_records_that_microsoft_names() {
    let world = World::new().await;
    let (tenant, name) = (Tenant::first(&world, &[]), domain("acme-mail.com"));
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let published = Published::of(&world, &name).await;
    let prepare = async || {
        microsoft
            .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
            .await
    };
    let prepared = prepare().await.unwrap();
    let [proof] = &prepared.records[..] else {
        panic!("only the proof is known: {prepared:?}")
    };
    assert_eq!(
        (proof.kind, proof.name.as_str()),
        (RecordKind::Txt, "acme-mail.com")
    );
    assert!(proof.content.starts_with("MS=ms"));
    let unseen = microsoft.verify_domain(call, MICROSOFT, &name).await;
    assert!(matches!(
        class(unseen),
        ErrorClass::Retry { after_ms: Some(_) }
    ));
    published.put(&world, &prepared.records).await;

    let verified = microsoft
        .verify_domain(call, MICROSOFT, &name)
        .await
        .unwrap();
    let held = tenant.held(&world, "domains");
    let held = held
        .as_array()
        .unwrap()
        .iter()
        .find(|held| held["domain"] == "acme-mail.com");
    let held = held.unwrap();
    assert_eq!(held["services"], json!(["Email"]));
    let mail_server = text(held, "mail_server");
    let spf = "v=spf1 include:spf.protection.outlook.com -all";
    assert_eq!(
        verified.records[..4],
        [
            proof.clone(),
            DnsRecord::mx("acme-mail.com", 0, mail_server),
            DnsRecord::txt("acme-mail.com", spf),
            DnsRecord::cname("autodiscover.acme-mail.com", "autodiscover.outlook.com"),
        ]
    );
    for (record, selector) in verified.records[4..].iter().zip(["selector1", "selector2"]) {
        assert_eq!(record.kind, RecordKind::Cname);
        assert_eq!(record.name, format!("{selector}._domainkey.acme-mail.com"));
        assert!(
            record
                .content
                .starts_with(&format!("{selector}-acme-mail-com._domainkey."))
        );
    }
    assert_eq!(verified.records.len(), 6);

    let unsigned = microsoft.activate_domain(call, MICROSOFT, &name).await;
    assert!(matches!(
        class(unsigned),
        ErrorClass::Retry { after_ms: Some(_) }
    ));
    published.put(&world, &verified.records).await;
    for _ in 0..2 {
        microsoft
            .activate_domain(call, MICROSOFT, &name)
            .await
            .unwrap();
        let again = microsoft
            .verify_domain(call, MICROSOFT, &name)
            .await
            .unwrap();
        assert_eq!(again, verified);
        assert_eq!(prepare().await.unwrap(), prepared);
    }
    let held = tenant.held(&world, "domains");
    let signed = held
        .as_array()
        .unwrap()
        .iter()
        .any(|held| held["dkim_enabled"] == json!(true));
    assert!(signed, "{held}");
    for what in ["domains", "verifications", "dkim_configs"] {
        assert_eq!(made(&world, what, "acme-mail.com"), 1, "{what}");
    }
}

#[tokio::test]
async fn a_domain_of_another_tenant_is_refused_for_good() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let name = domain("othertenant-acme.com");
    let refused = microsoft
        .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
        .await;
    let said = refused.as_ref().unwrap_err().to_string();
    assert!(said.contains("removed there"), "{said}");
    assert_eq!(class(refused), REFUSED);
    // Another tenant may be faster to prove what both have added.
    let other = Tenant::opened(&world, &json!({}));
    let name = domain("acme-mail.com");
    let ours = microsoft
        .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
        .await
        .unwrap();
    let theirs = other
        .microsoft
        .prepare_domain(call, MICROSOFT, &name, Purpose::Order);
    let both = [ours.records, theirs.await.unwrap().records].concat();
    Published::of(&world, &name).await.put(&world, &both).await;
    other
        .microsoft
        .verify_domain(call, MICROSOFT, &name)
        .await
        .unwrap();
    let refused = microsoft.verify_domain(call, MICROSOFT, &name).await;
    assert_eq!(class(refused), REFUSED);
}

#[tokio::test]
async fn another_provider_is_refused() {
    let world = World::new().await;
    let (tenant, name) = (Tenant::first(&world, &[]), domain("acme-mail.com"));
    let call = world.call("k");
    let refused = tenant
        .microsoft
        .release_domain(call, MailProvider::Google, &name)
        .await;
    let scope = Scope::Order;
    assert_eq!(class(refused), ErrorClass::Permanent { scope });
}

#[tokio::test]
async fn nothing_is_done_twice_whatever_gets_lost() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let name = domain(&format!("lost{n}.com"));
        world.fail_next(Fake::Microsoft, ADD, kind.clone());
        let lost = microsoft
            .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
            .await;
        assert!(is_retry(class(lost)), "{name}");
        for route in [PROVE, OPEN, "InvokeCommand"] {
            world.fail_next(Fake::Microsoft, route, kind.clone());
        }
        proven(&world, &tenant, name.as_str()).await;
        for what in ["domains", "verifications", "dkim_configs"] {
            assert_eq!(made(&world, what, name.as_str()), 1, "{what} {n}");
        }
        world.fail_next(Fake::Microsoft, REMOVE, kind);
        let lost = microsoft.release_domain(call, MICROSOFT, &name).await;
        // A removal has no answer that could be cut in half.
        assert!(lost.is_ok() || is_retry(class(lost)), "{name}");
        microsoft
            .release_domain(call, MICROSOFT, &name)
            .await
            .unwrap();
        assert_eq!(made(&world, "domains_deleted", name.as_str()), 1);
    }
}

#[tokio::test]
async fn what_did_not_work_is_done_again() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    for (n, kind) in passing_failures().into_iter().enumerate() {
        for route in [ADD, PROVE, OPEN, "InvokeCommand"] {
            world.fail_next(Fake::Microsoft, route, kind.clone());
        }
        let name = proven(&world, &tenant, &format!("again{n}.com")).await;
        assert_eq!(made(&world, "verifications", name.as_str()), 1);
    }
    let too_many = FaultKind::TooManyRequests { retry_after: 11 };
    world.fail_next(Fake::Microsoft, "GET /v1.0/domains/{}", too_many);
    let (name, call) = (domain("again0.com"), world.call("k"));
    let refused = tenant.microsoft.verify_domain(call, MICROSOFT, &name).await;
    let after_ms = Some(11_000);
    assert_eq!(class(refused), ErrorClass::Quota { after_ms });
}

#[tokio::test]
async fn what_microsoft_shows_late_is_waited_for() {
    let world = World::new().await;
    world.fakes.set_lag(Fake::Microsoft, 3);
    let tenant = Tenant::first(&world, &[]);
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let verify = async || microsoft.verify_domain(call, MICROSOFT, &name).await;
    let verified = persist(verify).await;
    assert_eq!(verified.records.len(), 6);
    Published::of(&world, &name)
        .await
        .put(&world, &verified.records)
        .await;
    persist(async || microsoft.activate_domain(call, MICROSOFT, &name).await).await;
    for what in ["domains", "verifications", "dkim_configs"] {
        assert_eq!(made(&world, what, "acme-mail.com"), 1, "{what}");
    }
}

#[tokio::test]
async fn a_domain_with_users_stays() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("dkim", "off")]);
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let addresses = numbered(&name, 2);
    let specs = inboxes(&addresses, None);
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    microsoft
        .release_domain(call, MICROSOFT, &name)
        .await
        .unwrap();
    assert_eq!(made(&world, "domains_deleted", "acme-mail.com"), 0);
    microsoft
        .remove_inboxes(call, MICROSOFT, &name, &addresses)
        .await
        .unwrap();
    for _ in 0..2 {
        microsoft
            .release_domain(call, MICROSOFT, &name)
            .await
            .unwrap();
    }
    assert_eq!(made(&world, "domains_deleted", "acme-mail.com"), 1);
}
