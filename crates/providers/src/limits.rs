//! What every call of every port is held to, whoever the vendor is: a time-out, and an error that says whom the call was made
//! to (docs/adr/0027). Pacing belongs here too.
//!
//! A call that is cut off may have worked. So its class is [`ErrorClass::Retry`](crate::ErrorClass::Retry), and the next
//! try looks before it makes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peeker_domain::order::ClientId;
use peeker_domain::{Cents, DomainName, MailProvider, Timestamp, WebUrl};

use crate::{
    Bought, Call, Check, Dns, DnsRecord, HandOver, InboxRename, InboxSpec, Mail, MailDomain, Port,
    Probes, ProviderError, Providers, Purpose, Registrar, Registration, RouteError, SequencerPort,
    TargetProblem, Zone,
};

impl Providers {
    /// These providers, none of whose calls takes longer than `call_timeout`.
    #[must_use]
    pub fn limited(self, call_timeout: Duration) -> Self {
        let Self {
            registrar,
            dns,
            mail,
            sequencer,
            probes,
            simulation,
        } = self;
        Self {
            registrar: Arc::new(Limited(registrar, call_timeout)),
            dns: Arc::new(Limited(dns, call_timeout)),
            mail: Arc::new(Limited(mail, call_timeout)),
            sequencer: Arc::new(Limited(sequencer, call_timeout)),
            probes: Arc::new(Limited(probes, call_timeout)),
            // Answers from memory.
            simulation,
        }
    }
}

struct Limited<P: ?Sized>(Arc<P>, Duration);

impl<P: ?Sized> Limited<P> {
    async fn within<T, E: From<ProviderError> + OfPort>(
        &self,
        port: Port,
        operation: &str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let answer = tokio::time::timeout(self.1, call).await;
        let answer = answer.unwrap_or_else(|_| {
            let message = format!("{operation} did not answer within {:?}", self.1);
            Err(ProviderError::retry(None, message).into())
        });
        answer.map_err(|error| error.of_port(port))
    }
}

/// An error that can say whom the failed call was made to.
trait OfPort {
    fn of_port(self, port: Port) -> Self;
}

impl OfPort for ProviderError {
    fn of_port(mut self, port: Port) -> Self {
        self.port = Some(port);
        self
    }
}

impl OfPort for RouteError {
    fn of_port(self, port: Port) -> Self {
        match self {
            Self::Provider(error) => Self::Provider(error.of_port(port)),
            other => other,
        }
    }
}

/// Implements a port by its list of methods, so that none can be written without the limit.
macro_rules! limited {
    ($port:ident as $name:ident, $label:literal: $(
        $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;
    )+) => {
        #[async_trait]
        impl $port for Limited<dyn $port> {
            $(async fn $method(&self, call: Call<'_>, $($argument: $type),*) -> $answer {
                let operation = concat!($label, ".", stringify!($method));
                self.within(Port::$name, operation, self.0.$method(call, $($argument),*)).await
            })+
        }
    };
}

limited! { Registrar as Registrar, "registrar":
    check(names: &[DomainName]) -> Result<Vec<Check>, ProviderError>;
    register(name: &DomainName, expected_price: Cents) -> Result<Bought, ProviderError>;
    renew(name: &DomainName, current_end: Timestamp, expected_price: Cents) -> Result<Bought, ProviderError>;
    find(name: &DomainName) -> Result<Option<Registration>, ProviderError>;
    set_nameservers(name: &DomainName, nameservers: &[String]) -> Result<(), ProviderError>;
}

limited! { Dns as Dns, "dns":
    zone_capacity(zones: usize) -> Result<(), ProviderError>;
    ensure_zone(name: &DomainName) -> Result<Zone, ProviderError>;
    put_records(name: &DomainName, records: &[DnsRecord]) -> Result<(), ProviderError>;
    records(name: &DomainName) -> Result<Vec<DnsRecord>, ProviderError>;
    set_redirect(name: &DomainName, target: &WebUrl) -> Result<(), ProviderError>;
    clear_redirect(name: &DomainName) -> Result<(), ProviderError>;
}

limited! { Mail as Mail, "mail":
    prepare_domain(provider: MailProvider, name: &DomainName, purpose: Purpose) -> Result<MailDomain, ProviderError>;
    verify_domain(provider: MailProvider, name: &DomainName) -> Result<MailDomain, ProviderError>;
    activate_domain(provider: MailProvider, name: &DomainName) -> Result<(), ProviderError>;
    ensure_inboxes(provider: MailProvider, name: &DomainName, inboxes: &[InboxSpec<'_>]) -> Result<(), ProviderError>;
    rename_inboxes(provider: MailProvider, name: &DomainName, renames: &[InboxRename<'_>]) -> Result<(), ProviderError>;
    remove_inboxes(provider: MailProvider, name: &DomainName, addresses: &[String]) -> Result<(), ProviderError>;
    release_domain(provider: MailProvider, name: &DomainName) -> Result<bool, ProviderError>;
}

limited! { SequencerPort as Sequencer, "sequencer":
    check_route(client_id: Option<&ClientId>) -> Result<(), RouteError>;
    hand_over(hand_over: &HandOver<'_>) -> Result<(), ProviderError>;
    disconnect(domain: &DomainName, addresses: &[String]) -> Result<(), ProviderError>;
}

limited! { Probes as Probes, "probes":
    delegated(name: &DomainName, nameservers: &[String]) -> Result<bool, ProviderError>;
    picture_reachable(url: &WebUrl) -> Result<bool, ProviderError>;
    forwarding_problem(name: &DomainName, target: &WebUrl) -> Result<Option<TargetProblem>, ProviderError>;
}

#[cfg(test)]
mod tests;
