//! Idle nodes: what they accrue where a file pays for it, and that the document's file does not.

use crate::world::*;
use depin_economy::Event as Economy;
use depin_quantity::{Name, Span};
use depin_services::{Event, rendering::*};

/// Idle time is weight in the same pool as work.
fn paid() -> String {
    let bind = "approved-value = { pool = \"work\", charge = \"frame\" }";
    render(&[(bind, &format!("{bind}\navailability = {{ pool = \"work\" }}"))])
}

fn beat(n: u8) -> RenderingMessage {
    RenderingMessage::Beat { nodes: vec![machine(n)] }
}

/// What the `n`th node accrued for being there, in thousandths.
fn accrued(net: &Net, n: u8) -> u128 {
    let own = |event: &Event| match event {
        Event::Economy(Economy::Accrued { subject, component })
            if subject.unit() == machine(n) && component.metric == Name::literal("availability") =>
        {
            component.quantity.get()
        }
        _ => 0,
    };
    net.events.iter().map(own).sum()
}

#[test]
fn the_documents_file_pays_nobody_for_being_there() {
    let mut net = Net::new(1);
    assert_eq!(net.refused(owner(1), beat(1)), "unpaid");
}

/// A node at all means scores 7 for a whole week, so 6 while its age is below two days: 42 hours of 168 are a quarter of it.
#[test]
fn a_node_that_says_every_hour_that_it_is_there_accrues_its_idle_part() {
    let mut net = Net::of(&paid(), MINTED, 2);
    for _ in 0..=42 {
        net.ok(owner(1), beat(1));
        net.tick(HOUR);
    }
    net.ok(owner(2), beat(2));
    net.tick(Span::from_secs(3_601));
    net.ok(owner(2), beat(2));
    assert_eq!(accrued(&net, 1), 6_000 / 4, "nothing is lost by rounding each hour down");
    assert_eq!(accrued(&net, 2), 0, "a silence longer than the file's counts nothing");
    assert_eq!(net.refused(owner(2), beat(1)), "not-yours");
}

#[test]
fn a_node_with_tickets_is_not_idle() {
    let mut net = Net::of(&paid(), MINTED, 1);
    let job = net.drawn(new_job());
    net.ok(owner(1), beat(1));
    let (number, _) = net.issue(job, 0, 0, Purpose::Frame);
    net.tick(Span::from_secs(1_800));
    net.ok(owner(1), beat(1));
    assert_eq!(accrued(&net, 1), 0);
    net.deliver(job, number, 7);
    net.tick(Span::from_secs(1_800));
    net.ok(owner(1), beat(1));
    assert_eq!(accrued(&net, 1), 6_000 / 336, "half an hour since it handed its frame in");
    net.ok(owner(1), RenderingMessage::Register { name: name(1), terms: NodeTerms { accepts: false, ..node_terms() } });
    net.tick(HOUR);
    net.ok(owner(1), beat(1));
    assert_eq!(accrued(&net, 1), 6_000 / 336, "who takes no frames is not there for anybody");
}
