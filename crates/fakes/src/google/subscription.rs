//! A subscription, and how answers show it.

use serde::Deserialize;
use serde_json::{Value, json};

/// What can be subscribed to.
pub(crate) const SKUS: [(&str, &str); 4] = [
    ("1010020027", "Google Workspace Business Starter"),
    ("1010020028", "Google Workspace Business Standard"),
    ("1010020025", "Google Workspace Business Plus"),
    ("1010020026", "Google Workspace Enterprise Standard"),
];

const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;

/// How a subscription is paid; it decides which field counts seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Plan {
    AnnualMonthlyPay,
    AnnualYearlyPay,
    Flexible,
    Trial,
}

impl Plan {
    pub fn is_annual(self) -> bool {
        matches!(self, Self::AnnualMonthlyPay | Self::AnnualYearlyPay)
    }

    /// Answers call the monthly paid year by another word than requests.
    fn word(self) -> &'static str {
        match self {
            Self::AnnualMonthlyPay => "ANNUAL",
            Self::AnnualYearlyPay => "ANNUAL_YEARLY_PAY",
            Self::Flexible => "FLEXIBLE",
            Self::Trial => "TRIAL",
        }
    }
}

/// One subscription.
pub(crate) struct Subscription {
    pub sku: String,
    pub plan: Plan,
    pub seats: u32,
    pub created_ms: u64,
    pub purchase_order: String,
    pub renewal: Option<String>,
}

impl Subscription {
    /// How many users it has room for.
    pub fn seats(&self) -> usize {
        self.seats as usize
    }
}

pub(crate) fn shown(
    id: &str,
    one: &Subscription,
    customer: &str,
    domain: &str,
    licensed: usize,
) -> Value {
    let name = SKUS.iter().find(|(sku, _)| *sku == one.sku);
    let mut plan = json!({ "planName": one.plan.word(), "isCommitmentPlan": one.plan.is_annual() });
    let mut seats = json!({ "kind": "subscriptions#seats", "licensedNumberOfSeats": licensed });
    if one.plan.is_annual() {
        plan["commitmentInterval"] = json!({
            "startTime": one.created_ms.to_string(),
            "endTime": (one.created_ms + YEAR_MS).to_string(),
        });
        seats["numberOfSeats"] = json!(one.seats);
    } else {
        seats["maximumNumberOfSeats"] = json!(one.seats);
    }
    let mut shown = json!({
        "kind": "reseller#subscription",
        "customerId": customer,
        "customerDomain": domain,
        "subscriptionId": id,
        "skuId": one.sku,
        "skuName": name.map(|(_, name)| *name),
        "billingMethod": "ONLINE",
        "creationTime": one.created_ms.to_string(),
        "status": "ACTIVE",
        "purchaseOrderId": one.purchase_order,
        "plan": plan,
        "seats": seats,
        "trialSettings": { "isInTrial": one.plan == Plan::Trial },
    });
    if let Some(renewal) = &one.renewal {
        shown["renewalSettings"] =
            json!({ "kind": "subscriptions#renewalSettings", "renewalType": renewal });
    }
    shown
}
