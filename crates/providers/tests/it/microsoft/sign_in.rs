//! How sequencers sign in.

use peeker_providers::vendor::SignIn;
use peeker_providers::{ErrorClass, Mail};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{MICROSOFT, Tenant, proven};
use crate::steps::{inboxes, numbered};
use crate::world::{World, class, is_retry};

/// The class of a refused sign-in.
fn refused(result: Result<SignIn, peeker_providers::ProviderError>) -> ErrorClass {
    class(result.map(|_| ()))
}

#[tokio::test]
async fn an_inbox_signs_in_with_tokens_or_with_its_password() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("dkim", "off")]);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 1);
    let address = addresses[0].as_str();
    let unknown = microsoft.sign_in(call, &name, address).await;
    assert!(is_retry(refused(unknown)), "there is no such user yet");
    let specs = inboxes(&addresses, None);
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    let sign_in = microsoft.sign_in(call, &name, address).await.unwrap();
    let SignIn::OAuth {
        access_token,
        refresh_token,
        scope,
        expires_at_ms,
    } = sign_in
    else {
        panic!("tokens are the usual way")
    };
    assert!(!access_token.expose_secret().is_empty() && !refresh_token.expose_secret().is_empty());
    assert!(
        scope.contains("SMTP.Send") && scope.contains("IMAP.AccessAsUser.All"),
        "{scope}"
    );
    let lasts = expires_at_ms - call.now.as_millis();
    assert!((3_500_000..=3_600_000).contains(&lasts), "{lasts}");

    let by_password = Tenant::first(&world, &[("sign_in", "smtp")]);
    let sign_in = by_password
        .microsoft
        .sign_in(call, &name, address)
        .await
        .unwrap();
    let SignIn::Password {
        password,
        smtp_host,
        imap_host,
    } = sign_in
    else {
        panic!("the setting says so")
    };
    let kept = world.memory.state().mailboxes[address].password.clone();
    assert_eq!(password.expose_secret(), kept.expose_secret());
    assert_eq!(
        (smtp_host, imap_host),
        ("smtp.office365.com", "outlook.office365.com")
    );
}

#[tokio::test]
async fn a_tenant_that_asks_for_more_than_a_password_needs_the_operator() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &[("dkim", "off")]);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 1);
    let specs = inboxes(&addresses, None);
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    for (change, word) in [
        (json!({"ropc_refused": true}), "Conditional Access"),
        (
            json!({"ropc_refused": false, "delegated_scopes": ["SMTP.Send"]}),
            "consent",
        ),
        (json!({"secret_expired": true}), "secret"),
    ] {
        tenant.change(&world, &change);
        let said = microsoft.sign_in(call, &name, &addresses[0]).await;
        assert_eq!(refused(said), ErrorClass::NeedsHuman);
        let reason = Tenant::attention(&world).unwrap();
        assert!(
            reason.contains(word) && reason.contains("sign_in=smtp"),
            "{reason}"
        );
    }
}
