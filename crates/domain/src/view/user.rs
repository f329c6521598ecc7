//! A customer (contract §2).

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type};

use super::words_schema;
use crate::client_id::ClientId;
use crate::status::UserStatus;
use crate::time::Timestamp;

/// A customer of the partner: an identity that orders and domains belong to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    /// `usr_…`
    #[schema(example = "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Unique in the account and environment; lower case, the domain in ASCII form (IDNA).
    #[schema(format = "email", example = "client@example.com")]
    pub email: String,
    /// Given name.
    #[schema(required = true, example = "Sam")]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(required = true, example = "Lee")]
    pub last_name: Option<String>,
    /// Whether the customer is deleted.
    pub status: UserStatus,
    /// Where inboxes of future orders go.
    pub sequencer: Sequencer,
    /// When the customer was made.
    pub created_at: Timestamp,
}

/// A customer's sequencer route.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sequencer {
    /// The sequencer; only `smartlead`.
    #[schema(schema_with = sequencer_schema)]
    pub provider: String,
    /// Number, text, or `null` for the default route.
    #[schema(required = true, schema_with = client_id_schema)]
    pub client_id: Option<ClientId>,
}

fn sequencer_schema() -> Object {
    words_schema("The sequencer; only `smartlead`.", &["smartlead"])
}

/// Longest sequencer client id given as a text.
pub const MAX_CLIENT_ID_LENGTH: usize = 100;

/// The schema of a sequencer client id: number, text or `null`.
pub fn client_id_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([
            Type::Integer,
            Type::String,
            Type::Null,
        ]))
        .description(Some(
            "The sequencer's client: a number or a text; `null` or `\"\"` for the default route.",
        ))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .max_length(Some(MAX_CLIENT_ID_LENGTH))
        .examples([serde_json::json!(366_903)])
        .build()
}
