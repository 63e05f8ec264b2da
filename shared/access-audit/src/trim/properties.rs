//! Random policies and random uses, judged a second time in a plain way: by what each action's own entry says, with a
//! matcher that knows nothing of the first.

use super::document::narrowed;
use super::tests::{asked, dump, service, told};
use super::used::Used;
use crate::last_accessed::LastAccessed;
use iam_policy::Catalogue;
use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::datetime;

const RECENT: &str = "2025-12-01T00:00:00Z";
const OLD: &str = "2025-01-01T00:00:00Z";
/// Small services, one that the catalogue doesn't know, and the one with an action that is never tracked.
const SERVICES: [&str; 4] = ["sts", "xray", "iam", "nowhere"];

#[derive(Debug, Clone)]
struct Told {
    name: &'static str,
    last: Option<&'static str>,
    actions: Vec<(String, Option<&'static str>)>,
}

fn names(service: &str) -> Vec<String> {
    let catalogue = Catalogue::shipped();
    let known = catalogue.service(service).map_or(&[][..], |known| catalogue.actions_of(known));
    let mut names: Vec<String> = known.iter().map(|action| action.name.to_owned()).collect();
    names.push("UnheardOf".to_owned());
    names
}

fn time() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some(OLD)), Just(Some(RECENT))]
}

fn told_of(name: &'static str) -> impl Strategy<Value = Told> {
    let actions = prop::collection::vec((prop::sample::select(names(name)), time()), 0..6);
    (time(), actions).prop_map(move |(last, mut actions)| {
        actions.sort();
        actions.dedup_by(|one, other| one.0 == other.0);
        Told { name, last, actions }
    })
}

fn pattern() -> impl Strategy<Value = String> {
    let service = prop::sample::select(vec!["sts", "STS", "xray", "iam", "nowhere", "x*", "*", "?ts", "sqs"]);
    let name = prop::sample::select(vec![
        "*",
        "Get*",
        "*Role",
        "AssumeRole",
        "assumerole",
        "Put*",
        "PassRole",
        "?etTraceGraph",
        "UnheardOf",
        "Pass*",
        "List*s",
    ]);
    prop_oneof![9 => (service, name).prop_map(|(service, name)| format!("{service}:{name}")), 1 => Just("*".to_owned())]
}

fn statement() -> impl Strategy<Value = Value> {
    let element = prop::sample::select(vec!["Action", "Action", "NotAction"]);
    let effect = prop::sample::select(vec!["Allow", "Allow", "Allow", "Deny"]);
    let resource =
        prop::sample::select(vec!["*", "arn:aws:iam::111122223333:role/${aws:username}", "arn:aws:xray:*:*:group/*"]);
    let condition = prop::sample::select(vec![json!({}), json!({"Bool": {"aws:SecureTransport": "true"}})]);
    (element, effect, prop::collection::vec(pattern(), 1..4), resource, condition).prop_map(
        |(element, effect, patterns, resource, condition)| {
            json!({"Effect": effect, element: patterns, "Resource": resource, "Condition": condition})
        },
    )
}

/// `*` and `?`, by recursion.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            matches(rest, text) || text.split_first().is_some_and(|(_, text)| matches(pattern, text))
        }
        (Some((b'?', rest)), Some((_, text))) => matches(rest, text),
        (Some((one, rest)), Some((other, text))) => one.eq_ignore_ascii_case(other) && matches(rest, text),
        _ => false,
    }
}

fn covers(statement: &Value, action: &str) -> bool {
    let any = |name: &str| {
        let patterns = statement[name].as_array()?;
        Some(patterns.iter().any(|one| matches(one.as_str().unwrap().as_bytes(), action.as_bytes())))
    };
    any("Action").unwrap_or_else(|| !any("NotAction").unwrap())
}

/// Whether an action is to be kept, as the rules say it.
fn is_kept(service: &str, name: &str, all: &[Told]) -> bool {
    if (service, name) == ("iam", "PassRole") {
        return true;
    }
    let Some(told) = all.iter().find(|told| told.name == service) else { return true };
    let own = told.actions.iter().find(|(known, _)| known == name).map(|(_, last)| *last == Some(RECENT));
    let is_used = told.last == Some(RECENT) || told.actions.iter().any(|(_, last)| *last == Some(RECENT));
    is_used && (own != Some(false) || service == "nowhere")
}

fn key(statement: &Value) -> String {
    let mut key = statement.clone();
    key.as_object_mut().unwrap().retain(|name, _| !name.ends_with("Action"));
    key.to_string()
}

fn uses() -> impl Strategy<Value = Vec<Told>> {
    let all = (told_of("sts"), told_of("xray"), told_of("iam"), told_of("nowhere"), 0_usize..5);
    all.prop_map(|(sts, xray, iam, nowhere, left)| {
        let mut all = vec![sts, xray, iam, nowhere];
        all.truncate(left);
        all
    })
}

/// With a Sid each: two that differ in nothing but actions are then told apart.
fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..4).prop_map(|mut statements| {
        for (index, statement) in statements.iter_mut().enumerate() {
            statement["Sid"] = json!(format!("S{index}"));
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    })
}

fn answer(all: &[Told]) -> Value {
    let of = |told: &Told| {
        let actions: Vec<_> = told.actions.iter().map(|(name, last)| (name.as_str(), *last)).collect();
        service(told.name, told.last, &actions)
    };
    told(&all.iter().map(of).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn new_allows_what_old_allowed_of_what_is_kept_and_nothing_else(old in policy(), all in uses()) {
        let read = LastAccessed::parse(answer(&all).to_string().as_bytes(), Some("x")).unwrap();
        let used = Used::new(&read.principals["x"], datetime!(2026-01-01 00:00 UTC), 90);
        let new = narrowed(&old, &used).unwrap().document;
        let new: Vec<Value> = new.iter().flat_map(|new| new["Statement"].as_array().unwrap().clone()).collect();
        for old in old["Statement"].as_array().unwrap() {
            let left = new.iter().find(|one| key(one) == key(old));
            if old["Effect"] == "Deny" {
                prop_assert_eq!(left, Some(old));
                continue;
            }
            for service in SERVICES {
                // What nobody knows can't be listed: it is asked about where the answer names it.
                let told = all.iter().find(|told| told.name == service);
                let is_told = |name: &String| told.is_some_and(|told| told.actions.iter().any(|(one, _)| one == name));
                for name in names(service).iter().filter(|name| *name != "UnheardOf" || is_told(name)) {
                    let action = format!("{service}:{name}");
                    let expected = covers(old, &action) && is_kept(service, name, &all);
                    let is = left.is_some_and(|left| covers(left, &action));
                    prop_assert_eq!(is, expected, "{} of {} in {:?}", action, old, left);
                }
            }
        }
    }
}

proptest! {
    // Each asks about the whole catalogue.
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn whatever_the_policy_and_its_use_the_evaluator_proves_what_is_shown(old in policy(), all in uses()) {
        let found = asked(&dump(&old), &answer(&all), "app", 90);
        prop_assert!(found.is_ok(), "{:?}", found);
    }
}
