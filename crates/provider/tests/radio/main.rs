//! A hotspot with everything real around it but the air: a node, the customer's network server, packet forwarders over UDP.

mod beacons;
mod mobile;
mod noise;
mod packets;
mod world;
