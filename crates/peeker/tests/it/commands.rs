use serde_json::json as value;

use super::{json, peeker, run};

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn partner_key_and_webhook_answer_in_their_documented_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (created, status) = json(
        folder,
        &[
            "partner",
            "create",
            "--name",
            "Acme Resellers",
            "--tier",
            "vip",
        ],
    );
    assert_eq!(status, Some(0));
    assert_eq!(created["partner"]["name"], "Acme Resellers");
    assert!(text(&created["keys"]["test"]).starts_with("pk_test_"));
    assert!(text(&created["keys"]["live"]).starts_with("pk_live_"));
    let partner = text(&created["partner"]["id"]);

    let options = [
        "key",
        "create",
        partner,
        "--environment",
        "test",
        "--preset",
        "read",
        "--label",
        "dashboard",
    ];
    let (key, _) = json(folder, &options);
    assert_eq!(key.as_object().unwrap().len(), 2);
    assert!(text(&key["secret"]).starts_with("pk_test_"));
    let (revoked, _) = json(folder, &["key", "revoke", text(&key["id"])]);
    assert!(revoked["revoked_at"].is_string());
    let (list, _) = json(folder, &["key", "list", partner]);
    assert_eq!(list["keys"].as_array().unwrap().len(), 3);
    assert!(
        !list.to_string().contains("pk_"),
        "a list must not hold secrets"
    );

    let set = [
        "webhook",
        "set",
        partner,
        "--url",
        "http://127.0.0.1:9000/hooks",
    ];
    let (first, _) = json(folder, &set);
    assert!(text(&first["secrets"]["test"]).starts_with("whsec_"));
    assert_ne!(first["secrets"]["test"], first["secrets"]["live"]);
    assert_eq!(json(folder, &set).0, value!({"secrets": null}));

    let (list, _) = json(folder, &["partner", "list"]);
    assert_eq!(list["partners"][0]["tier"], "vip");
}

#[test]
fn failures_have_status_1_and_a_wrong_command_line_2() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let unknown = "org_01M7YXRN1P00000000HYC7BHAY";
    let set = ["webhook", "set", unknown, "--url", "https://a.example"];
    let (error, status) = json(folder, &set);
    assert_eq!(
        (error["error"]["code"].as_str(), status),
        (Some("not_found"), Some(1))
    );
    let (error, status) = json(folder, &["key", "list", unknown]);
    assert_eq!(
        (error["error"]["code"].as_str(), status),
        (Some("not_found"), Some(1))
    );
    let (error, status) = json(folder, &["partner", "create", "--name", " "]);
    assert_eq!(
        (error["error"]["field"].as_str(), status),
        (Some("name"), Some(1))
    );
    let hidden = ["partner", "create", "--name", "Ac\u{200B}me"];
    let (error, status) = json(folder, &hidden);
    assert_eq!(
        (error["error"]["field"].as_str(), status),
        (Some("name"), Some(1))
    );
    let label = [
        "key",
        "create",
        unknown,
        "--environment",
        "test",
        "--preset",
        "full",
        "--label",
        "a\u{202E}b",
    ];
    let (error, status) = json(folder, &label);
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("U+202E")
    );
    assert_eq!(status, Some(2));
    let (error, status) = json(folder, &["partner", "create"]);
    assert_eq!(
        (error["error"]["code"].as_str(), status),
        (Some("usage"), Some(2))
    );
    let plain = run(folder, &["key", "list", "nonsense"]);
    assert_eq!((plain.status.code(), plain.stdout.len()), (Some(2), 0));
    assert!(
        !plain.stderr.contains(&0x1b),
        "colours where nobody looks at a terminal"
    );
}

#[test]
fn a_lost_master_key_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(run(folder, &["partner", "list"]).status.success());
    let file = folder.join("data/master.key");
    std::fs::remove_file(&file).unwrap();
    let refused = run(folder, &["partner", "list"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("master key"));
    assert!(!file.exists());
    let (report, status) = json(folder, &["doctor"]);
    assert_eq!((report["status"].as_str(), status), (Some("fail"), Some(1)));
}

