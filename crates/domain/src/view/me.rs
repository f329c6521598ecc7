//! `GET /me` (contract §2).

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Environment, Preset};

/// The key that asks, and the partner it belongs to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Me {
    /// The key.
    pub api_key: ApiKey,
    /// The partner.
    pub partner: Partner,
}

/// What a key may do, and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKey {
    /// The environment it acts in.
    pub environment: Environment,
    /// What it may do there.
    pub permission_preset: Preset,
}

/// A partner.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Partner {
    /// `org_…`
    #[schema(example = "org_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Its name.
    #[schema(example = "Acme Resellers")]
    pub name: String,
}
