//! Rows of `order_domains`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId};
use peeker_domain::persona::Personas;
use peeker_domain::view::Source;
use peeker_domain::{Cents, MailProvider, OrderDomainState, ProvisionStep, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub domain_id: DomainId,
    pub name: String,
    pub provider: MailProvider,
    pub source: Source,
    pub inboxes: i32,
    pub price_cents: Cents,
    pub renewal_price_cents: Cents,
    pub forwarding_url: Option<String>,
    pub step: ProvisionStep,
    pub state: OrderDomainState,
    pub leaves_at: Option<Timestamp>,
    pub deprovision_pending: bool,
    pub personas: Option<Personas>,
    pub swap_in_id: Option<SwapId>,
    pub swap_out_id: Option<SwapId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
