//! Who gets a permit. What an endpoint was like is told, not lived through, so nothing here waits.

use super::*;

const HANGING: (Feedback, Duration) = (Feedback::Bad, Duration::from_secs(15));
const QUICK: (Feedback, Duration) = (Feedback::Good, Duration::from_millis(5));

const URL: &str = "https://a.example/hook";

fn account(number: usize) -> AccountId {
    AccountId::from_stored(format!("org_{number}"))
}

/// Lets the endpoint look as it does after so many attempts.
fn teach(
    permits: &Arc<ConcurrencyLimiter>,
    account: &AccountId,
    times: usize,
    attempt: (Feedback, Duration),
) -> Permit {
    let permit = permit(permits, account);
    let mut endpoints = permits.endpoints();
    let endpoint = endpoints.get_mut(account).unwrap();
    (0..times).for_each(|_| endpoint.observe(attempt.0, attempt.1));
    drop(endpoints);
    permit
}

/// A permit that is free at once.
fn permit(permits: &Arc<ConcurrencyLimiter>, account: &AccountId) -> Permit {
    match permits.request(account, URL) {
        Ok(Turn::Now(permit)) => permit,
        _ => panic!("no permit for {account}"),
    }
}

/// Takes all permits that are free at once.
fn fill(permits: &Arc<ConcurrencyLimiter>, account: &AccountId) -> Vec<Permit> {
    let next = || match permits.request(account, URL) {
        Ok(Turn::Now(permit)) => Some(permit),
        _ => None,
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn places_grow_while_answers_are_quick_and_shrink_while_they_are_not() {
    let (permits, account) = (ConcurrencyLimiter::new(256), account(1));
    assert_eq!(fill(&permits, &account).len(), FIRST_PERMITS);
    let one = teach(&permits, &account, 40, QUICK);
    assert_eq!(fill(&permits, &account).len(), MOST_PERMITS - 1);
    drop(one);
    let one = teach(&permits, &account, 6, HANGING);
    assert_eq!(fill(&permits, &account).len(), 0, "the one permit is taken");
    drop(one);
    assert_eq!(fill(&permits, &account).len(), 1);
}

#[test]
fn an_endpoint_that_is_silent_gets_no_more_places() {
    let now = Instant::now();
    let mut endpoint = Endpoint::new(0, URL, now);
    endpoint.take(now);
    assert!(endpoint.has_room(now + SILENT));
    let later = now + SILENT + Duration::from_millis(1);
    assert!(endpoint.has_room(later), "one to find out");
    endpoint.take(later);
    assert!(!endpoint.has_room(later));
}

#[tokio::test]
async fn slow_endpoints_leave_most_places_to_the_others() {
    let permits = ConcurrencyLimiter::new(40);
    let mut held = Vec::new();
    for number in 0..100 {
        drop(teach(&permits, &account(number), 6, HANGING));
        let permit = timeout(
            Duration::from_millis(1),
            permits.acquire(&account(number), URL),
        )
        .await;
        held.extend(permit.ok().and_then(Result::ok));
    }
    assert_eq!(held.len(), 10, "a quarter");
    assert!(permits.acquire(&account(1_000), URL).await.is_ok());
}

#[test]
fn a_backlog_is_spread_over_the_time_it_will_take() {
    let (permits, account) = (ConcurrencyLimiter::new(256), account(1));
    let _hanging = teach(&permits, &account, 6, HANGING);
    let waits: Vec<Duration> = (0..100)
        .filter_map(|_| permits.request(&account, URL).err())
        .collect();
    assert_eq!(waits.len(), 100, "none waits in memory");
    assert!(waits[1] > Duration::from_secs(20), "{waits:?}");
    assert!(waits[2] > waits[1] + Duration::from_secs(10), "{waits:?}");
    assert_eq!(waits[99], LATER.1);
}

#[test]
fn a_quick_endpoint_keeps_few_waiting_and_sends_the_rest_back() {
    let (permits, account) = (ConcurrencyLimiter::new(256), account(1));
    let _one = teach(&permits, &account, 40, QUICK);
    let _all = fill(&permits, &account);
    let turns: Vec<_> = (0..200).map(|_| permits.request(&account, URL)).collect();
    let waiting = turns.iter().filter(|turn| turn.is_ok()).count();
    // The one that found all permits taken waits, too.
    assert_eq!(waiting + 1, QUEUE);
    let longest = turns.iter().filter_map(|turn| turn.as_ref().err()).max();
    assert!(*longest.unwrap() < Duration::from_secs(1), "{longest:?}");
}

#[tokio::test]
async fn who_waits_gets_the_place_that_is_given_back_and_who_is_gone_takes_none() {
    let (permits, account) = (ConcurrencyLimiter::new(256), account(1));
    let mut held: Vec<_> = (0..FIRST_PERMITS)
        .map(|_| permit(&permits, &account))
        .collect();
    let Ok(Turn::Later(gone)) = permits.request(&account, URL) else {
        panic!("more permits than there are");
    };
    drop(gone);
    let waiting = tokio::spawn({
        let (permits, account) = (Arc::clone(&permits), account.clone());
        async move { permits.acquire(&account, URL).await.is_ok() }
    });
    tokio::task::yield_now().await;
    drop(held.pop());
    assert!(waiting.await.unwrap());
    drop(held);
    assert!(permits.endpoints().is_empty(), "a permit was lost");
}

#[tokio::test]
async fn a_new_address_does_not_wait_for_the_old_one() {
    const MOVED: &str = "https://b.example/hook";
    let (permits, account) = (ConcurrencyLimiter::new(256), account(1));
    let hanging = teach(&permits, &account, 6, HANGING);
    assert!(permits.request(&account, URL).is_err());
    let moved = permits.acquire(&account, MOVED).await;
    let waited = permits.request(&account, MOVED);
    assert!(moved.is_ok() && matches!(waited, Ok(Turn::Now(_))));
    // What the old address makes of it in the end is told of no other.
    hanging.release(Feedback::Bad);
    drop((moved, waited));
    assert!(permits.endpoints().is_empty(), "nothing is held against it");
}
