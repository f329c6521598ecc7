//! What every set of adapters must do, whoever the vendors are. An adapter's own tests call [`provision`] and
//! [`assert_port_contract`] with its ports; `price` is what its registrar asks for the names used here. A test of another
//! crate gets it with the feature `contract`.

#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use peeker_domain::id::AccountId;
use peeker_domain::{Cents, DomainName, EmailAddress, MailProvider, Timestamp, WebUrl};
use secrecy::SecretString;

use crate::dns::mail_records;
use crate::{
    Bought, Call, DnsRecord, ErrorClass, HandOver, InboxRename, InboxSpec, MailDomain,
    ProviderError, Providers, Purpose, RecordKind, Registration, Verdict, Zone,
};

/// Must never be found in anything that an adapter stores, says or logs.
pub const CANARY_PASSWORD: &str = "canary-9f2c-password";

/// What provisioning a domain told.
#[derive(Debug, PartialEq, Eq)]
pub struct Provisioned {
    pub registration: Registration,
    pub zone: Zone,
    pub mail: MailDomain,
}

pub fn account() -> AccountId {
    AccountId::from_stored("org_01KJZ4V1B6E8N2Q4R6S8T0V2W4".into())
}

pub fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

pub fn call<'a>(account: &'a AccountId, key: &'a str, now_ms: i64) -> Call<'a> {
    Call {
        account,
        idempotency_key: key,
        now: Timestamp::from_millis(now_ms),
    }
}

pub fn class<T: std::fmt::Debug>(result: Result<T, ProviderError>) -> ErrorClass {
    result.unwrap_err().class
}

/// All steps of a bought domain, in the order of contract §4.
pub async fn provision(
    providers: &Providers,
    call: Call<'_>,
    name: &DomainName,
    provider: MailProvider,
    price: Cents,
    inboxes: usize,
) -> Result<Provisioned, ProviderError> {
    let bought = providers.registrar.register(call, name, price).await?;
    let zone = providers.dns.ensure_zone(call, name).await?;
    providers
        .registrar
        .set_nameservers(call, name, &zone.nameservers)
        .await?;
    let mail = &providers.mail;
    let mail = mail
        .prepare_domain(call, provider, name, Purpose::Order)
        .await?;
    providers
        .dns
        .put_records(call, name, &mail_records(name, mail.records.clone()))
        .await?;
    let verified = providers.mail.verify_domain(call, provider, name).await?;
    if verified != mail {
        providers
            .dns
            .put_records(call, name, &mail_records(name, verified.records.clone()))
            .await?;
    }
    providers.mail.activate_domain(call, provider, name).await?;
    let addresses: Vec<String> = (0..inboxes).map(|n| format!("jane{n}@{name}")).collect();
    let specs: Vec<InboxSpec<'_>> = addresses
        .iter()
        .map(|address| InboxSpec {
            address,
            first_name: "Jane",
            last_name: "Doe",
            picture_url: None,
        })
        .collect();
    providers
        .mail
        .ensure_inboxes(call, provider, name, &specs)
        .await?;
    let hand_over = HandOver {
        domain: name,
        client_id: None,
        login_email: &EmailAddress::parse("login@client.com").unwrap(),
        login_password: Some(&SecretString::from(CANARY_PASSWORD)),
        provider,
        inboxes: &specs,
    };
    assert!(!format!("{hand_over:?}").contains(CANARY_PASSWORD));
    providers.sequencer.hand_over(call, &hand_over).await?;
    Ok(Provisioned {
        registration: bought.registration,
        zone,
        mail: verified,
    })
}

/// Runs everything through the ports and looks at the answers only.
pub async fn assert_port_contract(providers: &Providers, price: Cents) {
    let account = account();
    for provider in MailProvider::ALL {
        let name = domain(&format!("contract-{provider}.com"));
        assert_checks_in_order(providers, &account, &name, price).await;
        let first = provision(
            providers,
            call(&account, "k1", 1_500),
            &name,
            *provider,
            price,
            3,
        )
        .await
        .unwrap();
        let same_key = provision(
            providers,
            call(&account, "k1", 9_999),
            &name,
            *provider,
            price,
            3,
        )
        .await
        .unwrap();
        let other_key = provision(
            providers,
            call(&account, "k2", 9_999),
            &name,
            *provider,
            price,
            3,
        )
        .await
        .unwrap();
        assert_eq!(first, same_key);
        assert_eq!(first, other_key);
        assert!(first.zone.nameservers.len() >= 2);
        assert_records(providers, &account, &name, &first.mail.records).await;
        assert_removal(providers, &account, &name, *provider).await;
        assert_release(providers, &account, &name, *provider).await;
    }
    assert_price_guard(providers, &account, price).await;
    assert_renewal(providers, &account, price).await;
    providers
        .sequencer
        .check_route(call(&account, "k", 0), None)
        .await
        .unwrap();
}

async fn assert_checks_in_order(
    providers: &Providers,
    account: &AccountId,
    name: &DomainName,
    price: Cents,
) {
    let names = [
        domain("contract-zz.com"),
        name.clone(),
        domain("contract-aa.com"),
    ];
    let checks = providers
        .registrar
        .check(call(account, "k", 0), &names)
        .await
        .unwrap();
    assert_eq!(
        checks.iter().map(|check| &check.name).collect::<Vec<_>>(),
        names.iter().collect::<Vec<_>>()
    );
    for check in checks {
        assert!(matches!(check.verdict, Verdict::Available { price: asked, .. } if asked == price));
    }
}

