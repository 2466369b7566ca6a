//! The system calls that no tenant's program may make, whichever runtime it runs in: one list, from which a container engine's profile and
//! a compiled filter are made.

/// Names and numbers of calls of this architecture.
macro_rules! calls {
    ($($name:ident = $number:ident,)*) => { &[$((stringify!($name), libc::$number),)*] };
}

/// What changes the machine, its mounts, clocks, modules, keys or other processes' memory, makes namespaces, or has been a way out before.
pub(crate) const DENIED: &[(&str, i64)] = calls! {
    acct = SYS_acct,
    add_key = SYS_add_key,
    adjtimex = SYS_adjtimex,
    bpf = SYS_bpf,
    clock_adjtime = SYS_clock_adjtime,
    clock_settime = SYS_clock_settime,
    delete_module = SYS_delete_module,
    fanotify_init = SYS_fanotify_init,
    finit_module = SYS_finit_module,
    fsconfig = SYS_fsconfig,
    fsmount = SYS_fsmount,
    fsopen = SYS_fsopen,
    fspick = SYS_fspick,
    init_module = SYS_init_module,
    io_uring_enter = SYS_io_uring_enter,
    io_uring_register = SYS_io_uring_register,
    io_uring_setup = SYS_io_uring_setup,
    kcmp = SYS_kcmp,
    kexec_file_load = SYS_kexec_file_load,
    kexec_load = SYS_kexec_load,
    keyctl = SYS_keyctl,
    lookup_dcookie = SYS_lookup_dcookie,
    mount = SYS_mount,
    mount_setattr = SYS_mount_setattr,
    move_mount = SYS_move_mount,
    move_pages = SYS_move_pages,
    name_to_handle_at = SYS_name_to_handle_at,
    nfsservctl = SYS_nfsservctl,
    open_by_handle_at = SYS_open_by_handle_at,
    open_tree = SYS_open_tree,
    perf_event_open = SYS_perf_event_open,
    personality = SYS_personality,
    pivot_root = SYS_pivot_root,
    process_vm_readv = SYS_process_vm_readv,
    process_vm_writev = SYS_process_vm_writev,
    ptrace = SYS_ptrace,
    quotactl = SYS_quotactl,
    reboot = SYS_reboot,
    request_key = SYS_request_key,
    setdomainname = SYS_setdomainname,
    sethostname = SYS_sethostname,
    settimeofday = SYS_settimeofday,
    swapoff = SYS_swapoff,
    swapon = SYS_swapon,
    syslog = SYS_syslog,
    umount2 = SYS_umount2,
    unshare = SYS_unshare,
    userfaultfd = SYS_userfaultfd,
    vhangup = SYS_vhangup,
};
/// Refused to programs besides; a command of the provider that is brought into a sandbox of bubblewrap needs it.
pub(crate) const DENIED_TO_PROGRAMS: &[(&str, i64)] = calls! {
    chroot = SYS_chroot,
    setns = SYS_setns,
};
/// Flags of `clone` that make namespaces: a program gets none of its own, above all no users.
pub(crate) const NAMESPACES: u64 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWCGROUP) as u64;

/// The flags one by one.
pub(crate) fn namespace_flags() -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|bit| 1_u64 << bit).filter(|flag| NAMESPACES & flag != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_call_is_listed_twice_and_names_are_in_order() {
        let names: Vec<&str> = DENIED.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted());
        let all = DENIED.iter().chain(DENIED_TO_PROGRAMS);
        assert_eq!(all.clone().map(|(_, number)| number).collect::<BTreeSet<_>>().len(), all.count());
        assert_eq!(namespace_flags().count(), 7);
        assert_eq!(namespace_flags().sum::<u64>(), NAMESPACES);
    }
}
