//! A panic while a request is handled is an internal error like any other: logged, and answered in the envelope.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use peeker_domain::Error;

use crate::error::ApiError;

/// The answer to a request whose handler panicked.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the panic guard calls it with the payload it caught"
)]
pub(super) fn answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    error(panic.as_ref()).into_response()
}

/// The error that a panic stands for; its message goes to the log only.
pub(super) fn error(panic: &(dyn Any + Send)) -> ApiError {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Error::internal(format!("a handler panicked: {message}")).into()
}
