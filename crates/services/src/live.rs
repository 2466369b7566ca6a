//! The services that this build runs: the only list of them.
//!
//! A new service is one line here, `tag => module: Type`. The tag is the first byte of its encoded messages and events: it stays what
//! it is for good. The list gives the [`Live`] service of a network with its dispatch, the [`ServiceMessage`] and [`ServiceEvent`] of
//! all of them, and checks when it is compiled that no two share a table.

use crate::{
    context::{Context, Host},
    failure::Failure,
    service::{Description, EventInfo, Figure, InnerSignature, MessageInfo, Service, Tables, Window},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{BlockContext, Notice, Sink, Spec, SpecErrors, Widened};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;
use serde::{Deserialize, Serialize};

macro_rules! services {
    ($($tag:literal => $module:ident: $service:ident),+ $(,)?) => {
        /// The service of a network: one of those that this build runs, with its parameters.
        #[derive(Clone, Debug)]
        pub enum Live {
            $(#[doc = concat!("The service `", stringify!($module), "`.")] $service(crate::$module::$service),)+
        }

        /// A message to a service.
        #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[borsh(use_discriminant = true)]
        #[serde(rename_all = "kebab-case")]
        #[repr(u8)]
        pub enum ServiceMessage {
            $(#[doc = concat!("To the service `", stringify!($module), "`.")]
            $service(<crate::$module::$service as Service>::Message) = $tag,)+
        }

        /// An event of a service.
        #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[borsh(use_discriminant = true)]
        #[serde(tag = "of", content = "event", rename_all = "kebab-case")]
        #[repr(u8)]
        pub enum ServiceEvent {
            $(#[doc = concat!("Of the service `", stringify!($module), "`.")]
            $service(<crate::$module::$service as Service>::Event) = $tag,)+
        }

        $(
            impl From<<crate::$module::$service as Service>::Message> for ServiceMessage {
                fn from(message: <crate::$module::$service as Service>::Message) -> Self {
                    Self::$service(message)
                }
            }

            impl From<<crate::$module::$service as Service>::Event> for ServiceEvent {
                fn from(event: <crate::$module::$service as Service>::Event) -> Self {
                    Self::$service(event)
                }
            }
        )+

        impl Live {
            /// What is fixed about each of them, in the order of their tags.
            pub const ALL: &'static [Description] = &[$(<crate::$module::$service as Service>::DESCRIPTION),+];

            /// The second run of tables of each, in the same order.
            const FURTHER: &'static [Option<Tables>] = &[$(<crate::$module::$service as Service>::FURTHER),+];

            /// Reads the service of a network's file, with its section.
            ///
            /// # Errors
            /// [`ReadError`].
            pub fn read(spec: &Spec, genesis: Instant) -> Result<Self, ReadError> {
                let name = spec.network().service;
                match name.as_str() {
                    $(stringify!($module) => Ok(Self::$service(<crate::$module::$service as Service>::read(spec, genesis)?)),)+
                    _ => Err(ReadError::Unknown(name)),
                }
            }

            /// What is fixed about it.
            pub const fn description(&self) -> Description {
                match self {
                    $(Self::$service(_) => <crate::$module::$service as Service>::DESCRIPTION,)+
                }
            }

            /// The kinds of its events, in the words of JSON.
            pub fn event_kinds(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$service(_) => crate::event::kinds_of::<<crate::$module::$service as Service>::Event>(),)+
                }
            }

            /// See [`Service::shortest_window`].
            pub fn shortest_window(&self) -> Option<Window> {
                match self {
                    $(Self::$service(service) => service.shortest_window(),)+
                }
            }

            /// See [`Service::speed_most`].
            pub fn speed_most(&self) -> Option<u32> {
                match self {
                    $(Self::$service(service) => service.speed_most(),)+
                }
            }

            /// Runs a message; one for another service is refused.
            ///
            /// # Errors
            /// [`Failure`]; the caller rolls back whatever was written before it was found.
            pub(crate) fn handle(
                &self,
                turn: Turn<'_>,
                sender: Address,
                message: &ServiceMessage,
                unique: Seed,
                spec: &Spec,
            ) -> Result<(), Failure> {
                match (self, message) {
                    $((Self::$service(service), ServiceMessage::$service(message)) => {
                        turn.with(service, |cx| Service::handle(cx, sender, message, unique)).map_err(|error| Failure::of(&error, spec))
                    })+
                    _ => {
                        let (own, name) = (self.description().name, message.name());
                        let message = format!("this network runs the service `{own}`; `{name}` is for another");
                        Err(Failure { code: "other-service".to_owned(), message })
                    }
                }
            }

            /// See [`Service::follow`].
            pub(crate) fn follow(&self, turn: Turn<'_>, notices: &[Notice]) {
                match self {
                    $(Self::$service(service) => turn.with(service, |cx| Service::follow(cx, notices)),)+
                }
            }

            /// See [`Service::run_due`].
            pub(crate) fn run_due(&self, turn: Turn<'_>, budget: u64) -> u64 {
                match self {
                    $(Self::$service(service) => turn.with(service, |cx| Service::run_due(cx, budget)),)+
                }
            }

            /// See [`Service::next_due`].
            pub fn next_due(&self, state: &dyn ReadState) -> Option<Instant> {
                match self {
                    $(Self::$service(service) => Service::next_due(service, state),)+
                }
            }

            /// See [`Service::awaits_seed`].
            pub fn awaits_seed(&self, state: &dyn ReadState) -> bool {
                match self {
                    $(Self::$service(service) => Service::awaits_seed(service, state),)+
                }
            }

            /// See [`Service::audit`].
            pub fn audit(&self, state: &dyn ReadState) -> Vec<String> {
                match self {
                    $(Self::$service(service) => service.audit(state),)+
                }
            }

            /// See [`Service::label`].
            pub fn label(&self, state: &dyn ReadState, address: Address) -> Option<String> {
                match self {
                    $(Self::$service(service) => service.label(state, address),)+
                }
            }

            /// See [`Service::figures`].
            pub fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
                match self {
                    $(Self::$service(service) => service.figures(state),)+
                }
            }

            $(
                #[doc = concat!("The service `", stringify!($module), "`, if this is it.")]
                pub const fn $module(&self) -> Option<&crate::$module::$service> {
                    #[allow(unreachable_patterns, reason = "a list of one service has no other")]
                    match self {
                        Self::$service(service) => Some(service),
                        _ => None,
                    }
                }
            )+
        }

        impl MessageInfo for ServiceMessage {
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$service(message) => MessageInfo::name(message),)+
                }
            }

            fn work(&self) -> u64 {
                match self {
                    $(Self::$service(message) => MessageInfo::work(message),)+
                }
            }

            fn bounds(&self) -> Result<(), String> {
                match self {
                    $(Self::$service(message) => MessageInfo::bounds(message),)+
                }
            }

            fn signatures(&self) -> Vec<InnerSignature> {
                match self {
                    $(Self::$service(message) => MessageInfo::signatures(message),)+
                }
            }
        }

        impl EventInfo for ServiceEvent {
            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$service(event) => EventInfo::kind(event),)+
                }
            }

            fn subject(&self) -> Option<UnitId> {
                match self {
                    $(Self::$service(event) => EventInfo::subject(event),)+
                }
            }

            fn accounts(&self) -> Vec<Address> {
                match self {
                    $(Self::$service(event) => EventInfo::accounts(event),)+
                }
            }
        }
    };
}

