//! What is wrong with an answer, or kept one from being made.

/// Bytes that are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Too many bytes.
    #[error("an answer of {got} bytes, at most {most} are allowed; send what the solver encoded, unchanged")]
    TooLong {
        /// How many came.
        got: usize,
        /// How many may.
        most: usize,
    },
    /// Bytes end within a part.
    #[error("the answer ends after {got} bytes, within {part}; send all of what the solver encoded")]
    Short {
        /// How many came.
        got: usize,
        /// What they end within.
        part: &'static str,
    },
    /// Bytes behind the end.
    #[error("{0} bytes stand behind the answer's end; send what the solver encoded, and nothing more")]
    Behind(usize),
    /// Another format.
    #[error("the answer has format {got}, and {known} is read here; use a daemon of the chain's release")]
    Format {
        /// What came.
        got: u8,
        /// What is read.
        known: u8,
    },
    /// More of a part than an answer has.
    #[error("the answer counts {got} {part}, at most {most} are allowed; send what the solver encoded, unchanged")]
    Count {
        /// Of which part.
        part: &'static str,
        /// How many it counts.
        got: usize,
        /// How many it may.
        most: usize,
    },
}

/// Why an answer is not one to the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Another commitment than the one that was handed in before.
    #[error(
        "the answer is to another commitment than the one handed in before the seed was drawn; answer from the same computation"
    )]
    OtherRoot,
    /// Another number of chains than the work has.
    #[error("the answer has {got} chains of square roots, the work has {needed}; solve the work that was drawn for this device")]
    Chains {
        /// In the answer.
        got: usize,
        /// In the work.
        needed: usize,
    },
    /// Another number of states than are checked.
    #[error("the answer opens {got} states, the work asks for {needed}; solve the work that was drawn for this device")]
    Probes {
        /// In the answer.
        got: usize,
        /// In the work.
        needed: usize,
    },
    /// A chain that does not end where its beginning leads.
    #[error(
        "chain {0} of square roots does not lead from the answer's commitment to what it gives; the answer was changed, or made for other work"
    )]
    Delay(usize),
    /// Another number of nodes than the opened places need.
    #[error(
        "the answer has {got} nodes of the tree, the opened places need {needed}; the answer was changed, or made for other work"
    )]
    Nodes {
        /// In the answer.
        got: usize,
        /// For the places.
        needed: usize,
    },
    /// A step was not computed as the work says, or its state is not the one that was committed to.
    #[error(
        "of {probes} drawn steps at least one was not computed as the work says, from the claimed memory; the claim is more than the device has, or its memory is faulty"
    )]
    Work {
        /// Steps that were drawn.
        probes: usize,
    },
}

/// Why no answer was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SolveError {
    /// Somebody asked to stop.
    #[error("the work was stopped after {steps} of {of} steps")]
    Stopped {
        /// Steps that were made.
        steps: u64,
        /// Steps of the work.
        of: u64,
    },
    /// The claimed memory is not there.
    #[error("{mib} MiB of memory cannot be had here; claim what is free, or free it")]
    Memory {
        /// What is claimed.
        mib: u32,
    },
    /// The operating system starts no more threads.
    #[error("a thread for one of {cores} cores cannot be started: {why}")]
    Thread {
        /// Cores of the claim.
        cores: u16,
        /// What the system says.
        why: String,
    },
    /// What checks the kernel computed something else.
    #[error(
        "the kernel {0:?} computed a product wrong; its hardware or its driver is faulty, and no answer of it would be accepted"
    )]
    Kernel(String),
}
