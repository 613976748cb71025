//! A contestant of the interop matrix: worker KIND HOST PORT. doc.go has the protocol.

use redilock_mutex::Locks;
use std::{env, error::Error, fs, io, io::Write, path::Path, thread, time::Duration};

fn turn(locks: &Locks, key: &str, path: &str) -> Result<(i64, i64), Box<dyn Error>> {
    let lock = locks.lock(key, Duration::from_secs(5), Duration::from_secs(30), Duration::from_millis(2))?;
    let value = fs::read_to_string(path)?.trim().parse::<i64>()? + 1;
    thread::sleep(Duration::from_millis(1));
    fs::write(path, value.to_string())?;
    let fence = lock.fence;
    lock.release()?;
    Ok((value, fence))
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../lua/dist");
    let locks = Locks::open(redis::Client::open(format!("redis://{}:{}", args[2], args[3]))?, &dist)?;
    println!("ready redis-rs 1.8.1");
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        match turn(&locks, words[1], words[2]) {
            Ok((value, fence)) => println!("done {value} {fence}"),
            Err(e) => println!("fail {}", e.to_string().replace('\n', " ")),
        }
        io::stdout().flush()?;
    }
    Ok(())
}
