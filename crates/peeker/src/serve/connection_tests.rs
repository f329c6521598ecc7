//! Connections are pipes in memory and time is frozen: it goes on by itself when nobody has anything to do.

use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use h2::client::SendRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;

/// What fits in the pipe to a client that does not read.
const PIPE: usize = 8 * 1024;
const LARGE: usize = 4 * 1024 * 1024;

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(15),
    idle: Duration::from_secs(75),
    stall: Duration::from_secs(30),
};
/// Between two pieces of an answer without end: longer than a client may take over one.
const BEAT: Duration = Duration::from_secs(40);
/// What a client may take over its leave.
const LEAVE: Duration = super::super::exchange::LEAVE;

/// A server with one connection.
struct Served {
    client: DuplexStream,
    connection: JoinHandle<()>,
    stop: CancellationToken,
    started: Instant,
}

impl Served {
    fn start() -> Self {
        let (client, server) = duplex(PIPE);
        let stop = CancellationToken::new();
        let connection = serve(server, router(), PATIENCE, stop.clone());
        Self {
            client,
            connection: tokio::spawn(connection),
            stop,
            started: Instant::now(),
        }
    }

    async fn send(&mut self, text: &str) {
        self.client.write_all(text.as_bytes()).await.unwrap();
    }

    /// Waits for the end of the connection and gives how long that took.
    async fn end(self) -> Duration {
        let start = Instant::now();
        self.connection.await.unwrap();
        start.elapsed()
    }

    /// An HTTP/2 client whose window for answers is so large.
    async fn http2(self, window: u32) -> (SendRequest<Bytes>, JoinHandle<()>, CancellationToken) {
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(window);
        let (sender, connection) = builder.handshake(self.client).await.unwrap();
        tokio::spawn(connection);
        (sender.ready().await.unwrap(), self.connection, self.stop)
    }
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "done"
}

