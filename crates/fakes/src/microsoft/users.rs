//! Users of a tenant.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::error::{bad_request, entity, not_found, query, with_details};
use super::state::{Account, User};
use super::user_fields::UserFields;
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::lag::Lag;
use crate::vendor::Vendor;

/// What is shown unless `$select` asks for more.
pub(crate) const USUAL: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// What is shown only when `$select` asks for it.
const FURTHER: [&str; 18] = [
    "accountEnabled",
    "assignedLicenses",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "deletedDateTime",
    "department",
    "employeeId",
    "mailNickname",
    "otherMails",
    "passwordPolicies",
    "postalCode",
    "proxyAddresses",
    "state",
    "streetAddress",
    "usageLocation",
    "userType",
];

/// A user with all properties that are not null.
pub(crate) fn full(user: &User) -> Value {
    let licences = user.licences.iter();
    let licences: Vec<_> = licences
        .map(|sku| json!({ "disabledPlans": [], "skuId": sku }))
        .collect();
    let mail = (!user.licences.is_empty()).then_some(&user.upn);
    let upn = match &user.deleted {
        Some(_) => format!("{}{}", user.id.replace('-', ""), user.upn),
        None => user.upn.clone(),
    };
    let mut full = json!({
        "id": user.id,
        "userPrincipalName": upn,
        "displayName": user.display_name,
        "mailNickname": user.nickname,
        "accountEnabled": user.enabled,
        "usageLocation": user.usage_location,
        "mail": mail,
        "userType": "Member",
        "createdDateTime": user.created,
        "deletedDateTime": user.deleted,
        "assignedLicenses": licences,
        "proxyAddresses": mail.map(|mail| format!("SMTP:{mail}")).into_iter().collect::<Vec<_>>(),
        "businessPhones": [],
        "otherMails": [],
    });
    for (name, value) in &user.more {
        full[name.as_str()] = value.clone();
    }
    full
}

/// The names that `$select` asks for, or the usual ones.
pub(crate) fn properties(asked: Option<&str>) -> Result<Vec<&str>, Answer> {
    let Some(asked) = asked else {
        return Ok(USUAL.to_vec());
    };
    let names: Vec<_> = asked.split(',').map(str::trim).collect();
    let known = |name: &&str| USUAL.contains(name) || FURTHER.contains(name);
    match names.iter().find(|name| !known(name)) {
        Some(unknown) => Err(bad_request(&format!(
            "Could not find a property named '{unknown}' on type 'microsoft.graph.user'."
        ))),
        None => Ok(names),
    }
}

/// A user with these properties.
pub(crate) fn shown(user: &User, names: &[&str]) -> Value {
    pick(&full(user), names)
}

pub(crate) fn pick(full: &Value, names: &[&str]) -> Value {
    let of = |name: &&str| ((*name).to_owned(), full[*name].clone());
    Value::Object(names.iter().map(of).collect())
}

/// The user of a path, for a request that may be too early.
pub(crate) fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut User, Answer> {
    let user = account.user(call.param(0));
    user.and_then(|user| (!user.unseen.hides()).then_some(user))
        .ok_or_else(|| not_found(call.param(0)))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &["$select"])?;
    let user = find(world.microsoft.of(call)?, call)?;
    let names = properties(query.get("$select"))?;
    Ok(entity(200, "users", shown(user, &names)))
}

fn required(property: &str) -> Answer {
    bad_request(&format!(
        "A value is required for property '{property}' of resource 'User'."
    ))
}

fn conflict() -> Answer {
    let message =
        "Another object with the same value for property userPrincipalName already exists.";
    let details =
        json!({ "code": "ObjectConflict", "message": message, "target": "userPrincipalName" });
    with_details(400, "Request_BadRequest", message, Some(details))
}

/// Whether somebody has a name, deleted users among them.
fn is_taken(account: &Account, upn: &str) -> bool {
    let mut users = account.users.values().chain(account.deleted.values());
    users.any(|user| user.upn == upn)
}

pub(crate) fn create(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let fields = UserFields::read(call)?;
    let enabled = fields
        .account_enabled
        .ok_or_else(|| required("accountEnabled"))?;
    let display_name = fields
        .display_name
        .clone()
        .ok_or_else(|| required("displayName"))?;
    let nickname = fields
        .mail_nickname
        .clone()
        .ok_or_else(|| required("mailNickname"))?;
    let upn = fields
        .user_principal_name
        .as_ref()
        .map(|upn| upn.to_lowercase());
    let upn = upn.ok_or_else(|| required("userPrincipalName"))?;
    let profile = fields
        .password_profile
        .as_ref()
        .ok_or_else(|| required("passwordProfile"))?;
    let password = profile
        .password
        .clone()
        .ok_or_else(|| required("passwordProfile.password"))?;
    let must_change_password = profile.must_change();
    let account = world.microsoft.of(call)?;
    fields.check_upn(account)?;
    if is_taken(account, &upn) {
        return Err(conflict());
    }
    let lag = Lag::of(world.lag(Vendor::Microsoft));
    let user = User {
        id: world.uuid(),
        upn: upn.clone(),
        display_name,
        nickname,
        enabled,
        usage_location: fields.usage_location,
        password,
        must_change_password,
        more: fields.more,
        created: world.clock.now().to_string(),
        deleted: None,
        licences: BTreeSet::new(),
        photo: None,
        unseen: lag,
        no_log_in: lag,
        no_mailbox: Lag::default(),
    };
    let answer = entity(201, "users", shown(&user, &USUAL));
    let users = &mut world.microsoft.of(call)?.users;
    users.insert(user.id.clone(), user);
    world.counts.add(Vendor::Microsoft, "users", &upn, 1);
    Ok(answer)
}

pub(crate) fn update(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let fields = UserFields::read(call)?;
    let account = world.microsoft.of(call)?;
    fields.check_upn(account)?;
    let old = find(account, call)?.upn.clone();
    let upn = fields
        .user_principal_name
        .as_ref()
        .map(|upn| upn.to_lowercase());
    let upn = upn.filter(|upn| *upn != old);
    if upn.as_ref().is_some_and(|upn| is_taken(account, upn)) {
        return Err(conflict());
    }
    let user = account.user(&old).ok_or_else(|| not_found(call.param(0)))?;
    apply(user, fields);
    user.upn = upn.unwrap_or(old);
    Ok(Answer::empty(204))
}

fn apply(user: &mut User, fields: UserFields) {
    user.enabled = fields.account_enabled.unwrap_or(user.enabled);
    if let Some(name) = fields.display_name {
        user.display_name = name;
    }
    if let Some(nickname) = fields.mail_nickname {
        user.nickname = nickname;
    }
    if let Some(location) = fields.usage_location {
        user.usage_location = Some(location);
    }
    if let Some(profile) = fields.password_profile {
        user.must_change_password = profile.must_change();
        if let Some(password) = profile.password {
            user.password = password;
        }
    }
    user.more.extend(fields.more);
}

/// Moves a user to the deleted ones, without licences.
pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let now = world.clock.now().to_string();
    let account = world.microsoft.of(call)?;
    let id = find(account, call)?.id.clone();
    let Some(mut user) = account.users.remove(&id) else {
        return Err(not_found(call.param(0)));
    };
    let upn = user.upn.clone();
    user.deleted = Some(now);
    user.licences.clear();
    account.deleted.insert(id, user);
    world
        .counts
        .add(Vendor::Microsoft, "users_deleted", &upn, 1);
    Ok(Answer::empty(204))
}
