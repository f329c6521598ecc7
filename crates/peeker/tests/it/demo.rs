use super::{json, run};

#[test]
fn the_demo_completes_an_order_and_verifies_every_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let (summary, status) = json(folder.path(), &["demo", "--exit"]);
    assert_eq!(status, Some(0), "{summary}");
    assert_eq!(summary["order"]["status"], "completed");
    assert_eq!(
        (summary["domains"].as_u64(), summary["inboxes"].as_u64()),
        (Some(14), Some(230))
    );
    assert_eq!(summary["webhooks"]["verified"], 16);
    assert!(
        !folder.path().join("data").exists(),
        "the environment's data folder is not the demo's"
    );
}

#[test]
fn the_demo_listens_on_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["demo", "--exit", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(1));
}
