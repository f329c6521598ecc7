//! DKIM: by the operator, or not at all. What Exchange does is part of setting a domain up.

use peeker_domain::vendor::OperatorTask;
use peeker_providers::{DnsRecord, ErrorClass, Mail, Purpose};
use serde_json::json;

use super::{MICROSOFT, Tenant};
use crate::steps::Published;
use crate::world::{World, class, domain};

const TARGETS: [&str; 2] = [
    "selector1-acme-mail-com._domainkey.acme.r-v1.dkim.mail.microsoft",
    "selector2-acme-mail-com._domainkey.acme.r-v1.dkim.mail.microsoft",
];

#[tokio::test]
async fn the_operator_enters_the_targets() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("dkim", "operator")]);
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let name = domain("acme-mail.com");
    let prepared = microsoft
        .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
        .await
        .unwrap();
    Published::of(&world, &name)
        .await
        .put(&world, &prepared.records)
        .await;
    let verify = async || microsoft.verify_domain(call, MICROSOFT, &name).await;
    assert_eq!(class(verify().await), ErrorClass::NeedsHuman);
    let tasks = world.memory.open_tasks(OperatorTask::MicrosoftDkim);
    assert!(tasks["acme-mail.com"].contains("Defender portal"));
    assert_eq!(Tenant::attention(&world), None, "the account itself works");
    let key = (OperatorTask::MicrosoftDkim, name.to_string());
    let enter = |answer: String| {
        world.memory.state().tasks.get_mut(&key).unwrap().outcome = Some(answer);
    };
    enter("done".to_owned());
    assert_eq!(class(verify().await), ErrorClass::NeedsHuman);
    enter(TARGETS.join("\n"));
    let records = verify().await.unwrap().records;
    let [first, second] = TARGETS;
    assert_eq!(
        records[4..],
        [
            DnsRecord::cname("selector1._domainkey.acme-mail.com", first),
            DnsRecord::cname("selector2._domainkey.acme-mail.com", second),
        ]
    );
    microsoft
        .activate_domain(call, MICROSOFT, &name)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_tenant_can_do_without() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("dkim", "off")]);
    // Nor does it need Exchange then.
    tenant.change(&world, &json!({"exchange_roles": []}));
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let name = super::proven(&world, &tenant, "acme-mail.com").await;
    let records = microsoft
        .verify_domain(call, MICROSOFT, &name)
        .await
        .unwrap()
        .records;
    assert_eq!(records.len(), 4);
    microsoft
        .activate_domain(call, MICROSOFT, &name)
        .await
        .unwrap();
}

#[tokio::test]
async fn exchange_without_its_role_needs_the_operator() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    tenant.change(&world, &json!({"exchange_roles": []}));
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let name = domain("acme-mail.com");
    let prepared = microsoft
        .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
        .await
        .unwrap();
    Published::of(&world, &name)
        .await
        .put(&world, &prepared.records)
        .await;
    let refused = microsoft.verify_domain(call, MICROSOFT, &name).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    let reason = Tenant::attention(&world).unwrap();
    assert!(reason.contains("Exchange.ManageAsApp"), "{reason}");
    assert!(reason.contains("Exchange Administrator"), "{reason}");
}
