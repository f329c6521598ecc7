//! Accounts at vendors, as the operator adds, checks and retires them (docs/live.md).

use std::collections::BTreeMap;

use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::{AccountState, Vendor};
use peeker_domain::{Code, Error, Label, Result, Timestamp, Violation};
use peeker_providers::ErrorClass;
use peeker_providers::registry::{check_account, settings};
pub use peeker_providers::vendor::AccountReport as VendorReport;
use peeker_providers::vendor::{InvalidAccount, VendorAccount};
use peeker_store::provider_accounts::{self as rows, AccountPatch};
pub use peeker_store::provider_accounts::{ProviderAccount, Rest};
use peeker_store::stuck_jobs::hurry_unscoped;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::App;
use crate::failure::internal;
pub use crate::live::{LookedAfter, look_after};
use crate::live::{OWN_PACES, Told, account_context, settings_of};

/// A new account.
#[derive(Debug)]
pub struct NewAccount {
    pub vendor: Vendor,
    /// What the operator calls it.
    pub label: String,
    /// The partner that brought it, where each brings one of its own.
    pub partner: Option<AccountId>,
    /// Where the vendor's hosts are instead, such as a fake.
    pub base_url: Option<String>,
    pub settings: BTreeMap<String, String>,
    /// Domains that it may have.
    pub capacity: Option<u64>,
    pub credentials: SecretString,
}

/// An account, and how many domains it has.
#[derive(Debug, Clone)]
pub struct Listed {
    pub account: ProviderAccount,
    pub domains: u64,
}

/// What a look at an account has shown.
#[derive(Debug)]
pub enum Checked {
    /// It can do all that is asked of it.
    Works(VendorReport),
    /// It answers, and lacks what is named in the report.
    Lacks(VendorReport),
    /// It cannot be used, for this reason.
    Refused(String),
}

/// Adds an account, which is used from then on. Errors: `invalid_request`, with every problem at once; `not_found` on
/// `partner`.
pub async fn add(app: &App, new: NewAccount) -> Result<ProviderAccount> {
    let now = app.now();
    let id = ProviderAccountId::new(now);
    let label = validate(app, &id, &new).await?;
    let sealer = &app.0.sealer;
    let account = ProviderAccount {
        sealed_credentials: sealer.seal(account_context(&id), &new.credentials)?,
        id,
        vendor: new.vendor,
        label,
        partner: new.partner,
        base_url: new.base_url,
        settings: serde_json::to_string(&new.settings).map_err(Error::internal)?,
        capacity: new.capacity,
        state: AccountState::Active,
        reason: None,
        created_at: now,
        updated_at: now,
        rest: None,
    };
    let added = rows::insert(&app.0.store.control, &account).await;
    if !added.map_err(internal("store an account"))? {
        return Err(taken(&account));
    }
    changed(app).await?;
    Ok(account)
}

fn taken(account: &ProviderAccount) -> Error {
    let vendor = account.vendor.name();
    match &account.partner {
        Some(partner) => Error::invalid(
            "partner",
            format!(
                "{partner} has a {vendor} account already, or another one has this label; see peeker provider list"
            ),
        ),
        None => Error::invalid(
            "label",
            format!("There is a {vendor} account of that label"),
        ),
    }
}

