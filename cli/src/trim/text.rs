//! The smaller policies for a person: what changes, line by line, and what to know before anything is changed.

use access_audit::{Trimmed, TrimmedPolicy};
use serde_json::Value;
use signal::OneLine;
use similar::TextDiff;
use std::fmt::Write;

const WIDTH: usize = 80;
/// Actions that are named before they are counted; JSON has all.
const NAMED: usize = 40;
/// Unchanged lines around what changes.
const CONTEXT: usize = 3;

pub(super) fn of(trimmed: &Trimmed) -> String {
    let mut text = String::new();
    let changed = trimmed.policies.iter().filter(|policy| !policy.dropped.is_empty()).count();
    let all = trimmed.policies.len();
    let _ = writeln!(
        text,
        "{}: {changed} of {all} policies can be smaller. Nothing was changed.\n",
        OneLine(&trimmed.principal)
    );
    for policy in &trimmed.policies {
        one(&mut text, policy);
    }
    let proof = trimmed.proof;
    let proved =
        format!("{} requests decided alike, {} of the catalogue's actions no wider.", proof.same, proof.no_wider);
    wrapped(&mut text, "Proved: ", &proved);
    for note in &trimmed.notes {
        wrapped(&mut text, "Note: ", note);
    }
    text.truncate(text.trim_end().len());
    text
}

fn one(text: &mut String, policy: &TrimmedPolicy) {
    let arn = policy.arn.as_ref().map(|arn| format!("  {arn}")).unwrap_or_default();
    let _ = writeln!(text, "{}{}", OneLine(&policy.name), OneLine(&arn));
    let size = policy.size;
    if policy.dropped.is_empty() {
        let _ = writeln!(text, "  stays as it is ({} characters)", size.old);
    } else {
        let _ = writeln!(text, "  {} characters become {}, of {} that IAM takes", size.old, size.new, size.quota);
        text.push('\n');
        diff(text, policy);
        text.push('\n');
    }
    if policy.new.is_none() {
        let _ = writeln!(text, "  Nothing of it is used: it can be taken away whole.");
    }
    listed(text, "  Dropped: ", &policy.dropped);
    listed(text, "  Dropped statements: ", &policy.dropped_statements);
    listed(text, "  Kept, not tracked: ", &policy.kept_untracked);
    text.push('\n');
}

fn diff(text: &mut String, policy: &TrimmedPolicy) {
    let (old, new) = (pretty(&policy.old), policy.new.as_ref().map(pretty).unwrap_or_default());
    let diff = TextDiff::from_lines(&old, &new);
    let mut unified = diff.unified_diff();
    let unified = unified.context_radius(CONTEXT).missing_newline_hint(false).header("old", "new").to_string();
    for line in unified.lines() {
        let _ = writeln!(text, "{}", OneLine(line));
    }
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}

fn listed(text: &mut String, lead: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let mut content = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = write!(content, " and {more} more");
    }
    wrapped(text, lead, &content);
}

/// Long names are not broken: they are to be copied.
fn wrapped(text: &mut String, lead: &str, content: &str) {
    let content = OneLine(content).to_string();
    let options = textwrap::Options::new(WIDTH).initial_indent(lead).subsequent_indent("    ");
    let options = options.break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    let _ = writeln!(text, "{}", textwrap::fill(&content, options));
}

#[cfg(test)]
mod tests {
    use super::of;
    use access_audit::{Ask, trim};
    use serde_json::json;
    use time::macros::datetime;

    #[test]
    fn a_person_sees_each_line_that_goes_and_what_is_kept_and_why() {
        let statement =
            json!({"Effect": "Allow", "Action": ["s3:CreateBucket", "s3:DeleteBucket", "xray:*"], "Resource": "*"});
        let trust = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"});
        let role = json!({"Arn": "arn:aws:iam::111122223333:role/app", "RoleName": "app",
            "AssumeRolePolicyDocument": {"Statement": trust},
            "RolePolicyList": [{"PolicyName": "p\u{202e}", "PolicyDocument": {"Statement": statement}}]});
        let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []});
        let actions = json!([{"ActionName": "CreateBucket", "LastAccessedTime": "2025-12-01T00:00:00Z"}, {"ActionName": "DeleteBucket"}]);
        let service = json!({"ServiceNamespace": "s3", "TrackedActionsLastAccessed": actions});
        let accessed = json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": [service]});
        let trimmed = trim(&Ask {
            principal: "app",
            authorization_details: details.to_string().as_bytes(),
            last_accessed: accessed.to_string().as_bytes(),
            days: 90,
            now: datetime!(2026-01-01 00:00 UTC),
        });
        let text = of(&trimmed.unwrap());
        assert!(text.contains("1 of 1 policies can be smaller. Nothing was changed."), "{text}");
        assert!(
            text.contains("\n-        \"s3:DeleteBucket\",") || text.contains("\n-      \"s3:DeleteBucket\","),
            "{text}"
        );
        assert!(text.contains("Dropped: s3:DeleteBucket\n") && text.contains("Kept, not tracked: xray:*\n"), "{text}");
        assert!(
            text.contains("Proved: ") && text.contains("denied count as used") && !text.contains('\u{202e}'),
            "{text}"
        );
    }
}
