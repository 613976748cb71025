//! Run me in two terminals: cargo run --example example [redis://host:port]

use redilock_mutex::Locks;
use std::time::{Duration, Instant};
use std::{env, error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).unwrap_or("redis://localhost:6379".into());
    let locks = Locks::open(redis::Client::open(url)?, Path::new("../../dist"))?;
    let seconds = Duration::from_secs;
    let mut lock = locks.lock("example:rust", seconds(10), seconds(60), Duration::from_millis(250))?;
    println!("mine, fence {}, for {:?} at least", lock.fence, lock.deadline - Instant::now());
    lock.extend(seconds(20))?;
    let other = locks.try_lock("example:rust", seconds(10))?;
    println!("extended to {:?}; another attempt: {:?}", lock.deadline - Instant::now(), other.map(|l| l.fence));
    lock.release()?;
    println!("released");
    Ok(())
}
