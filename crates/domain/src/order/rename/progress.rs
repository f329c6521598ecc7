//! How the open renamings of a domain go on and end. Each function changes the swaps that it names.

use crate::id::SwapId;
use crate::order::{Effect, Inbox, Persona, Swap};
use crate::status::{IllegalTransition, SwapReason, SwapStatus};

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
    /// The persona's picture cannot be loaded; this says what to do.
    PictureUnreachable(String),
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

/// Takes down what became of one; a renamed `inbox` gets its names.
pub fn record_rename(
    swap: &mut Swap,
    inbox: Option<&mut Inbox>,
    rename: &OpenRename,
    outcome: &RenameOutcome,
) -> Result<Effect, IllegalTransition> {
    match outcome {
        RenameOutcome::Renamed => {
            if let Some(inbox) = inbox {
                inbox.email.clone_from(&rename.to);
                inbox.first_name = rename.persona.first_name.to_string();
                inbox.last_name = rename.persona.last_name.to_string();
            }
            swap.turn(SwapStatus::Completed, None)
        }
        RenameOutcome::PictureUnreachable(_) => {
            let reason = SwapReason::ProfilePictureNotAccessible;
            swap.turn(SwapStatus::ActionRequired, Some(reason))
        }
        RenameOutcome::Refused => swap.turn(SwapStatus::Failed, Some(SwapReason::ProviderRefused)),
    }
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
    personas: &[Persona],
) -> Result<Vec<Effect>, IllegalTransition> {
    let blocked = open.iter_mut().filter(|swap| {
        let persona = swap.persona.as_ref();
        persona.is_some_and(|persona| personas.contains(persona))
    });
    let reason = SwapReason::ProfilePictureNotAccessible;
    turn_all(blocked, SwapStatus::ActionRequired, Some(reason))
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
