//! What a node sends for a preview, looked at before an artist does: a picture of a quarter of the job's size, with the node's own watermark, whose
//! hash the node put on the ledger.
//!
//! Whether it is a preview *of the frame* shows when the frame's key is open; until then the frame is sealed.

use depin_client::{api::RenderingTicket, render::watermark_text};
use depin_quantity::ContentHash;
use depin_render::{CARD_SIZE, FrameFormat, Pixels, Watermark, preview_size};
use depin_services::rendering::NewJob;

/// What is wrong with a preview.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongPreview {
    #[error("{0}")]
    Decode(String),
    #[error("it has {found_width} by {found_height} pixels where {width} by {height} are due")]
    Size { found_width: u32, found_height: u32, width: u32, height: u32 },
    #[error("what its node put on the ledger for its watermark is not the one of this ticket")]
    Committed,
    #[error("the watermark of its ticket is not on it")]
    Watermark,
}

/// Whether bytes can be the preview of what a ticket handed in.
pub(crate) fn check(bytes: &[u8], ticket: &RenderingTicket, terms: &NewJob) -> Result<(), WrongPreview> {
    let watermark = Watermark::new(&watermark_text(ticket.node, ticket.job, ticket.number));
    if ticket.handed.is_none_or(|handed| handed.watermark != ContentHash::new(watermark.hash())) {
        return Err(WrongPreview::Committed);
    }
    let preview = Pixels::decode(bytes, FrameFormat::Png).map_err(|error| WrongPreview::Decode(error.to_string()))?;
    let (found_width, found_height) = (preview.width(), preview.height());
    // A task has no pixels: what is shown of it is a card.
    let (width, height) = match terms.format.is_task() {
        true => (CARD_SIZE.0, found_height.min(CARD_SIZE.1)),
        false => preview_size(terms.width, terms.height),
    };
    if (found_width, found_height) != (width, height) {
        return Err(WrongPreview::Size { found_width, found_height, width, height });
    }
    if watermark.may_be_on(&preview) { Ok(()) } else { Err(WrongPreview::Watermark) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Address, Span, UnitId};
    use depin_services::rendering::{Engine, Format, Frames, Handed, Tier};

    fn terms(format: Format, width: u32, height: u32) -> NewJob {
        let hash = ContentHash::new([1; 32]);
        NewJob {
            dispatcher: Address::new([2; 32]),
            scene: hash,
            sealed: hash,
            engine: Engine { name: depin_quantity::Name::literal("blender"), build: "3.4.1".to_owned() },
            frames: Frames { first: 1, last: 4, step: 1 },
            width,
            height,
            samples: 1,
            seed: 1,
            format,
            tier: Tier::Economy,
            memory_mb: 1,
            auto_approve: false,
            check_share: "2%".parse().unwrap(),
            frame_work_most: 1,
            deliver_within: Span::from_secs(10),
            open_for: Span::from_secs(10),
            funds: 1,
            secret: hash,
        }
    }

    fn ticket(node: UnitId, number: u32, watermark: &Watermark) -> RenderingTicket {
        let hash = ContentHash::new([1; 32]);
        let watermark = ContentHash::new(watermark.hash());
        let handed = Handed { pixels: hash, sealed: hash, key: hash, preview: hash, watermark, worked: Span::from_secs(1) };
        let time = depin_client::api::Time::from(depin_quantity::Instant::new(0));
        RenderingTicket {
            job: UnitId::new([5; 32]),
            number,
            hash: UnitId::new([6; 32]),
            node,
            owner: Address::new([7; 32]),
            state: "delivered".to_owned(),
            rejected: None,
            done: false,
            verified: false,
            handed: Some(handed),
            work: 1,
            price: 1,
            drawn: None,
            pixels: None,
            key: None,
            comparison: None,
            issued: time.clone(),
            delivered: None,
            due: time,
        }
    }

    #[test]
    fn a_preview_has_a_quarter_of_the_jobs_size_and_the_watermark_of_its_own_ticket() {
        let node = UnitId::new([9; 32]);
        let of = |number| Watermark::new(&watermark_text(node, UnitId::new([5; 32]), number));
        let frame = Pixels::eight(300, 200, 3, (0..180_000u32).map(|n| (n % 251) as u8).collect()).unwrap();
        let (mine, other) = (of(3), of(4));
        let (ticket, terms) = (ticket(node, 3, &mine), terms(Format::Png, 300, 200));
        let preview = mine.preview(&frame);
        assert_eq!(check(&preview, &ticket, &terms), Ok(()));
        assert_eq!(check(&other.preview(&frame), &ticket, &terms), Err(WrongPreview::Watermark), "another ticket's");
        let bare = Pixels::eight(75, 50, 3, vec![90; 75 * 50 * 3]).unwrap();
        assert_eq!(check(&depin_render::encode_png(&bare), &ticket, &terms), Err(WrongPreview::Watermark), "none");
        let whole = WrongPreview::Size { found_width: 300, found_height: 200, width: 75, height: 50 };
        assert_eq!(check(&mine.card(&frame), &ticket, &terms), Err(whole), "the frame's own size");
        let size = WrongPreview::Size { found_width: 75, found_height: 50, width: 160, height: 120 };
        assert_eq!(check(&preview, &ticket, &NewJob { width: 640, height: 480, ..terms.clone() }), Err(size));
        assert!(matches!(check(b"no picture", &ticket, &terms), Err(WrongPreview::Decode(_))));
        assert_eq!(check(&preview, &self::ticket(node, 3, &other), &terms), Err(WrongPreview::Committed));
    }

    #[test]
    fn of_a_task_a_card_is_due() {
        let node = UnitId::new([9; 32]);
        let mine = Watermark::new(&watermark_text(node, UnitId::new([5; 32]), 3));
        let terms = terms(Format::Outputs, 1, 1);
        let white = |width: u32, height: u32| Pixels::eight(width, height, 3, vec![0xf0; (width * height * 3) as usize]).unwrap();
        let of = |width, height| check(&mine.card(&white(width, height)), &ticket(node, 3, &mine), &terms);
        assert_eq!(of(CARD_SIZE.0, 80), Ok(()));
        assert!(matches!(of(CARD_SIZE.0 + 1, 80), Err(WrongPreview::Size { .. })));
        assert!(matches!(of(CARD_SIZE.0, CARD_SIZE.1 + 1), Err(WrongPreview::Size { .. })));
    }
}
