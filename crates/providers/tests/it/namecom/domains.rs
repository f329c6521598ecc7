//! What is for sale, and what can be done with a domain that is held.

use peeker_domain::vendor::OperatorTask;
use peeker_domain::{Cents, MailProvider};
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::{Registrar, Verdict};
use serde_json::json;

use super::{DELEGATE, PRICE, adapter, change_account, first};
use crate::world::{REFUSED, World, class, domain, is_retry};

#[tokio::test]
async fn names_are_checked_at_once_and_answered_in_order() {
    let world = World::new().await;
    let namecom = first(&world);
    let asked = [
        "zz.com",
        "taken-a.com",
        "unknown-b.com",
        "premium-c.com",
        "aa.net",
    ]
    .map(domain);
    let checks = namecom.check(world.call("k"), &asked).await.unwrap();
    assert!(checks.iter().map(|check| &check.name).eq(asked.iter()));
    let available = |price, renewal_price| Verdict::Available {
        price: Cents(price),
        renewal_price: Cents(renewal_price),
        usable_for: MailProvider::ALL.to_vec(),
    };
    let verdicts: Vec<Verdict> = checks.into_iter().map(|check| check.verdict).collect();
    assert_eq!(
        verdicts,
        [
            available(1_099, 1_299),
            Verdict::Taken,
            Verdict::Unknown,
            Verdict::Premium,
            available(1_299, 1_699)
        ]
    );
    let many: Vec<_> = (0..51).map(|n| domain(&format!("n{n}.com"))).collect();
    let checks = namecom.check(world.call("k"), &many[..50]).await.unwrap();
    assert!(checks.iter().map(|check| &check.name).eq(many[..50].iter()));
    assert!(namecom.check(world.call("k"), &many).await.is_err());
    let unsold = [domain("a.museum")];
    let checks = namecom.check(world.call("k"), &unsold).await.unwrap();
    assert_eq!(checks[0].verdict, Verdict::Unknown);
    assert_eq!(namecom.check(world.call("k"), &[]).await.unwrap(), []);
}

#[tokio::test]
async fn nameservers_are_set_when_they_differ() {
    let world = World::new().await;
    let namecom = first(&world);
    let name = domain("acme.com");
    let servers = ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"].map(str::to_owned);
    let unheld = namecom
        .set_nameservers(world.call("k"), &name, &servers)
        .await;
    assert_eq!(class(unheld), REFUSED);
    namecom
        .register(world.call("k"), &name, PRICE)
        .await
        .unwrap();
    world.fail_next(Fake::NameCom, DELEGATE, FaultKind::TimeoutAfterItWorked);
    let lost = namecom
        .set_nameservers(world.call("k"), &name, &servers)
        .await;
    assert!(is_retry(class(lost)));
    let spelled = ["Bob.NS.cloudflare.com.", "ada.ns.cloudflare.com"].map(str::to_owned);
    for servers in [&servers, &spelled] {
        namecom
            .set_nameservers(world.call("k"), &name, servers)
            .await
            .unwrap();
    }
    let counts = world.fakes.counts();
    assert_eq!(
        counts.made(Fake::NameCom, "nameserver_changes", "acme.com"),
        1
    );
    assert_eq!(counts.requests(Fake::NameCom, DELEGATE), 1);
}

#[tokio::test]
async fn a_domain_that_is_off_the_dns_is_on_the_operators_list() {
    let world = World::new().await;
    let namecom = first(&world);
    let names = ["acme.com", "held.com"].map(domain);
    for name in &names {
        namecom
            .register(world.call("k"), name, PRICE)
            .await
            .unwrap();
    }
    let set_hold = |held| {
        let change = json!({"client_hold": held});
        world
            .fakes
            .change(Fake::NameCom, "domains", "held.com", &change)
            .unwrap();
    };
    set_hold(true);
    for name in &names {
        assert!(namecom.find(world.call("k"), name).await.unwrap().is_some());
    }
    let tasks = world.memory.open_tasks(OperatorTask::ClientHold);
    assert_eq!(tasks.keys().collect::<Vec<_>>(), ["held.com"]);
    assert!(tasks["held.com"].contains("clientHold") && tasks["held.com"].contains("verify"));
    let held = namecom.held_domains().await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].name.as_str(), held[0].hold.as_str()),
        ("held.com", "clientHold")
    );
    set_hold(false);
    namecom.find(world.call("k"), &names[1]).await.unwrap();
    assert!(world.memory.open_tasks(OperatorTask::ClientHold).is_empty());
    assert_eq!(namecom.held_domains().await.unwrap(), []);
}

#[tokio::test]
async fn holds_are_looked_for_on_every_page() {
    let world = World::new().await;
    let (user, namecom) = adapter(&world, 0, &[]);
    change_account(&world, &user, &json!({"balance_cents": 100_000_000}));
    for n in 0..260 {
        let name = domain(&format!("many{n:03}.com"));
        namecom
            .register(world.call("k"), &name, PRICE)
            .await
            .unwrap();
        if n % 100 == 55 {
            let change = json!({"client_hold": true});
            world
                .fakes
                .change(Fake::NameCom, "domains", name.as_str(), &change)
                .unwrap();
        }
    }
    let held = namecom.held_domains().await.unwrap();
    let names: Vec<&str> = held.iter().map(|held| held.name.as_str()).collect();
    assert_eq!(names, ["many055.com", "many155.com", "many255.com"]);
    assert_eq!(
        world
            .fakes
            .counts()
            .requests(Fake::NameCom, "GET /core/v1/domains"),
        2
    );
}
