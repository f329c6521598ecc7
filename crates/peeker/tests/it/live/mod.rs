//! Live orders as an operator and a partner have them: a real server process, the real command line, HTTP and webhooks, at
//! vendors that run in the test's own process.

mod kill;
mod secrets;
mod tap;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use peeker_domain::Timestamp;
use peeker_fakes::{Fakes, Options, Vendor};
use peeker_store::entity::provider_permits;
use peeker_store::{Location, Store, deliveries, jobs};
use peeker_testkit::{Engine, Receiver, TestDatabase};
use peeker_webhooks::SigningSecret;
use reqwest::Client;
use sea_orm::EntityTrait;
use serde_json::{Value, json as body};
use tempfile::TempDir;

use super::peeker;
use super::server::Server;

/// The vendors with an account, in the order in which a domain meets them.
pub(crate) const VENDORS: [Vendor; 5] = [
    Vendor::NameCom,
    Vendor::Cloudflare,
    Vendor::Google,
    Vendor::Microsoft,
    Vendor::Smartlead,
];
/// The settings of an account that hold a pace of its own, and one that no test reaches.
const PACES: [&str; 3] = [
    "calls_per_minute=600000",
    "writes_per_minute=600000",
    "zones_per_hour=600000",
];
/// The credentials of the fakes are the same in every run.
const SEED: u64 = 20_261;
const PAID_IN_CENTS: &str = "1000000";
/// With PostgreSQL an installation has no key of its own making.
const MASTER_KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(50);
pub(crate) const LOGIN_PASSWORD: &str = "canary-5d2-sequencer-login";

/// An installation with an account at each vendor, and a partner that pays in and receives webhooks.
pub(crate) struct Stage {
    pub(crate) fakes: Fakes,
    pub(crate) receiver: Receiver,
    pub(crate) partner: String,
    /// The partner, over HTTP.
    pub(crate) api: Api,
    /// Signs live webhooks.
    pub(crate) secret: String,
    /// What commands printed, but for keys and secrets that are shown once.
    pub(crate) printed: Mutex<Vec<String>>,
    folder: TempDir,
    database: TestDatabase,
    /// What commands and servers log.
    filter: &'static str,
    server: Option<Server>,
    /// How often the server was started.
    starts: usize,
}

impl Stage {
    /// Starts vendors, makes the partner and adds the accounts, whose calls go to `address_of` the vendor. Starts no server.
    pub(crate) async fn open(
        engine: Engine,
        filter: &'static str,
        address_of: impl Fn(&Fakes, Vendor) -> String,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options {
            seed: Some(SEED),
            ..Options::default()
        };
        let fakes = Fakes::start(options).await.unwrap();
        // These two show what is new late for each inbox, and a test should end.
        fakes.set_lag(Vendor::Microsoft, 0);
        fakes.set_lag(Vendor::Smartlead, 0);
        let mut stage = Self {
            fakes,
            receiver: Receiver::start().await,
            partner: String::new(),
            api: Api::new(),
            secret: String::new(),
            printed: Mutex::default(),
            folder: tempfile::tempdir().unwrap(),
            database: TestDatabase::create(engine).await,
            filter,
            server: None,
            starts: 0,
        };
        stage.configure();
        stage.make_partner();
        for vendor in VENDORS {
            stage.add_account(vendor, &address_of(&stage.fakes, vendor));
        }
        stage
    }

    /// Has domains looked up in the DNS of the fakes.
    fn configure(&self) {
        let data = self.data_folder();
        std::fs::create_dir(&data).unwrap();
        let dns = self.fakes.dns();
        let resolvers: Vec<String> = dns.resolvers.iter().map(ToString::to_string).collect();
        let port = dns.registry.port();
        let file = format!("[dns]\nresolvers = {resolvers:?}\nauthoritative_port = {port}\n");
        std::fs::write(data.join("peeker.toml"), file).unwrap();
        self.command(&["profile", "set", "development"]);
    }

