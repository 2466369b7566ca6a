//! Providers that do not answer any more: looked at now and then, and left after hours of silence.
//!
//! In: who holds shards, by the map; ledger time. Out: a chunk of one shard of each of them, read every now and then, so that a loss is found
//! without a customer's reading it; and shards of providers that were silent for `repair_after`, to be placed again a few at a time. The new
//! deals are paid beside the old ones, which run until their end or until the ledger ends them, so nobody is left for a short absence.
//!
//! Only looks count: the time in which the gateway did not run or had no market is nobody's silence. Where most providers do not answer, it is
//! this side's network that is away, and that look counts against nobody.

use super::RenewalError;
use crate::{
    core::Core,
    erasure::CHUNK,
    fetch,
    map::{Held, MapError, Silence, tables},
};
use depin_quantity::{Address, Instant, Span, shorten};
use futures::{StreamExt as _, stream};
use std::sync::{Arc, Mutex, PoisonError};

/// Looks at a silent provider, at least, before it is left.
const LOOKS: u64 = 24;
/// Providers that are looked at together.
const TOGETHER: usize = 16;
/// Rounds' worth of shards that may wait to be placed again before more are taken from a silent provider: it may come back.
const AHEAD: u64 = 8;

/// Where the looks are.
#[derive(Default)]
pub(super) struct Looks(Mutex<Next>);

#[derive(Clone, Copy, Default)]
struct Next {
    /// Ledger time of the next look; from the first round on.
    due: Option<Instant>,
    /// The last provider of a look that is not through yet.
    after: Option<Address>,
}

