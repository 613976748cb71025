//! Replays the scenarios of luatest/scenarios through redis-rs: cargo run --example conformance redis://host:port
//!
//! The server is emptied, and some scenarios change its settings: use one that holds nothing and serves nobody else.

use redilock_mutex::keys_of;
use redis::{Cmd, Connection, ConnectionLike, Value};
use serde_json::{json, Value as Json};
use std::collections::{BTreeMap, HashMap};
use std::{env, error::Error, fs, path::Path, process, thread, time::Duration};

const DIST: &str = "../../dist";
const SCENARIOS: &str = "../../../luatest/scenarios";
const SYNC: &[u8] = b"redilock:conformance:sync";

type Outcome<T> = Result<T, Box<dyn Error>>;
type Bytes = Vec<u8>;

fn read(path: &Path) -> Outcome<Json> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn list(v: &Json) -> &[Json] {
    v.as_array().map_or(&[], Vec::as_slice)
}

fn text(v: &Json) -> &str {
    v.as_str().unwrap_or_default()
}

fn unhex(digits: &str) -> Outcome<Bytes> {
    Ok((0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16)).collect::<Result<_, _>>()?)
}

fn expect(right: bool, otherwise: impl FnOnce() -> String) -> Outcome<()> {
    if right { Ok(()) } else { Err(otherwise().into()) }
}

fn words(parts: &[&str]) -> Vec<Bytes> {
    parts.iter().map(|part| part.as_bytes().to_vec()).collect()
}

fn command(words: &[Bytes]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(&word[..]);
    }
    command
}

/// What the server answers: an error reply is an answer too.
fn send(connection: &mut Connection, words: &[Bytes]) -> Outcome<Result<Value, String>> {
    match connection.req_command(&command(words)) {
        Ok(Value::ServerError(e)) => Ok(Err(format!("{} {}", e.code(), e.details().unwrap_or("")))),
        Ok(value) => Ok(Ok(value)),
        Err(e) => match e.code() {
            Some(code) => Ok(Err(format!("{code} {}", e.detail().unwrap_or("")))),
            None => Err(e.into()),
        },
    }
}

/// One scenario on an empty database, by one connection, and one more for messages.
struct Replay<'a> {
    connection: Connection,
    subscriber: Connection,
    admin: &'a mut Connection,
    heard: HashMap<Bytes, Vec<Value>>,
    vars: HashMap<String, i64>,
    scripts: HashMap<String, String>,
    keys: Vec<(String, Bytes)>,
    pings: usize,
}

