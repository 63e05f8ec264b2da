//! What a test does to the account, or asks of it, without being a caller of AWS.

use crate::cloud::Cloud;
use crate::world::table::Hold;
use containment::authority::StandaloneEntry;
use containment::guards::Freeze;
use containment::ids::{GroupName, IncidentId};
use containment::incident::Incident;
use containment::journal::{Event, Head, JournalFault, open, replay};
use containment::observed::{Membership, ObservedGroup, ObservedInstance, ObservedInterface};
use ports::Notice;
use signal::{AlarmState, InstanceId};
use time::OffsetDateTime;

impl Cloud {
    /// Stops all containment for good; [`Cloud::thaw`] allows it again.
    pub fn freeze(&self, by: &str, reason: &str) {
        let freeze = Freeze { by: by.to_owned(), reason: reason.to_owned(), expires_at: None };
        self.world(|world| world.table.freeze = Some(freeze));
    }

    pub fn thaw(&self) {
        self.world(|world| world.table.freeze = None);
    }

    pub fn list_standalone(&self, instance: &InstanceId, entry: StandaloneEntry) {
        self.world(|world| world.table.standalone.insert(instance.clone(), entry));
    }

    /// Ends the hold on an instance as an operator's release does.
    pub fn release_hold(&self, instance: &InstanceId, at: OffsetDateTime) {
        let hold = Hold { incident: None, released_at: Some(at) };
        self.world(|world| world.table.holds.insert(instance.clone(), hold));
    }

    pub fn evaluate_alarm(&self, name: &str, to: AlarmState) {
        self.world(|world| world.evaluate_alarm(name, to));
    }

    pub fn set_alarm_state(&self, name: &str, to: AlarmState) {
        self.world(|world| world.set_alarm_state(name, to));
    }

    pub fn instance(&self, id: &InstanceId) -> Option<ObservedInstance> {
        self.world(|world| world.instances.get(id).map(|machine| machine.observed.clone()))
    }

    pub fn change_instance(&self, id: &InstanceId, change: impl FnOnce(&mut ObservedInstance)) {
        self.world(|world| change(&mut world.instances.get_mut(id).expect("an instance of this id").observed));
    }

    pub fn interfaces_of(&self, instance: &InstanceId) -> Vec<ObservedInterface> {
        self.world(|world| world.interfaces_of(instance))
    }

    pub fn group(&self, name: &GroupName) -> ObservedGroup {
        self.world(|world| world.groups[name].observed.clone())
    }

    pub fn change_group(&self, name: &GroupName, change: impl FnOnce(&mut ObservedGroup)) {
        self.world(|world| change(&mut world.groups.get_mut(name).expect("a group of this name").observed));
    }

    pub fn membership_of(&self, instance: &InstanceId) -> Option<Membership> {
        self.world(|world| world.membership(instance))
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.world(|world| world.notices.clone())
    }

    /// Every incident, refusals and observations among them.
    pub fn incidents(&self) -> Vec<Incident> {
        self.world(|world| {
            let ids = world.table.incidents();
            ids.iter().filter_map(|id| world.table.load(id)).map(|stored| stored.incident).collect()
        })
    }

    pub fn incident(&self, id: &IncidentId) -> Option<Incident> {
        self.world(|world| world.table.load(id)).map(|stored| stored.incident)
    }

    /// The incident as its events give it; an error where the chain does not hold.
    pub fn replayed(&self, id: &IncidentId) -> Result<Incident, JournalFault> {
        let (events, head) = self.world(|world| {
            let head = world.table.load(id).map_or_else(Head::start, |stored| stored.head);
            (world.table.events_of(id), head)
        });
        replay(&events, &head)
    }

    /// The incident's events, read; panics where the chain does not hold.
    pub fn events_of(&self, id: &IncidentId) -> Vec<Event> {
        let mut before = Head::start();
        let read = |sealed: &containment::journal::SealedEvent| {
            let event = open(sealed, &before).unwrap();
            before = Head { sequence: sealed.sequence, hash: sealed.hash.clone() };
            event
        };
        self.world(|world| world.table.events_of(id)).iter().map(read).collect()
    }
}
