//! The account as a whole: what it may, and how it is refused.

use peeker_domain::vendor::Vendor;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::microsoft::{Microsoft, SETTINGS};
use peeker_providers::{ErrorClass, Mail, Purpose};
use serde_json::json;

use super::{ACCOUNT, MICROSOFT, Tenant};
use crate::world::{World, class, domain, is_retry, look, text};

const DOMAINS: &str = "Domain.ReadWrite.All";
const USERS: &str = "User.ReadWrite.All";
const DELETED: &str = "User.DeleteRestore.All";
const SUBSCRIPTIONS: &str = "Organization.Read.All";
const EXCHANGE: &str = "Exchange.ManageAsApp";

#[tokio::test]
async fn a_look_tells_what_the_account_has_and_what_it_lacks() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let before = world.fakes.holdings(Fake::Microsoft);
    for (roles, exchange, missing) in [
        (
            vec![DOMAINS, USERS, DELETED, SUBSCRIPTIONS],
            vec![EXCHANGE],
            vec![],
        ),
        (
            vec![DOMAINS, USERS, SUBSCRIPTIONS],
            vec![],
            vec![DELETED, EXCHANGE],
        ),
        (
            vec![SUBSCRIPTIONS],
            vec![EXCHANGE],
            vec![DOMAINS, USERS, DELETED],
        ),
    ] {
        tenant.change(&world, &json!({"roles": roles, "exchange_roles": exchange}));
        let report = look(&tenant.microsoft).await.unwrap();
        assert_eq!(report.missing, missing);
        assert_eq!(
            report.facts,
            [
                ("licence", "EXCHANGESTANDARD".to_owned()),
                ("seats", "0 of 100 taken".to_owned()),
            ]
        );
    }
    assert_eq!(world.fakes.holdings(Fake::Microsoft), before);
    assert_eq!(Tenant::attention(&world), None);
}

#[tokio::test]
async fn a_licence_that_was_never_bought_is_missed() {
    let world = World::new().await;
    let credentials = world.fakes.credentials(Fake::Microsoft).remove(0);
    let settings = [("sku_id", "00000000-0000-0000-0000-000000000000")];
    let tenant = Tenant::of(&world, &credentials, &settings);
    let report = look(&tenant.microsoft).await.unwrap();
    assert!(
        report
            .missing
            .iter()
            .any(|missing| missing.contains("00000000"))
    );
}

#[tokio::test]
async fn work_without_a_permission_needs_the_operator() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    tenant.change(&world, &json!({"roles": [USERS]}));
    let (name, call) = (domain("acme-mail.com"), world.call("k"));
    let refused = tenant
        .microsoft
        .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
        .await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    let reason = Tenant::attention(&world).unwrap();
    assert!(
        reason.contains(DOMAINS) && reason.contains("admin consent"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_secret_that_is_not_taken_needs_the_operator() {
    for change in [
        json!({"credentials_refused": true}),
        json!({"secret_expired": true}),
    ] {
        let world = World::new().await;
        let tenant = Tenant::first(&world, &[]);
        tenant.change(&world, &change);
        assert_eq!(class(look(&tenant.microsoft).await), ErrorClass::NeedsHuman);
        assert!(Tenant::attention(&world).unwrap().contains("rotate"));
    }
    for setting in [("tenant", "nobody.example"), ("client_id", "nobody")] {
        let world = World::new().await;
        let tenant = Tenant::first(&world, &[setting]);
        assert_eq!(class(look(&tenant.microsoft).await), ErrorClass::NeedsHuman);
        assert!(Tenant::attention(&world).unwrap().contains(setting.0));
    }
}

#[tokio::test]
async fn a_token_that_ends_early_is_made_anew() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[]);
    let (name, call) = (domain("acme-mail.com"), world.call("k"));
    let prepare = async || {
        let microsoft = &tenant.microsoft;
        microsoft
            .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
            .await
    };
    let tokens = || {
        world
            .fakes
            .counts()
            .requests(Fake::Microsoft, "POST /{}/oauth2/v2.0/token")
    };
    prepare().await.unwrap();
    prepare().await.unwrap();
    assert_eq!(tokens(), 1, "a token serves until it ends");
    tenant.change(&world, &json!({"revoke_tokens": true}));
    assert!(is_retry(class(prepare().await)));
    prepare().await.unwrap();
    assert_eq!(tokens(), 2);
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
        world.fail_next(Fake::Microsoft, "oauth2", kind);
        assert!(is_retry(class(look(&tenant.microsoft).await)));
    }
    look(&tenant.microsoft).await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let world = World::new().await;
    let credentials = world.fakes.credentials(Fake::Microsoft).remove(0);
    let secret = text(&credentials, "client_secret");
    let needed = [("tenant", "t"), ("client_id", "c"), ("sku_id", "s")];
    for (settings, field) in [
        (needed[1..].to_vec(), "tenant"),
        (needed[..2].to_vec(), "sku_id"),
        (
            [&needed[..], &[("usage_location", "us")]].concat(),
            "usage_location",
        ),
        ([&needed[..], &[("dkim", "maybe")]].concat(), "dkim"),
        ([&needed[..], &[("sign_in", "imap")]].concat(), "sign_in"),
    ] {
        let account = world.account(Vendor::Microsoft, ACCOUNT, secret.to_owned(), &settings);
        let refused = Microsoft::new(account, &world.memory.services())
            .err()
            .unwrap();
        assert_eq!(refused.field, field);
        assert!(SETTINGS.iter().any(|setting| setting.key == field));
    }
}