impl Replay<'_> {
    fn load(&mut self, file: &Json, scenario: &Json) -> Outcome<()> {
        let name = self.value(if scenario["lock"].is_null() { &scenario["name"] } else { &scenario["lock"] })?;
        let manifest = read(&Path::new(DIST).join("manifest.json"))?;
        for s in list(&manifest["scripts"]).iter().filter(|s| s["version"] == file["version"]) {
            if let Some(verb) = text(&s["name"]).strip_prefix(&format!("{}.", text(&file["primitive"]))) {
                let source = fs::read(Path::new(DIST).join(text(&s["file"])))?;
                let loaded = send(&mut self.connection, &[words(&["SCRIPT", "LOAD"]), vec![source]].concat())?;
                self.check(&s["sha1"], &loaded)?;
                self.scripts.insert(verb.into(), text(&s["sha1"]).into());
                let suffixes: Vec<_> = list(&s["keys"]).iter().map(|key| text(&key["suffix"]).to_string()).collect();
                let roles = list(&s["keys"]).iter().map(|key| text(&key["name"]).to_string());
                self.keys = roles.zip(keys_of(&name, &suffixes)?).collect();
            }
        }
        Ok(())
    }

    /// The bytes that a value stands for.
    fn value(&self, v: &Json) -> Outcome<Bytes> {
        Ok(match v {
            Json::String(s) => s.clone().into_bytes(),
            Json::Number(n) => n.to_string().into_bytes(),
            v if v["key"].is_string() => {
                let key = self.keys.iter().find(|(role, _)| role == text(&v["key"]));
                key.ok_or(format!("no key {v}"))?.1.clone()
            }
            v if v["hex"].is_string() => unhex(text(&v["hex"]))?,
            v if v["times"].is_u64() => text(&v["text"]).repeat(v["times"].as_u64().unwrap_or(0) as usize).into_bytes(),
            v if v["var"].is_string() => {
                self.vars.get(text(&v["var"])).ok_or(format!("nothing is bound to {v}"))?.to_string().into_bytes()
            }
            v => self.values(&v["join"])?.concat(),
        })
    }

    fn values(&self, v: &Json) -> Outcome<Vec<Bytes>> {
        list(v).iter().map(|v| self.value(v)).collect()
    }

    fn check(&mut self, want: &Json, got: &Result<Value, String>) -> Outcome<()> {
        let right = match got {
            Ok(value) => self.matches(want, value)?,
            Err(e) if want["error"].is_string() => e == text(&want["error"]),
            Err(e) => want["code"].is_string() && e.split(' ').next() == want["code"].as_str(),
        };
        expect(right, || format!("expected {want}, got {got:?} with {:?}", self.vars))
    }

    fn matches(&mut self, want: &Json, got: &Value) -> Outcome<bool> {
        Ok(match (want, got) {
            (Json::Null, got) => *got == Value::Nil,
            (Json::Number(n), got) => n.as_i64().map(Value::Int).as_ref() == Some(got),
            (Json::Array(want), Value::Array(got)) => {
                let mut right = want.len() == got.len();
                for (w, g) in want.iter().zip(got) {
                    right = right && self.matches(w, g)?;
                }
                right
            }
            (Json::Array(_), _) => false,
            (want, _) if want["any"] == true => true,
            (want, _) if want["error"].is_string() || want["code"].is_string() => false,
            (want, Value::Okay) => want["status"] == "OK",
            (want, Value::SimpleString(got)) => want["status"] == got.as_str(),
            (want, Value::Int(n)) if want["integer"].is_object() => {
                let bounds = &want["integer"];
                let right = bounds["min"].as_i64().is_none_or(|min| *n >= min)
                    && bounds["max"].as_i64().is_none_or(|max| *n <= max)
                    && bounds["above"].as_str().is_none_or(|name| self.vars.get(name).is_some_and(|above| n > above));
                if let (true, Some(name)) = (right, bounds["bind"].as_str()) {
                    self.vars.insert(name.into(), *n);
                }
                right
            }
            (want, Value::Int(n)) if want["var"].is_string() => self.vars.get(text(&want["var"])) == Some(n),
            (want, Value::BulkString(got)) if ["integer", "var", "status"].iter().all(|form| want[form].is_null()) => {
                *got == self.value(want)?
            }
            _ => false,
        })
    }

    /// Begins or ends to listen on a channel.
    fn listen(&mut self, verb: &str, channel: Bytes) -> Outcome<()> {
        let packed = command(&[verb.as_bytes().to_vec(), channel.clone()]).get_packed_command();
        self.subscriber.send_packed_command(&packed)?;
        self.until(|kind, of, _| kind == verb.as_bytes() && of == channel)
    }

    /// Collects messages until this event.
    fn until(&mut self, wanted: impl Fn(&[u8], &[u8], &Value) -> bool) -> Outcome<()> {
        loop {
            let Value::Array(event) = self.subscriber.recv_response()? else { continue };
            let [Value::BulkString(kind), Value::BulkString(channel), payload] = &event[..] else { continue };
            if wanted(kind, channel, payload) {
                return Ok(());
            }
            if kind == b"message" {
                self.heard.entry(channel.clone()).or_default().push(payload.clone());
            }
        }
    }

    /// Messages come in the order of their publishing: after this one, no other is under way.
    fn settle(&mut self) -> Outcome<()> {
        self.pings += 1;
        if self.pings == 1 {
            self.listen("subscribe", SYNC.to_vec())?;
        }
        let ping = self.pings.to_string().into_bytes();
        redis::cmd("PUBLISH").arg(SYNC).arg(&ping[..]).exec(self.admin)?;
        self.until(|_, channel, payload| channel == SYNC && *payload == Value::BulkString(ping.clone()))
    }

    fn ask(&mut self, verb: &str, key: &[u8], more: &[&str]) -> Outcome<Result<Value, String>> {
        send(&mut self.connection, &[words(&[verb]), vec![key.to_vec()], words(more)].concat())
    }

    fn state(&mut self, want: &[Json]) -> Outcome<()> {
        let show = |v: &Value| format!("{v:?}");
        let Ok(Value::Array(mut got)) = self.ask("KEYS", b"*", &[])? else { return Err("no KEYS".into()) };
        let mut names = Vec::new();
        for key in want {
            names.push(Value::BulkString(self.value(&key["key"])?));
        }
        got.sort_by_key(show);
        names.sort_by_key(show);
        expect(got == names, || format!("expected the keys {names:?}, got {got:?}"))?;
        for key in want {
            let name = self.value(&key["key"])?;
            let kind = self.ask("TYPE", &name, &[])?;
            self.check(&json!({"status": key["type"]}), &kind)?;
            let pttl = self.ask("PTTL", &name, &[])?;
            self.check(&key["pttl"], &pttl)?;
            if !key["value"].is_null() {
                let value = self.ask("GET", &name, &[])?;
                self.check(&key["value"], &value)?;
            }
            if !key["members"].is_null() {
                let members = self.ask("ZRANGE", &name, &["0", "-1"])?;
                self.check(&key["members"], &members)?;
            }
            if !key["fields"].is_null() {
                let Ok(Value::Array(mut fields)) = self.ask("HKEYS", &name, &[])? else { return Err("no HKEYS".into()) };
                fields.sort_by_key(|f| if let Value::BulkString(b) = f { b.clone() } else { vec![] });
                self.check(&key["fields"], &Ok(Value::Array(fields)))?;
            }
        }
        Ok(())
    }

    fn micros(&mut self) -> Outcome<i64> {
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query(&mut self.connection)?;
        Ok(seconds * 1_000_000 + micros)
    }

    fn step(&mut self, step: &Json) -> Outcome<()> {
        if let Some(verb) = step["call"].as_str() {
            let keys = match &step["keys"] {
                Json::Null => self.keys.iter().map(|(_, key)| key.clone()).collect(),
                keys => self.values(keys)?,
            };
            let head = words(&["EVALSHA", self.scripts.get(verb).ok_or("no script")?, &keys.len().to_string()]);
            let all = [head, keys, self.values(&step["args"])?].concat();
            let got = send(&mut self.connection, &all)?;
            self.check(&step["reply"], &got)
        } else if step["do"].is_array() {
            let all = self.values(&step["do"])?;
            let got = send(&mut self.connection, &all)?;
            self.check(step.get("reply").unwrap_or(&json!({"any": true})), &got)
        } else if let Some(ms) = step["advance_ms"].as_i64() {
            let end = self.micros()? + (ms + 1) * 1000;
            loop {
                match end - self.micros()? {
                    left @ 1.. => thread::sleep(Duration::from_micros(left as u64)),
                    _ => return Ok(()),
                }
            }
        } else if let Some(verb) = ["subscribe", "unsubscribe"].into_iter().find(|verb| step[verb].is_array()) {
            for channel in self.values(&step[verb])? {
                self.listen(verb, channel)?;
            }
            Ok(())
        } else if step["messages"].is_object() {
            self.settle()?;
            let channel = self.value(&step["messages"]["channel"])?;
            let got = self.heard.remove(&channel).unwrap_or_default();
            self.check(&step["messages"]["payloads"], &Ok(Value::Array(got)))
        } else if step["state"].is_array() {
            self.state(list(&step["state"]))
        } else if let Some(times) = step["repeat"].as_i64() {
            for n in 1..=times {
                self.vars.insert(text(&step["as"]).into(), n);
                for inner in list(&step["steps"]) {
                    self.step(inner)?;
                }
            }
            Ok(())
        } else {
            Err("an unknown step".into())
        }
    }
}

