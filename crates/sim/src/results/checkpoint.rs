//! Runs that are done, in the order in which they were, while an experiment is not.
//!
//! In: a record of each run. Out: the same records in the order of runs, whoever asks again, after a crash as well: a record that was
//! not written to its end is cut off, and its run made again. The file goes when everything is done. Memory: where each record stands.

use super::{
    Result, ResultsError,
    table::{AgentRow, COLUMNS, Row},
};
use crate::{
    AuditSummary,
    experiment::{RunRecord, State, Subset},
    scenario::Treatment,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::Instant;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The first bytes of such a file; its number changes with the encoding of records.
const MAGIC: &[u8; 16] = b"depin-sim runs 2";
/// Bytes before a record: its length, and the beginning of its hash.
const FRAME: usize = 12;
/// Longest record that is believed: a million providers, recorded daily for a year, have less.
const RECORD_MOST: u32 = 1 << 31;
/// Bytes after which what was written is made durable.
const SYNC: u64 = 4 << 20;

/// Records of runs on disk.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    file: File,
    places: BTreeMap<u32, (u64, u32)>,
    /// Ids of all key figures that any run has.
    kpis: BTreeSet<String>,
    compared: BTreeSet<Treatment>,
    end: u64,
    unsynced: u64,
}

impl Checkpoint {
    /// Opens the file of an experiment, or begins it; `experiment` tells one from another.
    pub fn open(path: &Path, experiment: &[u8; 32]) -> Result<Self> {
        let failed = |error| ResultsError::io("write", path, error);
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let head = [&MAGIC[..], experiment].concat();
        let mut checkpoint = Self {
            path: path.to_owned(),
            places: BTreeMap::new(),
            kpis: BTreeSet::new(),
            compared: BTreeSet::new(),
            end: head.len() as u64,
            unsynced: 0,
            file: file.try_clone().map_err(failed)?,
        };
        let mut found = vec![0; head.len().min(usize::try_from(size).unwrap_or(head.len()))];
        file.read_exact(&mut found).map_err(failed)?;
        if !head.starts_with(&found) {
            return Err(ResultsError::damaged(path, "it belongs to another experiment, or to another version of this program"));
        }
        if found.len() < head.len() {
            file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&head)).map_err(failed)?;
        } else {
            checkpoint.scan(file)?;
        }
        checkpoint.file.set_len(checkpoint.end).map_err(failed)?;
        Ok(checkpoint)
    }

    /// Finds every whole record; what follows the last one was not written to its end.
    fn scan(&mut self, file: File) -> Result<()> {
        let mut reader = BufReader::new(file);
        while let Some(bytes) = frame(&mut reader).map_err(|error| self.failed(error))? {
            let record = decode(&bytes).map_err(|why| ResultsError::damaged(&self.path, why))?;
            self.note(&record, bytes.len());
        }
        Ok(())
    }

    /// Runs whose records are here, ascending.
    pub fn done(&self) -> impl Iterator<Item = u32> + '_ {
        self.places.keys().copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether this run's record is here.
    pub fn has(&self, run: u32) -> bool {
        self.places.contains_key(&run)
    }

    /// Ids of the key figures of all runs.
    pub const fn kpis(&self) -> &BTreeSet<String> {
        &self.kpis
    }

    /// Treatments that any run is compared with.
    pub const fn compared(&self) -> &BTreeSet<Treatment> {
        &self.compared
    }

    /// Adds a run's record; one that is here already stays.
    pub fn add(&mut self, record: &RunRecord) -> Result<()> {
        if self.has(record.run) {
            return Ok(());
        }
        let bytes = encode(record);
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= RECORD_MOST);
        let Some(length) = length else {
            return Err(ResultsError::damaged(&self.path, "a run leaves more than 2 GiB; record fewer providers, or less often"));
        };
        let mut framed = Vec::with_capacity(FRAME + bytes.len());
        framed.extend(length.to_le_bytes());
        framed.extend(&Sha256::digest(&bytes)[..8]);
        framed.extend(&bytes);
        let written = self.file.seek(SeekFrom::Start(self.end)).and_then(|_| self.file.write_all(&framed));
        written.map_err(|error| self.failed(error))?;
        self.note(record, bytes.len());
        self.unsynced += framed.len() as u64;
        if self.unsynced >= SYNC {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes what was added durable.
    pub fn sync(&mut self) -> Result<()> {
        self.file.sync_data().map_err(|error| self.failed(error))?;
        self.unsynced = 0;
        Ok(())
    }

    /// A run's record.
    pub fn read(&mut self, run: u32) -> Result<RunRecord> {
        let bytes = self.bytes(run)?;
        decode(&bytes).map_err(|why| ResultsError::damaged(&self.path, why))
    }

    /// Whether a record is, bit for bit, the one that is here.
    pub fn agrees(&mut self, record: &RunRecord) -> Result<bool> {
        Ok(self.bytes(record.run)? == encode(record))
    }

    fn bytes(&mut self, run: u32) -> Result<Vec<u8>> {
        let missing = || ResultsError::damaged(&self.path, format_args!("it has no run {run}"));
        let (at, length) = *self.places.get(&run).ok_or_else(missing)?;
        let mut bytes = vec![0; length as usize];
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|error| ResultsError::io("read", &self.path, error))?;
        Ok(bytes)
    }

    fn note(&mut self, record: &RunRecord, length: usize) {
        for id in record.kpis.keys() {
            if !self.kpis.contains(id) {
                self.kpis.insert(id.clone());
            }
        }
        self.compared.extend(record.paired.iter().map(|one| one.treatment));
        // Both fit: the record was encoded, or read, below the longest.
        self.places.insert(record.run, (self.end + FRAME as u64, u32::try_from(length).unwrap_or(u32::MAX)));
        self.end += (FRAME + length) as u64;
    }

    fn failed(&self, error: std::io::Error) -> ResultsError {
        ResultsError::io("write", &self.path, error)
    }
}