async fn assert_records(
    providers: &Providers,
    account: &AccountId,
    name: &DomainName,
    wanted: &[DnsRecord],
) {
    let call = call(account, "records", 0);
    let published = providers.dns.records(call, name).await.unwrap();
    for record in mail_records(name, wanted.to_vec()) {
        assert!(published.contains(&record), "{record:?}");
    }
    // Another MX set takes the place of the first one and leaves everything else.
    let other = DnsRecord::mx(name.as_str(), 5, "mx.elsewhere.example");
    for _ in 0..2 {
        providers
            .dns
            .put_records(call, name, std::slice::from_ref(&other))
            .await
            .unwrap();
        let now = providers.dns.records(call, name).await.unwrap();
        let (mx, rest): (Vec<_>, Vec<_>) = now
            .into_iter()
            .partition(|record| record.kind == RecordKind::Mx);
        assert_eq!(mx, std::slice::from_ref(&other));
        assert!(
            published
                .iter()
                .filter(|record| record.kind != RecordKind::Mx)
                .eq(rest.iter())
        );
    }
    let target = WebUrl::parse("https://acme.com/").unwrap();
    for _ in 0..2 {
        providers
            .dns
            .set_redirect(call, name, &target)
            .await
            .unwrap();
    }
    for _ in 0..2 {
        providers.dns.clear_redirect(call, name).await.unwrap();
    }
}

async fn assert_removal(
    providers: &Providers,
    account: &AccountId,
    name: &DomainName,
    provider: MailProvider,
) {
    let [old, new] = ["jane1", "john"].map(|local| format!("{local}@{name}"));
    let to = InboxSpec {
        address: &new,
        first_name: "John",
        last_name: "Doe",
        picture_url: None,
    };
    for _ in 0..2 {
        providers
            .mail
            .rename_inboxes(
                call(account, "rename", 0),
                provider,
                name,
                &[InboxRename { from: &old, to }],
            )
            .await
            .unwrap();
    }
    let addresses = [format!("jane0@{name}"), format!("nobody@{name}")];
    for _ in 0..2 {
        providers
            .sequencer
            .disconnect(call(account, "disconnect", 0), name, &addresses)
            .await
            .unwrap();
        providers
            .mail
            .remove_inboxes(call(account, "remove", 0), provider, name, &addresses)
            .await
            .unwrap();
        let released = providers
            .mail
            .release_domain(call(account, "release", 0), provider, name)
            .await;
        assert!(!released.unwrap(), "another inbox is left");
    }
}

/// When its last inbox is gone, the domain leaves the tenant, and may come again.
async fn assert_release(
    providers: &Providers,
    account: &AccountId,
    name: &DomainName,
    provider: MailProvider,
) {
    let mail = &providers.mail;
    let addresses = ["john", "jane2"].map(|local| format!("{local}@{name}"));
    for _ in 0..2 {
        let call = call(account, "leave", 0);
        mail.remove_inboxes(call, provider, name, &addresses)
            .await
            .unwrap();
        assert!(mail.release_domain(call, provider, name).await.unwrap());
    }
    let again = call(account, "again", 0);
    let purpose = Purpose::Order;
    let prepared = mail.prepare_domain(again, provider, name, purpose).await;
    assert!(!prepared.unwrap().records.is_empty());
}

async fn assert_price_guard(providers: &Providers, account: &AccountId, price: Cents) {
    let call = call(account, "guard", 0);
    let wrong = price + Cents(1);
    let name = domain("contract-guard.com");
    let refused = providers.registrar.register(call, &name, wrong).await;
    assert!(matches!(class(refused), ErrorClass::Permanent { .. }));
    let check = providers
        .registrar
        .check(call, std::slice::from_ref(&name))
        .await
        .unwrap();
    assert!(
        matches!(check[0].verdict, Verdict::Available { .. }),
        "nothing was bought"
    );
    let bought = providers
        .registrar
        .register(call, &name, price)
        .await
        .unwrap();
    assert_eq!(
        providers
            .registrar
            .register(call, &name, wrong)
            .await
            .unwrap(),
        Bought::held(bought.registration),
        "held ones are adopted"
    );
}

/// Another year is paid once for each end it is asked for with, whoever asks how often.
async fn assert_renewal(providers: &Providers, account: &AccountId, price: Cents) {
    let (registrar, name) = (&providers.registrar, domain("contract-renewal.com"));
    let call = call(account, "renewal", 0);
    let end = Timestamp::from_millis(0).plus_months(12);
    let unheld = registrar.renew(call, &name, end, price).await;
    assert!(matches!(class(unheld), ErrorClass::Permanent { .. }));
    let first = registrar.register(call, &name, price).await.unwrap();
    let first = first.registration;
    let Verdict::Available { renewal_price, .. } = registrar
        .check(call, &[domain("contract-price.com")])
        .await
        .unwrap()
        .remove(0)
        .verdict
    else {
        panic!("the name is free")
    };
    let end = first.expires_at;
    let dearer = registrar
        .renew(call, &name, end, renewal_price + Cents(1))
        .await;
    assert!(matches!(class(dearer), ErrorClass::Permanent { .. }));
    assert_eq!(
        registrar.find(call, &name).await.unwrap(),
        Some(first),
        "nothing was paid"
    );
    let renewed = registrar.renew(call, &name, end, renewal_price).await;
    let renewed = renewed.unwrap().registration;
    assert_eq!(renewed.expires_at, end.plus_months(12));
    let again = registrar.renew(call, &name, end, renewal_price).await;
    assert_eq!(
        again.unwrap(),
        Bought::held(renewed),
        "a later end is adopted"
    );
    assert_eq!(registrar.find(call, &name).await.unwrap(), Some(renewed));
    let second = registrar
        .renew(call, &name, renewed.expires_at, renewal_price)
        .await;
    assert_eq!(second.unwrap().registration.expires_at, end.plus_months(24));
}