#[test]
fn doctor_makes_nothing_and_migrate_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (report, status) = json(folder, &["doctor"]);
    assert_eq!(status, Some(0), "{report}");
    assert!(!folder.join("data").exists());
    let (first, _) = json(folder, &["migrate"]);
    assert_ne!(first["databases"][0]["applied"], value!([]));
    let (again, _) = json(folder, &["migrate"]);
    assert_eq!(
        again["databases"][0],
        value!({"name": "control", "applied": []})
    );
}

#[test]
fn openapi_needs_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let (document, status) = json(folder.path(), &["openapi"]);
    assert_eq!(
        (document["openapi"].as_str(), status),
        (Some("3.1.0"), Some(0))
    );
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_password_in_the_database_url_is_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let key = "7".repeat(64);
    for url in [
        "postgres://u:hunter2@127.0.0.1:1/x",
        "mysql://u:hunter2@h/x",
    ] {
        for command in ["doctor", "migrate", "--help"] {
            let mut peeker = peeker(folder.path());
            peeker
                .env("PEEKER_DATABASE_URL", url)
                .env("PEEKER_MASTER_KEY", &key);
            let output = peeker.arg(command).output().unwrap();
            let all = [output.stdout, output.stderr].concat();
            assert!(
                !String::from_utf8_lossy(&all).contains("hunter2"),
                "{command}"
            );
        }
    }
}

#[test]
fn a_password_is_not_taken_where_others_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://u:hunter2@127.0.0.1:1/x",
        "postgres://u@127.0.0.1:1/x?password=hunter2",
    ] {
        let (error, status) = json(folder.path(), &["doctor", "--database-url", url]);
        let message = error["error"]["message"].as_str().unwrap();
        assert_eq!(status, Some(2), "{message}");
        assert!(
            message.contains("PEEKER_DATABASE_URL") && !message.contains("hunter2"),
            "{message}"
        );
    }
    let url = ["--database-url", "postgres://u@127.0.0.1:1/x"];
    let (error, status) = json(folder.path(), &[&["migrate"][..], &url].concat());
    assert_eq!(
        (error["error"]["code"].as_str(), status),
        (Some("database_unreachable"), Some(1))
    );
}

/// A partner in a new installation.
fn partner_in(folder: &std::path::Path) -> String {
    let (created, _) = json(folder, &["partner", "create", "--name", "Acme"]);
    text(&created["partner"]["id"]).to_owned()
}