    fn make_partner(&mut self) {
        let shown_once = |arguments: &[&str]| {
            let output = self.output(arguments, None);
            serde_json::from_slice::<Value>(&output.stdout).unwrap()
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let created = shown_once(&["partner", "create", "--name", "Acme", "--tier", "vip"]);
        let partner = text(&created["partner"]["id"]);
        let hook = ["webhook", "set", &partner, "--url", &self.receiver.url];
        let secrets = shown_once(&hook);
        self.api.key = text(&created["keys"]["live"]);
        self.secret = text(&secrets["secrets"]["live"]);
        self.command(&[
            "wallet",
            "credit",
            &partner,
            "--environment",
            "live",
            "--cents",
            PAID_IN_CENTS,
        ]);
        self.partner = partner;
    }

    /// Adds the first account of a vendor by what its operator has at hand.
    fn add_account(&self, vendor: Vendor, url: &str) {
        let setup = self.fakes.setups(vendor).remove(0);
        let label = label(vendor);
        let mut arguments = vec!["provider", "add", vendor.word(), "--label", &label];
        arguments.extend(["--base-url", url, "--secret-file", "-"]);
        let settings: Vec<String> = setup
            .settings
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        for setting in settings.iter().map(String::as_str).chain(PACES) {
            arguments.extend(["--set", setting]);
        }
        if vendor == Vendor::Smartlead {
            arguments.extend(["--partner", &self.partner]);
        }
        let (added, status) = self.command_with(&arguments, Some(&setup.secret));
        assert_eq!(status, Some(0), "{vendor}: {added}");
    }

    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn process(&self) -> Command {
        let mut command = peeker(self.folder.path());
        command.env("PEEKER_LOG", self.filter);
        if let Location::Postgres { url, .. } = &self.database.location {
            command.env("PEEKER_DATABASE_URL", url);
            command.env("PEEKER_MASTER_KEY", MASTER_KEY);
        }
        command
    }

    fn output(&self, arguments: &[&str], input: Option<&str>) -> Output {
        let mut command = self.process();
        command.args(arguments).arg("--json");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin
            .write_all(input.unwrap_or_default().as_bytes())
            .unwrap();
        drop(stdin);
        process.wait_with_output().unwrap()
    }

    /// Runs a command, and keeps what it said. Gives back its answer and its exit status.
    pub(crate) fn command_with(
        &self,
        arguments: &[&str],
        input: Option<&str>,
    ) -> (Value, Option<i32>) {
        let output = self.output(arguments, input);
        let mut printed = self.printed.lock().unwrap();
        for text in [&output.stdout, &output.stderr] {
            printed.push(String::from_utf8_lossy(text).into_owned());
        }
        let parsed = serde_json::from_slice(&output.stdout);
        let parsed = parsed.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
        (parsed, output.status.code())
    }

    /// Runs a command that must succeed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Value {
        let (answer, status) = self.command_with(arguments, None);
        assert_eq!(status, Some(0), "{arguments:?}: {answer}");
        answer
    }

    /// Starts the server, which logs to a file of its own.
    pub(crate) fn start(&mut self) {
        let log = File::create(self.log_file(self.starts)).unwrap();
        self.starts += 1;
        let mut command = self.process();
        // On PostgreSQL it is to be named at each start.
        command.env("PEEKER_PROFILE", "development");
        let server = Server::run(command, log.into());
        *self.api.url.lock().unwrap() = format!("http://{}/partner/v1", server.api());
        self.server = Some(server);
    }

    fn log_file(&self, start: usize) -> PathBuf {
        self.folder.path().join(format!("server-{start}.log"))
    }

    /// What all servers have logged.
    pub(crate) fn log(&self) -> String {
        let logs = (0..self.starts).map(|start| std::fs::read(self.log_file(start)).unwrap());
        let logs: Vec<String> = logs
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .collect();
        logs.join("\n")
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.process.kill().unwrap();
        server.process.wait().unwrap();
    }

    /// What a server that is dead held comes free, as if its time had come: places for calls that a vendor takes few of at
    /// once, and on PostgreSQL, where another server might be at work, the leases of jobs and deliveries.
    pub(crate) async fn let_time_pass(&self) {
        let location = &self.database_location();
        let store = Store::open(location, None).await.unwrap();
        let permits = provider_permits::Entity::delete_many();
        permits.exec(&store.control.writer).await.unwrap();
        if let Location::Postgres { .. } = location {
            let now = Timestamp::from_millis(0);
            let db = &store.live.db;
            jobs::end_all_leases_unscoped(db, now).await.unwrap();
            deliveries::end_all_leases_unscoped(db, now).await.unwrap();
        }
    }

    /// Where the server has its databases: of the test's own, only that of PostgreSQL is used.
    fn database_location(&self) -> Location {
        match &self.database.location {
            Location::Sqlite(_) => Location::Sqlite(self.data_folder()),
            postgres @ Location::Postgres { .. } => postgres.clone(),
        }
    }

