//! Every change that the set-up of a domain records, on a domain that stays, one that is to leave and one of a failed order.

use super::builders::*;
use super::case::{CONNECTED, Case, order_failed};
use super::effects::words;
use crate::id::InboxId;
use crate::money::Cents;
use crate::order::{Change, Effect, JobFate, Next, Tries};
use crate::provisioning::ProvisionStep;
use crate::status::{
    ActionReason, DomainStatus, InboxStatus, OrderDomainState, OrderStatus, SwapReason, SwapStatus,
    SwapType,
};
use crate::view::Source;

#[test]
fn nothing_is_set_up_that_is_to_be_taken_back() {
    let case = || Case::of(coming_in(google(1), "in"), &[live(google(0))]);
    for before in [case().failed(), case().leaving()] {
        for change in [
            named(&before.part),
            CONNECTED,
            blocked(&[ActionReason::ReplaceDomain]),
            Change::SwapBegun,
            Change::SwapFailed,
            order_failed(),
        ] {
            let mut after = before.clone();
            let applied = after.apply(&change);
            assert_eq!(
                (applied.next, applied.job),
                (Next::Deprovision, JobFate::Held)
            );
            assert_eq!((applied.effects.len(), &after), (0, &before), "{change:?}");
        }
    }
    let mut later = case();
    later.part.leaves_at = Some(NOW.plus_millis(1));
    assert_eq!(later.apply(&Change::SwapBegun).next, Next::Continue);
}

#[test]
fn what_was_bought_is_the_partners_whatever_became_of_the_order() {
    let case = || Case::of(google(0), &[]);
    for (mut case, next) in [
        (case(), Next::Continue),
        (case().failed(), Next::Deprovision),
        (case().leaving(), Next::Deprovision),
    ] {
        case.domain.renewal_refused = true;
        let until = Some(days(365));
        let applied = case.apply(&Change::Registered { until });
        assert_eq!((applied.next, applied.job), (next, JobFate::GotOn));
        assert_eq!(
            words(&applied.effects),
            [format!("expiry dom_d0 {}", days(364))]
        );
        assert_eq!(case.part.step, ProvisionStep::Zone);
        let domain = &case.domain;
        assert!(domain.owned && domain.delegated && !domain.renewal_refused);
        assert_eq!(
            (domain.registered_until, domain.renewal_price_cents),
            (until, RENEWAL)
        );
    }
    let mut ours_before = case();
    let applied = ours_before.apply(&Change::Registered { until: None });
    assert!(applied.effects.is_empty() && ours_before.domain.owned);
    assert_eq!(ours_before.domain.registered_until, None);
}

#[test]
fn a_busy_provider_changes_nothing_but_the_job() {
    let retry = Change::Retry {
        run_at: days(1),
        error: "busy".to_owned(),
        is_failure: true,
        reached: ProvisionStep::FIRST,
    };
    let case = || Case::of(google(0), &[]);
    for before in [case(), case().failed(), case().leaving()] {
        let mut after = before.clone();
        let applied = after.apply(&retry);
        let fate = JobFate::RetryAt(days(1), "busy".to_owned(), Tries::Count);
        assert_eq!((applied.next, applied.job), (Next::Stop, fate));
        assert_eq!((applied.effects.len(), after), (0, before));
    }
}

/// A try that got further than those before it is the first of its kind, and the next one begins there. One that waited for
/// an account of ours counts as none.
#[test]
fn how_far_a_try_got_is_kept_with_its_failure() {
    let retry = |reached, is_failure| Change::Retry {
        run_at: days(1),
        error: "busy".to_owned(),
        is_failure,
        reached,
    };
    let mut case = Case::of(google(0), &[]);
    case.part.step = ProvisionStep::Zone;
    for (reached, is_failure, tries, step) in [
        (ProvisionStep::Zone, true, Tries::Count, ProvisionStep::Zone),
        (ProvisionStep::Zone, false, Tries::Keep, ProvisionStep::Zone),
        (
            ProvisionStep::Verify,
            true,
            Tries::StartAnew,
            ProvisionStep::Verify,
        ),
        (
            ProvisionStep::Mail,
            true,
            Tries::Count,
            ProvisionStep::Verify,
        ),
    ] {
        let applied = case.apply(&retry(reached, is_failure));
        let fate = JobFate::RetryAt(days(1), "busy".to_owned(), tries);
        assert_eq!((applied.job, case.part.step), (fate, step), "{reached}");
    }
}

