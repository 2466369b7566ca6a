//! Names that a provider gives and takes: of a lease's room, of its ingress, of its tenants' hosts.

use data_encoding::BASE32HEX_NOPAD;
use sha1::Sha1;
use sha2::{Digest as _, Sha224};

/// The name of all that belongs to a lease on its provider: SHA-224 of the lease's id, in base 32 with digits first, small letters.
///
/// `lease` is `owner/dseq/gseq/oseq/provider`.
pub fn namespace(lease: &str) -> String {
    BASE32HEX_NOPAD.encode(&Sha224::digest(lease)).to_ascii_lowercase()
}

/// The first label of the host that leads to a service when it claims none: the name-based UUID (version 5) of the lease's id and the
/// service's name in the namespace of DNS, in base 32 with digits first, small letters. The provider's domain follows it.
pub fn ingress_label(lease: &str, service: &str) -> String {
    // RFC 9562, appendix C: 6ba7b810-9dad-11d1-80b4-00c04fd430c8.
    const DNS: [u8; 16] = [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    let hash = Sha1::new().chain_update(DNS).chain_update(lease).chain_update(service).finalize();
    let mut uuid = [0_u8; 16];
    uuid.copy_from_slice(&hash[..16]);
    uuid[6] = uuid[6] & 0x0f | 0x50;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    BASE32HEX_NOPAD.encode(&uuid).to_ascii_lowercase()
}

/// Host names that no tenant may claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostBlockList(Vec<String>);

impl HostBlockList {
    /// Of names, and of domains with a dot before them, which block all their names too.
    pub fn new<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Self {
        Self(entries.into_iter().map(|entry| entry.as_ref().to_lowercase()).filter(|entry| !entry.is_empty()).collect())
    }

    /// The entry that blocks a host name, whatever its capitals.
    pub fn blocks(&self, host: &str) -> Option<&str> {
        let host = host.to_lowercase();
        let blocked = |entry: &&String| match entry.strip_prefix('.') {
            Some(domain) => host == domain || host.ends_with(entry.as_str()),
            None => host == **entry,
        };
        self.0.iter().find(blocked).map(String::as_str)
    }
}

/// Who has a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostHolder {
    /// The tenant.
    pub owner: String,
    /// Its lease.
    pub lease: String,
}

/// What becomes of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostClaim {
    /// Nobody has the name, or this lease itself.
    Granted,
    /// The tenant's other lease has it, and gives it up.
    Replaces {
        /// Which lease.
        lease: String,
    },
    /// Somebody else has it.
    Taken,
}

/// Whether a lease gets a host name that somebody may have.
pub fn claim(holder: Option<&HostHolder>, by: &HostHolder) -> HostClaim {
    match holder {
        None => HostClaim::Granted,
        Some(holder) if holder.owner != by.owner => HostClaim::Taken,
        Some(holder) if holder.lease == by.lease => HostClaim::Granted,
        Some(holder) => HostClaim::Replaces { lease: holder.lease.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: &str = "akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63/11111111/2/3/akash1u5cdg7k3gl43mukca4aeultuz8x2j68mgwn28e";

    /// By Python's hashlib, uuid and base64.
    #[test]
    fn names_are_those_of_another_implementation() {
        assert_eq!(namespace("akash1owner/1234/1/1/akash1provider"), "grbtlkh44jjias20qcv6gouplp4c6i9hr6t2af28hdsqs");
        assert_eq!(ingress_label("akash1owner/1234/1/1/akash1provider", "web"), "f4hda8nk11ccj27s3g7t401ok0");
        assert_eq!(namespace(LEASE), "8mdbfn8j91uo0j5b1knjsf9jjo485lkrf6eotjp2k6sbs");
        assert_eq!(ingress_label(LEASE, "api"), "gfjg5bj9558jf1v64i0qj1hkh4");
    }

    #[test]
    fn a_dot_blocks_a_domain_with_its_names() {
        let list = HostBlockList::new(["Example.com", ".bad.org", ""]);
        for (host, by) in [
            ("example.com", Some("example.com")),
            ("EXAMPLE.COM", Some("example.com")),
            ("www.example.com", None),
            ("bad.org", Some(".bad.org")),
            ("a.b.bad.org", Some(".bad.org")),
            ("notbad.org", None),
            ("bad.org.example", None),
            ("", None),
        ] {
            assert_eq!(list.blocks(host), by, "{host}");
        }
    }

    #[test]
    fn a_name_is_its_holders() {
        let holder = |owner: &str, lease: &str| HostHolder { owner: owner.to_owned(), lease: lease.to_owned() };
        assert_eq!(claim(None, &holder("a", "1")), HostClaim::Granted);
        assert_eq!(claim(Some(&holder("a", "1")), &holder("a", "1")), HostClaim::Granted);
        assert_eq!(claim(Some(&holder("a", "1")), &holder("a", "2")), HostClaim::Replaces { lease: "1".to_owned() });
        assert_eq!(claim(Some(&holder("a", "1")), &holder("b", "1")), HostClaim::Taken);
    }
}
