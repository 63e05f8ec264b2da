//! Condition operators by name.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context
//! keys". Names are exact: a name that AWS doesn't know is an error, not a condition that holds or fails.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    EqualIgnoringCase,
    Like,
    Arn,
    Number(Relation),
    Date(Relation),
    Bool,
    Binary,
    Ip,
    Null,
}

/// `ForAnyValue:`, `ForAllValues:`, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Single,
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) comparison: Comparison,
    /// The Not operators: none of the values may match, and an absent key matches none.
    pub(crate) negated: bool,
    pub(crate) over: Over,
    /// An absent key satisfies it.
    pub(crate) if_exists: bool,
}

const NAMES: [(&str, Comparison, bool); 27] = [
    ("StringEquals", Comparison::Equal, false),
    ("StringNotEquals", Comparison::Equal, true),
    ("StringEqualsIgnoreCase", Comparison::EqualIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::EqualIgnoringCase, true),
    ("StringLike", Comparison::Like, false),
    ("StringNotLike", Comparison::Like, true),
    ("NumericEquals", Comparison::Number(Relation::Equal), false),
    ("NumericNotEquals", Comparison::Number(Relation::Equal), true),
    ("NumericLessThan", Comparison::Number(Relation::Less), false),
    ("NumericLessThanEquals", Comparison::Number(Relation::LessOrEqual), false),
    ("NumericGreaterThan", Comparison::Number(Relation::Greater), false),
    ("NumericGreaterThanEquals", Comparison::Number(Relation::GreaterOrEqual), false),
    ("DateEquals", Comparison::Date(Relation::Equal), false),
    ("DateNotEquals", Comparison::Date(Relation::Equal), true),
    ("DateLessThan", Comparison::Date(Relation::Less), false),
    ("DateLessThanEquals", Comparison::Date(Relation::LessOrEqual), false),
    ("DateGreaterThan", Comparison::Date(Relation::Greater), false),
    ("DateGreaterThanEquals", Comparison::Date(Relation::GreaterOrEqual), false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::Ip, false),
    ("NotIpAddress", Comparison::Ip, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Operator {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (over, rest) = match name.split_once(':') {
            None => (Over::Single, name),
            Some(("ForAnyValue", rest)) => (Over::Any, rest),
            Some(("ForAllValues", rest)) => (Over::All, rest),
            Some(_) => return None,
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let (_, comparison, negated) = NAMES.iter().find(|(known, ..)| *known == base)?;
        // Whether a key is there can be asked neither for each of its values nor only where it is there.
        let plain = over == Over::Single && !if_exists;
        (plain || *comparison != Comparison::Null).then_some(Self {
            comparison: *comparison,
            negated: *negated,
            over,
            if_exists,
        })
    }
}

impl Relation {
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_read_with_their_prefix_and_suffix() {
        let operator = Operator::parse("ForAllValues:StringNotLikeIfExists").unwrap();
        assert_eq!((operator.comparison, operator.over), (Comparison::Like, Over::All));
        assert!(operator.negated && operator.if_exists);
    }

    #[test]
    fn a_name_that_aws_does_not_know_is_none() {
        for bad in [
            "StringEqual",
            "stringequals",
            "NotBool",
            "NullIfExists",
            "ForAnyValue:Null",
            "ForSome:Bool",
            "",
            "IfExists",
            "StringEqualsIfExistsIfExists",
            "BinaryNotEquals",
            "StringЕquals",
        ] {
            assert_eq!(Operator::parse(bad), None, "{bad}");
        }
    }
}