services! {
    0 => storage: Storage,
    1 => metered: Metered,
    2 => coverage: Coverage,
    3 => leasing: Leasing,
    4 => rendering: Rendering,
    5 => clusters: Clusters,
}

/// Whether every service has tables of its own, among those of services.
const fn tables_are_apart(all: &[Description]) -> bool {
    let mut i = 0;
    while i < all.len() {
        let mut other = 0;
        while other < i {
            if !all[i].tables.apart_from(all[other].tables) {
                return false;
            }
            other += 1;
        }
        if !all[i].tables.allowed() {
            return false;
        }
        i += 1;
    }
    true
}

/// Whether the second runs of tables are apart from all others, and lie among those of services.
const fn further_are_apart(all: &[Description], further: &[Option<Tables>]) -> bool {
    let mut i = 0;
    while i < further.len() {
        if let Some(tables) = further[i] {
            let mut other = 0;
            while other < all.len() {
                let clash = match further[other] {
                    Some(more) => other != i && !tables.apart_from(more),
                    None => false,
                };
                if clash || !tables.apart_from(all[other].tables) {
                    return false;
                }
                other += 1;
            }
            if !tables.allowed() {
                return false;
            }
        }
        i += 1;
    }
    true
}

const _: () = assert!(tables_are_apart(Live::ALL), "two services share a table, or one lies outside those of services");
const _: () =
    assert!(further_are_apart(Live::ALL, Live::FURTHER), "a second run of tables shares one, or lies outside those of services");

/// Why a network's file names no service that can run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A service that this build does not run.
    #[error("this build cannot run the service `{0}`; it runs {names}", names = names())]
    Unknown(Name),
    /// Its section of the file is wrong.
    #[error("{0}")]
    Spec(#[from] SpecErrors),
}

