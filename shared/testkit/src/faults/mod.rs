pub struct Faults;
pub enum Fault {}
pub enum Calls {}
