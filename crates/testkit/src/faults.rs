//! Providers that lose answers, refuse, or hang at the very call that a test names.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use peeker_domain::order::ClientId;
use peeker_domain::{Cents, DomainName, MailProvider, Timestamp, WebUrl};
use peeker_providers::{
    Bought, Call, Check, Dns, DnsRecord, ErrorClass, HandOver, InboxRename, InboxSpec, Mail,
    MailDomain, Probes, ProviderError, Providers, Purpose, Registrar, Registration, RouteError,
    Scope, SequencerPort, TargetProblem, Zone,
};
use tokio::sync::Notify;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and has done nothing.
    RefusedBefore,
    /// It is refused for good and has done nothing.
    RefusedForGood,
    /// It is refused until an operator acts, and has done nothing.
    NeedsHuman,
    /// It works, but its answer is lost.
    LostAfter,
    /// It never returns and has done nothing: the moment to kill the process.
    HangsBefore,
    /// It works and never returns: the moment to kill the process.
    HangsAfter,
}

/// A provider call: which operation, about which domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCall {
    /// Such as `registrar.register`.
    pub operation: &'static str,
    pub domain: String,
}

struct Plan {
    operation: &'static str,
    domain: String,
    fault: Fault,
    retry_after_ms: Option<i64>,
}

#[derive(Default)]
struct Inner {
    calls: Mutex<Vec<ProviderCall>>,
    plans: Mutex<Vec<Plan>>,
    /// What goes wrong with the call of a number, counted from 1.
    numbered: Mutex<Option<(usize, Fault)>>,
    twice: AtomicBool,
    struck: Notify,
}

/// A script of faults, and the record of all provider calls that change something or look one thing up.
#[derive(Clone, Default)]
pub struct Faults(Arc<Inner>);

