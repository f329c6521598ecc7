//! Names that do not resolve, or resolve to where nobody may go: deliveries wait for them and arrive in the end, and
//! nothing is sent elsewhere.

use std::net::IpAddr;

use peeker_app::runner;
use peeker_domain::{DeliveryState, Environment, FailureClass, WebUrl};
use peeker_providers::TargetProblem;
use peeker_providers::web_probes::WebProbes;
use peeker_testkit::{NameAnswer, Receiver, Resolver, TestApp, apply, on_both_engines};

use crate::delivery::{attempts, delivery, emit};

const NAME: &str = "hooks.example.com";

fn private() -> NameAnswer {
    NameAnswer::Addresses(vec![IpAddr::from([10, 0, 0, 1])])
}

/// Everything that can be wrong with a name, and how an attempt to deliver to it is recorded.
fn troubles() -> [(NameAnswer, FailureClass); 4] {
    [
        (NameAnswer::Addresses(Vec::new()), FailureClass::Dns),
        (NameAnswer::ServerFailure, FailureClass::Dns),
        (private(), FailureClass::Refused),
        (NameAnswer::Silence, FailureClass::Timeout),
    ]
}

#[apply(on_both_engines!)]
async fn deliveries_wait_for_a_name_and_arrive(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url.replace("127.0.0.1", NAME))
        .await;
    for (index, (trouble, class)) in troubles().into_iter().enumerate() {
        // A server of its own, which has no connection open for which nobody would ask.
        let resolver = Resolver::default();
        let server = app.server_asking(&resolver).await;
        let run = async || {
            runner::run_until_idle(&server, Environment::Test)
                .await
                .unwrap()
        };
        let sequence = i64::try_from(index).unwrap() + 1;
        emit(app, &app.partner.id, 1).await;
        resolver.answer(NAME, trouble.clone());
        run().await;
        let tried = attempts(app, sequence).await;
        assert_eq!(tried.len(), 1, "{trouble:?}");
        assert_eq!(tried[0].failure, Some(class), "{trouble:?}");
        assert_eq!(delivery(app, sequence).await.state, DeliveryState::Pending);
        assert_eq!(receiver.received().len(), index, "{trouble:?}");
        resolver.answer(NAME, NameAnswer::loopback());
        app.advance_seconds(60);
        run().await;
        assert_eq!(receiver.received().len(), index + 1, "{trouble:?}");
        assert_eq!(
            delivery(app, sequence).await.state,
            DeliveryState::Delivered
        );
    }
}

#[tokio::test]
async fn probes_find_nobody_behind_such_a_name() {
    let resolver = Resolver::default();
    let probes = WebProbes::new(resolver.client());
    let url = WebUrl::parse(&format!("https://{NAME}/me.png")).unwrap();
    for (trouble, _) in troubles() {
        resolver.answer(NAME, trouble.clone());
        assert!(!probes.picture_reachable(&url).await, "{trouble:?}");
        let problem = if trouble == private() {
            TargetProblem::Invalid
        } else {
            TargetProblem::Unreachable
        };
        assert_eq!(
            probes.target_problem(&url).await,
            Some(problem),
            "{trouble:?}"
        );
    }
}
