//! The filter of system calls of containers whose Podman is started here.
//!
//! Podman's own lets every program make namespaces, also of users, in which it has all capabilities: more of the kernel than a tenant
//! needs, and the way of most escapes. Docker refuses that. What is refused here is what bubblewrap's programs are refused, too.

use crate::system_calls::{DENIED, DENIED_TO_PROGRAMS, NAMESPACES, namespace_flags};
use serde_json::{Value, json};
use std::fs;

/// Where distributions put Podman's own filter.
const BASE: &str = "/usr/share/containers/seccomp.json";
/// What has no number on every architecture: `umount2` is the newer one of it.
const OLDER: &str = "umount";

/// The names of all that is refused.
fn denied() -> impl Iterator<Item = &'static str> {
    DENIED.iter().chain(DENIED_TO_PROGRAMS).map(|(name, _)| *name).chain([OLDER])
}

/// The filter, as engines read it: the distribution's, with less allowed.
pub(super) fn profile() -> String {
    let base = fs::read(BASE).ok().and_then(|text| serde_json::from_slice(&text).ok());
    // Without one: all else is allowed, as much as with bubblewrap.
    let base = base.unwrap_or_else(|| json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [] }));
    narrowed(base).to_string()
}

/// Takes calls out of whatever a filter says of them, and refuses them; `clone` makes processes and threads alone, and a newer one, whose
/// flags no filter can see, does not exist, so that libraries use the older one.
fn narrowed(mut filter: Value) -> Value {
    let is_ours = |name: &Value| name.as_str().is_some_and(|name| denied().chain(["clone", "clone3"]).any(|ours| ours == name));
    let mut rules: Vec<Value> = filter["syscalls"].as_array().cloned().unwrap_or_default();
    for rule in &mut rules {
        if let Some(names) = rule["names"].as_array_mut() {
            names.retain(|name| !is_ours(name));
        }
    }
    rules.retain(|rule| rule["names"].as_array().is_some_and(|names| !names.is_empty()));
    let clean = json!({ "index": 0, "value": NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" });
    let refused = |names: Value, errno: i32| json!({ "names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno });
    rules.push(refused(json!(denied().collect::<Vec<_>>()), libc::EPERM));
    rules.push(refused(json!(["clone3"]), libc::ENOSYS));
    if filter["defaultAction"] == "SCMP_ACT_ALLOW" {
        rules.extend(namespace_flags().map(|flag| {
            let set = json!({ "index": 0, "value": flag, "valueTwo": flag, "op": "SCMP_CMP_MASKED_EQ" });
            json!({ "names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::EPERM, "args": [set] })
        }));
    } else {
        rules.push(json!({ "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [clean] }));
    }
    filter["syscalls"] = Value::Array(rules);
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_namespaces_is_taken_out_of_a_filter_and_all_else_stays() {
        let base = json!({
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": 38,
            "syscalls": [
                { "names": ["read", "unshare", "clone", "clone3", "mount"], "action": "SCMP_ACT_ALLOW", "args": [] },
                { "names": ["setns"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } },
            ],
        });
        let made = narrowed(base);
        let rules = made["syscalls"].as_array().unwrap();
        assert_eq!(rules[0]["names"], json!(["read"]));
        assert_eq!((made["defaultErrnoRet"].clone(), rules.len()), (json!(38), 4), "{made}");
        assert!(denied().all(|call| rules[1]["names"].as_array().unwrap().contains(&json!(call))));
        assert_eq!((&rules[1]["action"], &rules[1]["errnoRet"]), (&json!("SCMP_ACT_ERRNO"), &json!(1)));
        assert_eq!((&rules[2]["names"], &rules[2]["errnoRet"]), (&json!(["clone3"]), &json!(38)));
        assert_eq!((&rules[3]["names"], &rules[3]["args"][0]["value"]), (&json!(["clone"]), &json!(0x7E02_0000_u64)));
    }

    #[test]
    fn without_a_filter_to_begin_with_namespaces_are_refused_all_the_same() {
        let made = narrowed(json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [] }));
        let clones = made["syscalls"].as_array().unwrap().iter().filter(|rule| rule["names"] == json!(["clone"]));
        assert_eq!(clones.clone().count(), 7);
        assert!(clones.into_iter().all(|rule| rule["action"] == "SCMP_ACT_ERRNO"));
    }
}
