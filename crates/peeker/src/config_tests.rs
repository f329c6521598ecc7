use super::*;

const EXAMPLE: &str = include_str!("../../../peeker.toml.example");

/// In the example, `#key = value` is a key and `# text` is prose.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(' ') || rest.is_empty() => String::new(),
        Some(key) => key.to_owned(),
        None => line.to_owned(),
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn parse(text: &str) -> Result<Config, toml::de::Error> {
    toml::from_str(text)
}

#[test]
fn the_example_changes_nothing_as_it_stands() {
    assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
}

#[test]
fn the_example_lists_every_key_with_its_default() {
    let example: toml::Table = toml::from_str(&uncommented()).unwrap();
    let config: Config = parse(&uncommented()).unwrap();
    config.check().unwrap();
    assert_eq!(
        toml::Table::try_from(&config).unwrap(),
        example,
        "a key is missing"
    );
    let Server {
        public_url,
        listen,
        metrics_listen,
    } = &config.server;
    assert!(public_url.is_some() && metrics_listen.is_some());
    assert_eq!(*listen, Some(DEFAULT_LISTEN));
    let Config {
        server: _,
        connections,
        database,
        prices,
        sizing,
        webhooks: _,
        workers,
        retention,
        idempotency,
        dns,
    } = config;
    assert_eq!(connections, Connections::default());
    assert_eq!(database, Database::default());
    assert_eq!(prices, Prices::default());
    assert_eq!(sizing, Sizing::default());
    assert_eq!(workers, Workers::default());
    assert_eq!(retention, Retention::default());
    assert_eq!(idempotency, Idempotency::default());
    assert_eq!(dns, Dns::default());
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    for (text, key) in [
        ("[server]\nlisten_on = '127.0.0.1:1'", "listen_on"),
        ("[price]\ngoogle_license_cents = 1", "price"),
        ("[prices]\ngoogle_licence_cents = 1", "google_licence_cents"),
    ] {
        assert!(parse(text).unwrap_err().to_string().contains(key), "{text}");
    }
}

#[test]
fn every_value_that_cannot_be_is_named_at_once() {
    let text = "[server]\npublic_url = 'https://api.example.com/v1'\n[database]\nmax_connections = 0\n\
        [prices]\nmicrosoft_license_cents = 4000000000\n\
        [sizing]\nrecommended_google_percent = 101\nmicrosoft_inboxes_per_license = 60\n\
        [webhooks]\nallowed_ranges = ['10.0.0.0/33']\n[workers]\njob_concurrency = 0\ndelivery_concurrency = 20000\n\
        [retention]\nevent_days = 0\nattempt_days = 4000\n\
        [idempotency]\nkeys_per_account = 0\nanswer_mebibytes_per_account = 0\n\
        [connections]\nmax = 0\nmax_per_address = 200000\nproxies = ['localhost']\n\
        head_seconds = 0\nidle_seconds = 4000\nstall_seconds = 0\n\
        [dns]\nresolvers = ['one.one']\nauthoritative_port = 0";
    let message = parse(text).unwrap().check().unwrap_err().to_string();
    for key in [
        "public_url",
        "max_connections",
        "microsoft_license_cents",
        "recommended_google_percent",
        "microsoft_inboxes_per_license",
        "event_days",
        "attempt_days",
        "keys_per_account",
        "answer_mebibytes_per_account",
        "[connections] max ",
        "max_per_address",
        "proxies",
        "head_seconds",
        "idle_seconds",
        "stall_seconds",
        "allowed_ranges",
        "job_concurrency",
        "delivery_concurrency",
        "must be 2 to 10 addresses",
        "one.one",
        "authoritative_port",
    ] {
        assert!(message.contains(key), "{key} is not in: {message}");
    }
}

#[test]
fn the_environment_comes_before_the_file() {
    let mut config =
        parse("[prices]\ngoogle_license_cents = 200\nmicrosoft_license_cents = 800").unwrap();
    let variables = |name: &str| match name {
        "PEEKER_PRICES_GOOGLE_LICENSE_CENTS" => Some("300".to_owned()),
        "PEEKER_WEBHOOKS_ALLOWED_RANGES" => Some("10.0.0.0/8, 192.168.1.7".to_owned()),
        "PEEKER_CONNECTIONS_PROXIES" => Some(String::new()),
        _ => None,
    };
    config.overlay(variables).unwrap();
    assert_eq!(
        config.prices,
        Prices {
            google_license_cents: 300,
            microsoft_license_cents: 800
        }
    );
    config.check().unwrap();
    assert_eq!(config.allowed_ranges().len(), 2);
    assert!(config.connections.proxies.is_empty());
    let wrong = config
        .overlay(|name| (name == "PEEKER_WORKERS_JOB_CONCURRENCY").then(|| "many".to_owned()));
    assert!(
        wrong
            .unwrap_err()
            .to_string()
            .contains("PEEKER_WORKERS_JOB_CONCURRENCY")
    );
}

#[test]
fn settings_follow_the_configuration() {
    let text = "[prices]\ngoogle_license_cents = 200\n[sizing]\nrecommended_google_percent = 70\n\
        [idempotency]\nkeys_per_account = 7\nanswer_mebibytes_per_account = 2";
    let settings = parse(text).unwrap().settings();
    assert_eq!(settings.idempotency.keys, 7);
    assert_eq!(settings.idempotency.answer_bytes, 2 * 1024 * 1024);
    assert_eq!(settings.prices.google_license, Cents(200));
    assert_eq!(Some(settings.recommended_split), Split::new(70, 30));
}

#[test]
fn an_origin_has_no_path() {
    assert_eq!(
        parse_origin("https://API.example.com:443/").unwrap(),
        "https://api.example.com"
    );
    assert_eq!(
        parse_origin("http://127.0.0.1:8080").unwrap(),
        "http://127.0.0.1:8080"
    );
    for bad in [
        "",
        "api.example.com",
        "ftp://a.example",
        "https://a.example/x",
        "https://a.example/?q",
        "https://u:p@a.example",
    ] {
        assert!(parse_origin(bad).is_err(), "{bad}");
    }
}
