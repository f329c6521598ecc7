//! How the open renamings of a domain go on and end. Each function changes the swaps that it names.

use crate::id::SwapId;
use crate::order::{Blocker, Effect, Inbox, Persona, Swap};
use crate::status::{IllegalTransition, SwapReason, SwapStatus};
use crate::time::Timestamp;
use crate::view;

/// One inbox that is to be renamed.
#[derive(Debug, Clone)]
pub struct OpenRename {
    pub id: SwapId,
    /// Whose name the inbox is to bear.
    pub persona: Persona,
    /// The address it has.
    pub from: String,
    /// The address it is to have; may be the same.
    pub to: String,
}

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameOutcome {
    /// The inbox bears the name.
    Renamed,
    /// The persona's picture cannot be loaded.
    PictureUnreachable(Blocker),
    /// The provider refuses, for good.
    Refused,
}

fn turn_all<'s>(
    swaps: impl IntoIterator<Item = &'s mut Swap>,
    to: SwapStatus,
    reason: Option<SwapReason>,
) -> Result<Vec<Effect>, IllegalTransition> {
    let turned = swaps.into_iter().map(|swap| swap.turn(to, reason));
    turned.collect()
}

/// Begins work on those that were accepted.
pub fn start_renames(open: &mut [Swap]) -> Result<Vec<Effect>, IllegalTransition> {
    let accepted = open
        .iter_mut()
        .filter(|swap| swap.status == SwapStatus::Created);
    turn_all(accepted, SwapStatus::InProgress, None)
}

impl Swap {
    /// What is to be done for a renaming now: nothing while it waits for a picture, or for its inbox to be made.
    pub fn rename(&self) -> Option<OpenRename> {
        if self.status != SwapStatus::InProgress {
            return None;
        }
        Some(OpenRename {
            id: self.id.clone(),
            persona: self.persona.clone()?,
            from: self.old_email.clone()?,
            to: self.new_email.clone()?,
        })
    }
}

/// Takes down that an inbox bears its new name, or that the provider refuses it.
pub fn record_rename(
    swap: &mut Swap,
    inbox: Option<&mut Inbox>,
    rename: &OpenRename,
    refused: bool,
) -> Result<Effect, IllegalTransition> {
    if refused {
        return swap.turn(SwapStatus::Failed, Some(SwapReason::ProviderRefused));
    }
    if let Some(inbox) = inbox {
        inbox.email.clone_from(&rename.to);
        inbox.first_name = rename.persona.first_name.to_string();
        inbox.last_name = rename.persona.last_name.to_string();
    }
    swap.turn(SwapStatus::Completed, None)
}

/// Lets those go on that wait for the picture of this persona. Gives back nothing when none does.
pub fn resume_renames(
    open: &mut [Swap],
    persona: Option<&Persona>,
) -> Result<Vec<Effect>, IllegalTransition> {
    let waiting = open.iter_mut().filter(|swap| {
        swap.status == SwapStatus::ActionRequired && swap.persona.as_ref() == persona
    });
    turn_all(waiting, SwapStatus::InProgress, None)
}

/// The set-up of a domain met pictures that cannot be loaded: the renamings to these personas wait.
pub fn block_renames(
    open: &mut [Swap],
    pictures: &[(Persona, view::OpenAction)],
    now: Timestamp,
) -> Result<Vec<Effect>, IllegalTransition> {
    let mut effects = Vec::new();
    for swap in open {
        let mut of_persona = pictures
            .iter()
            .filter(|(persona, _)| swap.persona.as_ref() == Some(persona));
        if let Some((_, action)) = of_persona.next() {
            let reason = SwapReason::ProfilePictureNotAccessible;
            effects.extend(swap.wait(reason, vec![action.clone()], now)?);
        }
    }
    Ok(effects)
}

/// The domain is live, and its inboxes were made with their new names. Those that were there before are renamed one by
/// one.
pub fn complete_renames(open: &mut [Swap]) -> Result<Vec<Effect>, IllegalTransition> {
    let mut effects = Vec::new();
    for swap in open.iter_mut().filter(|swap| swap.inbox_id.is_none()) {
        if swap.status == SwapStatus::Created {
            effects.push(swap.turn(SwapStatus::InProgress, None)?);
        }
        effects.push(swap.turn(SwapStatus::Completed, None)?);
    }
    Ok(effects)
}

/// The inboxes are gone with their domain.
pub fn fail_renames(open: &mut [Swap]) -> Result<Vec<Effect>, IllegalTransition> {
    turn_all(open, SwapStatus::Failed, Some(SwapReason::OrderEnded))
}
