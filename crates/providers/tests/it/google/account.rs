//! The account as a whole: what it may, and how it is refused.

use peeker_domain::vendor::Vendor;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::google::{Google, SETTINGS};
use peeker_providers::{ErrorClass, Mail, Purpose};
use serde_json::json;

use super::{Tenant, with_domain, with_seats};
use crate::world::{World, class, domain, is_retry, look, text};

const SITES: &str = "https://www.googleapis.com/auth/siteverification";
const ORDERS: &str = "https://www.googleapis.com/auth/apps.order";
const USERS: &str = "https://www.googleapis.com/auth/admin.directory.user";
const DOMAINS: &str = "https://www.googleapis.com/auth/admin.directory.domain";

fn with_reseller(world: &World) -> Tenant {
    let wishes = with_seats("TRIAL", 5);
    let credentials = world.fakes.open_account(Fake::Google, &wishes).unwrap();
    let customer = text(&credentials, "customer_id").to_owned();
    let settings = [
        ("reseller_customer", customer.as_str()),
        ("reseller_subscription", "1010020027"),
    ];
    Tenant::of(world, credentials, &settings)
}

#[tokio::test]
async fn a_look_tells_what_the_account_has_and_changes_nothing() {
    let world = World::new().await;
    let tenant = with_reseller(&world);
    with_domain(&world, &tenant, "acme-mail.com").await;
    let before = world.fakes.holdings(Fake::Google);
    let report = look(&tenant.google).await.unwrap();
    assert_eq!(report.missing, Vec::<String>::new());
    let primary = text(&tenant.credentials, "primary_domain").to_owned();
    assert_eq!(
        report.facts,
        [
            ("domains", "2".to_owned()),
            ("primary domain", primary),
            ("seats", "1 of 5 taken".to_owned()),
        ]
    );
    assert_eq!(world.fakes.holdings(Fake::Google), before);
}

#[tokio::test]
async fn scopes_that_are_missing_are_named_in_googles_words() {
    let world = World::new().await;
    let tenant = with_reseller(&world);
    for (delegated, missing) in [
        (vec![DOMAINS, USERS, SITES], vec![ORDERS]),
        (vec![DOMAINS, USERS], vec![SITES, ORDERS]),
        (vec![SITES, ORDERS], vec![DOMAINS, USERS]),
    ] {
        tenant.change(&world, &json!({"delegated_scopes": delegated}));
        let google = Tenant::of(
            &world,
            tenant.credentials.clone(),
            &[
                ("reseller_customer", tenant.id.as_str()),
                ("reseller_subscription", "1010020027"),
            ],
        )
        .google;
        let report = look(&google).await.unwrap();
        assert_eq!(report.missing, missing);
    }
    assert_eq!(
        Tenant::attention(&world),
        None,
        "a look takes nothing out of use"
    );
}

#[tokio::test]
async fn work_without_a_scope_needs_the_operator() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    tenant.change(&world, &json!({"delegated_scopes": [USERS]}));
    let name = domain("acme-mail.com");
    let call = world.call("k");
    let refused = tenant
        .google
        .prepare_domain(call, super::GOOGLE, &name, Purpose::Order)
        .await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    let reason = Tenant::attention(&world).unwrap();
    assert!(
        reason.contains("admin.directory.domain") && reason.contains("Domain-wide delegation"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_taken_needs_the_operator() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    tenant.change(&world, &json!({"credentials_refused": true}));
    assert_eq!(class(look(&tenant.google).await), ErrorClass::NeedsHuman);
    assert!(Tenant::attention(&world).unwrap().contains("key"));
    // So does an administrator whom nobody knows.
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("admin", "nobody@tenant.example")]);
    assert_eq!(class(look(&tenant.google).await), ErrorClass::NeedsHuman);
}

#[tokio::test]
async fn a_token_that_ends_early_is_made_anew() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    look(&tenant.google).await.unwrap();
    let tokens = || world.fakes.counts().requests(Fake::Google, "POST /token");
    let before = tokens();
    look(&tenant.google).await.unwrap();
    assert_eq!(tokens(), before, "a token serves until it ends");
    tenant.change(&world, &json!({"revoke_tokens": true}));
    for _ in 0..3 {
        assert!(is_retry(class(look(&tenant.google).await)));
    }
    look(&tenant.google).await.unwrap();
    assert_eq!(Tenant::attention(&world), None);
}

#[tokio::test]
async fn no_token_comes_from_a_vendor_that_is_out_of_order() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    for kind in [
        FaultKind::ServerError(503),
        FaultKind::HalfAnswer,
        FaultKind::TimeoutBefore,
    ] {
        world.fail_next(Fake::Google, "POST /token", kind);
        assert!(is_retry(class(look(&tenant.google).await)));
    }
    look(&tenant.google).await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let world = World::new().await;
    let credentials = world.fakes.credentials(Fake::Google).remove(0);
    let key_file = credentials["service_account"].to_string();
    for (settings, field) in [
        (vec![], "admin"),
        (vec![("admin", "a@b.com"), ("dkim", "maybe")], "dkim"),
        (
            vec![("admin", "a@b.com"), ("org_unit", "Sending")],
            "org_unit",
        ),
        (
            vec![("admin", "a@b.com"), ("reseller_customer", "C1")],
            "reseller_subscription",
        ),
        (
            vec![("admin", "a@b.com"), ("reseller_subscription", "1")],
            "reseller_customer",
        ),
        (
            vec![("admin", "a@b.com"), ("seat_price_cents", "6.00")],
            "seat_price_cents",
        ),
    ] {
        let account = world.account(Vendor::Google, "pacc_google", key_file.clone(), &settings);
        let refused = Google::new(account, &world.memory.services())
            .err()
            .unwrap();
        assert_eq!(refused.field, field);
        assert!(SETTINGS.iter().any(|setting| setting.key == field));
    }
}