#[test]
fn a_payment_is_booked_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let partner = partner_in(folder);
    let live = ["wallet", "credit", &partner, "--environment", "live"];
    let wire = [&live[..], &["--amount", "5000.00", "--reference", "wire 1"]].concat();
    let (booked, status) = json(folder, &wire);
    let expected = value!({ "booked": true, "amount_cents": 500_000, "balance_cents": 500_000, "booked_at": null });
    assert_eq!((booked, status), (expected, Some(0)));
    let (again, status) = json(folder, &wire);
    assert_eq!(
        (&again["booked"], &again["balance_cents"]),
        (&value!(false), &value!(500_000))
    );
    assert_eq!((again["booked_at"].is_string(), status), (true, Some(0)));
    let said = run(folder, &wire);
    assert!(String::from_utf8_lossy(&said.stdout).contains("Nothing changed"));
    for (wrong, field) in [
        (&["--cents", "1", "--reference", "wire 1"][..], "reference"),
        (&["--cents", "1", "--reference", " "], "reference"),
        (&["--cents", "1", "--reference", "wire\u{A0}1"], "reference"),
        (
            &["--cents", "1", "--reference", "wire\u{200B} 1"],
            "reference",
        ),
        (&["--cents", "0"], "amount"),
    ] {
        let (error, status) = json(folder, &[&live[..], wrong].concat());
        assert_eq!(
            (error["error"]["field"].as_str(), status),
            (Some(field), Some(1))
        );
    }
    for wrong in [
        &["--cents", "1", "--amount", "1"][..],
        &[],
        &["--amount", "1.005"],
    ] {
        let (error, status) = json(folder, &[&live[..], wrong].concat());
        assert_eq!(
            (error["error"]["code"].as_str(), status),
            (Some("usage"), Some(2)),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_wallet_is_shown_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let partner = partner_in(folder);
    json(
        folder,
        &[
            "wallet",
            "credit",
            &partner,
            "--environment",
            "live",
            "--cents",
            "500000",
            "--reference",
            "wire 1",
        ],
    );
    let (shown, _) = json(folder, &["wallet", "show", &partner]);
    assert_eq!(
        (&shown["environment"], &shown["balance_cents"]),
        (&value!("live"), &value!(500_000))
    );
    let first = &shown["transactions"][0];
    assert_eq!(
        (
            &first["amount_cents"],
            &first["reason"],
            &first["reference"]
        ),
        (&value!(500_000), &value!("credit"), &value!("wire 1"))
    );
    let (sandbox, _) = json(
        folder,
        &["wallet", "show", &partner, "--environment", "test"],
    );
    assert_eq!(
        (&sandbox["balance_cents"], &sandbox["transactions"]),
        (&value!(0), &value!([]))
    );
    let unknown = "org_01M7YXRN1P00000000HYC7BHAY";
    for missing in [
        &["wallet", "show", unknown][..],
        &["wallet", "verify", unknown],
    ] {
        let (error, status) = json(folder, missing);
        assert_eq!(
            (error["error"]["code"].as_str(), status),
            (Some("not_found"), Some(1))
        );
    }
    for verify in [&["wallet", "verify"][..], &["wallet", "verify", &partner]] {
        let expected = value!({ "ok": true, "wallets": 1, "transactions": 1, "wrong": [] });
        assert_eq!(json(folder, verify), (expected, Some(0)));
    }
}

#[test]
fn a_wallet_is_debited_and_corrected_once_and_never_below_zero() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let partner = partner_in(folder);
    let book = |command: &str, more: &[&str]| {
        let live = ["wallet", command, &partner, "--environment", "live"];
        json(folder, &[&live[..], more].concat())
    };
    book("credit", &["--cents", "10000", "--reference", "wire 1"]);
    let debit = [
        "--amount",
        "40.00",
        "--reference",
        "back 1",
        "--reason",
        "Unused",
    ];
    let (booked, status) = book("debit", &debit);
    let expected = value!({ "booked": true, "amount_cents": -4_000, "balance_cents": 6_000, "booked_at": null });
    assert_eq!((booked, status), (expected, Some(0)));
    let (again, _) = book("debit", &debit);
    assert_eq!(
        (&again["booked"], &again["balance_cents"]),
        (&value!(false), &value!(6_000))
    );
    let (corrected, _) = book("correct", &["--amount", "-0.50", "--reference", "fix 1"]);
    assert_eq!(corrected["balance_cents"], 5_950);
    let (corrected, _) = book("correct", &["--cents", "50", "--reference", "fix 2"]);
    assert_eq!(corrected["balance_cents"], 6_000);
    for (command, wrong, code) in [
        (
            "debit",
            &["--cents", "6001", "--reference", "back 2"][..],
            "insufficient_funds",
        ),
        (
            "correct",
            &["--cents", "-6001", "--reference", "fix 3"],
            "insufficient_funds",
        ),
        (
            "debit",
            &["--cents", "4000", "--reference", "wire 1"],
            "invalid_request",
        ),
        (
            "correct",
            &["--cents", "-4000", "--reference", "back 1"],
            "invalid_request",
        ),
        (
            "correct",
            &["--cents", "0", "--reference", "fix 4"],
            "invalid_request",
        ),
        ("debit", &["--cents", "1"], "usage"),
        ("debit", &["--cents", "-1", "--reference", "x"], "usage"),
    ] {
        let (error, _) = book(command, wrong);
        assert_eq!(error["error"]["code"], code, "{command} {wrong:?}: {error}");
    }
    let (shown, _) = json(folder, &["wallet", "show", &partner]);
    let rows = shown["transactions"].as_array().unwrap().iter();
    let rows: Vec<_> = rows
        .map(|row| (text(&row["reason"]), row["note"].as_str()))
        .collect();
    assert_eq!(
        rows,
        [
            ("correction", None),
            ("correction", None),
            ("debit", Some("Unused")),
            ("credit", None)
        ]
    );
    assert_eq!(json(folder, &["wallet", "verify"]).1, Some(0));
}

