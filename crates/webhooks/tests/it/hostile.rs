//! No hostile target is ever connected to, whatever the request; the same client reaches what it may.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use peeker_domain::{FailureClass, WebUrl};
use peeker_webhooks::{AddressPolicy, Looking, Lookup, OutboundClient};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::receiver::{Receiver, Reply};

const TARGETS: &str = include_str!("hostile_targets.txt");
const TIMEOUT: Duration = Duration::from_secs(5);
/// Categories of texts that name no host at all; a resolver may be asked about what is left of some.
const NO_HOST: [&str; 2] = ["no host", "malformed address"];

/// Answers from a table, and for this machine as the system would.
#[derive(Default)]
struct Table {
    names: Mutex<HashMap<String, Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Table {
    fn set(&self, name: &str, addresses: &str) {
        let addresses = addresses.split(' ').filter(|text| !text.is_empty());
        let addresses = addresses.map(|text| text.parse().unwrap()).collect();
        self.names
            .lock()
            .unwrap()
            .insert(name.to_owned(), addresses);
    }
}

impl Lookup for Table {
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let name = name.trim_end_matches('.');
        let found = match name {
            "localhost" => Some(vec![[127, 0, 0, 1].into()]),
            name => self.names.lock().unwrap().get(name).cloned(),
        };
        Box::pin(async move { found.ok_or_else(|| std::io::Error::other("no such name")) })
    }
}

fn client(policy: AddressPolicy, table: &Arc<Table>) -> OutboundClient {
    let lookup: Arc<dyn Lookup> = table.clone();
    OutboundClient::with_lookup(policy, false, TIMEOUT, lookup).unwrap()
}

