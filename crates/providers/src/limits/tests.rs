//! No call of any port is without a limit.

use std::fmt::Debug;
use std::future::pending;

use peeker_domain::id::AccountId;
use peeker_domain::{EmailAddress, provider_error::ErrorClass};

use super::*;
use crate::simulation::Nothing;

struct Hanging;

macro_rules! hanging {
    ($port:ident: $($method:ident($($argument:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $port for Hanging {
            $(async fn $method(&self, _: Call<'_>, $(_: $argument),*) -> $answer {
                pending().await
            })+
        }
    };
}

hanging! { Registrar:
    check(&[DomainName]) -> Result<Vec<Check>, ProviderError>;
    register(&DomainName, Cents) -> Result<Bought, ProviderError>;
    renew(&DomainName, Timestamp, Cents) -> Result<Bought, ProviderError>;
    find(&DomainName) -> Result<Option<Registration>, ProviderError>;
    set_nameservers(&DomainName, &[String]) -> Result<(), ProviderError>;
}

hanging! { Dns:
    zone_capacity(usize) -> Result<(), ProviderError>;
    ensure_zone(&DomainName) -> Result<Zone, ProviderError>;
    put_records(&DomainName, &[DnsRecord]) -> Result<(), ProviderError>;
    records(&DomainName) -> Result<Vec<DnsRecord>, ProviderError>;
    set_redirect(&DomainName, &WebUrl) -> Result<(), ProviderError>;
    clear_redirect(&DomainName) -> Result<(), ProviderError>;
}

hanging! { Mail:
    prepare_domain(MailProvider, &DomainName, Purpose) -> Result<MailDomain, ProviderError>;
    verify_domain(MailProvider, &DomainName) -> Result<MailDomain, ProviderError>;
    activate_domain(MailProvider, &DomainName) -> Result<(), ProviderError>;
    ensure_inboxes(MailProvider, &DomainName, &[InboxSpec<'_>]) -> Result<(), ProviderError>;
    rename_inboxes(MailProvider, &DomainName, &[InboxRename<'_>]) -> Result<(), ProviderError>;
    remove_inboxes(MailProvider, &DomainName, &[String]) -> Result<(), ProviderError>;
    release_domain(MailProvider, &DomainName) -> Result<bool, ProviderError>;
}

hanging! { SequencerPort:
    check_route(Option<&ClientId>) -> Result<(), RouteError>;
    hand_over(&HandOver<'_>) -> Result<(), ProviderError>;
    disconnect(&DomainName, &[String]) -> Result<(), ProviderError>;
}

hanging! { Probes:
    delegated(&DomainName, &[String]) -> Result<bool, ProviderError>;
    picture_reachable(&WebUrl) -> Result<bool, ProviderError>;
    forwarding_problem(&DomainName, &WebUrl) -> Result<Option<TargetProblem>, ProviderError>;
}

/// What a call that was cut off looks like: it may have worked, so it is looked after and done again.
fn assert_cut_off<T: Debug>(answer: Result<T, ProviderError>) {
    let error = answer.unwrap_err();
    let unnamed = ErrorClass::Retry { after_ms: None };
    assert_eq!(error.class, unnamed, "{error}");
    assert!(error.message.ends_with(" did not answer within 1ms"));
}

fn limited() -> Providers {
    let hanging = Providers {
        registrar: Arc::new(Hanging),
        dns: Arc::new(Hanging),
        mail: Arc::new(Hanging),
        sequencer: Arc::new(Hanging),
        probes: Arc::new(Hanging),
        simulation: Arc::new(Nothing),
    };
    hanging.limited(Duration::from_millis(1))
}

#[tokio::test]
async fn every_call_of_every_port_is_cut_off() {
    let Providers {
        registrar,
        dns,
        mail,
        sequencer,
        probes,
        ..
    } = limited();
    let account = AccountId::from_stored("org_01KJZ4V1B6E8N2Q4R6S8T0V2W4".into());
    let now = Timestamp::from_millis(0);
    let call = Call {
        account: &account,
        idempotency_key: "k",
        now,
    };
    let name = &DomainName::parse("acme.com").unwrap();
    let url = &WebUrl::parse("https://example.com/").unwrap();
    let (google, price) = (MailProvider::Google, Cents(1));

    assert_cut_off(registrar.check(call, &[]).await);
    assert_cut_off(registrar.register(call, name, price).await);
    assert_cut_off(registrar.renew(call, name, now, price).await);
    assert_cut_off(registrar.find(call, name).await);
    assert_cut_off(registrar.set_nameservers(call, name, &[]).await);

    assert_cut_off(dns.zone_capacity(call, 1).await);
    assert_cut_off(dns.ensure_zone(call, name).await);
    assert_cut_off(dns.put_records(call, name, &[]).await);
    assert_cut_off(dns.records(call, name).await);
    assert_cut_off(dns.set_redirect(call, name, url).await);
    assert_cut_off(dns.clear_redirect(call, name).await);

    assert_cut_off(
        mail.prepare_domain(call, google, name, Purpose::Order)
            .await,
    );
    assert_cut_off(mail.verify_domain(call, google, name).await);
    assert_cut_off(mail.activate_domain(call, google, name).await);
    assert_cut_off(mail.ensure_inboxes(call, google, name, &[]).await);
    assert_cut_off(mail.rename_inboxes(call, google, name, &[]).await);
    assert_cut_off(mail.remove_inboxes(call, google, name, &[]).await);
    assert_cut_off(mail.release_domain(call, google, name).await);

    let login = EmailAddress::parse("login@example.com").unwrap();
    let hand_over = HandOver {
        domain: name,
        client_id: None,
        login_email: &login,
        login_password: None,
        provider: google,
        inboxes: &[],
    };
    assert_cut_off(sequencer.hand_over(call, &hand_over).await);
    assert_cut_off(sequencer.disconnect(call, name, &[]).await);
    match sequencer.check_route(call, None).await {
        Err(RouteError::Provider(error)) => assert_cut_off(Err::<(), _>(error)),
        other => panic!("{other:?}"),
    }

    assert_cut_off(probes.delegated(call, name, &[]).await);
    assert_cut_off(probes.picture_reachable(call, url).await);
    assert_cut_off(probes.forwarding_problem(call, name, url).await);
}
