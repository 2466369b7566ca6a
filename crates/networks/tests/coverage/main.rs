//! Wireless coverage under real economies: hotspots, the denylist, OUIs, packets, and where every credit goes.

#[path = "../drive/files.rs"]
mod files;

mod attacks;
mod beacons;
mod denylist;
mod eras;
mod file;
mod hotspots;
mod mobile;
mod money;
mod ouis;
mod packets;
mod world;