/// All that is wrong with a new account. Gives back its label.
async fn validate(app: &App, id: &ProviderAccountId, new: &NewAccount) -> Result<String> {
    let mut violations = Vec::new();
    let mut refuse = |field: &str, message: String| violations.push(Violation::new(field, message));
    let label = Label::parse(&new.label);
    if let Err(error) = &label {
        refuse("label", error.to_string());
    }
    let vendor = new.vendor.name();
    match (&new.partner, new.vendor.is_of_partner()) {
        (None, true) => refuse(
            "partner",
            format!("{vendor} is each partner's own: say whose with --partner org_…"),
        ),
        (Some(_), false) => refuse(
            "partner",
            format!("{vendor} accounts are the operator's, for all partners"),
        ),
        _ => {}
    }
    let base_url = match new.base_url.as_deref().map(parse_base_url).transpose() {
        Ok(url) => url,
        Err(problem) => {
            refuse("base_url", problem);
            None
        }
    };
    for problem in settings_problems(new.vendor, &new.settings) {
        refuse(problem.field, problem.problem);
    }
    if new.capacity == Some(0) {
        refuse("capacity", "must be 1 or more".to_owned());
    }
    if new.credentials.expose_secret().trim().is_empty() {
        refuse("credentials", "are empty".to_owned());
    } else if violations.is_empty() {
        let account = VendorAccount {
            id: id.clone(),
            vendor: new.vendor,
            label: new.label.clone(),
            base_url,
            settings: new.settings.clone(),
            credentials: new.credentials.clone(),
            changed_at: app.now(),
        };
        if let Err(InvalidAccount { field, problem }) =
            check_account(account, app.live().services())
        {
            violations.push(Violation::new(field, problem));
        }
    }
    if let Some(error) = Error::from_violations(violations, 0) {
        return Err(error);
    }
    if let Some(partner) = &new.partner {
        let found = peeker_store::partners::find(&app.0.store.control, partner).await;
        let found = found.map_err(internal("find a partner"))?;
        found.ok_or_else(|| Error::not_found("partner").with_field("partner"))?;
    }
    label.map(String::from).map_err(Error::internal)
}

/// Unknown keys and bad numbers, and what is required and missing.
fn settings_problems(vendor: Vendor, given: &BTreeMap<String, String>) -> Vec<InvalidAccount> {
    let known = settings(vendor);
    let paces = OWN_PACES.map(|(key, ..)| key);
    let mut problems = Vec::new();
    for key in given.keys() {
        let is_known = paces.contains(&key.as_str()) || known.iter().any(|one| one.key == key);
        if !is_known {
            let keys = known.iter().map(|one| one.key).chain(paces);
            let keys: Vec<&str> = keys.collect();
            let message = format!(
                "has no {key:?}; {} takes {}",
                vendor.name(),
                keys.join(", ")
            );
            problems.push(InvalidAccount::new("settings", message));
        }
    }
    for key in paces {
        let pace = given.get(key);
        if pace.is_some_and(|text| !text.trim().parse::<u32>().is_ok_and(|number| number > 0)) {
            let message = "must be a whole number, 1 or more";
            problems.push(InvalidAccount::new(key, message));
        }
    }
    let is_given = |key: &str| given.get(key).is_some_and(|value| !value.trim().is_empty());
    for one in known
        .iter()
        .filter(|one| one.required && !is_given(one.key))
    {
        problems.push(InvalidAccount::new(
            one.key,
            format!("must be set: {}", one.help),
        ));
    }
    problems
}

/// An origin. Credentials go there, so without TLS only to this machine itself.
fn parse_base_url(text: &str) -> Result<Url, String> {
    let url =
        Url::parse(text).map_err(|_| "must be a URL such as https://api.example.com".to_owned())?;
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("must be an origin: no user, no query".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err("must start with https://, since credentials are sent there".to_owned()),
    }
}

/// All accounts, oldest first.
pub async fn list(app: &App) -> Result<Vec<Listed>> {
    let accounts = rows::list_unscoped(&app.0.store.control).await;
    let accounts = accounts.map_err(internal("list accounts at vendors"))?;
    let used = peeker_store::domain_providers::count_unscoped(&app.0.store.live.db).await;
    let used = used.map_err(internal("count domains at vendors"))?;
    let listed = accounts.into_iter().map(|account| Listed {
        domains: used.get(&account.id).copied().unwrap_or(0),
        account,
    });
    Ok(listed.collect())
}

/// The account with this id or label. Errors: `not_found`, or `invalid_request` when two vendors have accounts of that
/// label.
pub async fn find(app: &App, id_or_label: &str) -> Result<ProviderAccount> {
    let accounts = rows::list_unscoped(&app.0.store.control).await;
    let accounts = accounts.map_err(internal("list accounts at vendors"))?;
    let mut found: Vec<ProviderAccount> = accounts
        .into_iter()
        .filter(|account| account.id.as_str() == id_or_label || account.label == id_or_label)
        .collect();
    match found.len() {
        0 => Err(Error::not_found("provider account")),
        1 => Ok(found.remove(0)),
        _ => {
            let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
            let message = format!(
                "Several accounts have that label; name one by its id: {}",
                ids.join(", ")
            );
            Err(Error::new(Code::InvalidRequest, message))
        }
    }
}

