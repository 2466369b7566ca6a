//! From an order to a bid, or to why there is none: attributes, capabilities, notice, room, price, in this order.

use super::{
    capacity::{Capacity, Inventory, NoRoom, Overcommit},
    price::{NoPrice, Pricing},
};
use depin_client::api::{LeasingOrder, LeasingProvider};
use depin_quantity::Span;
use depin_sdl::{
    Attribute, Price,
    bidding::{Audited, OvercommitError, Unmet, covers, meets_capabilities, meets_requirements},
};

/// What a provider offers, and to whom.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What orders must ask for, so that it bids at all; empty: it bids on all.
    pub required: Vec<Attribute>,
    /// More is sold than there is.
    pub overcommit: Overcommit,
    /// Volumes that one unit may have.
    pub volumes_most: usize,
    /// Notice that it promises before it takes its machines back.
    pub reclaim_window: Option<Span>,
    /// What it asks.
    pub pricing: Pricing,
}

impl Offer {
    /// An offer to everybody, without overcommitment or notice, of up to 4 volumes a unit.
    pub fn new(pricing: Pricing) -> Self {
        Self { required: Vec::new(), overcommit: Overcommit::default(), volumes_most: 4, reclaim_window: None, pricing }
    }
}

/// Why there is no bid on an order.
#[derive(Debug, thiserror::Error)]
pub enum WhyNot {
    /// Who orders does not bid.
    #[error("it is this provider's own order")]
    Own,
    /// It asks for something that the provider is not.
    #[error("{0}")]
    Unmet(#[from] Unmet),
    /// It does not ask for what this provider's tenants must.
    #[error("the order does not ask for `{0}`, which this provider's settings want")]
    NotAskedFor(String),
    /// A unit with more volumes than the provider gives.
    #[error("unit {unit} has {volumes} volumes, and {most} are given")]
    Volumes {
        /// Which.
        unit: u32,
        /// How many.
        volumes: usize,
        /// Most that are given.
        most: usize,
    },
    /// It asks for more notice than the provider promises.
    #[error("the order asks for {0} of notice, and this provider promises less")]
    Notice(Span),
    /// What this machine's runtime cannot do, or nobody here does.
    #[error("{0}")]
    Runtime(String),
    /// The settings divide by nothing.
    #[error("{0}")]
    Overcommit(#[from] OvercommitError),
    /// Too little is free.
    #[error("{0}")]
    NoRoom(#[from] NoRoom),
    /// There is no price.
    #[error("{0}")]
    NoPrice(#[from] NoPrice),
}

/// Decides about an order, and sets aside what it takes. Without a bid nothing is set aside. `draw` is what chance says.
///
/// # Errors
/// [`WhyNot`], the first that applies.
pub async fn judge(
    order: &LeasingOrder,
    own: &LeasingProvider,
    offer: &Offer,
    inventory: &mut Inventory,
    draw: u64,
) -> Result<Price, WhyNot> {
    admit(order, own, offer, inventory)?;
    match offer.pricing.price(&order.group, order.id.deployment().owner, draw).await {
        Ok(price) => Ok(price),
        Err(error) => {
            inventory.release(order.id);
            Err(error.into())
        }
    }
}

/// All of [`judge`] but the price: whether an order may be bid on at all. What it takes is set aside then.
///
/// # Errors
/// [`WhyNot`], the first that applies.
pub fn admit(order: &LeasingOrder, own: &LeasingProvider, offer: &Offer, inventory: &mut Inventory) -> Result<(), WhyNot> {
    if order.id.deployment().owner == own.address {
        return Err(WhyNot::Own);
    }
    let group = &order.group;
    let audited: Vec<Audited> = own
        .audits
        .iter()
        .map(|audit| Audited { auditor: audit.auditor.to_string(), attributes: audit.attributes.clone() })
        .collect();
    meets_requirements(&group.requirements, &own.attributes, &audited)?;
    if let Err(missing) = covers(&offer.required, &group.requirements.attributes) {
        return Err(WhyNot::NotAskedFor(format!("{} = {}", missing.key, missing.value)));
    }
    meets_capabilities(group, &own.attributes)?;
    for unit in &group.resources {
        let (volumes, most) = (unit.resources.storage.len(), offer.volumes_most);
        if volumes > most {
            return Err(WhyNot::Volumes { unit: unit.resources.id, volumes, most });
        }
    }
    if let Some(asked) = order.reclaim_window_ms.map(Span::from_millis)
        && offer.reclaim_window.is_none_or(|promised| promised < asked)
    {
        return Err(WhyNot::Notice(asked));
    }
    Ok(inventory.reserve(order.id, Capacity::of(group, &offer.overcommit)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::{group, order};
    use depin_client::api::{DenomPrice, LeasingAudit};
    use depin_quantity::{Address, ContentHash, Decimal18, Instant, Name};
    use depin_sdl::{SignedBy, bidding::ScalePrices};
    use depin_services::leasing::OrderState;

    const AUDITOR: Address = Address::new([9; 32]);

    fn asked() -> LeasingOrder {
        LeasingOrder {
            id: order(1),
            state: OrderState::Open,
            group: group("1000", 1),
            price: DenomPrice { denom: "uakt".to_owned(), amount: "1000".to_owned() },
            hash: ContentHash::new([1; 32]),
            reclaim_window_ms: None,
            bids: 0,
            lease: None,
            created: Instant::new(0).into(),
            closed: None,
        }
    }

    fn own() -> LeasingProvider {
        LeasingProvider {
            address: Address::new([2; 32]),
            name: Name::literal("north"),
            url: String::new(),
            attributes: vec![Attribute::new("region", "eu")],
            audits: Vec::new(),
            active: true,
            below_pledge: false,
            bids: 0,
            leases: 0,
            leased_units: "0".to_owned(),
            failures: 0,
            since: Instant::new(0).into(),
        }
    }

    fn offer() -> Offer {
        let scale = ScalePrices { cpu: Decimal18::parse("0.5").unwrap(), ..ScalePrices::default() };
        Offer::new(Pricing::Scale(ScalePrices { storage: [("ephemeral".to_owned(), Decimal18::ZERO)].into(), ..scale }))
    }

    fn room() -> Inventory {
        Inventory::new("cpu=2,memory=4Gi,storage=20Gi".parse().unwrap())
    }

    async fn said(order: &LeasingOrder, own: &LeasingProvider, offer: &Offer) -> Result<String, String> {
        let mut inventory = room();
        let judged = judge(order, own, offer, &mut inventory, 0).await;
        assert_eq!(inventory.orders().count(), usize::from(judged.is_ok()), "something is set aside for a bid alone");
        judged.map(|price| price.amount.to_decimal()).map_err(|why| why.to_string())
    }

    #[tokio::test]
    async fn an_order_that_fits_is_bid_on_and_set_aside() {
        assert_eq!(said(&asked(), &own(), &offer()).await.as_deref(), Ok("500"));
    }

    #[tokio::test]
    async fn an_order_that_does_not_fit_says_why() {
        let with = |change: &dyn Fn(&mut LeasingOrder)| {
            let mut order = asked();
            change(&mut order);
            order
        };
        for (order, words) in [
            (with(&|order| order.group.requirements.attributes = vec![Attribute::new("region", "us")]), "`region` = `us`"),
            (with(&|order| order.group.requirements.signed_by.all_of = vec![AUDITOR.to_string()]), "no auditor"),
            (with(&|order| order.group.resources[0].count = 3), "3000 thousandths of a CPU, and 2000 are free"),
            (with(&|order| order.reclaim_window_ms = Some(1)), "promises less"),
            (with(&|order| order.group = group("499", 1)), "above the order's 499"),
            (
                with(&|order| {
                    let volume = order.group.resources[0].resources.storage[0].clone();
                    order.group.resources[0].resources.storage = vec![volume; 5];
                }),
                "5 volumes, and 4 are given",
            ),
        ] {
            let why = said(&order, &own(), &offer()).await.unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        let mut mine = own();
        mine.address = order(1).deployment().owner;
        assert!(said(&asked(), &mine, &offer()).await.unwrap_err().contains("own order"));
        let picky = Offer { required: vec![Attribute::new("tier", "paid")], ..offer() };
        assert!(said(&asked(), &own(), &picky).await.unwrap_err().contains("`tier = paid`"));
    }

    #[tokio::test]
    async fn what_an_auditor_signed_counts_where_the_order_wants_its_word() {
        let mut order = asked();
        order.group.requirements.attributes = vec![Attribute::new("region", "eu")];
        order.group.requirements.signed_by = SignedBy { any_of: vec![AUDITOR.to_string()], all_of: Vec::new() };
        assert!(said(&order, &own(), &offer()).await.is_err());
        let signed = LeasingAudit { auditor: AUDITOR, attributes: vec![Attribute::new("region", "eu")] };
        assert!(said(&order, &LeasingProvider { audits: vec![signed], ..own() }, &offer()).await.is_ok());
    }
}
