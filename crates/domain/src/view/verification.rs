//! What was found about a delivery that somebody wants checked.

use serde::Serialize;
use utoipa::ToSchema;

/// Whether a delivery is right, and if not, what is wrong with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignatureCheck {
    /// Whether a receiver with the account's sandbox secret would accept it.
    #[schema(example = true)]
    pub valid: bool,
    /// Everything that was looked at.
    pub checks: Vec<VerificationCheck>,
    /// What a right delivery of this event is made over.
    pub expected: Expected,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VerificationCheck {
    /// `secret`, `headers`, `event_id`, `body`, and for each header family `peeker.…` or `standard.…`: `headers`,
    /// `timestamp`, `form`, `signature`.
    #[schema(example = "peeker.signature")]
    pub name: String,
    /// Whether it is as it should be.
    #[schema(example = true)]
    pub ok: bool,
    /// What was found, and what to do about it.
    #[schema(example = "The signature is right")]
    pub message: String,
}

/// What a right delivery is made over. Never a signature.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Expected {
    /// What is signed, by header.
    pub signed_content: SignedContent,
    /// Bytes of the body.
    #[schema(example = 68)]
    pub body_bytes: usize,
    /// SHA-256 of the body, in hex.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub body_sha256: String,
    /// The body as it was sent; `null` when there is no such event, and the two above are about the body you gave.
    #[schema(required = true)]
    pub body: Option<String>,
}

/// What is signed: the start of it, since a body may be long.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignedContent {
    /// With the whole secret text as the key.
    #[serde(rename = "Peeker-Signature")]
    #[schema(example = "1778241600.evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4.{\"id\":…")]
    pub peeker: String,
    /// With the base64-decoded part after `whsec_` as the key.
    #[serde(rename = "webhook-signature")]
    #[schema(example = "evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4.1778241600.{\"id\":…")]
    pub standard: String,
}