impl Faults {
    /// Puts this script before the providers of a server.
    pub fn layer(&self) -> impl FnOnce(Providers) -> Providers + Send + 'static {
        let faults = self.clone();
        move |providers| faults.before(providers)
    }

    fn before(&self, providers: Providers) -> Providers {
        let Providers {
            registrar,
            dns,
            mail,
            sequencer,
            probes,
            simulation,
        } = providers;
        Providers {
            registrar: Arc::new(Faulty(registrar, self.clone())),
            dns: Arc::new(Faulty(dns, self.clone())),
            mail: Arc::new(Faulty(mail, self.clone())),
            sequencer: Arc::new(Faulty(sequencer, self.clone())),
            probes: Arc::new(Faulty(probes, self.clone())),
            simulation,
        }
    }

    /// Lets the next such call about `domain` go wrong: a name, the URL that a probe is to load, or nothing for a call
    /// about neither. A refusal or a lost answer asks to come back after `retry_after_ms`, or after the usual back-off.
    pub fn plan(
        &self,
        operation: &'static str,
        domain: &str,
        fault: Fault,
        retry_after_ms: Option<i64>,
    ) {
        let plan = Plan {
            operation,
            domain: domain.to_owned(),
            fault,
            retry_after_ms,
        };
        lock(&self.0.plans).push(plan);
    }

    /// Lets the call of this number go wrong, whatever it is; the first is 1.
    pub fn plan_number(&self, number: usize, fault: Fault) {
        *lock(&self.0.numbered) = Some((number, fault));
    }

    /// Makes every call twice in a row; the second answer counts.
    pub fn make_twice(&self) {
        self.0.twice.store(true, Ordering::Relaxed);
    }

    /// The calls so far, in order; the record starts anew.
    pub fn take_calls(&self) -> Vec<ProviderCall> {
        std::mem::take(&mut lock(&self.0.calls))
    }

    /// How many planned faults have not come up yet.
    pub fn planned(&self) -> usize {
        lock(&self.0.plans).len()
    }

    /// Returns when a call hangs.
    pub async fn hanging(&self) {
        self.0.struck.notified().await;
    }

    /// A call that changes something or looks one thing up: recorded, and numbered.
    async fn pass<T, F>(
        &self,
        operation: &'static str,
        domain: &DomainName,
        call: impl Fn() -> F + Send + Sync,
    ) -> Result<T, ProviderError>
    where
        T: Send,
        F: Future<Output = Result<T, ProviderError>> + Send,
    {
        let plan = self.next_plan(operation, domain.as_str());
        if plan.is_none() && self.0.twice.load(Ordering::Relaxed) {
            call().await?;
        }
        self.carry_out(plan, operation, call()).await
    }

    /// A call that looks at many things, or at none of the providers': it goes wrong when that is planned.
    async fn look<T: Send, E: From<ProviderError> + Send>(
        &self,
        operation: &'static str,
        subject: &str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let plan = self.planned_for(operation, subject);
        self.carry_out(plan, operation, call).await
    }

    async fn carry_out<T: Send, E: From<ProviderError> + Send>(
        &self,
        plan: Option<Plan>,
        operation: &'static str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let Some(Plan {
            fault,
            retry_after_ms,
            ..
        }) = plan
        else {
            return call.await;
        };
        match fault {
            Fault::LostAfter => drop(call.await?),
            // Also when it was refused: that answer comes to nobody either.
            Fault::HangsAfter => drop(call.await),
            _ => {}
        }
        let refused = format!("{operation} went wrong as planned");
        Err(match fault {
            Fault::HangsBefore | Fault::HangsAfter => {
                self.0.struck.notify_one();
                std::future::pending().await
            }
            Fault::RefusedForGood => ProviderError::permanent(Scope::Domain, refused),
            Fault::NeedsHuman => ProviderError::new(ErrorClass::NeedsHuman, refused),
            Fault::RefusedBefore | Fault::LostAfter => {
                ProviderError::retry(retry_after_ms, refused)
            }
        }
        .into())
    }

    fn next_plan(&self, operation: &'static str, domain: &str) -> Option<Plan> {
        let plan = |fault| Plan {
            operation,
            domain: domain.to_owned(),
            fault,
            retry_after_ms: None,
        };
        let number = {
            let mut calls = lock(&self.0.calls);
            calls.push(ProviderCall {
                operation,
                domain: domain.to_owned(),
            });
            calls.len()
        };
        let mut numbered = lock(&self.0.numbered);
        if let Some((_, fault)) = numbered.take_if(|(wanted, _)| *wanted == number) {
            return Some(plan(fault));
        }
        self.planned_for(operation, domain)
    }

    fn planned_for(&self, operation: &str, subject: &str) -> Option<Plan> {
        let mut plans = lock(&self.0.plans);
        let found = plans
            .iter()
            .position(|plan| plan.operation == operation && plan.domain == subject);
        found.map(|found| plans.remove(found))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Faulty<P: ?Sized>(Arc<P>, Faults);

#[async_trait]
impl Registrar for Faulty<dyn Registrar> {
    async fn check(
        &self,
        call: Call<'_>,
        names: &[DomainName],
    ) -> Result<Vec<Check>, ProviderError> {
        let first = names.first().map_or("", DomainName::as_str);
        let done = self.0.check(call, names);
        self.1.look("registrar.check", first, done).await
    }

    async fn register(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        let done = || self.0.register(call, name, expected_price);
        self.1.pass("registrar.register", name, done).await
    }

    async fn renew(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        let done = || self.0.renew(call, name, current_end, expected_price);
        self.1.pass("registrar.renew", name, done).await
    }

    async fn find(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Registration>, ProviderError> {
        let done = || self.0.find(call, name);
        self.1.pass("registrar.find", name, done).await
    }

    async fn set_nameservers(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError> {
        let done = || self.0.set_nameservers(call, name, nameservers);
        self.1.pass("registrar.set_nameservers", name, done).await
    }
}

#[async_trait]
impl Dns for Faulty<dyn Dns> {
    async fn zone_capacity(&self, call: Call<'_>, zones: usize) -> Result<(), ProviderError> {
        let done = self.0.zone_capacity(call, zones);
        self.1.look("dns.zone_capacity", "", done).await
    }

    async fn ensure_zone(&self, call: Call<'_>, name: &DomainName) -> Result<Zone, ProviderError> {
        let done = || self.0.ensure_zone(call, name);
        self.1.pass("dns.ensure_zone", name, done).await
    }

    async fn put_records(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError> {
        let done = || self.0.put_records(call, name, records);
        self.1.pass("dns.put_records", name, done).await
    }

    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        let done = || self.0.records(call, name);
        self.1.pass("dns.records", name, done).await
    }

    async fn set_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError> {
        let done = || self.0.set_redirect(call, name, target);
        self.1.pass("dns.set_redirect", name, done).await
    }

    async fn clear_redirect(&self, call: Call<'_>, name: &DomainName) -> Result<(), ProviderError> {
        let done = || self.0.clear_redirect(call, name);
        self.1.pass("dns.clear_redirect", name, done).await
    }
}

#[async_trait]
impl Mail for Faulty<dyn Mail> {
    async fn prepare_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        purpose: Purpose,
    ) -> Result<MailDomain, ProviderError> {
        let done = || self.0.prepare_domain(call, provider, name, purpose);
        self.1.pass("mail.prepare_domain", name, done).await
    }

    async fn verify_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<MailDomain, ProviderError> {
        let done = || self.0.verify_domain(call, provider, name);
        self.1.pass("mail.verify_domain", name, done).await
    }

    async fn activate_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<(), ProviderError> {
        let done = || self.0.activate_domain(call, provider, name);
        self.1.pass("mail.activate_domain", name, done).await
    }

    async fn ensure_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let done = || self.0.ensure_inboxes(call, provider, name, inboxes);
        self.1.pass("mail.ensure_inboxes", name, done).await
    }

    async fn rename_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        renames: &[InboxRename<'_>],
    ) -> Result<(), ProviderError> {
        let done = || self.0.rename_inboxes(call, provider, name, renames);
        self.1.pass("mail.rename_inboxes", name, done).await
    }

    async fn remove_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let done = || self.0.remove_inboxes(call, provider, name, addresses);
        self.1.pass("mail.remove_inboxes", name, done).await
    }

    async fn release_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<bool, ProviderError> {
        let done = || self.0.release_domain(call, provider, name);
        self.1.pass("mail.release_domain", name, done).await
    }
}

