//! One condition: an operator, a key and values.

use crate::context::scalar;
use crate::error::PolicyError;
use crate::field::Field;
use crate::key::Key;
use crate::operator::{Comparison, Operator, Over, Relation};
use crate::pattern::{Case, Pattern};
use crate::request::{Lookup, Request};
use crate::template::Variable;
use crate::truth::Truth;
use crate::values::{Range, boolean, number, time};
use core::net::IpAddr;
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) name: Box<str>,
    pub(crate) key: Key,
    /// As the policy has them.
    pub(crate) shown: Box<[Box<str>]>,
    operator: Operator,
    values: Values,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Patterns(Box<[Pattern]>),
    Numbers(Relation, Box<[f64]>),
    Times(Relation, Box<[OffsetDateTime]>),
    Truths(Box<[bool]>),
    Texts(Box<[Box<str>]>),
    Ranges(Box<[Range]>),
}

impl Condition {
    /// All conditions of a Condition element; all of them must hold.
    pub(crate) fn parse_all(field: &Field<'_>, variables: bool) -> Result<Box<[Self]>, PolicyError> {
        let mut conditions = Vec::new();
        for (name, block) in field.entries()? {
            let operator = Operator::parse(name).ok_or_else(|| {
                block.error("no such condition operator; their names are exact, such as StringEquals")
            })?;
            for (key, values) in block.entries()? {
                conditions.push(Self::parse(name, operator, key, &values, variables)?);
            }
        }
        Ok(conditions.into())
    }

    fn parse(
        name: &str,
        operator: Operator,
        key: &str,
        field: &Field<'_>,
        variables: bool,
    ) -> Result<Self, PolicyError> {
        if key.is_empty() {
            return Err(field.error("a condition key has a name"));
        }
        let items = field.items();
        let text =
            |item: &Field<'_>| scalar(item.value).ok_or_else(|| item.mistyped("text, a number, or true or false"));
        let texts = items.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let each = || texts.iter().zip(&items);
        let patterns = |compile: &dyn Fn(&str, &str) -> Result<Pattern, PolicyError>| {
            let compiled = each().map(|(text, item)| compile(text, &item.path)).collect::<Result<_, _>>()?;
            Ok::<_, PolicyError>(Values::Patterns(compiled))
        };
        let values = match operator.comparison {
            Comparison::Equal => patterns(&|text, at| Pattern::equal(text, Case::Matters, variables, at))?,
            Comparison::EqualIgnoringCase => patterns(&|text, at| Pattern::equal(text, Case::Ignored, variables, at))?,
            Comparison::Like => patterns(&|text, at| Pattern::like(text, variables, at))?,
            Comparison::Arn => patterns(&|text, at| Pattern::arn(text, variables, at))?,
            Comparison::Number(relation) => Values::Numbers(relation, read(each(), number, "a number")?),
            Comparison::Date(relation) => {
                Values::Times(relation, read(each(), time, "a time such as 2026-01-31T00:00:00Z")?)
            }
            Comparison::Bool | Comparison::Null => Values::Truths(read(each(), boolean, "true or false")?),
            Comparison::Ip => Values::Ranges(read(each(), Range::parse, "an address range such as 203.0.113.0/24")?),
            Comparison::Binary => Values::Texts(texts.iter().map(|text| text.as_str().into()).collect()),
        };
        let shown = texts.into_iter().map(Into::into).collect();
        Ok(Self { name: name.into(), key: Key::new(key), shown, operator, values })
    }

    pub(crate) fn holds(&self, request: &Request) -> Truth {
        let Operator { comparison, negated, over, if_exists } = self.operator;
        let lookup = request.lookup(&self.key);
        if comparison == Comparison::Null {
            return self.null(lookup);
        }
        match lookup {
            Lookup::Unknown => Truth::Unknown,
            Lookup::Absent => (if_exists || over == Over::All || (negated && over == Over::Single)).into(),
            Lookup::One(value) => self.holds_for([value], request),
            Lookup::Many(values) => self.holds_for(values.iter().map(|value| &**value), request),
        }
    }

    fn holds_for<'a>(&self, values: impl IntoIterator<Item = &'a str, IntoIter: Clone>, request: &Request) -> Truth {
        let Operator { negated, over, .. } = self.operator;
        let values = values.into_iter();
        match over {
            Over::Single => Truth::any(values.map(|value| self.matches(value, request))).negated(negated),
            Over::Any => Truth::any(values.map(|value| self.matches(value, request).negated(negated))),
            // A key with nothing but an empty value counts as absent here ("ForAllValues").
            Over::All if values.clone().all(str::is_empty) => Truth::Yes,
            Over::All => Truth::all(values.map(|value| self.matches(value, request).negated(negated))),
        }
    }

    /// Whether one value of the request matches one of the policy's. What can't be compared doesn't match.
    fn matches(&self, value: &str, request: &Request) -> Truth {
        match &self.values {
            Values::Patterns(patterns) => Truth::any(
                patterns.iter().map(|pattern| pattern.matches_with(value, |variable| request.resolve(variable))),
            ),
            Values::Numbers(relation, numbers) => {
                number(value).is_some_and(|value| numbers.iter().any(|number| relation.holds(&value, number))).into()
            }
            Values::Times(relation, times) => {
                time(value).is_some_and(|value| times.iter().any(|time| relation.holds(&value, time))).into()
            }
            Values::Truths(truths) => boolean(value).is_some_and(|value| truths.contains(&value)).into(),
            Values::Texts(texts) => texts.iter().any(|text| &**text == value).into(),
            Values::Ranges(ranges) => {
                let address = value.parse::<IpAddr>();
                address.is_ok_and(|address| ranges.iter().any(|range| range.holds(address))).into()
            }
        }
    }

    fn null(&self, lookup: Lookup<'_>) -> Truth {
        let absent = match lookup {
            Lookup::Unknown => return Truth::Unknown,
            Lookup::Absent => true,
            Lookup::One(_) | Lookup::Many(_) => false,
        };
        match &self.values {
            Values::Truths(truths) => truths.contains(&absent).into(),
            _ => Truth::No,
        }
    }

    /// What its values take from the request.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let patterns: &[Pattern] = match &self.values {
            Values::Patterns(patterns) => patterns,
            _ => &[],
        };
        patterns.iter().flat_map(Pattern::variables)
    }
}

fn read<'a, T>(
    each: impl Iterator<Item = (&'a String, &'a Field<'a>)>,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Box<[T]>, PolicyError> {
    each.map(|(text, item)| parse(text).ok_or_else(|| item.error(&format!("expected {expected}")))).collect()
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
