//! The namespace and grouping of a Metrics Insights query (`SELECT … FROM … GROUP BY …`), as far as trust needs them.

/// The namespace in the FROM clause: `FROM "AWS/EC2"` or `FROM SCHEMA("AWS/EC2", InstanceId)`. `None` where the text is
/// anything else (PromQL, or a form not known here): an unknown namespace is never trusted.
pub fn namespace(query: &str) -> Option<&str> {
    let mut froms = query.match_indices(char::is_whitespace).filter_map(|(at, space)| {
        let word = query.get(at + space.len()..)?;
        let after = word.get(..4).filter(|keyword| keyword.eq_ignore_ascii_case("from")).and(word.get(4..))?;
        after.starts_with(char::is_whitespace).then_some(after)
    });
    let clause = froms.next()?.trim_start();
    if froms.next().is_some() {
        return None;
    }
    let source = match clause.get(..6) {
        Some(schema) if schema.eq_ignore_ascii_case("schema") => clause.get(6..)?.trim_start().strip_prefix('(')?,
        _ => clause,
    };
    let quoted = source.trim_start().strip_prefix('"')?;
    quoted.split_once('"').map(|(namespace, _)| namespace)
}

#[cfg(test)]
mod tests {
    use super::namespace;

    #[test]
    fn both_forms_of_the_from_clause_give_their_namespace() {
        let schema = r#"SELECT SUM(NetworkOut) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId"#;
        assert_eq!(namespace(schema), Some("AWS/EC2"));
        assert_eq!(namespace("select max(x)\nfrom \"My/Own\" group by InstanceId"), Some("My/Own"));
    }

    #[test]
    fn whatever_is_not_one_plain_from_clause_is_unknown() {
        for query in [
            "",
            "from",
            "sum by (InstanceId) (network_out)",
            r#"SELECT a FROM AWS/EC2"#,
            r#"SELECT a FROM "AWS/EC2" WHERE x = ' FROM "Mine"'"#,
        ] {
            assert_eq!(namespace(query), None, "{query}");
        }
    }
}