/// The names of all services that run, as a sentence lists them.
fn names() -> String {
    let names: Vec<String> = Live::ALL.iter().map(|service| format!("`{}`", service.name)).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

impl Live {
    /// Whether this build runs the service of this name.
    pub fn runs(name: Name) -> bool {
        Self::ALL.iter().any(|service| service.name == name)
    }

    /// Its name.
    pub const fn name(&self) -> Name {
        self.description().name
    }
}

/// One call of a service: what it runs on, when, and where its events go.
pub(crate) struct Turn<'a> {
    host: &'a mut dyn Host,
    at: BlockContext,
    events: &'a mut dyn Sink<ServiceEvent>,
}

impl<'a> Turn<'a> {
    /// A call on `host` in a block's `at`; what happens is told to `events`.
    pub fn new(host: &'a mut dyn Host, at: BlockContext, events: &'a mut dyn Sink<ServiceEvent>) -> Self {
        Self { host, at, events }
    }

    fn with<S: Service, T>(self, service: &S, run: impl FnOnce(&mut Context<'_, S>) -> T) -> T
    where
        ServiceEvent: From<S::Event>,
    {
        run(&mut Context::new(service, self.host, self.at, &mut Widened(self.events)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encoded messages lie in blocks and receipts for good.
    #[test]
    fn the_first_byte_of_a_message_and_an_event_is_the_tag_of_its_service() {
        let message = ServiceMessage::from(crate::storage::StorageMessage::RemoveProvider);
        assert_eq!(borsh::to_vec(&message).unwrap(), [0, 2]);
        let message = ServiceMessage::from(crate::metered::MeteredMessage::Leave);
        assert_eq!(borsh::to_vec(&message).unwrap(), [1, 1]);
        let message =
            ServiceMessage::from(crate::coverage::CoverageMessage::CloseClaim { claim: UnitId::new([7; 32]), pay: true });
        assert_eq!(borsh::to_vec(&message).unwrap(), [vec![2, 15], vec![7; 32], vec![1]].concat());
        let message = ServiceMessage::from(crate::rendering::RenderingMessage::EndJob { job: UnitId::new([7; 32]) });
        assert_eq!(borsh::to_vec(&message).unwrap(), [vec![4, 4], vec![7; 32]].concat());
        let message = ServiceMessage::from(crate::clusters::ClustersMessage::EndHire { hire: UnitId::new([7; 32]) });
        assert_eq!(borsh::to_vec(&message).unwrap(), [vec![5, 10], vec![7; 32]].concat());
        let provider = Address::new([7; 32]);
        let event = ServiceEvent::from(crate::storage::StorageEvent::ProviderRemoved { provider });
        assert_eq!(borsh::to_vec(&event).unwrap(), [vec![0, 1], vec![7; 32]].concat());
        let event = ServiceEvent::from(crate::metered::MeteredEvent::OperatorLeft { operator: provider });
        assert_eq!(borsh::to_vec(&event).unwrap(), [vec![1, 1], vec![7; 32]].concat());
    }

    #[test]
    fn a_service_goes_by_the_name_of_its_descriptor() {
        for service in Live::ALL {
            assert_eq!(service.name, service.descriptor.name);
            assert!(Live::runs(service.name));
        }
        assert!(!Live::runs(Name::literal("farming")));
    }

    #[test]
    fn services_that_share_a_table_are_told_apart() {
        let [storage, metered, ..] = Live::ALL else { panic!("two services and more") };
        let (storage, metered) = (*storage, *metered);
        assert!(tables_are_apart(&[storage, metered]));
        assert!(!tables_are_apart(&[storage, storage]));
        let of = |first, last| Description { tables: crate::service::Tables { first, last }, ..metered };
        assert!(!tables_are_apart(&[of(0x10, 0x12)]), "wallets");
        assert!(!tables_are_apart(&[of(0x7f, 0xa0)]), "the ledger's and the economy's lie between");
        assert!(!tables_are_apart(&[of(0xbf, 0xc0)]) && tables_are_apart(&[of(0xa0, 0xbf)]));
        let run = |first, last| Some(crate::service::Tables { first, last });
        let pair = [storage, metered];
        assert!(further_are_apart(&pair, &[None, run(0x7a, 0x7b)]) && further_are_apart(&pair, &[None, None]));
        assert!(!further_are_apart(&pair, &[None, run(0x79, 0x7b)]), "it begins in the other's first");
        assert!(!further_are_apart(&pair, &[run(0x7b, 0x7c), run(0x7a, 0x7b)]), "both have 0x7b");
        assert!(!further_are_apart(&pair, &[None, run(0x7f, 0x80)]), "it ends behind those of services");
    }

    #[test]
    fn a_refusal_lists_the_services_that_run() {
        let error = ReadError::Unknown(Name::literal("farming"));
        let runs = "this build cannot run the service `farming`; it runs `storage`, `metered`, `coverage`, `leasing`, `rendering` and `clusters`";
        assert_eq!(error.to_string(), runs);
    }
}