#[test]
fn partners_are_changed_suspended_resumed_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let partner = partner_in(folder);
    let set = [
        "partner", "set", &partner, "--name", "Acme Ltd", "--tier", "vip_plus",
    ];
    let (changed, _) = json(folder, &set);
    assert_eq!(
        (&changed["name"], &changed["tier"], &changed["status"]),
        (&value!("Acme Ltd"), &value!("vip_plus"), &value!("active"))
    );
    let (nothing, status) = json(folder, &["partner", "set", &partner]);
    assert_eq!(
        (nothing["error"]["code"].as_str(), status),
        (Some("usage"), Some(2))
    );
    for (command, status) in [("suspend", "suspended"), ("resume", "active")] {
        let (changed, _) = json(folder, &["partner", command, &partner]);
        assert_eq!(changed["status"], status);
    }
    let (closed, _) = json(folder, &["partner", "close", &partner]);
    assert_eq!(
        (&closed["partner"]["status"], &closed["cancelled_orders"]),
        (&value!("closed"), &value!(0))
    );
    let (list, _) = json(folder, &["partner", "list"]);
    assert_eq!(list["partners"][0]["status"], "closed");
    let unknown = "org_01M7YXRN1P00000000HYC7BHAY";
    for command in ["suspend", "resume", "close"] {
        let (error, status) = json(folder, &["partner", command, unknown]);
        assert_eq!(
            (error["error"]["code"].as_str(), status),
            (Some("not_found"), Some(1))
        );
    }
}

#[test]
fn a_customer_that_nobody_has_is_named_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = "usr_01M7YXRN1P00000000HYC7BHAY";
    let (error, status) = json(folder.path(), &["user", "restore", unknown]);
    assert_eq!(
        (error["error"]["code"].as_str(), status),
        (Some("not_found"), Some(1))
    );
    let message = text(&error["error"]["message"]);
    assert!(message.contains("No such customer"), "{message}");
}

#[test]
fn stuck_work_is_listed_and_what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let nothing = (value!({ "jobs": [] }), Some(0));
    assert_eq!(json(folder, &["job", "list"]), nothing);
    assert_eq!(json(folder, &["job", "retry", "--dead"]), nothing);
    for (missing, hint) in [
        (&["job", "retry", "dom_none"][..], "peeker job list"),
        (
            &["order", "cancel", "--now", "ord_01M7YXRN1P00000000HYC7BHAY"],
            "No such order",
        ),
        (
            &["action", "resolve", "act_01M7YXRN1P00000000HYC7BHAY"],
            "No such action",
        ),
    ] {
        let (error, status) = json(folder, missing);
        assert_eq!(
            (error["error"]["code"].as_str(), status),
            (Some("not_found"), Some(1))
        );
        assert!(text(&error["error"]["message"]).contains(hint), "{error}");
    }
    for wrong in [
        &["job", "retry"][..],
        &["job", "retry", "x", "--dead"],
        &["order", "cancel", "ord_01M7YXRN1P00000000HYC7BHAY"],
    ] {
        let (error, status) = json(folder, wrong);
        assert_eq!(
            (error["error"]["code"].as_str(), status),
            (Some("usage"), Some(2))
        );
    }
}
