//! Renaming the inboxes of a domain: one swap per inbox, all worked on by the domain's own job (contract §5).

mod accept;
mod progress;

pub use accept::{AcceptedRenaming, RenameFacts, RenameRequest, Renaming, accept_rename};
pub use progress::{
    OpenRename, RenameOutcome, block_renames, complete_renames, fail_renames, record_rename,
    resume_renames, start_renames,
};