/// Counts what connects to it, at any address of this machine.
struct Trap {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Trap {
    async fn set() -> Self {
        let listener = match TcpListener::bind("[::]:0").await {
            Ok(both) => both,
            Err(_) => TcpListener::bind("0.0.0.0:0").await.unwrap(),
        };
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Why a target was refused; `None` when it was not.
async fn refusal(client: &OutboundClient, target: &str) -> Option<FailureClass> {
    let Ok(url) = WebUrl::parse(target) else {
        return Some(FailureClass::Refused);
    };
    let fetched = client.get(&url, 1024).await.err();
    let posted = client.post(&url, &[], "{}").await.failure;
    assert_eq!(fetched, posted, "{target}");
    posted
}

#[tokio::test]
async fn no_hostile_target_is_connected_to() {
    let (trap, table) = (Trap::set().await, Arc::<Table>::default());
    let client = client(AddressPolicy::public_only(), &table);
    let lines = TARGETS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut refused = 0;
    for line in lines {
        let (category, target) = line.split_once('\t').unwrap();
        let target = target.replace("{port}", &trap.port.to_string());
        let (target, addresses) = match target.split_once(" =>") {
            Some((target, addresses)) => (target.to_owned(), Some(addresses.to_owned())),
            None => (target, None),
        };
        if let Some(addresses) = &addresses {
            let url = WebUrl::parse(&target).unwrap();
            table.set(url.url().host_str().unwrap(), addresses);
        }
        let failure = refusal(&client, &target).await;
        let is_nobody = addresses.is_some_and(|addresses| addresses.is_empty());
        if is_nobody || NO_HOST.contains(&category) {
            assert!(failure.is_some(), "{category}: {target}");
        } else {
            assert_eq!(failure, Some(FailureClass::Refused), "{category}: {target}");
        }
        refused += 1;
    }
    assert!(refused >= 150, "{refused} targets");
    assert_eq!(trap.connections(), 0, "somebody got through");
}

#[tokio::test]
async fn an_allowed_target_is_reached_through_the_same_checks() {
    let (receiver, table) = (
        Receiver::start(Reply::new("200 OK", b"hello")).await,
        Arc::default(),
    );
    let port = receiver.address.port();
    let open = client(AddressPolicy::development(), &table);
    table.set("hook.example", "127.0.0.1");
    for host in [
        "127.0.0.1",
        "localhost",
        "hook.example",
        "HOOK.example",
        "127.1",
    ] {
        let url = WebUrl::parse(&format!("http://{host}:{port}/path?q=1")).unwrap();
        let fetched = open.get(&url, 1024).await.unwrap();
        assert_eq!(
            (fetched.status, &fetched.start[..]),
            (200, &b"hello"[..]),
            "{host}"
        );
        assert!(open.post(&url, &[], "{}").await.is_success(), "{host}");
    }
    let named = receiver.requests();
    let host = format!("host: hook.example:{port}\r\n");
    assert!(
        named
            .iter()
            .any(|request| request.to_lowercase().contains(&host)),
        "{named:?}"
    );
    table.set("mixed.example", "127.0.0.1 10.0.0.1");
    let mixed = WebUrl::parse(&format!("http://mixed.example:{port}/")).unwrap();
    assert_eq!(open.get(&mixed, 1).await, Err(FailureClass::Refused));
}

#[tokio::test]
async fn an_operator_can_open_a_range_and_nothing_beside_it() {
    let (receiver, table) = (
        Receiver::start(Reply::new("200 OK", b"")).await,
        Arc::default(),
    );
    let ranges = vec!["127.0.0.0/8".parse().unwrap()];
    let policy = AddressPolicy::public_only().with_allowed(ranges).unwrap();
    let client = client(policy, &table);
    assert!(client.get(&receiver.url("/"), 1).await.is_ok());
    for closed in [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
    ] {
        let url = WebUrl::parse(closed).unwrap();
        assert_eq!(
            client.get(&url, 1).await,
            Err(FailureClass::Refused),
            "{closed}"
        );
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_asked_once_for_each_connection() {
    // Hangs up after each answer, so that every request needs a connection.
    let mut reply = Reply::new("200 OK\r\nconnection: close", b"");
    reply.hold = Duration::ZERO;
    let (receiver, table) = (Receiver::start(reply).await, Arc::<Table>::default());
    let client = client(AddressPolicy::development(), &table);
    let url = WebUrl::parse(&format!(
        "http://rebind.example:{}/",
        receiver.address.port()
    ))
    .unwrap();
    table.set("rebind.example", "127.0.0.1");
    assert!(client.get(&url, 1).await.is_ok());
    assert_eq!(
        table.asked.load(Ordering::SeqCst),
        1,
        "the checked address is the one that is used"
    );
    table.set("rebind.example", "10.0.0.1");
    assert_eq!(client.get(&url, 1).await, Err(FailureClass::Refused));
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let trap = Trap::set().await;
    let (table, port) = (Arc::default(), trap.port);
    for status in [301, 302, 303, 307, 308] {
        let head = format!("{status} Elsewhere\r\nlocation: http://127.0.0.1:{port}/");
        let receiver = Receiver::start(Reply::new(&head, b"")).await;
        let client = client(AddressPolicy::development(), &table);
        let fetched = client.get(&receiver.url("/"), 1024).await.unwrap();
        assert_eq!(fetched.status, status);
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn a_tls_connection_names_the_host_that_was_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let SocketAddr::V4(address) = listener.local_addr().unwrap() else {
        panic!("bound to IPv4");
    };
    let table = Arc::<Table>::default();
    table.set("hook.example", "127.0.0.1");
    let client = client(AddressPolicy::development(), &table);
    let url = WebUrl::parse(&format!("https://hook.example:{}/", address.port())).unwrap();
    let greeting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 2048];
        let length = stream.read(&mut hello).await.unwrap();
        hello.truncate(length);
        hello
    });
    assert!(
        client.get(&url, 1).await.is_err(),
        "nobody speaks TLS there"
    );
    let hello = greeting.await.unwrap();
    let name = b"hook.example";
    assert!(
        hello.windows(name.len()).any(|window| window == name),
        "no server name"
    );
}