#[test]
fn work_that_is_not_what_is_wanted_by_now_is_done_again() {
    let elsewhere = Some("https://acme.com".to_owned());
    let mut renamed = named(&google(0));
    if let Change::InboxesNamed { personas: of, .. } = &mut renamed {
        *of = Some(personas(&["Eve"]));
    }
    for change in [
        renamed,
        Change::Connected {
            redirect: elsewhere.clone(),
        },
        Change::Released {
            redirect: elsewhere,
        },
    ] {
        let before = Case::of(google(0), &[]);
        let mut after = before.clone();
        let applied = after.apply(&change);
        assert_eq!((applied.next, applied.job), (Next::Stop, JobFate::RunAgain));
        assert_eq!((applied.effects.len(), after), (0, before));
    }
}

#[test]
fn inboxes_are_named_before_they_are_made() {
    let mut case = Case::of(google(0), &[]);
    let applied = case.apply(&named(&google(0)));
    assert_eq!(
        (applied.next, applied.job),
        (Next::Continue, JobFate::GotOn)
    );
    assert_eq!(case.part.step, ProvisionStep::Inboxes);
    let [Effect::AddInboxes(inboxes)] = &applied.effects[..] else {
        panic!("{:?}", applied.effects);
    };
    let inbox = &inboxes[1];
    assert_eq!(inboxes.len(), 2);
    assert_eq!(inbox.id, InboxId::from_stored("inb_dom_d0_1".to_owned()));
    assert_eq!(
        (&*inbox.email, inbox.status),
        ("box1@d0.com", InboxStatus::InProgress)
    );
    assert_eq!(
        (inbox.provider, inbox.created_at),
        (case.part.provider, NOW)
    );
}

#[test]
fn a_domain_goes_live_and_with_the_last_one_its_order() {
    let mut case = Case::of(google(1), &[live(google(0)), google(2)]);
    let applied = case.apply(&CONNECTED);
    assert_eq!((applied.next, applied.job), (Next::Stop, JobFate::Ended));
    assert_eq!(
        words(&applied.effects),
        ["domain.connected", "inboxes active"]
    );
    assert_eq!(case.part.state, OrderDomainState::Active);
    assert_eq!(case.domain.status, DomainStatus::Active);
    assert_eq!(
        (case.order.domains_active, case.order.inboxes_active),
        (2, 4)
    );
    assert_eq!(case.order.status, OrderStatus::InProgress);

    let watched = format!("expiry dom_d1 {}", days(4));
    for (status, microsoft_is_owned, expected, to) in [
        (
            OrderStatus::InProgress,
            false,
            vec!["order.completed"],
            OrderStatus::Completed,
        ),
        (
            OrderStatus::ActionRequired,
            true,
            vec!["settle"],
            OrderStatus::ActionRequired,
        ),
        (
            OrderStatus::CancelScheduled,
            true,
            vec![],
            OrderStatus::CancelScheduled,
        ),
    ] {
        let mut case = Case::of(microsoft(1), &[live(google(0))]);
        case.order.status = status;
        if microsoft_is_owned {
            // One that an earlier order bought may end before anybody would look.
            case.part.source = Source::Imported;
            case.domain.registered_until = Some(days(5));
        }
        let applied = case.apply(&CONNECTED);
        let mut all = vec!["domain.connected", "inboxes active", "microsoft +50"];
        if microsoft_is_owned {
            all.insert(0, &watched);
        }
        all.extend(expected);
        assert_eq!(words(&applied.effects), all);
        assert_eq!((case.order.status, case.order.sealed_password), (to, None));
    }
}

#[test]
fn a_replacement_that_is_live_joins_and_sends_the_old_one_away() {
    for (kind, at, job) in [
        (SwapType::Standard, NOW, "provision dom_d0"),
        (SwapType::Premium, days(14), "retire swp_in"),
    ] {
        let old = live(microsoft(0));
        let mut case = Case::of(coming_in(microsoft(1), "in"), &[old]);
        case.swap.as_mut().unwrap().kind = kind;
        case.part.personas = Some(personas(&["Ann"]));
        let applied = case.apply(&CONNECTED);
        let retire = format!("retire dom_d0 {at}");
        let expected = [
            "domain.connected",
            "inboxes active",
            "microsoft +50",
            &retire,
            "complete renames dom_d1",
        ];
        assert_eq!(words(&applied.effects), expected);
        let retirement = applied.effects.iter().find_map(|effect| match effect {
            Effect::Retire(retirement) => Some(retirement.clone()),
            _ => None,
        });
        let retirement = retirement.unwrap();
        assert_eq!(retirement.swap, Some(swap_id("in")));
        assert_eq!(
            words(&[Effect::Enqueue(retirement.job)]),
            [format!("{job} {at}")]
        );
        assert_eq!(case.swap.unwrap().retires_at, Some(at));
        assert_eq!((case.order.domain_count, case.order.domains_active), (2, 2));
        assert_eq!(case.order.total_cents, Cents(2 * (900 + 3_300)));
        assert_eq!(case.order.status, OrderStatus::Completed);
    }
}

