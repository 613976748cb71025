//! A distributed lock on plain Redis: the scripts of go-redilock through redis-rs.

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use redis::{ErrorKind, ServerErrorKind, Value};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{collections::HashMap, error, fmt, fs, process, sync::Mutex, thread};

const PRESENCE: Duration = Duration::from_secs(6); // how long a waiter counts as alive that does not ask

#[derive(Debug)]
pub enum Error {
    /// Somebody else had the lock for all of the timeout.
    Timeout,
    /// We had the lock, and its lease has ended or somebody took it away.
    Lost,
    /// A name has 1 to 1024 bytes, and no } except in a hash tag like {this}:lock, and is no companion key.
    Name,
    /// The script answered with this tag, which its manifest does not list. Never take it for one that is listed.
    Reply(String),
    Redis(redis::RedisError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Redis(e) => e.fmt(f),
            other => write!(f, "redilock: {other:?}"),
        }
    }
}

impl error::Error for Error {}

impl From<redis::RedisError> for Error {
    fn from(e: redis::RedisError) -> Self {
        Error::Redis(e)
    }
}

/// The lock's key is its name; the companions have a hash tag that puts them into the same cluster slot.
pub fn keys_of(name: &[u8], suffixes: &[String]) -> Result<Vec<Vec<u8>>, Error> {
    let open = name.iter().position(|b| *b == b'{').map(|i| &name[i + 1..]);
    let tagged = open.and_then(|rest| rest.iter().position(|b| *b == b'}')).is_some_and(|end| end > 0);
    // {x} would have the companions of x.
    let alone = name.first() == Some(&b'{') && name.iter().position(|b| *b == b'}') == Some(name.len() - 1);
    // The form of a companion key: `:redilock:` and lower-case letters at the end.
    let letters = name.iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
    let reserved = tagged && letters > 0 && name[..name.len() - letters].ends_with(b":redilock:");
    if name.is_empty() || name.len() > 1024 || name.contains(&b'}') && !tagged || alone || reserved {
        return Err(Error::Name);
    }
    let base = if tagged { name.to_vec() } else { [b"{", name, b"}"].concat() };
    Ok(suffixes.iter().map(|s| if s.is_empty() { name.to_vec() } else { [&base, s.as_bytes()].concat() }).collect())
}

/// The first waiter asks every `poll`, and when the lease ends; the others the less, the further behind they stand.
fn pause(holder_pttl: i64, position: i64, poll: Duration) -> Duration {
    match (holder_pttl, position) {
        (0.., 1) => poll.min(Duration::from_millis(holder_pttl as u64 + 1)),
        _ => poll.saturating_mul(position as u32).min(PRESENCE / 3),
    }
}

/// Until when it is ours for sure: from before the request, less 1 % + 2 ms for clocks that run apart.
fn certain(sent: Instant, lease_ms: i64) -> Instant {
    (sent + Duration::from_micros(lease_ms as u64 * 990)).checked_sub(Duration::from_millis(2)).unwrap_or(sent)
}

struct Script {
    sha1: String,
    source: Vec<u8>,
    suffixes: Vec<String>,
    tags: HashMap<String, usize>, // how many integers each has
}

/// The locks of one server, through one connection. Share it between threads.
pub struct Locks {
    client: redis::Client,
    connection: Mutex<redis::Connection>,
    scripts: HashMap<String, Script>,
}

impl Locks {
    /// `dist` is the folder lua/dist.
    pub fn open(client: redis::Client, dist: &Path) -> Result<Locks, Box<dyn error::Error>> {
        let manifest: serde_json::Value = serde_json::from_slice(&fs::read(dist.join("manifest.json"))?)?;
        let mut scripts = HashMap::new();
        for s in manifest["scripts"].as_array().ok_or("no scripts")?.iter().filter(|s| s["version"] == 1) {
            let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_string();
            if let Some(verb) = text(&s["name"]).strip_prefix("mutex.") {
                let suffixes = s["keys"].as_array().ok_or("no keys")?.iter().map(|k| text(&k["suffix"])).collect();
                let source = fs::read(dist.join(text(&s["file"])))?;
                let integers = |r: &serde_json::Value| {
                    r["fields"].as_array().into_iter().flatten().filter(|field| field["type"] == "integer").count()
                };
                let replies = s["replies"].as_array().ok_or("no replies")?;
                let tags = replies.iter().map(|r| (text(&r["tag"]), integers(r))).collect();
                scripts.insert(verb.to_string(), Script { sha1: text(&s["sha1"]), source, suffixes, tags });
            }
        }
        Ok(Locks { connection: Mutex::new(client.get_connection()?), client, scripts })
    }