/// The next record's bytes; none where no whole one follows.
fn frame(reader: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = [0; FRAME];
    if let Err(error) = reader.read_exact(&mut head) {
        return if error.kind() == std::io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    if length > RECORD_MOST {
        return Ok(None);
    }
    // Never more memory than the file has bytes.
    let mut bytes = Vec::new();
    reader.take(length.into()).read_to_end(&mut bytes)?;
    let whole = bytes.len() == length as usize && Sha256::digest(&bytes)[..8] == head[4..];
    Ok(whole.then_some(bytes))
}

/// A record as it is stored. Numbers are kept by their bits, so that every one of them comes back.
#[derive(BorshSerialize, BorshDeserialize)]
struct Stored {
    run: u32,
    draw: u32,
    state: (u8, u32, String),
    rows: StoredRows,
    paired: Vec<(u8, StoredRows)>,
    agents: Vec<StoredAgent>,
    kpis: BTreeMap<String, u64>,
    checked: u64,
    violations: Vec<String>,
    cash_left: i128,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredRows {
    keys: Vec<(u32, u64)>,
    values: Vec<u64>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredAgent {
    timestep: u32,
    agent: u32,
    class: String,
    numbers: [u64; 6],
}

impl StoredRows {
    fn of(rows: &[Row]) -> Self {
        Self {
            keys: rows.iter().map(|row| (row.timestep, row.date.get())).collect(),
            values: rows.iter().flat_map(|row| row.values.iter().map(|value| value.to_bits())).collect(),
        }
    }

    fn rows(self) -> std::result::Result<Vec<Row>, String> {
        let width = COLUMNS.len();
        if self.values.len() != self.keys.len() * width {
            return Err(format!("{} rows have {} values, and not {width} each", self.keys.len(), self.values.len()));
        }
        let values = self.values.chunks_exact(width).map(|row| row.iter().map(|bits| f64::from_bits(*bits)).collect());
        let row = |((timestep, date), values)| Row { timestep, date: Instant::new(date), values };
        Ok(self.keys.into_iter().zip(values).map(row).collect())
    }
}

fn encode(record: &RunRecord) -> Vec<u8> {
    let state = match &record.state {
        State::Finished => (0, 0, String::new()),
        State::Stopped { timestep, reason } => (1, *timestep, reason.clone()),
        State::Failed { message } => (2, 0, message.clone()),
    };
    let stored = Stored {
        run: record.run,
        draw: record.draw,
        state,
        rows: StoredRows::of(&record.rows),
        paired: record.paired.iter().map(|one| (code(one.treatment), StoredRows::of(&one.rows))).collect(),
        agents: record.agents.iter().map(agent).collect(),
        kpis: record.kpis.iter().map(|(id, value)| (id.clone(), value.to_bits())).collect(),
        checked: record.audit.checked,
        violations: record.audit.violations.clone(),
        cash_left: record.audit.cash_left,
    };
    borsh::to_vec(&stored).expect("lists shorter than 2^32 are encoded into memory")
}

fn decode(bytes: &[u8]) -> std::result::Result<RunRecord, String> {
    let stored = Stored::try_from_slice(bytes).map_err(|error| error.to_string())?;
    let state = match stored.state {
        (0, _, _) => State::Finished,
        (1, timestep, reason) => State::Stopped { timestep, reason },
        (2, _, message) => State::Failed { message },
        (other, _, _) => return Err(format!("a run has the state {other}")),
    };
    let paired = stored.paired.into_iter().map(|(code, rows)| Ok(Subset { treatment: treatment(code)?, rows: rows.rows()? }));
    let agents = stored.agents.into_iter().map(|one| {
        let [capacity, booked, income_usd, rewards_usd, cash_usd, tokens] = one.numbers.map(f64::from_bits);
        let StoredAgent { timestep, agent, class, .. } = one;
        AgentRow { timestep, agent, class, capacity, booked, income_usd, rewards_usd, cash_usd, tokens }
    });
    Ok(RunRecord {
        run: stored.run,
        draw: stored.draw,
        state,
        rows: stored.rows.rows()?,
        paired: paired.collect::<std::result::Result<_, String>>()?,
        agents: agents.collect(),
        kpis: stored.kpis.into_iter().map(|(id, bits)| (id, f64::from_bits(bits))).collect(),
        audit: AuditSummary { checked: stored.checked, violations: stored.violations, cash_left: stored.cash_left },
    })
}

fn agent(row: &AgentRow) -> StoredAgent {
    let numbers = [row.capacity, row.booked, row.income_usd, row.rewards_usd, row.cash_usd, row.tokens].map(f64::to_bits);
    StoredAgent { timestep: row.timestep, agent: row.agent, class: row.class.clone(), numbers }
}

const fn code(treatment: Treatment) -> u8 {
    match treatment {
        Treatment::Tokens => 0,
        Treatment::NoTokens => 1,
        Treatment::CentralCapex => 2,
    }
}

fn treatment(code: u8) -> std::result::Result<Treatment, String> {
    match code {
        0 => Ok(Treatment::Tokens),
        1 => Ok(Treatment::NoTokens),
        2 => Ok(Treatment::CentralCapex),
        other => Err(format!("a run has the treatment {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn record(run: u32) -> RunRecord {
        let row = |timestep| Row { timestep, date: Instant::new(u64::from(timestep)), values: vec![f64::NAN; COLUMNS.len()] };
        let agent = AgentRow {
            timestep: 1,
            agent: 9,
            class: "idle".to_owned(),
            capacity: 1.0,
            booked: 0.5,
            income_usd: 7.0,
            rewards_usd: 6.0,
            cash_usd: -3.0,
            tokens: f64::INFINITY,
        };
        RunRecord {
            run,
            draw: run / 2,
            state: State::Stopped { timestep: 2, reason: "price below 0.01".to_owned() },
            rows: vec![row(1), row(2)],
            paired: vec![Subset { treatment: Treatment::NoTokens, rows: vec![row(1)] }],
            agents: vec![agent],
            kpis: [("gini".to_owned(), 0.25), ("payback-months".to_owned(), f64::NAN)].into(),
            audit: AuditSummary { checked: 7, violations: vec!["minted".to_owned()], cash_left: -1 },
        }
    }

    #[test]
    fn a_record_comes_back_bit_for_bit_in_the_order_of_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.bin");
        let mut checkpoint = Checkpoint::open(&path, &[1; 32]).unwrap();
        for run in [5, 2, 3] {
            checkpoint.add(&record(run)).unwrap();
        }
        checkpoint.add(&RunRecord { state: State::Finished, ..record(2) }).unwrap();
        drop(checkpoint);
        let mut again = Checkpoint::open(&path, &[1; 32]).unwrap();
        assert_eq!(again.done().collect::<Vec<_>>(), [2, 3, 5]);
        assert_eq!(again.kpis().iter().collect::<Vec<_>>(), ["gini", "payback-months"]);
        assert_eq!(encode(&again.read(2).unwrap()), encode(&record(2)));
        assert!(again.agrees(&record(5)).unwrap());
        assert!(!again.agrees(&RunRecord { draw: 9, ..record(5) }).unwrap());
        assert_eq!(again.read(4).unwrap_err().code(), "results-damaged");
    }

    #[test]
    fn a_record_that_was_cut_off_anywhere_is_left_out_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.bin");
        let mut checkpoint = Checkpoint::open(&path, &[1; 32]).unwrap();
        checkpoint.add(&record(0)).unwrap();
        let first = usize::try_from(checkpoint.end).unwrap();
        checkpoint.add(&record(1)).unwrap();
        drop(checkpoint);
        let whole = fs::read(&path).unwrap();
        for cut in [first + 1, first + FRAME, first + FRAME + 9, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut again = Checkpoint::open(&path, &[1; 32]).unwrap();
            assert_eq!(again.done().collect::<Vec<_>>(), [0], "cut at {cut}");
            again.add(&record(1)).unwrap();
            drop(again);
            assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        // Even in the middle of its head it is begun again.
        fs::write(&path, &whole[..20]).unwrap();
        assert_eq!(Checkpoint::open(&path, &[1; 32]).unwrap().len(), 0);
    }

    #[test]
    fn a_file_of_another_experiment_or_of_anything_else_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.bin");
        Checkpoint::open(&path, &[1; 32]).unwrap().add(&record(0)).unwrap();
        let before = fs::read(&path).unwrap();
        assert_eq!(Checkpoint::open(&path, &[2; 32]).unwrap_err().code(), "results-damaged");
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::write(&path, "years of work").unwrap();
        assert!(Checkpoint::open(&path, &[1; 32]).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"years of work");
    }

    #[test]
    fn bytes_that_are_no_record_are_refused() {
        for bytes in [&[][..], &[0; 40], &[255; 400]] {
            assert!(decode(bytes).is_err());
        }
        let mut bytes = encode(&record(0));
        bytes[8] = 9;
        assert!(decode(&bytes).unwrap_err().contains("state 9"));
    }
}