fn router() -> Router {
    let ticking = || async {
        let ticks = futures::stream::unfold((), |()| async {
            tokio::time::sleep(BEAT).await;
            Some((Ok::<_, Infallible>(": heartbeat\n\n"), ()))
        });
        Body::from_stream(ticks)
    };
    Router::new()
        .route("/small", get(|| async { "ok" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/slow", get(slow).post(async |_: Bytes| slow().await))
        .route(
            "/body",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route("/stream", get(ticking))
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("http://api.test{path}"))
        .body(())
        .unwrap()
}

const SMALL: &str = "GET /small HTTP/1.1\r\nhost: api.test\r\n\r\n";
const LARGE_ANSWER: &str = "GET /large HTTP/1.1\r\nhost: api.test\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_send_a_request_in_time_loses_its_connection() {
    for sent in [
        "",
        "G",
        "PRI * HTTP/2.0\r\n\r\nS",
        "GET /small HTTP/1.1\r\nhost: a",
    ] {
        let mut served = Served::start();
        served.send(sent).await;
        let took = served.end().await;
        assert!(
            (PATIENCE.head..=PATIENCE.head + LEAVE).contains(&took),
            "{sent:?}: {took:?}"
        );
    }
    // The whole of the beginning of HTTP/2, answers to what the server says, and no request.
    let (_sender, connection, _stop) = Served::start().http2(65_535).await;
    let start = Instant::now();
    connection.await.unwrap();
    assert!(
        start.elapsed() <= PATIENCE.head + LEAVE,
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn bytes_that_trickle_in_do_not_stretch_the_limit() {
    let mut served = Served::start();
    let head = SMALL.trim_end().bytes();
    for byte in head {
        if served.client.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let started = served.started;
    served.connection.await.unwrap();
    assert!(started.elapsed() <= PATIENCE.head + LEAVE + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_a_while() {
    let mut served = Served::start();
    for _ in 0..3 {
        served.send(SMALL).await;
        tokio::time::sleep(PATIENCE.idle * 9 / 10).await;
    }
    assert!(!served.connection.is_finished());
    let took = served.end().await;
    assert!(took <= PATIENCE.idle / 10 + LEAVE, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_answer_loses_its_connection() {
    let mut served = Served::start();
    served.send(LARGE_ANSWER).await;
    let took = served.end().await;
    assert!(
        (PATIENCE.stall..=PATIENCE.stall + LEAVE).contains(&took),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http2_that_does_not_read_at_all_loses_its_connection() {
    let Served {
        client, connection, ..
    } = Served::start();
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(1 << 30)
        .initial_connection_window_size(1 << 30);
    let (sender, client) = builder.handshake::<_, Bytes>(client).await.unwrap();
    let reading = tokio::spawn(client);
    let mut sender = sender.ready().await.unwrap();
    let (answer, _) = sender.send_request(request("/large"), true).unwrap();
    let _answer = answer.await.unwrap();
    reading.abort();
    let start = Instant::now();
    connection.await.unwrap();
    assert!(
        start.elapsed() <= PATIENCE.stall + LEAVE,
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_its_whole_answer() {
    let mut served = Served::start();
    served
        .send(&LARGE_ANSWER.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"))
        .await;
    let mut read = 0;
    let mut piece = vec![0; PIPE];
    loop {
        tokio::time::sleep(PATIENCE.stall / 6).await;
        let length = served.client.read(&mut piece).await.unwrap();
        if length == 0 {
            break;
        }
        read += length;
    }
    assert!(read > LARGE, "{read}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_http2_that_is_not_taken_is_reset_and_nothing_else() {
    // One byte of window lets a piece of each answer go, which must not make it look taken.
    for window in [0, 1] {
        let (mut sender, connection, _stop) = Served::start().http2(window).await;
        let (answer, _) = sender.send_request(request("/large"), true).unwrap();
        let mut large = answer.await.unwrap().into_body();
        let start = Instant::now();
        let reset = loop {
            match large.data().await {
                Some(Err(error)) => break error,
                Some(Ok(data)) => assert!(data.len() <= 1),
                None => panic!("the answer came to its end"),
            }
        };
        assert_eq!(reset.reason(), Some(h2::Reason::CANCEL));
        assert!(start.elapsed() <= PATIENCE.stall, "{:?}", start.elapsed());
        let (answer, _) = sender.send_request(request("/slow"), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
        assert!(!connection.is_finished());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_end_lives_while_it_is_read() {
    let mut served = Served::start();
    served
        .send("GET /stream HTTP/1.1\r\nhost: api.test\r\n\r\n")
        .await;
    let (mut sender, _connection, _stop) = Served::start().http2(65_535).await;
    let (answer, _) = sender.send_request(request("/stream"), true).unwrap();
    let mut taken = answer.await.unwrap().into_body();
    let mut beats = [0; 1024];
    for _ in 0..100 {
        assert_ne!(served.client.read(&mut beats).await.unwrap(), 0);
        let data = taken.data().await.unwrap().unwrap();
        taken.flow_control().release_capacity(data.len()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_end_that_nobody_reads_ends() {
    let mut served = Served::start();
    served
        .send("GET /stream HTTP/1.1\r\nhost: api.test\r\n\r\n")
        .await;
    // With that many heartbeats the pipe is full.
    let full = BEAT * u32::try_from(PIPE / "d\r\n: heartbeat\n\n\r\n".len()).unwrap();
    let took = served.end().await;
    assert!(took <= full + PATIENCE.stall + LEAVE, "{took:?}");
    let (mut sender, _connection, _stop) = Served::start().http2(0).await;
    let (answer, _) = sender.send_request(request("/stream"), true).unwrap();
    let mut untaken = answer.await.unwrap().into_body();
    assert!(untaken.data().await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_no_client() {
    let (body, half) = (
        "POST /body HTTP/1.1\r\nhost: api.test\r\ncontent-length: 9\r\n\r\n1234",
        "GET /small HTTP/1.1\r\nhost: a",
    );
    for sent in [
        "",
        "G",
        "PRI * HTTP/2.0\r\n\r\nS",
        half,
        SMALL,
        body,
        LARGE_ANSWER,
    ] {
        let mut served = Served::start();
        served.send(sent).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        served.stop.cancel();
        let took = served.end().await;
        assert!(took <= LEAVE, "{sent:?}: {took:?}");
    }
    for path in ["/small", "/large"] {
        let (mut sender, connection, stop) = Served::start().http2(0).await;
        let (answer, _) = sender.send_request(request(path), true).unwrap();
        let _untaken = answer.await.unwrap();
        stop.cancel();
        let start = Instant::now();
        connection.await.unwrap();
        assert!(start.elapsed() <= LEAVE, "{path}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_requests_under_way() {
    let without_body = SMALL.replace("small", "slow");
    let with_body = "POST /slow HTTP/1.1\r\nhost: api.test\r\ncontent-length: 4\r\n\r\nbody";
    for sent in [&without_body, with_body] {
        let mut served = Served::start();
        served.send(sent).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        served.stop.cancel();
        let mut answer = String::new();
        served.client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{sent}: {answer}");
    }
    let (mut sender, connection, stop) = Served::start().http2(65_535).await;
    let (answer, _) = sender.send_request(request("/slow"), true).unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    stop.cancel();
    let mut answer = answer.await.unwrap().into_body();
    assert_eq!(answer.data().await.unwrap().unwrap(), "done");
    drop(answer);
    connection.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_no_place_is_told_and_then_let_go() {
    let (mut client, server) = duplex(PIPE);
    let stop = CancellationToken::new();
    let connection = serve(server, router(), Patience::WITH_REFUSED, stop.clone());
    let connection = tokio::spawn(connection);
    client.write_all(SMALL.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("connection: close"), "{answer}");
    connection.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_is_read_and_an_answer_written_whole() {
    let (mut sender, _connection, _stop) = Served::start().http2(65_535).await;
    let (answer, mut body) = sender
        .send_request(
            Request::post("http://api.test/body").body(()).unwrap(),
            false,
        )
        .unwrap();
    // More than the window, so that it has to be given back.
    body.send_data(Bytes::from(vec![b'x'; 300_000]), true)
        .unwrap();
    let mut answer = answer.await.unwrap().into_body();
    assert_eq!(answer.data().await.unwrap().unwrap(), "300000");
    let (answer, _) = sender.send_request(request("/large"), true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["content-length"], LARGE.to_string());
    let mut answer = answer.into_body();
    let mut read = 0;
    while let Some(data) = answer.data().await {
        let data = data.unwrap();
        read += data.len();
        answer.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(read, LARGE);
}
