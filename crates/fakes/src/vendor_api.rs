//! What the framework asks of each vendor.

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call};
use crate::route::Route;
use crate::strict::Refusal;

/// What a vendor's folder gives to the framework.
///
/// Every function that may refuse answers in the vendor's own shape and status.
pub(crate) trait VendorApi: Sync {
    /// What it answers; the first pattern that fits wins.
    fn routes(&self) -> &'static [Route];

    /// A refusal that the framework makes, in the vendor's words.
    fn refuse(&self, refusal: &Refusal) -> Answer;

    /// The id of the account that asks; empty where a route needs none.
    fn authenticate(&self, world: &World, call: &Call) -> Result<String, Answer>;

    /// Counts the request against the vendor's limits. Gives the headers for its answer.
    ///
    /// `account` is `None` when the credentials were refused.
    fn limit(
        &self,
        world: &mut World,
        call: &Call,
        account: Option<&str>,
    ) -> Result<Vec<(&'static str, String)>, Answer>;

    /// A last change to every answer, for what an account gets differently.
    fn finish(&self, _: &World, _: &Call, answer: Answer) -> Answer {
        answer
    }

    /// Opens one more account as `wishes` say, and gives its credentials as an operator would hold them.
    fn open_account(&self, world: &mut World, wishes: &Value) -> Result<Value, String>;

    /// The credentials of all accounts.
    fn credentials(&self, world: &World) -> Vec<Value>;

    /// Changes something from outside, as the vendor or a customer would: `what` is `accounts` or a word of the vendor's own.
    fn change(&self, world: &mut World, what: &str, id: &str, change: &Value)
    -> Result<(), String>;

    /// What a person does in the vendor's own console, for which there is no API; gives what the console shows.
    fn console(
        &self,
        _: &mut World,
        _account: &str,
        what: &str,
        _input: &Value,
    ) -> Result<Value, String> {
        Err(format!("the console has no {what}"))
    }

    /// What the vendor holds now, without secrets.
    fn holdings(&self, world: &World) -> Value;
}