impl Looks {
    fn get(&self) -> Next {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, next: Next) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

/// One round: looks at some providers when that is due, then leaves those that were silent for too long.
pub(super) async fn round(core: &Arc<Core>, looks: &Looks) -> Result<(), RenewalError> {
    let (Some(after), Some(now)) = (core.config.renewal.repair_after, core.account().ledger_now) else { return Ok(()) };
    let every = Span::from_millis((after.get() / LOOKS).max(1));
    let next = looks.get();
    match next.due {
        // A gateway that has just started has other things to do.
        None => looks.set(Next { due: Some(now.later(every)), after: None }),
        Some(due) if now >= due => {
            let batch = core.config.renewal.batch;
            let holders = core.map.read(move |db| tables::holders(db, next.after, batch)).await?;
            look(core, &holders, now, every).await?;
            looks.set(match holders.last() {
                Some(last) if holders.len() == batch => Next { after: Some(*last), ..next },
                _ => Next { due: Some(now.later(every)), after: None },
            });
        }
        Some(_) => {}
    }
    leave(core, after).await
}

/// Reads a chunk of a shard of each, and remembers who answered.
async fn look(core: &Arc<Core>, holders: &[Address], now: Instant, every: Span) -> Result<(), RenewalError> {
    let silences = core.map.read(tables::silences).await?;
    // Of a silent one always the same, so that not each look is a fault of another shard.
    let anywhere = |provider: &Address| !silences.iter().any(|silence| silence.provider == *provider);
    let wanted: Vec<(Address, bool)> = holders.iter().map(|provider| (*provider, anywhere(provider))).collect();
    let asked = stream::iter(wanted.into_iter().map(|(provider, anywhere)| {
        let core = Arc::clone(core);
        async move { (provider, answers(&core, provider, now, anywhere).await) }
    }));
    let answers: Vec<(Address, Result<Option<bool>, RenewalError>)> = asked.buffer_unordered(TOGETHER).collect().await;
    let mut heard = Vec::with_capacity(answers.len());
    for (provider, answer) in answers {
        heard.extend(answer?.map(|answered| (provider, answered)));
    }
    let silent = heard.iter().filter(|(_, answered)| !answered).count();
    let own = silent * 2 > heard.len();
    if own {
        tracing::warn!(silent, of = heard.len(), "most providers do not answer: this side's network is taken to be away");
    }
    core.map
        .write(move |db| {
            for (provider, answered) in heard {
                match (answered, own) {
                    (true, _) => tables::heard(db, provider)?,
                    (false, true) => tables::not_looked(db, provider, now.get())?,
                    // Twice: a look may come late.
                    (false, false) => tables::silent(db, provider, now.get(), every.get() * 2)?,
                }
            }
            tables::forget_silences(db)
        })
        .await?;
    Ok(())
}

/// Whether a provider answers a read of one of its shards, with whatever; nothing when it has none that could be asked for.
async fn answers(core: &Arc<Core>, provider: Address, now: Instant, anywhere: bool) -> Result<Option<bool>, RenewalError> {
    let collected = core.pins.collected();
    let chance =
        blake3::hash(&[&provider.get()[..], &now.get().to_le_bytes(), &core.config.placement_seed.to_le_bytes()].concat());
    let chance = u64::from_le_bytes(*chance.as_bytes().first_chunk().expect("a hash has 32 bytes"));
    let found = core
        .map
        .read(move |db| {
            let segments = u64::try_from(tables::last_segment(db)?).unwrap_or_default();
            let from = if anywhere && segments > 0 { (chance % segments) as i64 } else { 0 };
            let Some(place) = tables::one_of(db, provider, from)? else { return Ok(None) };
            Ok(Some((place, tables::segment(db, place.segment)?)))
        })
        .await?;
    let Some((place, segment)) = found else { return Ok(None) };
    // One that is being given up may be gone there already.
    let Some(_inside) = core.pins.pin_all([place.segment], collected) else { return Ok(None) };
    let chunks = segment.payload.div_ceil(CHUNK);
    let from = if anywhere { chance / 3 % chunks * CHUNK } else { 0 };
    let range = from..(from + CHUNK).min(segment.payload);
    Ok(Some(fetch::answers(core, &Arc::new(segment), place.index, range).await))
}

/// Marks some shards of providers that were silent for `after`: they are placed again like others that were lost.
async fn leave(core: &Arc<Core>, after: Span) -> Result<(), RenewalError> {
    let gone = |silence: &Silence| silence.silent_ms >= after.get();
    let silences: Vec<Silence> = core.map.read(tables::silences).await?.into_iter().filter(gone).collect();
    if silences.is_empty() {
        return Ok(());
    }
    let most = core.config.renewal.rebuilds as u64 * AHEAD;
    let waiting = core.map.read(tables::failed).await?;
    let mut room = usize::try_from(most.saturating_sub(waiting)).unwrap_or(usize::MAX).min(core.config.renewal.rebuilds);
    for silence in silences {
        if room == 0 {
            break;
        }
        let (provider, limit, now) = (silence.provider, room, core.now_ms());
        let silent = Span::from_millis(silence.silent_ms / 60_000 * 60_000);
        let reason = format!("its provider has not answered for {silent} of ledger time");
        let taken = core
            .map
            .write(move |db| {
                let places = tables::kept_by(db, provider, limit)?;
                for place in &places {
                    tables::distrust(db, *place, provider, &reason, now)?;
                }
                Ok(places.len())
            })
            .await?;
        if taken > 0 {
            core.proven.remove(provider);
            let name = core.directory.provider(provider);
            tracing::warn!(provider = %name, shards = taken, %silent, "a silent provider's shards are placed again");
        }
        room -= taken;
    }
    Ok(())
}

/// What the owner should know of silent providers, a sentence for each.
pub(crate) async fn told(core: &Core) -> Result<Vec<String>, MapError> {
    let Some(after) = core.config.renewal.repair_after else { return Ok(Vec::new()) };
    let held: Vec<(Held, Silence)> = core
        .map
        .read(|db| {
            tables::silences(db)?.into_iter().map(|silence| Ok((tables::held_by(db, silence.provider)?, silence))).collect()
        })
        .await?;
    let prices = core.prices(&core.directory.last_offers().await);
    let currency = core.market.currency();
    let told = |(held, silence): (Held, Silence)| {
        let name = core.directory.provider(silence.provider);
        let silent = Span::from_millis(silence.silent_ms);
        let cost = prices.low_median.map(|price| core.cost(price, held.piece_bytes));
        let cost = cost.map_or_else(String::new, |cost| {
            format!(", for some {} a term at the median of the asks", shorten(&currency.text(cost)))
        });
        let (held, they) =
            if held.shards == 1 { ("1 shard".to_owned(), "it is") } else { (format!("{} shards", held.shards), "they are") };
        let begun = if silence.silent_ms < after.get() { format!("after {after} {they}") } else { format!("{they} being") };
        format!(
            "{name} has not answered for {silent} of ledger time and holds {held}; {begun} placed elsewhere{cost}, while its deals are \
             paid until they end"
        )
    };
    Ok(held.into_iter().map(told).collect())
}
