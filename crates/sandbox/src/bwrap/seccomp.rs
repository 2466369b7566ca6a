//! The system calls that a program in a sandbox of bubblewrap may not make, compiled by a library to what the kernel reads.

use crate::{
    error::RuntimeError,
    system_calls::{DENIED, DENIED_TO_PROGRAMS, namespace_flags},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use std::collections::BTreeMap;

/// Calls of the other numbering of this architecture.
#[cfg(target_arch = "x86_64")]
const OTHER_NUMBERING: i64 = 0x4000_0000;

/// The filters of a sandbox, in the kernel's form.
pub(super) struct Filters {
    /// Of its program.
    pub(super) program: Vec<u8>,
    /// Of commands that are brought into it.
    pub(super) command: Vec<u8>,
    /// For both: a call whose flags no filter can see does not exist, so that libraries use the older one.
    pub(super) newer_clone: Vec<u8>,
}

pub(super) fn filters() -> Result<Filters, RuntimeError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DENIED.iter().map(|(_, call)| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, namespaces()?);
    if cfg!(target_arch = "x86_64") {
        // Nothing that programs of this image need: the numbers with this bit are another interface of the same kernel.
        let others: Vec<_> = rules.iter().map(|(call, rules)| (*call | OTHER_NUMBERING, rules.clone())).collect();
        rules.extend(others);
    }
    let command = compile(rules.clone(), libc::EPERM)?;
    rules.extend(DENIED_TO_PROGRAMS.iter().map(|(_, call)| (*call, Vec::new())));
    let program = compile(rules, libc::EPERM)?;
    let newer_clone = compile(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)?;
    Ok(Filters { program, command, newer_clone })
}

/// One rule for each flag: any of them is enough.
fn namespaces() -> Result<Vec<SeccompRule>, RuntimeError> {
    let rule = |flag| SeccompRule::new(vec![SeccompCondition::new(0, Len::Qword, Op::MaskedEq(flag), flag)?]);
    namespace_flags()
        .map(|flag| rule(flag).map_err(|error| RuntimeError::failed("compiling the filter of system calls", error)))
        .collect()
}

fn compile(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<Vec<u8>, RuntimeError> {
    let failed = |error| RuntimeError::failed("compiling the filter of system calls", error);
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(failed)?;
    let refusal = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch).map_err(failed)?;
    let program = BpfProgram::try_from(filter).map_err(failed)?;
    // The kernel's form of an instruction: 16 bits, twice 8, and 32, in the machine's order.
    let bytes = program.iter().flat_map(|i| {
        let [c0, c1] = i.code.to_ne_bytes();
        let [k0, k1, k2, k3] = i.k.to_ne_bytes();
        [c0, c1, i.jt, i.jf, k0, k1, k2, k3]
    });
    Ok(bytes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_whole_programs_below_the_kernels_bound() {
        let filters = filters().unwrap();
        for program in [&filters.program, &filters.command, &filters.newer_clone] {
            assert!(program.len() % 8 == 0 && program.len() > 8 && program.len() / 8 <= 4096, "{}", program.len());
        }
        assert!(filters.program.len() > filters.command.len());
    }
}
