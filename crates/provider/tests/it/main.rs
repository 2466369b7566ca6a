//! The provider from outside: its store on a real disk, its HTTP interface over loopback.

mod crash;
mod disk_full;
mod http_download;
mod http_holds;
mod http_rest;
mod http_upload;
mod random_walk;
mod scrubbing;
mod store_capacity;
mod store_damage;
mod store_retention;
mod store_uploads;
mod support;
