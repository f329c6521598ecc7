//! Providers whose caller comes back: what asks to be tried again is, at once, as the jobs of a server would later.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::order::ClientId;
use peeker_domain::{Cents, DomainName, MailProvider, Timestamp, WebUrl};
use peeker_providers::{
    Bought, Call, Check, Dns, DnsRecord, ErrorClass, HandOver, InboxRename, InboxSpec, Mail,
    MailDomain, Probes, ProviderError, Providers, Purpose, Registrar, Registration, RouteError,
    SequencerPort, TargetProblem, Zone,
};

/// Tries after which a call counts as never working.
const TRIES: usize = 200;

/// Called between two tries.
#[async_trait]
pub trait Meanwhile: Send + Sync {
    /// What somebody else does until the next try, such as the operator.
    async fn happen(&self);
}

/// These providers, tried until they work or refuse for good.
pub fn patient(providers: Providers, meanwhile: &Arc<dyn Meanwhile>) -> Providers {
    let Providers {
        registrar,
        dns,
        mail,
        sequencer,
        probes,
        simulation,
    } = providers;
    Providers {
        registrar: Arc::new(Patient(registrar, Arc::clone(meanwhile))),
        dns: Arc::new(Patient(dns, Arc::clone(meanwhile))),
        mail: Arc::new(Patient(mail, Arc::clone(meanwhile))),
        sequencer: Arc::new(Patient(sequencer, Arc::clone(meanwhile))),
        probes: Arc::new(Patient(probes, Arc::clone(meanwhile))),
        simulation,
    }
}

struct Patient<P: ?Sized>(Arc<P>, Arc<dyn Meanwhile>);

/// An error that may ask to be tried again.
trait Passing {
    fn passes(&self) -> bool;
}

impl Passing for ProviderError {
    fn passes(&self) -> bool {
        !matches!(self.class, ErrorClass::Permanent { .. })
    }
}

impl Passing for RouteError {
    fn passes(&self) -> bool {
        matches!(self, Self::Provider(error) if error.passes())
    }
}

async fn until_it_works<T, E: Passing + std::fmt::Display, F: Future<Output = Result<T, E>>>(
    meanwhile: &dyn Meanwhile,
    call: impl Fn() -> F,
) -> Result<T, E> {
    let mut tries = 0;
    loop {
        let answer = call().await;
        tries += 1;
        match answer {
            Err(error) if error.passes() => {
                assert!(tries < TRIES, "it never works: {error}");
                meanwhile.happen().await;
            }
            answer => return answer,
        }
    }
}

/// Implements a port by its list of methods.
macro_rules! patient {
    ($port:ident: $($method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $port for Patient<dyn $port> {
            $(async fn $method(&self, call: Call<'_>, $($argument: $type),*) -> $answer {
                until_it_works(&*self.1, || self.0.$method(call, $($argument),*)).await
            })+
        }
    };
}

patient! { Registrar:
    check(names: &[DomainName]) -> Result<Vec<Check>, ProviderError>;
    register(name: &DomainName, expected_price: Cents) -> Result<Bought, ProviderError>;
    renew(name: &DomainName, current_end: Timestamp, expected_price: Cents) -> Result<Bought, ProviderError>;
    find(name: &DomainName) -> Result<Option<Registration>, ProviderError>;
    set_nameservers(name: &DomainName, nameservers: &[String]) -> Result<(), ProviderError>;
}

patient! { Dns:
    zone_capacity(zones: usize) -> Result<(), ProviderError>;
    ensure_zone(name: &DomainName) -> Result<Zone, ProviderError>;
    put_records(name: &DomainName, records: &[DnsRecord]) -> Result<(), ProviderError>;
    records(name: &DomainName) -> Result<Vec<DnsRecord>, ProviderError>;
    set_redirect(name: &DomainName, target: &WebUrl) -> Result<(), ProviderError>;
    clear_redirect(name: &DomainName) -> Result<(), ProviderError>;
}

patient! { Mail:
    prepare_domain(provider: MailProvider, name: &DomainName, purpose: Purpose) -> Result<MailDomain, ProviderError>;
    verify_domain(provider: MailProvider, name: &DomainName) -> Result<MailDomain, ProviderError>;
    activate_domain(provider: MailProvider, name: &DomainName) -> Result<(), ProviderError>;
    ensure_inboxes(provider: MailProvider, name: &DomainName, inboxes: &[InboxSpec<'_>]) -> Result<(), ProviderError>;
    rename_inboxes(provider: MailProvider, name: &DomainName, renames: &[InboxRename<'_>]) -> Result<(), ProviderError>;
    remove_inboxes(provider: MailProvider, name: &DomainName, addresses: &[String]) -> Result<(), ProviderError>;
    release_domain(provider: MailProvider, name: &DomainName) -> Result<bool, ProviderError>;
}

patient! { SequencerPort:
    check_route(client_id: Option<&ClientId>) -> Result<(), RouteError>;
    hand_over(hand_over: &HandOver<'_>) -> Result<(), ProviderError>;
    disconnect(domain: &DomainName, addresses: &[String]) -> Result<(), ProviderError>;
}

patient! { Probes:
    delegated(name: &DomainName, nameservers: &[String]) -> Result<bool, ProviderError>;
    picture_reachable(url: &WebUrl) -> Result<bool, ProviderError>;
    forwarding_problem(name: &DomainName, target: &WebUrl) -> Result<Option<TargetProblem>, ProviderError>;
}