#[test]
fn a_domain_that_is_blocked_makes_its_order_and_its_swap_wait() {
    use ActionReason::{ProfilePictureNotAccessible, ReplaceDomain, UpdateNameservers};
    let opened = |reason: ActionReason, job: Option<String>| {
        let open = format!("open {reason}");
        job.into_iter().chain([open])
    };
    let delegation = Some(format!("delegation dom_d1 {NOW}"));
    let picture = Some(format!("picture act_1 {}", NOW.plus_seconds(600)));
    let mut case = Case::of(coming_in(google(1), "in"), &[live(google(0))]);
    case.part.personas = Some(personas(&["Ann"]));
    let applied = case.apply(&blocked(&[UpdateNameservers, ProfilePictureNotAccessible]));
    assert_eq!((applied.next, applied.job), (Next::Stop, JobFate::Ended));
    let mut expected: Vec<String> = opened(UpdateNameservers, delegation).collect();
    expected.extend(opened(ProfilePictureNotAccessible, picture));
    let deadline = format!("swap_deadline swp_in {}", days(14));
    let rest = [
        "domain.action_required",
        "domain.action_required",
        "swap.action_required",
        &deadline,
        "block 1 renames",
        "order.action_required",
        "order.action_required",
    ];
    expected.extend(rest.map(str::to_owned));
    assert_eq!(words(&applied.effects), expected);
    let swap = case.swap.unwrap();
    assert_eq!(
        (swap.status, swap.reason),
        (
            SwapStatus::ActionRequired,
            Some(SwapReason::UpdateNameservers)
        )
    );
    assert_eq!(case.part.state, OrderDomainState::ActionRequired);
    assert_eq!(case.domain.status, DomainStatus::ActionRequired);
    assert_eq!(case.order.status, OrderStatus::ActionRequired);

    let mut cancelled = Case::of(google(1), &[]);
    cancelled.order.status = OrderStatus::CancelScheduled;
    let applied = cancelled.apply(&blocked(&[ReplaceDomain]));
    assert_eq!(
        words(&applied.effects),
        ["open replace_domain", "domain.action_required"]
    );
    assert_eq!(cancelled.order.status, OrderStatus::CancelScheduled);
}

#[test]
fn a_swap_begins_once_and_fails_without_its_order() {
    for (status, expected) in [
        (SwapStatus::Created, &["swap.in_progress"][..]),
        (SwapStatus::InProgress, &[]),
        (SwapStatus::ActionRequired, &[]),
        (SwapStatus::Failed, &[]),
    ] {
        let mut case = Case::of(coming_in(google(1), "in"), &[live(google(0))]);
        case.swap.as_mut().unwrap().status = status;
        let applied = case.apply(&Change::SwapBegun);
        assert_eq!((applied.next, applied.job), (Next::Continue, JobFate::Held));
        assert_eq!(words(&applied.effects), expected);
    }
    for (owned, reason) in [
        (true, "replacement_refused"),
        (false, "replacement_not_registered"),
    ] {
        let mut case = Case::of(coming_in(google(1), "in"), &[live(google(0))]);
        case.domain.owned = owned;
        let order = case.order.clone();
        let applied = case.apply(&Change::SwapFailed);
        assert_eq!(
            (applied.next, applied.job),
            (Next::Deprovision, JobFate::Held)
        );
        assert_eq!(words(&applied.effects), [format!("fail swp_in {reason}")]);
        assert_eq!((case.part.leaves_at, case.order), (Some(NOW), order));
    }
}

#[test]
fn one_picture_is_asked_for_once_however_many_domains_show_it() {
    use ActionReason::ProfilePictureNotAccessible;
    let others = [google(0), google(2)];
    let mut first = Case::of(google(1), &others);
    first.apply(&blocked(&[ProfilePictureNotAccessible]));
    let [action] = &first.actions[..] else {
        panic!("{:?}", first.actions);
    };
    // The same persona on another domain of the order joins it, and nobody is told again.
    let mut second = Case::of(google(2), &others);
    second.order = first.order.clone();
    second.actions = vec![action.clone()];
    let applied = second.apply(&blocked(&[ProfilePictureNotAccessible]));
    assert_eq!(words(&applied.effects), ["join d2.com"]);
    assert_eq!(second.domain.status, DomainStatus::ActionRequired);
    // What the domain itself lacks is an action of its own.
    let mut nameservers = Case::of(google(2), &others);
    nameservers.actions = vec![action.clone()];
    let applied = nameservers.apply(&blocked(&[ActionReason::UpdateNameservers]));
    assert!(words(&applied.effects).contains(&"open update_nameservers".to_owned()));
}
