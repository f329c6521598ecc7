//! Pictures, which live in mailboxes: there is none before the licence, and Outlook answers only four requests at once.

use std::time::Duration;

use super::error::{error, not_found, query, refuse, too_many};
use super::state::User;
use super::users::find;
use crate::call::{Answer, Call, Outcome};
use crate::route::Waiting;
use crate::strict::content_type;
use crate::vendor::Vendor;
use crate::{Shared, World};

const LARGEST: usize = 4 << 20;
const AT_ONCE: u32 = 4;

/// A request that counts as one of those at once until it is answered, also when its client goes away.
struct Place {
    shared: Shared,
    mailbox: String,
}

impl Place {
    /// Takes a place, unless there is none, and says for how long it is held.
    fn take(shared: &Shared, call: &Call) -> Result<(Self, Duration), Answer> {
        let mut world = shared.world();
        let account = world.microsoft.of(call)?;
        let hold = Duration::from_millis(account.photo_hold_ms);
        let user = account.user(call.param(0));
        let mailbox = user.map(|user| user.id.clone());
        let mailbox = mailbox.ok_or_else(|| not_found(call.param(0)))?;
        let taken = &mut world.microsoft.photos_at_once;
        let taken = taken.entry(mailbox.clone()).or_default();
        if *taken >= AT_ONCE {
            return Err(too_many(1));
        }
        *taken += 1;
        let shared = shared.clone();
        Ok((Self { shared, mailbox }, hold))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut world = self.shared.world();
        let taken = &mut world.microsoft.photos_at_once;
        if let Some(taken) = taken.get_mut(&self.mailbox) {
            *taken -= 1;
        }
    }
}

pub(crate) fn put(shared: Shared, call: Call) -> Waiting {
    Box::pin(async move {
        let (_place, hold) = Place::take(&shared, &call)?;
        tokio::time::sleep(hold).await;
        keep(&mut shared.world(), &call)
    })
}

pub(crate) fn get(shared: Shared, call: Call) -> Waiting {
    Box::pin(async move {
        let (_place, hold) = Place::take(&shared, &call)?;
        tokio::time::sleep(hold).await;
        show(&mut shared.world(), &call)
    })
}

/// The user of a path, when there is a mailbox by now.
fn with_mailbox<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut User, Answer> {
    let user = find(world.microsoft.of(call)?, call)?;
    if user.licences.is_empty() || user.no_mailbox.hides() {
        let message = "The SMTP address has no mailbox associated with it.";
        return Err(error(404, "ErrorNonExistentMailbox", message));
    }
    Ok(user)
}

fn keep(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    content_type(call, "image/jpeg").map_err(|refusal| refuse(&refusal))?;
    let user = with_mailbox(world, call)?;
    if call.body.len() > LARGEST {
        let message = "The picture is larger than 4 MB.";
        return Err(error(413, "ErrorPhotoTooLarge", message));
    }
    if !call.body.starts_with(b"\xff\xd8\xff") {
        let message = "The picture cannot be read.";
        return Err(error(400, "ErrorInvalidImage", message));
    }
    user.photo = Some(call.body.to_vec());
    let upn = user.upn.clone();
    world.counts.add(Vendor::Microsoft, "photos", &upn, 1);
    Ok(Answer::empty(200))
}

fn show(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let user = with_mailbox(world, call)?;
    match &user.photo {
        Some(photo) => Ok(Answer::bytes(200, "image/jpeg", photo.clone())),
        None => Err(error(404, "ImageNotFound", "The photo wasn't found.")),
    }
}