    /// What the API answers to a read.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.api.ask(path, None).await.unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        answer["data"].clone()
    }

    /// Does what waits for the operator: makes the DKIM keys that Google's console has to be asked for.
    pub(crate) fn do_tasks(&self) {
        let list = self.command(&["provider", "tasks"]);
        for task in list["tasks"].as_array().unwrap() {
            assert_eq!(task["kind"], "google_dkim", "{task}");
            let tenant = self.fakes.setups(Vendor::Google).remove(0).id;
            let input = body!({ "domain": task["domain"] });
            let shown = self.fakes.console(Vendor::Google, &tenant, "dkim", &input);
            let value = shown.unwrap()["value"].as_str().unwrap().to_owned();
            let id = task["id"].as_str().unwrap();
            self.command(&["provider", "done", id, "--answer", &value]);
        }
    }

    /// What waits for a vendor need not wait any longer.
    pub(crate) fn hurry(&self) {
        let list = self.command(&["provider", "list"]);
        let accounts = list["accounts"].as_array().unwrap();
        let waits =
            |account: &&Value| account["state"] != "active" || !account["waits_until"].is_null();
        let mut waiting = accounts.iter().filter(waits).peekable();
        if waiting.peek().is_none() {
            self.command(&["provider", "resume", &label(Vendor::NameCom)]);
        }
        for account in waiting {
            let id = account["id"].as_str().unwrap();
            self.command(&["provider", "resume", id]);
        }
    }

    /// How many requests the vendors have had.
    pub(crate) fn requests(&self) -> u64 {
        let counts = self.fakes.counts();
        let of = |vendor| -> u64 {
            let requests = counts.of(vendor).requests;
            requests
                .values()
                .flat_map(|by_answer| by_answer.values())
                .sum()
        };
        Vendor::ALL.into_iter().map(of).sum()
    }

    /// All events of the partner, in sequence.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events
                .last()
                .map_or(0, |event| event["sequence"].as_i64().unwrap());
            let page = self
                .get(&format!("/events?after_sequence={after}&per_page=100"))
                .await;
            let page = page.as_array().unwrap().clone();
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// The secret that live webhooks are signed with.
    pub(crate) fn signing_secret(&self) -> SigningSecret {
        SigningSecret::parse(&self.secret).unwrap()
    }

    /// Imports the customer's own domain; the customer moves it at the registrar.
    pub(crate) async fn import(&self, name: &str) {
        let parked = ["ns1.parked.example", "ns2.parked.example"];
        self.fakes.register_elsewhere(name, &parked);
        let wish = body!({ "domains": [name] });
        let (status, job) = self.api.ask("/domains/import", Some(&wish)).await.unwrap();
        assert_eq!(status, 200, "{job}");
        let servers = &job["data"]["nameserver_groups"][0]["nameservers"];
        let servers = servers.as_array().unwrap().iter();
        let servers: Vec<&str> = servers.map(|server| server.as_str().unwrap()).collect();
        self.fakes.register_elsewhere(name, &servers);
    }

    /// An order of two Google inboxes on each of the first domains, and 25 Microsoft inboxes on each of the others.
    pub(crate) fn order(&self, customer: &str, google: &[&str], microsoft: &[&str]) -> Value {
        let picture = format!("{}/pictures/jane.jpg", self.fakes.web_url());
        let domains = [google, microsoft].concat();
        let mut order = body!({
            "user": customer,
            "sequencer": {
                "provider": "smartlead",
                "client_id": null,
                "login_email": "sequencer@northwind.example",
                "login_password": LOGIN_PASSWORD,
            },
            "domains": domains,
            "personas": [
                { "first_name": "Dana", "last_name": "Whitfield", "profile_picture_url": picture },
                { "first_name": "Marek", "last_name": "Nowák", "profile_picture_url": null },
            ],
        });
        if !google.is_empty() {
            order["google_licenses"] = body!(2 * google.len());
            order["google_inboxes_per_domain"] = body!(2);
        }
        if !microsoft.is_empty() {
            order["microsoft_licenses"] = body!(microsoft.len());
            order["microsoft_inboxes_per_domain"] = body!(25);
        }
        order
    }

    /// Ends the test.
    pub(crate) async fn close(self) {
        drop(self.server);
        self.database.drop_now().await;
    }
}

/// The partner's way to the server, wherever that is by now.
#[derive(Clone)]
pub(crate) struct Api {
    /// The live key.
    pub(crate) key: String,
    /// What was answered.
    pub(crate) answers: Arc<Mutex<Vec<String>>>,
    url: Arc<Mutex<String>>,
    client: Client,
}

impl Api {
    fn new() -> Self {
        Self {
            key: String::new(),
            answers: Arc::default(),
            url: Arc::default(),
            client: Client::builder().timeout(TIMEOUT).build().unwrap(),
        }
    }

    /// Asks. Gives back the status and the answer; `None` when there was no server, or not for long enough.
    pub(crate) async fn ask(&self, path: &str, wish: Option<&Value>) -> Option<(u16, Value)> {
        let url = format!("{}{path}", self.url.lock().unwrap());
        let request = match wish {
            Some(wish) => self.client.post(url).json(wish),
            None => self.client.get(url),
        };
        let answer = request.bearer_auth(&self.key).send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        let parsed = serde_json::from_str(&text).unwrap();
        self.answers.lock().unwrap().push(text);
        Some((status, parsed))
    }

    /// Places an order, which is asked for again for as long as the server or a vendor is not there. Gives back its id.
    pub(crate) async fn place(self, order: Value) -> String {
        loop {
            match self.ask("/orders", Some(&order)).await {
                Some((200, placed)) => return placed["data"]["id"].as_str().unwrap().to_owned(),
                Some((503, _)) | None => tokio::time::sleep(PAUSE).await,
                Some((status, refused)) => panic!("{status}: {refused}"),
            }
        }
    }
}

/// What the operator calls the account of a vendor.
pub(crate) fn label(vendor: Vendor) -> String {
    format!("{vendor}-1")
}
