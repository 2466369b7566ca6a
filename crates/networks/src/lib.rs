//! Network files as texts: those that come along, new ones out of parts of others, and what a file says in words.
//!
//! In: the texts of network files. Out: the networks that come along ([`NETWORKS`]), and variants of them for development
//! ([`development_file`]); what a network of a few machines bounds ([`with_development_overlay`]); the text of a new one that puts one service
//! under the emission, the payment and the stake of others ([`compose`]); a file as rows of a comparison table ([`Card`]); a schema
//! of network files for editors ([`schema`]). Called by the command line, which breaks its own texts into lines as these files have
//! them ([`wrap`]). Absent on purpose: files and folders, and rules: what a text means is `depin-economy`'s to say.

mod compose;
mod describe;
mod development;
mod included;
mod lines;
mod overlay;
mod own;
mod prices;
mod schema;

pub use compose::{ComposeError, Composed, Recipe, compose};
pub use describe::{Card, Dated, Line, NotToml, Row, Section, UnknownRow};
pub use development::{development_file, development_names};
pub use included::{NETWORKS, UnknownNetwork, network_file};
pub use lines::wrap;
pub use overlay::{DEVELOPMENT_OVERLAY, with_development_overlay, without_development_overlay};
pub use own::{rename_token, starting};
pub use prices::{start_price, start_prices_at};
pub use schema::schema;
