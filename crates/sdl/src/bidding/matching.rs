//! Whether a provider may serve an order.

use super::glob::is_match;
use crate::{
    group::{Group, Requirements},
    resources::{Attribute, Volume},
};
use std::collections::BTreeMap;

/// What an auditor vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// The auditor's address.
    pub auditor: String,
    /// The attributes that it signed.
    pub attributes: Vec<Attribute>,
}

/// Why a provider may not serve an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// An attribute that the provider does not have.
    #[error("the provider does not have `{key}` = `{value}`")]
    Attribute {
        /// Which, as the order asks for it.
        key: String,
        /// Its value.
        value: String,
    },
    /// The order wants auditors' words, and no auditor gave one.
    #[error("no auditor signed attributes of the provider")]
    Unaudited,
    /// One of the auditors that all must have signed.
    #[error("the auditor `{0}` did not sign what is required, and all of `allOf` must")]
    AllOf(String),
    /// None of the auditors of which one must have signed.
    #[error("none of the auditors of `anyOf` signed what is required")]
    AnyOf,
    /// A volume of a kind that the provider does not have.
    #[error("the provider has no storage for the volume `{0}`")]
    Storage(String),
    /// GPUs of which the provider has none.
    #[error("the provider has none of the GPUs that unit {0} asks for")]
    Gpu(u32),
}

/// Whether each of these is among those: the key by pattern, the value as it is. The first that is not is the answer.
///
/// # Errors
/// The attribute that is missing.
pub fn covers<'r>(required: &'r [Attribute], has: &[Attribute]) -> Result<(), &'r Attribute> {
    let met = |one: &Attribute| has.iter().any(|other| is_match(&one.key, &other.key) && one.value == other.value);
    match required.iter().find(|one| !met(one)) {
        Some(missing) => Err(missing),
        None => Ok(()),
    }
}

/// Whether a provider is what a group requires. Without `signedBy` its own attributes count; with it only what auditors signed: those
/// of `allOf` each all that is required, and at least one of `anyOf`. An auditor that is there twice counts with its last word.
///
/// # Errors
/// [`Unmet`]: no auditor at all first, then `allOf` in its order, then `anyOf`.
pub fn meets_requirements(requirements: &Requirements, own: &[Attribute], audited: &[Audited]) -> Result<(), Unmet> {
    let (signed_by, required) = (&requirements.signed_by, &requirements.attributes);
    if signed_by.all_of.is_empty() && signed_by.any_of.is_empty() {
        return covers(required, own)
            .map_err(|missing| Unmet::Attribute { key: missing.key.clone(), value: missing.value.clone() });
    }
    if audited.is_empty() {
        return Err(Unmet::Unaudited);
    }
    let words: BTreeMap<&str, &[Attribute]> =
        audited.iter().map(|word| (word.auditor.as_str(), word.attributes.as_slice())).collect();
    let signed = |auditor: &str| words.get(auditor).is_some_and(|has| covers(required, has).is_ok());
    if let Some(auditor) = signed_by.all_of.iter().find(|auditor| !signed(auditor)) {
        return Err(Unmet::AllOf(auditor.clone()));
    }
    if !signed_by.any_of.is_empty() && !signed_by.any_of.iter().any(|auditor| signed(auditor)) {
        return Err(Unmet::AnyOf);
    }
    Ok(())
}

/// Whether a provider has the storage and the GPUs that a group asks for, by what its attributes say of its capabilities: for each
/// volume with attributes one group `capabilities/storage/N/…` that has them all, for GPUs one `capabilities/gpu/…` that is asked for.
///
/// # Errors
/// [`Unmet`]: the first in the order of the units, storage before GPUs.
pub fn meets_capabilities(group: &Group, own: &[Attribute]) -> Result<(), Unmet> {
    let storage = storage_groups(own);
    let gpus: Vec<Attribute> = own
        .iter()
        .filter_map(|one| Some(Attribute::new(one.key.strip_prefix("capabilities/gpu/")?, one.value.clone())))
        .collect();
    for unit in &group.resources {
        let resources = &unit.resources;
        let held =
            |volume: &&Volume| volume.attributes.is_empty() || storage.iter().any(|has| covers(&volume.attributes, has).is_ok());
        if let Some(volume) = resources.storage.iter().find(|volume| !held(volume)) {
            return Err(Unmet::Storage(volume.name.clone()));
        }
        let gpu = &resources.gpu;
        let any = gpu.attributes.iter().any(|one| covers(std::slice::from_ref(one), &gpus).is_ok());
        if gpu.units.get() > 0 && !gpu.attributes.is_empty() && !any {
            return Err(Unmet::Gpu(resources.id));
        }
    }
    Ok(())
}

/// Attributes `capabilities/storage…/N/KEY` by N. As upstream, whatever begins so counts, when it has three parts.
fn storage_groups(own: &[Attribute]) -> Vec<Vec<Attribute>> {
    let mut groups: BTreeMap<&str, Vec<Attribute>> = BTreeMap::new();
    for attribute in own.iter().filter(|one| one.key.starts_with("capabilities/storage")) {
        let parts: Vec<&str> = attribute.key.split('/').skip(1).collect();
        if let [_, number, key] = parts.as_slice() {
            groups.entry(number).or_default().push(Attribute::new(*key, attribute.value.clone()));
        }
    }
    groups.into_values().collect()
}
