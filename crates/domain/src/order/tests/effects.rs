//! Effects in short, so that a test can say what it expects.

use crate::money::Cents;
use crate::order::Effect;

/// What the wallet gets back by these effects.
pub(super) fn refunds(effects: &[Effect]) -> Cents {
    let refund = |effect: &Effect| match effect {
        Effect::Refund { amount, .. } => Some(*amount),
        _ => None,
    };
    effects.iter().filter_map(refund).sum()
}

/// What the wallet pays by these effects.
pub(super) fn debits(effects: &[Effect]) -> Cents {
    let debit = |effect: &Effect| match effect {
        Effect::Debit { amount, .. } => Some(*amount),
        _ => None,
    };
    effects.iter().filter_map(debit).sum()
}

/// What partners hear of by these effects, and what else follows, in one word each.
pub(super) fn words(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(word).collect()
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::TellWalletLow { .. } => "wallet low".to_owned(),
        Effect::Debit { amount, .. } => format!("debit {amount}"),
        Effect::Refund { amount, .. } => format!("refund {amount}"),
        Effect::CountMicrosoftInboxes(number) => format!("microsoft {number:+}"),
        Effect::Emit { event, .. } | Effect::EmitOrder { event, .. } => event.to_string(),
        Effect::Record { kind, .. } => format!("record {kind}"),
        Effect::Enqueue(job) => format!("{} {} {}", job.kind, job.subject, job.run_at),
        Effect::AddInboxes(inboxes) => format!("add {} inboxes", inboxes.len()),
        Effect::TurnInboxes { status, .. } => format!("inboxes {status}"),
        Effect::OpenAction(action) => format!("open {}", action.reason),
        Effect::JoinAction { domain, .. } => format!("join {}", domain.name),
        Effect::ReleaseActions { domains, .. } => format!("release {}", domains.len()),
        Effect::ResolveAction(action) => format!("resolve {action}"),
        Effect::FreeFingerprint { .. } => "free fingerprint".to_owned(),
        Effect::TakeBack(_) => "take back".to_owned(),
        Effect::Left { domain, .. } => format!("left {domain}"),
        Effect::SettleOrder(_) => "settle".to_owned(),
        Effect::Retire(retirement) => format!("retire {} {}", retirement.domain, retirement.at),
        Effect::CompleteSwap(swap) => format!("complete {swap}"),
        Effect::FailSwap { swap, reason } => format!("fail {swap} {reason}"),
        Effect::CompleteRenames(domain) => format!("complete renames {domain}"),
        Effect::BlockRenames { pictures, .. } => format!("block {} renames", pictures.len()),
        Effect::FailRenames(domain) => format!("fail renames of {domain}"),
    }
}
