//! Addresses that this server's own rules keep it from sending to, which no receiver can do anything about.

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, FailureClass, Result, WebUrl};
use peeker_store::deliveries::endpoint_health;
use peeker_store::webhooks as rows;

use crate::App;
use crate::failure::internal;

/// An address to which nothing is sent.
#[derive(Debug)]
pub struct RefusedAddress {
    pub account: AccountId,
    pub environment: Environment,
    pub url: String,
    /// Which rule it breaks.
    pub why: String,
}

/// The addresses of all partners that the rules refuse: by what they say, or by where their name was found to lead when
/// something was last to be sent there.
pub async fn addresses_unscoped(app: &App) -> Result<Vec<RefusedAddress>> {
    let urls = rows::urls_unscoped(&app.0.store.control).await;
    let mut refused = Vec::new();
    for (account, environment, url) in urls.map_err(internal("list webhook addresses"))? {
        let why = match judge(app, &url) {
            Some(why) => Some(why),
            None if last_failure(app, &account, environment).await?
                == Some(FailureClass::Refused) =>
            {
                Some("its name leads to an address that is not public".to_owned())
            }
            None => None,
        };
        refused.extend(why.map(|why| RefusedAddress {
            account,
            environment,
            url,
            why,
        }));
    }
    Ok(refused)
}

/// What is wrong with an address, as far as it says itself.
fn judge(app: &App, url: &str) -> Option<String> {
    match WebUrl::parse(url) {
        Ok(url) => app
            .0
            .outbound
            .check_target(&url)
            .err()
            .map(|why| why.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

/// Why the last attempt in an environment failed; `None` while the endpoint works, and since it was set or resumed.
pub async fn last_failure(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Option<FailureClass>> {
    let failure = endpoint_health::last_failure(&app.environment(environment).db, account).await;
    failure.map_err(internal("read the last delivery attempt"))
}