    /// The reply's tag, and its integers.
    fn call(&self, verb: &str, name: &str, args: &[&str]) -> Result<(String, Vec<i64>), Error> {
        let script = &self.scripts[verb];
        let keys = keys_of(name.as_bytes(), &script.suffixes)?;
        let mut evalsha = redis::cmd("EVALSHA");
        evalsha.arg(&script.sha1).arg(keys.len()).arg(keys).arg(args);
        let mut connection = self.connection.lock().unwrap_or_else(|broken| broken.into_inner());
        if !redis::ConnectionLike::is_open(&*connection) {
            *connection = self.client.get_connection()?;
        }
        let reply: Value = match evalsha.query(&mut *connection) {
            Err(e) if e.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                redis::cmd("SCRIPT").arg("LOAD").arg(&script.source).exec(&mut *connection)?;
                evalsha.query(&mut *connection)
            }
            other => other,
        }?;
        let reply = if let Value::Array(reply) = reply { reply } else { vec![] };
        let tag = match reply.first() { // a string of either kind; anything else is no tag
            Some(Value::BulkString(tag)) => String::from_utf8_lossy(tag).into_owned(),
            Some(Value::SimpleString(tag)) => tag.clone(),
            _ => String::new(),
        };
        let numbers: Vec<i64> = reply.iter().filter_map(|v| if let Value::Int(i) = v { Some(*i) } else { None }).collect();
        // Too few numbers would be read out of bounds: that, too, is a reply that the manifest does not list.
        if script.tags.get(&tag).is_none_or(|integers| *integers != numbers.len()) {
            return Err(Error::Reply(tag));
        }
        Ok((tag, numbers))
    }

    /// One attempt: None if somebody else has it or waits for it.
    pub fn try_lock(&self, name: &str, lease: Duration) -> Result<Option<Lock<'_>>, Error> {
        self.acquire(name, lease, Duration::ZERO, Duration::ZERO, Duration::ZERO)
    }

    /// Waits in the queue, for `timeout` at the most; the first waiter asks every `poll`.
    pub fn lock(&self, name: &str, lease: Duration, timeout: Duration, poll: Duration) -> Result<Lock<'_>, Error> {
        self.acquire(name, lease, timeout, poll, PRESENCE)?.ok_or(Error::Timeout)
    }

    fn acquire(
        &self, name: &str, lease: Duration, timeout: Duration, poll: Duration, presence: Duration,
    ) -> Result<Option<Lock<'_>>, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("the system's random source");
        let (start, name, token) = (Instant::now(), name.to_string(), URL_SAFE_NO_PAD.encode(random));
        // Dropped on every way out, it gives the lock or the place in the queue back.
        let mut lock = Lock { locks: self, name, token, fence: 0, deadline: start, over: false, pid: process::id() };
        let (lease, presence) = (lease.as_millis().to_string(), presence.as_millis().to_string());
        loop {
            let sent = Instant::now();
            let (tag, n) = self.call("acquire", &lock.name, &[&lock.token, &lease, &presence])?;
            let left = timeout.saturating_sub(sent - start);
            match tag.as_str() {
                "GRANTED" => { // fence, lease, fences
                    (lock.fence, lock.deadline) = (n[0], certain(sent, n[1]));
                    return if lock.deadline > Instant::now() { Ok(Some(lock)) } else { Err(Error::Lost) };
                }
                "HELD" => {
                    lock.over = true;
                    return Ok(None);
                }
                _ if left.is_zero() => return Ok(None), // QUEUED
                _ => thread::sleep(pause(n[0], n[1], poll).min(left)),
            }
        }
    }
}

/// A lock that is held until `deadline`. Dropping it gives it back; `release` also says if it was lost.
pub struct Lock<'a> {
    locks: &'a Locks,
    name: String,
    token: String,
    pub fence: i64,
    pub deadline: Instant,
    over: bool,
    pid: u32,
}

impl Lock<'_> {
    /// Keeps the lock for `lease` from now at least.
    pub fn extend(&mut self, lease: Duration) -> Result<(), Error> {
        let sent = Instant::now();
        let (tag, n) = self.locks.call("extend", &self.name, &[&self.token, &lease.as_millis().to_string()])?;
        if tag == "NOTHELD" {
            return Err(Error::Lost);
        }
        (self.fence, self.deadline) = (n[0], self.deadline.max(certain(sent, n[1])));
        Ok(())
    }

    /// Gives the lock back, to the first that waits for it.
    pub fn release(mut self) -> Result<(), Error> {
        let (tag, _) = self.locks.call("release", &self.name, &[&self.token])?;
        self.over = true;
        if tag == "NOTHELD" { Err(Error::Lost) } else { Ok(()) }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if !self.over && self.pid == process::id() { // a fork that unwinds leaves the lock to its parent
            let _ = self.locks.call("release", &self.name, &[&self.token]); // else its lease ends
        }
    }
}
