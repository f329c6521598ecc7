//! From a request to its answer, without faults.

use crate::Shared;
use crate::call::{Answer, Call};
use crate::route::{Fit, Handler, Route, fit};
use crate::strict::Refusal;
use crate::vendor_api::VendorApi;

/// Finds and carries out a request without faults, such as one part of a batch.
///
/// It is authenticated and counted against the limits, but not in the counts of requests.
pub(crate) async fn dispatch(shared: &Shared, api: &'static dyn VendorApi, call: Call) -> Answer {
    let found = fit(api.routes(), &call.method, &call.path);
    carry_out(shared, api, call, found).await
}

/// Carries out what was found, or refuses it as the vendor does.
pub(crate) async fn carry_out(
    shared: &Shared,
    api: &'static dyn VendorApi,
    mut call: Call,
    found: Fit,
) -> Answer {
    let route = match admit(shared, api, &mut call, found) {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    let (route, headers) = route;
    let outcome = match route.handler {
        Handler::AtOnce(handler) => handler(&mut shared.world(), &call),
        Handler::Waits(handler) => handler(shared.clone(), call.clone()).await,
    };
    let answer = outcome.unwrap_or_else(|refused| refused);
    let mut answer = api.finish(&shared.world(), &call, answer);
    answer.headers.extend(headers);
    answer
}

type Admitted = (&'static Route, Vec<(&'static str, String)>);

/// Who asks, whether the limits allow it, and which route it is.
fn admit(
    shared: &Shared,
    api: &'static dyn VendorApi,
    call: &mut Call,
    found: Fit,
) -> Result<Admitted, Answer> {
    if let Fit::Route(route, _) = &found {
        call.route = route.pattern;
    }
    let mut world = shared.world();
    let account = api.authenticate(&world, call);
    let headers = api.limit(&mut world, call, account.as_deref().ok())?;
    let refuse = |answer: Answer| Answer {
        headers: [answer.headers, headers.clone()].concat(),
        ..answer
    };
    call.account = account.map_err(refuse)?;
    match found {
        Fit::Route(route, params) => {
            call.params = params;
            Ok((route, headers))
        }
        Fit::Method(methods) => Err(refuse(api.refuse(&Refusal::Method(methods)))),
        Fit::Nothing => Err(refuse(api.refuse(&Refusal::NotFound))),
    }
}
