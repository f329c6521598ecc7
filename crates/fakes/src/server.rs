//! Listening, and what every request passes: counting, faults, who asks, limits, the handler.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Shared;
use crate::call::{Answer, Call};
use crate::dispatch::carry_out;
use crate::faults::{Fault, FaultKind};
use crate::route::{Fit, fit};
use crate::strict::Refusal;
use crate::vendor::Vendor;

/// The largest body that is read, in bytes: a photo of 4 MB and some.
const LARGEST_BODY: usize = 8 << 20;

/// What goes back over the wire.
pub(crate) enum Reply {
    Whole(Answer),
    /// Half of the body, then the connection closes.
    Half(Answer),
    /// Nothing; the connection closes.
    Nothing,
}

/// What a port answers.
pub(crate) type Answering =
    Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync>;

/// Serves a port until the task is aborted; its connections end with it.
pub(crate) async fn serve(listener: TcpListener, answering: Answering) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        let answering = answering.clone();
        connections.spawn(async move {
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |request| exchange(request, answering.clone()));
            // An error is a client that went away, or a connection that a fault closed.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn exchange(
    request: Request<Incoming>,
    answering: Answering,
) -> Result<Response<Sent>, io::Error> {
    let Some(call) = read(request).await else {
        return Ok(response(Answer::empty(400), false));
    };
    match answering(call).await {
        Reply::Whole(answer) => Ok(response(answer, false)),
        Reply::Half(answer) => Ok(response(answer, true)),
        Reply::Nothing => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

async fn read(request: Request<Incoming>) -> Option<Call> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await.ok()?;
    let query = parts.uri.query().unwrap_or_default();
    Some(Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers: parts.headers,
        body: body.to_bytes(),
        route: "",
        params: Vec::new(),
        account: String::new(),
    })
}

fn response(answer: Answer, half: bool) -> Response<Sent> {
    let length = answer.body.len();
    let mut response = Response::new(Sent {
        length,
        left: Some(if half {
            answer.body.slice(..length / 2)
        } else {
            answer.body
        }),
        half,
        flushed: false,
    });
    *response.status_mut() = answer.status;
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// A body whose length is told, and half of which may be all that comes.
pub(crate) struct Sent {
    length: usize,
    left: Option<Bytes>,
    half: bool,
    flushed: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.left.take().filter(|data| !data.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if !self.half {
            return Poll::Ready(None);
        }
        if !self.flushed {
            // One turn for the half that is written to leave before the connection breaks.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0 && !self.half
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length as u64)
    }
}

/// How a vendor's port answers: faults around what the vendor does.
pub(crate) fn vendor(shared: Shared, vendor: Vendor) -> Answering {
    Arc::new(move |call| Box::pin(answer(shared.clone(), vendor, call)))
}

async fn answer(shared: Shared, vendor: Vendor, call: Call) -> Reply {
    let api = vendor.api();
    let found = fit(api.routes(), &call.method, &call.path);
    let pattern = match &found {
        Fit::Route(route, _) => route.pattern,
        Fit::Method(_) | Fit::Nothing => "none",
    };
    let asked = format!("{} {}", call.method, call.path);
    let fault = shared.world().faults.strike(vendor, &asked, pattern);
    let answer = match fault.as_ref().and_then(|fault| instead(vendor, fault)) {
        Some(answer) => answer,
        None if fault.as_ref().is_some_and(is_before) => Answer::empty(504),
        None => carry_out(&shared, api, call, found).await,
    };
    let outcome = match &fault {
        Some(fault) if is_lost(fault) => format!("lost {}", answer.status.as_u16()),
        _ => answer.status.as_u16().to_string(),
    };
    shared.world().counts.request(vendor, pattern, &outcome);
    match fault {
        Some(fault) => spoil(vendor, &fault, answer).await,
        None => Reply::Whole(answer),
    }
}

/// The answer of a fault that keeps the request from being carried out.
fn instead(vendor: Vendor, fault: &Fault) -> Option<Answer> {
    let refusal = match fault.kind {
        FaultKind::ServerError(status) => Refusal::Fault(status),
        FaultKind::TooManyRequests { retry_after } => Refusal::TooManyRequests(retry_after),
        _ => return None,
    };
    Some(vendor.api().refuse(&refusal))
}

fn is_before(fault: &Fault) -> bool {
    fault.kind == FaultKind::TimeoutBefore
}

fn is_lost(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::TimeoutAfterItWorked
            | FaultKind::TimeoutBefore
            | FaultKind::HalfAnswer
            | FaultKind::AfterItWorked5xx(_)
    )
}

/// What the client gets to see of an answer, and when.
async fn spoil(vendor: Vendor, fault: &Fault, answer: Answer) -> Reply {
    match fault.kind {
        FaultKind::TimeoutAfterItWorked | FaultKind::TimeoutBefore => {
            tokio::time::sleep(Duration::from_millis(fault.hold_ms)).await;
            Reply::Nothing
        }
        FaultKind::HalfAnswer if answer.body.is_empty() => Reply::Nothing,
        FaultKind::HalfAnswer => Reply::Half(answer),
        FaultKind::AfterItWorked5xx(status) => {
            Reply::Whole(vendor.api().refuse(&Refusal::Fault(status)))
        }
        FaultKind::ServerError(_) | FaultKind::TooManyRequests { .. } => Reply::Whole(answer),
    }
}

/// A port of 127.0.0.1; 0 for any that is free.
pub(crate) async fn bind(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}
