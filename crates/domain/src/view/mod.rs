//! The objects as partners see them. Responses and webhooks show the same types, so the two can never differ.
//!
//! Field order is the order on the wire. Rules: contract §2 to §4.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, Object as ObjectSchema, ObjectBuilder, Type};

mod action;
mod bundle;
mod domain;
mod event;
mod history;
mod import;
mod list;
mod me;
mod order;
mod quote;
mod sandbox;
mod swap;
mod user;
mod verification;
mod wallet;
mod webhook;

pub use action::{ActionDomain, OpenAction, PendingAction, Waiting};
pub use bundle::{Bundle, BundleRemoved, EffectiveSplit, RequiredDomains};
pub use domain::{Availability, AvailabilityList, Category, Domain, UnavailableReason};
pub use event::{DeliveryAttempt, Event, EventDelivery, EventReplay, Object};
pub use history::HistoryEntry;
pub use import::{
    FailedDomain, FailureReason, ForwardingJob, ImportJob, ImportedDomain, NameserverGroup,
};
pub use list::{Links, Meta, Page, Single};
pub use me::{ApiKey, Me, Partner};
pub use order::{
    CancellingDomain, Costs, Inbox, LineItem, LineItemType, OrderCosts, OrderDetail, OrderDomains,
    OrderFailure, OrderReceipt, Persona, Progress,
};
pub use quote::{PlannedProvider, Problem, Quote, QuotePlan, QuotedDomain, QuotedWallet, Source};
pub use sandbox::SandboxClock;
pub use swap::{Swap, SwapList};
pub use user::{MAX_CLIENT_ID_LENGTH, Sequencer, User, client_id_schema};
pub use verification::{Expected, SignatureCheck, SignedContent, VerificationCheck};
pub use wallet::{LowWallet, Wallet, WalletTransaction};
pub use webhook::{EndpointStatus, PauseReason, WebhookEndpoint};

/// The schema of a field that holds one of these words.
pub fn words_schema(description: &str, words: &[&str]) -> ObjectSchema {
    let words: Vec<Value> = words.iter().map(|word| (*word).into()).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .build()
}

/// The schema of an object of which nothing is said: what it holds depends on what stands beside it.
pub fn any_object_schema(description: &str) -> ObjectSchema {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
}
