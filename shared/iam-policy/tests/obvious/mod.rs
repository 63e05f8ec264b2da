//! A second evaluator: slow, over the JSON itself, step by step as AWS's flow chart goes, for closed worlds alone. It knows
//! only what `tests/properties.rs` makes.

use serde_json::Value;

pub fn decide(case: &Value) -> &'static str {
    let list = |field: &str| case[field].as_array().cloned().unwrap_or_default();
    let levels = |field: &str| list(field).iter().map(|level| level.as_array().unwrap().clone()).collect::<Vec<_>>();
    let text = |field: &str| case[field].as_str().unwrap();
    let (principal, resource_account) = (text("principal"), text("resource_account"));
    let account = principal.split(':').nth(4).unwrap();
    let policy = case["resource_policy"].as_object().map(|_| case["resource_policy"].clone());
    let rcps = if text("action").starts_with("lambda:") { Vec::new() } else { levels("rcps") };
    let scps = levels("scps");
    let mut everything = [list("identity_policies"), list("boundaries"), list("session_policies")].concat();
    everything.extend(scps.concat());
    everything.extend(rcps.concat());
    everything.extend(policy.clone());
    if everything.iter().any(|policy| statements(policy, "Deny").iter().any(|each| matches(each, case))) {
        return "explicit-deny";
    }
    let allows = |policy: &Value| statements(policy, "Allow").iter().any(|each| matches(each, case));
    if rcps.iter().chain(&scps).any(|level| !level.iter().any(allows)) {
        return "implicit-deny";
    }
    let named = |how: &str| {
        let allowing = policy.iter().flat_map(|policy| statements(policy, "Allow"));
        allowing.filter(|each| matches(each, case)).any(|each| namings(&each, principal).contains(&how))
    };
    let is_key = text("action").starts_with("kms:");
    let same = account == resource_account;
    if same && named("itself") {
        return "allow";
    }
    let from_resource = same && named("role");
    let from_identity = list("identity_policies").iter().any(allows);
    let identity_counts = match (same, is_key) {
        (true, false) => true,
        (true, true) => named("account"),
        (false, _) => named("account") || named("role") || named("itself"),
    };
    if !(from_resource || (from_identity && identity_counts)) {
        return "implicit-deny";
    }
    if list("boundaries").iter().any(|boundary| !allows(boundary)) {
        return "implicit-deny";
    }
    let session = list("session_policies");
    if !session.is_empty() && !session.iter().any(allows) {
        return "implicit-deny";
    }
    "allow"
}

fn statements(policy: &Value, effect: &str) -> Vec<Value> {
    listed(&policy["Statement"]).into_iter().filter(|statement| statement["Effect"] == effect).collect()
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn matches(statement: &Value, case: &Value) -> bool {
    let principal = case["principal"].as_str().unwrap();
    let action = case["action"].as_str().unwrap().to_lowercase();
    let any = |field: &str, test: &dyn Fn(&str) -> bool| {
        listed(&statement[field]).iter().any(|one| test(one.as_str().unwrap()))
    };
    let acts = |pattern: &str| glob(&pattern.to_lowercase(), &action);
    let on = |pattern: &str| match (pattern.contains("${aws:username}"), principal.split_once(":user/")) {
        (true, None) => false,
        (true, Some((_, name))) => glob(&pattern.replace("${aws:username}", name), case["resource"].as_str().unwrap()),
        (false, _) => glob(pattern, case["resource"].as_str().unwrap()),
    };
    let covered = |field: &str, opposite: &str, test: &dyn Fn(&str) -> bool| {
        if statement.get(opposite).is_some() { !any(opposite, test) } else { any(field, test) }
    };
    let bounded = case["boundaries"].as_array().is_some_and(|list| !list.is_empty());
    covered("Action", "NotAction", &acts)
        && covered("Resource", "NotResource", &on)
        && (statement.get("Principal").is_none() || !namings(statement, principal).is_empty())
        && (statement.get("NotPrincipal").is_none() || bounded || unlisted(statement, principal))
        && statement["Condition"].as_object().into_iter().flatten().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, values)| {
                let values: Vec<_> = listed(values).iter().map(|value| value.as_str().unwrap().to_owned()).collect();
                holds(operator, &case["context"][key], &values)
            })
        })
}

fn unlisted(statement: &Value, principal: &str) -> bool {
    let names = listed(&statement["NotPrincipal"]["AWS"]);
    !names.iter().any(|name| naming(name.as_str().unwrap(), principal, statement["Effect"] == "Allow").is_some())
}

/// All the ways in which the statement names the principal.
fn namings(statement: &Value, principal: &str) -> Vec<&'static str> {
    if statement.get("NotPrincipal").is_some() {
        return vec!["itself"];
    }
    if statement["Principal"] == "*" {
        return vec!["itself"];
    }
    let denies = statement["Effect"] == "Deny";
    listed(&statement["Principal"]["AWS"]).iter().filter_map(|name| naming(name.as_str()?, principal, denies)).collect()
}

/// `if_its_session`: whether a session of a role counts as the role, which could have another one.
fn naming(name: &str, principal: &str, if_its_session: bool) -> Option<&'static str> {
    let role_of_session = role_of_session(principal);
    if if_its_session && self::role_of_session(name).is_some_and(|role| role == principal) {
        return Some("itself");
    }
    if name == "*" {
        Some("itself")
    } else if name == principal {
        Some(if principal.contains(":role/") { "role" } else { "itself" })
    } else if role_of_session.is_some_and(|role| role == name) {
        Some("role")
    } else {
        (name == principal.split(':').nth(4).unwrap()).then_some("account")
    }
}

fn role_of_session(session: &str) -> Option<String> {
    let role = session.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/");
    (role != session).then(|| role.rsplit_once('/').unwrap().0.to_owned())
}

fn holds(operator: &str, given: &Value, values: &[String]) -> bool {
    let given: Option<Vec<String>> =
        (!given.is_null()).then(|| listed(given).iter().map(|one| one.as_str().unwrap().to_owned()).collect());
    let equal = |one: &String| values.contains(one);
    let like = |one: &String| values.iter().any(|pattern| glob(pattern, one));
    match (operator, given) {
        ("Null", given) => values.contains(&given.is_none().to_string()),
        ("StringEquals", given) => given.is_some_and(|given| given.iter().any(equal)),
        ("StringEqualsIfExists", given) => given.is_none_or(|given| given.iter().any(equal)),
        ("StringNotEquals", given) => !given.is_some_and(|given| given.iter().any(equal)),
        ("StringLike", given) => given.is_some_and(|given| given.iter().any(like)),
        ("StringNotLike", given) => !given.is_some_and(|given| given.iter().any(like)),
        ("ForAnyValue:StringEquals", given) => given.is_some_and(|given| given.iter().any(equal)),
        ("ForAnyValue:StringNotEquals", given) => given.is_some_and(|given| !given.iter().all(equal)),
        ("ForAllValues:StringLike", given) => given.is_none_or(|given| given.iter().all(like)),
        ("ForAllValues:StringNotEquals", given) => given.is_none_or(|given| !given.iter().any(equal)),
        _ => panic!("{operator}"),
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), None) => glob(&pattern[1..], text),
        (Some('*'), Some(first)) => glob(&pattern[1..], text) || glob(pattern, &text[first.len_utf8()..]),
        (Some('?'), Some(first)) => glob(&pattern[1..], &text[first.len_utf8()..]),
        (Some(p), Some(t)) if p == t => glob(&pattern[p.len_utf8()..], &text[t.len_utf8()..]),
        _ => false,
    }
}
