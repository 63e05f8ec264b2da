use super::*;
use serde_json::json;

fn identity(statement: Value) -> Result<Document, PolicyError> {
    Document::from_value(&json!({"Version": "2012-10-17", "Statement": statement}), DocumentKind::Identity)
}

fn problem(statement: Value) -> String {
    identity(statement).unwrap_err().to_string()
}

#[test]
fn a_statement_or_a_list_and_text_or_a_list_are_the_same() {
    let one = identity(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})).unwrap();
    let list = identity(json!([{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}])).unwrap();
    assert_eq!(one, list);
}

#[test]
fn denies_and_allows_keep_their_index_and_sid() {
    let statement = |effect: &str| json!({"Sid": effect, "Effect": effect, "Action": "*", "Resource": "*"});
    let document = identity(json!([statement("Deny"), statement("Allow"), statement("Deny")])).unwrap();
    let seen: Vec<_> =
        document.denies().iter().chain(document.allows()).map(|each| (each.index, each.sid.as_deref())).collect();
    assert_eq!(seen, [(0, Some("Deny")), (2, Some("Deny")), (1, Some("Allow"))]);
}

#[test]
fn an_error_names_the_statement_and_the_element() {
    let good = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    assert_eq!(problem(json!([good, {"Effect": "allow"}])), "Statement[1].Effect: \"allow\": expected Allow or Deny");
    assert_eq!(problem(json!([good, {"Effect": "Deny"}])), "Statement[1]: has no Resource or NotResource");
    assert_eq!(
        problem(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringIs": {"a": "b"}}})),
        "Statement.Condition.StringIs: no such condition operator; their names are exact, such as StringEquals"
    );
}

#[test]
fn what_could_hide_something_is_refused() {
    for bad in [
        json!({"Effect": "Allow", "action": "*", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "*", "NotAction": "s3:*", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"}),
        json!({"Effect": "Allow", "Action": [], "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "s3", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "*", "Resource": "${aws:username"}),
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}),
        json!({"Effect": "Allow", "Action": {"s3": "*"}, "Resource": "*"}),
        json!({"Effect": null, "Action": "*", "Resource": "*"}),
        json!("Allow"),
    ] {
        assert!(identity(bad.clone()).is_err(), "{bad}");
    }
    for bad in
        [json!({"Version": "2012-10-18", "Statement": []}), json!({}), json!([]), json!({"Statement": [], "x": 1})]
    {
        assert!(Document::from_value(&bad, DocumentKind::Identity).is_err(), "{bad}");
    }
}

#[test]
fn an_empty_list_of_statements_says_nothing() {
    let document = identity(json!([])).unwrap();
    assert!(document.allows().is_empty() && document.denies().is_empty());
}

#[test]
fn a_document_may_be_text_that_holds_it_but_no_deeper() {
    let text = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).to_string();
    assert!(Document::from_value(&json!(text), DocumentKind::Identity).is_ok());
    assert!(Document::from_value(&json!(json!(text).to_string()), DocumentKind::Identity).is_err());
}

#[test]
fn each_kind_of_policy_has_its_own_place_for_principals() {
    let statement = |principal: Value| json!({"Statement": {"Effect": "Deny", "Principal": principal, "Action": "*", "Resource": "*"}});
    let read = |principal, kind| Document::from_value(&statement(principal), kind);
    assert!(read(json!("*"), DocumentKind::ResourceControl).is_ok());
    assert!(read(json!({"AWS": "123456789012"}), DocumentKind::ResourceControl).is_err());
    assert!(read(json!("*"), DocumentKind::ServiceControl).is_err());
    let without = json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}});
    assert!(Document::from_value(&without, DocumentKind::Resource).is_err());
}

#[test]
fn a_bare_principal_is_accepted_with_a_warning() {
    let value =
        json!({"Statement": {"Effect": "Allow", "Principal": "123456789012", "Action": "s3:*", "Resource": "*"}});
    let document = Document::from_value(&value, DocumentKind::Resource).unwrap();
    assert_eq!(document.warnings()[0].at, "Statement.Principal");
}

#[test]
fn variables_are_plain_text_before_2012() {
    let value =
        |version: &str| json!({"Version": version, "Statement": {"Effect": "Allow", "Action": "*", "Resource": "${"}});
    assert!(Document::from_value(&value("2008-10-17"), DocumentKind::Identity).is_ok());
    assert!(Document::from_value(&value("2012-10-17"), DocumentKind::Identity).is_err());
}