fn name_is_right(n: &Json) -> Outcome<bool> {
    let name = match n["hex"].as_str() {
        Some(digits) => unhex(digits)?,
        None => text(&n["name"]).repeat(n["times"].as_u64().unwrap_or(1) as usize).into_bytes(),
    };
    let roles = ["fence", "queue", "waiters"];
    let Ok(got) = keys_of(&name, &roles.map(|role| format!(":redilock:{role}"))) else {
        return Ok(n["refused"].is_string());
    };
    let mut right = n["refused"].is_null();
    for (role, key) in roles.iter().zip(got) {
        right = right && n[role].as_str().is_none_or(|want| want.as_bytes() == key);
        if let Some(want) = n[format!("{role}_hex")].as_str() {
            right = right && unhex(want)? == key;
        }
    }
    Ok(right)
}

fn main() -> Outcome<()> {
    let client = redis::Client::open(env::args().nth(1).ok_or("redis://host:port is missing")?)?;
    let mut admin = client.get_connection()?;
    let size: i64 = redis::cmd("DBSIZE").query(&mut admin)?;
    expect(size == 0, || "the database is not empty: this would delete what it holds".into())?;
    let (mut passed, mut failed, mut skipped) = (0, 0, BTreeMap::<String, usize>::new());
    for n in list(&read(&Path::new(SCENARIOS).join("mutex/names.json"))?["names"]) {
        if !name_is_right(n)? {
            failed = 1;
            println!("FAILED names: {n}");
        }
    }
    passed += 1 - failed;
    let mut paths = Vec::new();
    for primitive in fs::read_dir(SCENARIOS)? {
        let folder = primitive?.path();
        if folder.is_dir() {
            paths.append(&mut fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?);
        }
    }
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    for path in paths {
        let file = read(&path)?;
        for scenario in if file["$schema"].is_null() { list(&file["scenarios"]) } else { &[] } {
            if scenario["engines"].is_array() && !list(&scenario["engines"]).contains(&"real".into()) {
                *skipped.entry(text(&scenario["reason"]).into()).or_default() += 1;
                continue;
            }
            let mut replay = Replay {
                connection: client.get_connection()?, subscriber: client.get_connection()?, admin: &mut admin,
                heard: HashMap::new(), vars: HashMap::new(), scripts: HashMap::new(), keys: Vec::new(), pings: 0,
            };
            replay.subscriber.set_read_timeout(Some(Duration::from_secs(10)))?;
            let mut at = &Json::Null;
            let mut outcome = replay.load(&file, scenario);
            for step in list(&scenario["steps"]) {
                if outcome.is_ok() {
                    at = step;
                    outcome = replay.step(step);
                }
            }
            match outcome {
                Ok(()) => passed += 1,
                Err(e) => {
                    failed += 1;
                    println!("FAILED {} ({}): {}\n  {at}\n  {e}", scenario["name"], path.display(), scenario["title"]);
                }
            }
            // A scenario that ended early may have left these.
            redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(0).exec(&mut admin)?;
            redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut admin)?;
            redis::cmd("FLUSHDB").exec(&mut admin)?;
        }
    }
    for (reason, count) in &skipped {
        println!("skipped {count}: {reason}");
    }
    println!("{passed} passed, {failed} failed, {} skipped", skipped.values().sum::<usize>());
    process::exit(i32::from(failed > 0));
}