#[async_trait]
impl SequencerPort for Faulty<dyn SequencerPort> {
    async fn check_route(
        &self,
        call: Call<'_>,
        client_id: Option<&ClientId>,
    ) -> Result<(), RouteError> {
        let done = self.0.check_route(call, client_id);
        self.1.look("sequencer.check_route", "", done).await
    }

    async fn hand_over(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
    ) -> Result<(), ProviderError> {
        let done = || self.0.hand_over(call, hand_over);
        self.1
            .pass("sequencer.hand_over", hand_over.domain, done)
            .await
    }

    async fn disconnect(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let done = || self.0.disconnect(call, domain, addresses);
        self.1.pass("sequencer.disconnect", domain, done).await
    }
}

#[async_trait]
impl Probes for Faulty<dyn Probes> {
    async fn delegated(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<bool, ProviderError> {
        let done = self.0.delegated(call, name, nameservers);
        self.1.look("probes.delegated", name.as_str(), done).await
    }

    async fn picture_reachable(&self, call: Call<'_>, url: &WebUrl) -> Result<bool, ProviderError> {
        let done = self.0.picture_reachable(call, url);
        let subject = url.as_str();
        self.1.look("probes.picture_reachable", subject, done).await
    }

    async fn forwarding_problem(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<Option<TargetProblem>, ProviderError> {
        let done = self.0.forwarding_problem(call, name, target);
        let subject = name.as_str();
        self.1
            .look("probes.forwarding_problem", subject, done)
            .await
    }
}
