//! The registrar port over the operator's accounts at registrars, and the bill of what they are paid.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::vendor::{PaymentKind, Slot};
use peeker_domain::{Cents, DomainName, Timestamp};
use peeker_providers::{
    Bought, Call, Check, ErrorClass, ProviderError, Registrar, Registration, Scope,
};

use super::{Live, wrong_slot};
use crate::live::payments::{registration_subject, renewal_subject};

pub(super) struct Registrars(pub Arc<Live>);

const SLOT: Slot = Slot::Registrar;

#[async_trait]
impl Registrar for Registrars {
    async fn check(
        &self,
        call: Call<'_>,
        names: &[DomainName],
    ) -> Result<Vec<Check>, ProviderError> {
        let adapter = self.0.any(SLOT).await?;
        let registrar = adapter.registrar().ok_or_else(|| wrong_slot(SLOT))?;
        registrar.check(call, names).await
    }

    async fn register(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        let adapter = self.0.for_domain(call, name, SLOT).await?;
        let registrar = adapter.registrar().ok_or_else(|| wrong_slot(SLOT))?;
        let bill = self.0.bill(call, adapter.account());
        let subject = registration_subject(name);
        let payment = bill
            .begin(PaymentKind::Registration, &subject, expected_price)
            .await?;
        let bought = registrar.register(call, name, expected_price).await;
        bill.end(&payment, bought).await
    }

    async fn renew(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        let Some(adapter) = self.0.of_domain(call, name, SLOT).await? else {
            return Err(not_ours(name));
        };
        let registrar = adapter.registrar().ok_or_else(|| wrong_slot(SLOT))?;
        let bill = self.0.bill(call, adapter.account());
        let subject = renewal_subject(name, current_end);
        let payment = bill
            .begin(PaymentKind::Renewal, &subject, expected_price)
            .await?;
        let renewed = registrar
            .renew(call, name, current_end, expected_price)
            .await;
        bill.end(&payment, renewed).await
    }

    async fn find(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Registration>, ProviderError> {
        // What no account was ever asked to buy, none has bought.
        let Some(adapter) = self.0.of_domain(call, name, SLOT).await? else {
            return Ok(None);
        };
        let registrar = adapter.registrar().ok_or_else(|| wrong_slot(SLOT))?;
        let found = registrar.find(call, name).await?;
        if found.is_some() {
            let bill = self.0.bill(call, adapter.account());
            bill.found(PaymentKind::Registration, &registration_subject(name))
                .await?;
        }
        Ok(found)
    }

    async fn set_nameservers(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError> {
        let Some(adapter) = self.0.of_domain(call, name, SLOT).await? else {
            return Err(not_ours(name));
        };
        let registrar = adapter.registrar().ok_or_else(|| wrong_slot(SLOT))?;
        registrar.set_nameservers(call, name, nameservers).await
    }
}

fn not_ours(name: &DomainName) -> ProviderError {
    let class = ErrorClass::Permanent {
        scope: Scope::Domain,
    };
    ProviderError::new(class, format!("{name} is not registered with us"))
}
