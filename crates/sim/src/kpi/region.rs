//! Key figures of each region that a scenario names: as many as there are regions.

/// A key figure that there is one of for each region. Its id is `prefix.REGION`.
#[derive(Clone, Copy, Debug)]
pub struct Regional {
    /// What ids of it begin with.
    pub prefix: &'static str,
    /// Its name for people, before the region's.
    pub title: &'static str,
    /// What one of it is.
    pub unit: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// Takes it of a region.
    pub of: fn(&Region) -> f64,
}

/// What a region came to in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Its name, as classes of providers have it.
    pub name: String,
    /// Units of the service that its providers can serve a day at the end.
    pub capacity: f64,
    /// Dollars that customers paid for what its providers serve, over the run.
    pub revenue_usd: f64,
}

/// Every such figure.
pub static REGIONAL: [Regional; 2] = [
    Regional {
        prefix: "capacity-in",
        title: "Capacity at the end in",
        unit: "units/day",
        formula: "units that providers of the region can serve a day in the last row",
        source: "document: DePIN builds where people are; regions are those that the scenario gives its classes",
        of: |region| region.capacity,
    },
    Regional {
        prefix: "revenue-in",
        title: "Revenue in",
        unit: "USD",
        formula: "what customers paid for bookings of providers of the region, over the run",
        source: "as for capacity",
        of: |region| region.revenue_usd,
    },
];

/// The figure and the region of an id.
pub fn regional(id: &str) -> Option<(&'static Regional, &str)> {
    let (prefix, region) = id.split_once('.')?;
    REGIONAL.iter().find(|one| one.prefix == prefix).map(|one| (one, region))
}

/// The figures of all regions, by id.
pub fn of_regions(regions: &[Region]) -> impl Iterator<Item = (String, f64)> + '_ {
    regions.iter().flat_map(|region| REGIONAL.iter().map(|one| (format!("{}.{}", one.prefix, region.name), (one.of)(region))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_figures_of_its_own() {
        let regions = [Region { name: "asia".to_owned(), capacity: 3.0, revenue_usd: 7.0 }];
        let all: Vec<(String, f64)> = of_regions(&regions).collect();
        assert_eq!(all, [("capacity-in.asia".to_owned(), 3.0), ("revenue-in.asia".to_owned(), 7.0)]);
        assert_eq!(regional("revenue-in.north-america").map(|(one, region)| (one.unit, region)), Some(("USD", "north-america")));
        assert!(regional("revenue").is_none() && regional("conversion.providers").is_none());
    }
}