/// Sets the state of an account: paused, draining, or active again, whatever it was.
pub async fn set_state(
    app: &App,
    account: &ProviderAccount,
    state: AccountState,
) -> Result<ProviderAccount> {
    let patch = AccountPatch {
        state: Some((state, None)),
        ..AccountPatch::default()
    };
    if state == AccountState::Active {
        let control = &app.0.store.control;
        let rested = rows::recovered(control, &account.id).await;
        rested.map_err(internal("end an account's rest"))?;
    }
    update(app, account, patch).await
}

/// Gives an account other credentials. One that needed attention is used again: a check says whether they work.
/// Errors: `invalid_request` on `credentials`.
pub async fn rotate(
    app: &App,
    account: &ProviderAccount,
    credentials: &SecretString,
) -> Result<ProviderAccount> {
    let wire = VendorAccount {
        credentials: credentials.clone(),
        ..opened(app, account)?
    };
    check_account(wire, app.live().services())
        .map_err(|invalid| Error::invalid(invalid.field, invalid.to_string()))?;
    let sealed = app
        .0
        .sealer
        .seal(account_context(&account.id), credentials)?;
    let state = match account.state {
        AccountState::NeedsAttention => Some((AccountState::Active, None)),
        _ => None,
    };
    let patch = AccountPatch {
        state,
        sealed_credentials: Some(sealed),
        ..AccountPatch::default()
    };
    update(app, account, patch).await
}

async fn update(
    app: &App,
    account: &ProviderAccount,
    patch: AccountPatch,
) -> Result<ProviderAccount> {
    let control = &app.0.store.control;
    // Later than the version that an adapter was made of, also within a millisecond and on a clock that stands still.
    let now = app.now().max(after(account.updated_at));
    rows::update(control, &account.id, patch, None, now)
        .await
        .map_err(internal("change an account"))?;
    changed(app).await?;
    find(app, account.id.as_str()).await
}

fn after(time: Timestamp) -> Timestamp {
    time.plus_millis(1)
}

/// What waited for an account is tried now: perhaps it can go on.
async fn changed(app: &App) -> Result<()> {
    app.live().accounts.forget().await;
    hurry_unscoped(&app.0.store.live.db, None, app.now())
        .await
        .map_err(internal("have waiting work go on"))?;
    Ok(())
}

fn opened(app: &App, account: &ProviderAccount) -> Result<VendorAccount> {
    let sealed = &account.sealed_credentials;
    Ok(VendorAccount {
        id: account.id.clone(),
        vendor: account.vendor,
        label: account.label.clone(),
        base_url: account
            .base_url
            .as_deref()
            .and_then(|text| Url::parse(text).ok()),
        settings: settings_of(account).map_err(Error::internal)?,
        credentials: app.0.sealer.open(account_context(&account.id), sealed)?,
        changed_at: account.updated_at,
    })
}

/// Asks the vendor whether an account can do all that is asked of it, and changes nothing here or there.
pub async fn examine(app: &App, account: &ProviderAccount) -> Result<Checked> {
    ask(app, account, Told::Nobody).await
}

/// As [`examine`]. One that needed attention, or got no new domains because something was used up, is used again when it
/// works; one that was in use and is refused needs attention from then on.
pub async fn check(app: &App, account: &ProviderAccount) -> Result<Checked> {
    let checked = ask(app, account, Told::Everybody).await?;
    app.live().accounts.forget().await;
    let by_itself = account.reason.is_some() && account.state != AccountState::Paused;
    if matches!(checked, Checked::Works(_)) && by_itself {
        set_state(app, account, AccountState::Active).await?;
    }
    Ok(checked)
}

async fn ask(app: &App, account: &ProviderAccount, told: Told) -> Result<Checked> {
    let adapter = match app.live().unpaced(opened(app, account)?, told) {
        Ok(adapter) => adapter,
        Err(invalid) => return Ok(Checked::Refused(invalid.to_string())),
    };
    Ok(match adapter.check().await {
        Ok(report) if report.missing.is_empty() => Checked::Works(report),
        Ok(report) => Checked::Lacks(report),
        Err(error) => Checked::Refused(match error.class {
            ErrorClass::Quota { .. } => format!("{error}; try again later"),
            _ => error.message,
        }),
    })
}
