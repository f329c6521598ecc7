//! The bill of what vendors are paid: a row with the expected price before the call that pays, and how it ended after it.

use peeker_domain::id::{PaymentId, ProviderAccountId};
use peeker_domain::vendor::{PaymentKind, PaymentState};
use peeker_domain::{Cents, DomainName, Timestamp};
use peeker_providers::{Bought, Call, ErrorClass, ProviderError};
use peeker_store::vendor_payments::{self as rows, Intent, Payment};

use super::{Live, unreadable};

/// What stands on the bill for the first year of a domain.
pub(super) fn registration_subject(name: &DomainName) -> String {
    name.to_string()
}

/// What stands on the bill for another year: the end that it is paid from tells one year from the next.
pub(super) fn renewal_subject(name: &DomainName, current_end: Timestamp) -> String {
    format!("{name} from {current_end}")
}

/// The bill of one account at a vendor, in one call.
pub(super) struct Bill<'a> {
    live: &'a Live,
    call: Call<'a>,
    account: &'a ProviderAccountId,
}

/// How long the registrar may go on with a call whose answer was lost. Until then it may show the world before it.
const UNDER_WAY_MS: i64 = 5 * 60 * 1000;

/// A payment that has begun.
pub(super) struct Begun {
    payment: Payment,
    /// Whether no earlier try of this purchase may have paid.
    is_first: bool,
}

impl Live {
    pub(super) fn bill<'a>(&'a self, call: Call<'a>, account: &'a ProviderAccountId) -> Bill<'a> {
        Bill {
            live: self,
            call,
            account,
        }
    }
}

impl Bill<'_> {
    /// Stores what is about to be paid. When this fails, nothing may be: also because another try of it may be under way
    /// that nobody hears of any more, and a renewal has no key that would make it the same.
    pub async fn begin(
        &self,
        kind: PaymentKind,
        subject: &str,
        expected: Cents,
    ) -> Result<Begun, ProviderError> {
        let intent = Intent {
            account: self.call.account,
            provider_account: self.account,
            kind,
            subject,
            purchase: self.call.idempotency_key,
            expected,
        };
        let (db, now) = (self.live.db(), self.live.now());
        let (payment, is_first) = rows::intend(db, intent, now).await.map_err(unreadable)?;
        let left = under_way_ms(&payment, now);
        if kind == PaymentKind::Renewal && !is_first && left > 0 {
            let message = format!("{subject} may be under way; it is looked at in a while");
            return Err(ProviderError::retry(Some(left), message));
        }
        if !is_first {
            let tried = rows::tried(db, self.call.account, &payment.id, now).await;
            tried.map_err(unreadable)?;
        }
        Ok(Begun { payment, is_first })
    }

    /// Stores how the call ended, and says what follows. One whose answer was lost stays in doubt until a later try knows.
    pub async fn end(
        &self,
        begun: &Begun,
        bought: Result<Bought, ProviderError>,
    ) -> Result<Bought, ProviderError> {
        let paid = match &bought {
            Ok(bought) => match &bought.receipt {
                Some(receipt) => Some((receipt.paid, receipt.reference.clone())),
                // Held already: an earlier try has paid, and not more than was expected. Without one, nobody has.
                None => (!begun.is_first).then_some((begun.payment.expected_cents, None)),
            },
            Err(error) if matches!(error.class, ErrorClass::Permanent { .. }) => {
                let left = under_way_ms(&begun.payment, self.live.now());
                if !begun.is_first && left > 0 {
                    // Refused now, perhaps because the try before has just bought it.
                    return Err(ProviderError::retry(Some(left), error.message.clone()));
                }
                None
            }
            Err(_) => return bought,
        };
        self.settle(&begun.payment.id, paid).await?;
        bought
    }

    /// What was in doubt has been paid, as it turns out.
    pub async fn found(&self, kind: PaymentKind, subject: &str) -> Result<(), ProviderError> {
        let open = rows::open_payment(self.live.db(), self.call.account, kind, subject).await;
        match open.map_err(unreadable)? {
            Some(open) => {
                self.settle(&open.id, Some((open.expected_cents, None)))
                    .await
            }
            None => Ok(()),
        }
    }

    async fn settle(
        &self,
        payment: &PaymentId,
        paid: Option<(Cents, Option<String>)>,
    ) -> Result<(), ProviderError> {
        let (db, now) = (self.live.db(), self.live.now());
        rows::settle(db, self.call.account, payment, paid, now)
            .await
            .map_err(unreadable)
    }
}

/// For how long the last try of a payment may still be under way at the registrar.
fn under_way_ms(payment: &Payment, now: Timestamp) -> i64 {
    match payment.state {
        PaymentState::Intended => UNDER_WAY_MS - now.millis_since(payment.tried_at),
        PaymentState::Paid | PaymentState::NotPaid => 0,
    }
}
