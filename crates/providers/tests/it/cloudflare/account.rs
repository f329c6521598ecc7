//! What concerns an account as a whole.

use peeker_domain::WebUrl;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::{Dns, ErrorClass};
use serde_json::json;

use super::{ELSEWHERE, adapter, change_account, mail_set, with_zone};
use crate::world::{World, account_id, class, domain, is_retry, look};

#[tokio::test]
async fn a_permission_that_is_missing_is_named_in_cloudflares_words() {
    let mut world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    world.advance_seconds(3_600);
    let name = domain("acme.com");
    let target = WebUrl::parse("https://brand.com/").unwrap();
    for (route, words) in [
        ("/dns_records", "Zone > DNS > Edit"),
        ("/rulesets", "Zone > Single Redirect > Edit"),
        ("/client/v4/zones", "Zone > Zone > Edit"),
    ] {
        change_account(&world, &json!({"permissions_missing": [route]}));
        let refused = cloudflare
            .set_redirect(world.call("k"), &name, &target)
            .await;
        assert_eq!(class(refused), ErrorClass::NeedsHuman, "{route}");
        let reason = world.memory.attention(&account_id(0)).unwrap();
        assert!(reason.contains(words), "{reason}");
    }
    change_account(
        &world,
        &json!({"permissions_missing": [], "credentials_refused": true}),
    );
    let refused = cloudflare.ensure_zone(world.call("k"), &name).await;
    let token = world.fakes.credentials(Fake::Cloudflare)[0]["api_token"].clone();
    assert!(
        !refused
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains(token.as_str().unwrap())
    );
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
}

#[tokio::test]
async fn accounts_have_their_own_zones() {
    let world = World::new().await;
    world
        .fakes
        .open_account(Fake::Cloudflare, &json!({}))
        .unwrap();
    let [one, other] = [0, 1].map(|index| adapter(&world, index, &[]));
    world.fakes.register_elsewhere("acme.com", &ELSEWHERE);
    let name = domain("acme.com");
    let zone = one.ensure_zone(world.call("k"), &name).await.unwrap();
    let unmade = other
        .put_records(world.call("k"), &name, &mail_set("acme.com"))
        .await;
    assert!(is_retry(class(unmade)));
    assert_ne!(
        other.ensure_zone(world.call("k"), &name).await.unwrap(),
        zone
    );
    let wanted = mail_set("acme.com");
    one.put_records(world.call("k"), &name, &wanted)
        .await
        .unwrap();
    assert_eq!(other.records(world.call("k"), &name).await.unwrap(), []);
}

#[tokio::test]
async fn a_call_too_many_rests_the_account() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    world.fail_next(
        Fake::Cloudflare,
        "GET /client/v4/zones",
        FaultKind::TooManyRequests { retry_after: 9 },
    );
    let refused = cloudflare.records(world.call("k"), &name).await;
    let after_ms = Some(9_000);
    assert_eq!(class(refused), ErrorClass::Quota { after_ms });
}

#[tokio::test]
async fn a_look_at_the_account_says_what_it_has_and_lacks() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let report = look(&cloudflare).await.unwrap();
    assert_eq!(report.missing, Vec::<String>::new());
    let facts: Vec<_> = report
        .facts
        .iter()
        .map(|(name, fact)| (*name, fact.as_str()))
        .collect();
    let expected = [
        ("account", "Account 1"),
        ("zones", "1"),
        ("active zones", "0"),
        ("pending zones", "1"),
        ("takes now", "50"),
    ];
    assert_eq!(facts, expected);
    for (routes, missing) in [
        (
            vec!["/dns_records", "/rulesets"],
            vec!["Zone > DNS > Edit", "Zone > Single Redirect > Edit"],
        ),
        (vec!["GET /client/v4/zones"], vec!["Zone > Zone > Edit"]),
    ] {
        change_account(&world, &json!({"permissions_missing": routes}));
        assert_eq!(look(&cloudflare).await.unwrap().missing, missing);
    }
    change_account(
        &world,
        &json!({"permissions_missing": ["/user/tokens/verify"]}),
    );
    assert_eq!(
        look(&cloudflare).await.unwrap().missing,
        Vec::<String>::new()
    );
    change_account(
        &world,
        &json!({"permissions_missing": [], "credentials_refused": true}),
    );
    assert_eq!(class(look(&cloudflare).await), ErrorClass::NeedsHuman);
}
