//! The closed list of error codes: its statuses, and that it is documented (contract §1).

use axum::response::IntoResponse;
use peeker_api::ApiError;
use peeker_domain::{Code, Error};

fn word(code: Code) -> String {
    let word = serde_json::to_value(code).unwrap();
    word.as_str().unwrap().to_owned()
}

#[test]
fn each_code_has_the_status_of_the_contract() {
    let table: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let response = ApiError::from(Error::new(*code, "why")).into_response();
            format!("{} {}", word(*code), response.status().as_u16())
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    invalid_request 400
    unauthorized 401
    forbidden 403
    not_found 404
    rate_limited 429
    provider_not_supported 400
    smartlead_connection_required 400
    smartlead_client_not_found 400
    order_shape_conflict 400
    domain_count_mismatch 400
    domain_not_imported 400
    domains_not_submittable 400
    premium_domain_not_supported 400
    domain_not_usable_for_provider 400
    domain_already_in_active_order 400
    insufficient_funds 402
    internal_error 500
    ");
}

#[test]
fn the_document_lists_exactly_these_codes() {
    let document = serde_json::to_value(peeker_api::openapi()).unwrap();
    let listed = document["components"]["schemas"]["Code"]["enum"]
        .as_array()
        .unwrap();
    let codes: Vec<_> = Code::ALL.iter().map(|code| word(*code)).collect();
    assert_eq!(listed, &codes);
}

#[test]
fn the_guide_has_a_section_for_each_code() {
    let guide = include_str!("../../../../docs/errors.md");
    for code in Code::ALL {
        let heading = format!("### `{}`", word(code));
        assert!(
            guide.lines().any(|line| line == heading),
            "docs/errors.md has no section {heading}"
        );
    }
}
