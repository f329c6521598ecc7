//! Users of a tenant.

use serde_json::{Value, json};

use super::error::{duplicate, error, forbidden, invalid, not_found, query};
use super::state::{Account, User};
use super::user_fields::{UserFields, invalid_name};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::lag::Lag;
use crate::vendor::Vendor;

pub(crate) fn shown(user: &User, customer: &str) -> Value {
    let mut shown = json!({
        "kind": "admin#directory#user",
        "id": user.id,
        "primaryEmail": user.email,
        "name": {
            "givenName": user.given_name,
            "familyName": user.family_name,
            "fullName": format!("{} {}", user.given_name, user.family_name),
        },
        "isAdmin": user.admin,
        "isDelegatedAdmin": false,
        "lastLoginTime": "1970-01-01T00:00:00.000Z",
        "creationTime": user.created,
        "agreedToTerms": user.admin,
        "suspended": user.suspended,
        "archived": false,
        "changePasswordAtNextLogin": user.change_password,
        "ipWhitelisted": false,
        "emails": [{ "address": user.email, "primary": true }],
        "customerId": customer,
        "orgUnitPath": "/",
        "isMailboxSetup": true,
        "isEnrolledIn2Sv": false,
        "isEnforcedIn2Sv": false,
        "includeInGlobalAddressList": true,
    });
    for (name, value) in &user.more {
        shown[name.as_str()] = value.clone();
    }
    if !user.aliases.is_empty() {
        shown["aliases"] = json!(user.aliases);
    }
    if user.suspended {
        shown["suspensionReason"] = json!("ADMIN");
    }
    shown
}

/// The user of a path, for a read that may be too early.
pub(crate) fn to_read<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut User, Answer> {
    let user = account.user(call.param(0));
    user.and_then(|user| (!user.unseen.hides()).then_some(user))
        .ok_or_else(|| not_found("userKey"))
}

/// The user of a path, for a write that may be too early.
pub(crate) fn to_write<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut User, Answer> {
    let user = account.user(call.param(0));
    let user = user.ok_or_else(|| not_found("userKey"))?;
    if user.incomplete.hides() {
        let message = "User creation is not complete.";
        return Err(error(412, "conditionNotMet", message));
    }
    Ok(user)
}

pub(crate) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    query(call, &["projection", "viewType", "customFieldMask"])?;
    let user = to_read(world.google.of(call)?, call)?;
    Ok(Answer::json(200, &shown(user, &call.account)))
}

pub(crate) fn insert(world: &mut World, call: &Call) -> Outcome {
    query(call, &["resolveConflictAccount"])?;
    let fields = UserFields::read(call)?;
    let Some(email) = fields.primary_email.clone() else {
        return Err(invalid("Invalid Input: primary_user_email"));
    };
    let name = fields.name.as_ref();
    let given = name.and_then(|name| name.given.clone());
    let family = name.and_then(|name| name.family.clone());
    let given_name = given.ok_or_else(|| invalid_name("GivenName"))?;
    let family_name = family.ok_or_else(|| invalid_name("FamilyName"))?;
    let Some(password) = fields.password.clone() else {
        return Err(invalid("Invalid Password"));
    };
    let account = world.google.of(call)?;
    account.may_use(domain_of(&email))?;
    check_room(account, &call.account)?;
    if world.google.is_taken(&email) {
        return Err(duplicate());
    }
    let lag = world.lag(Vendor::Google);
    let user = User {
        id: world.digits(21),
        email: email.clone(),
        given_name,
        family_name,
        password,
        hash_function: fields.hash_function,
        admin: false,
        suspended: fields.suspended.unwrap_or_default(),
        change_password: fields.change_password_at_next_login.unwrap_or_default(),
        created: world.clock.now().to_string(),
        aliases: Vec::new(),
        photo: None,
        more: fields.more,
        unseen: Lag::of(lag),
        incomplete: Lag::of(lag),
    };
    let answer = Answer::json(200, &shown(&user, &call.account));
    let users = &mut world.google.of(call)?.users;
    users.insert(user.id.clone(), user);
    world.counts.add(Vendor::Google, "users", &email, 1);
    Ok(answer)
}

/// Each user takes a seat, when there is a subscription or a limit.
fn check_room(account: &Account, customer: &str) -> Result<(), Answer> {
    let most = account.users_max.into_iter().chain(account.seats(customer));
    match most.min() {
        Some(most) if account.users.len() >= most => {
            Err(error(412, "limitExceeded", "Domain user limit reached."))
        }
        _ => Ok(()),
    }
}

pub(crate) fn update(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let fields = UserFields::read(call)?;
    let google = &mut world.google;
    let old = to_write(google.of(call)?, call)?.email.clone();
    let email = fields.primary_email.clone();
    let email = email.filter(|email| *email != old);
    if let Some(email) = &email {
        let account = google.of(call)?;
        account.may_use(domain_of(email))?;
        let own = account.user(&old).is_some_and(|user| user.has(email));
        if !own && google.is_taken(email) {
            return Err(duplicate());
        }
    }
    let account = google.of(call)?;
    let is_admin = account.admin == old;
    let user = account.user(&old).ok_or_else(|| not_found("userKey"))?;
    if is_admin && (fields.suspended == Some(true) || email.is_some()) {
        return Err(forbidden());
    }
    apply(user, fields, email);
    Ok(Answer::json(200, &shown(user, &call.account)))
}

fn apply(user: &mut User, fields: UserFields, email: Option<String>) {
    if let Some(email) = email {
        user.aliases.retain(|alias| *alias != email);
        user.aliases.push(std::mem::replace(&mut user.email, email));
    }
    if let Some(name) = fields.name {
        user.given_name = name.given.unwrap_or(user.given_name.clone());
        user.family_name = name.family.unwrap_or(user.family_name.clone());
    }
    if let Some(password) = fields.password {
        user.password = password;
        user.hash_function = fields.hash_function;
    }
    user.suspended = fields.suspended.unwrap_or(user.suspended);
    let change = fields.change_password_at_next_login;
    user.change_password = change.unwrap_or(user.change_password);
    user.more.extend(fields.more);
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let account = world.google.of(call)?;
    let user = to_write(account, call)?;
    let (id, email) = (user.id.clone(), user.email.clone());
    if account.admin == email {
        return Err(forbidden());
    }
    account.users.remove(&id);
    let counts = &mut world.counts;
    counts.add(Vendor::Google, "users_deleted", &email, 1);
    Ok(Answer::empty(204))
}
