// Replays the scenarios of luatest/scenarios: node conformance.mjs redis://host:port [node-redis|ioredis]
//
// The server is emptied, and some scenarios change its settings: use one that holds nothing and serves nobody else.

import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import { RESP_TYPES, createClient } from 'redis';
import { dist, keysOf } from './scripts.mjs';

const scenarios = new URL('../../luatest/scenarios/', dist);
const json = (url) => JSON.parse(readFileSync(url, 'utf8'));
const manifest = json(new URL('manifest.json', dist));
const url = process.argv[2];
const library = process.argv[3] ?? 'node-redis';
const sync = Buffer.from('redilock:conformance:sync');

// Strings and statuses are Buffers, integers are numbers. node-redis adds 49 before it takes 48 away, so that its numbers
// are wrong from 2^53 - 48 on: here it gives their digits.
const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };
const numbers = (reply) => {
  if (Array.isArray(reply)) return reply.map(numbers);
  return typeof reply === 'string' ? Number(reply) : reply;
};
const libraries = {
  'node-redis': async () => {
    const client = await createClient({ url }).on('error', () => {}).connect();
    return {
      send: (...words) => client.sendCommand(words, { typeMapping }).then(numbers, (e) => e),
      subscribe: (channel, hear) => {
        const text = channel.toString();
        if (!Buffer.from(text).equals(channel)) throw new Skip('node-redis listens on channels of UTF-8 text only');
        return client.subscribe(text, hear, true);
      },
      unsubscribe: (channel) => client.unsubscribe(channel.toString()),
      close: () => client.destroy(),
    };
  },
  ioredis: async () => {
    const client = new Redis(url, { autoResendUnfulfilledCommands: false });
    const listeners = new Map();
    client.on('messageBuffer', (channel, message) => listeners.get(channel.toString('latin1'))?.(message));
    return {
      send: (command, ...words) => client.callBuffer(command.toString(), ...words).catch((e) => e),
      subscribe: (channel, hear) => {
        listeners.set(channel.toString('latin1'), hear);
        return client.subscribe(channel);
      },
      unsubscribe: (channel) => client.unsubscribe(channel),
      close: () => client.disconnect(),
    };
  },
};

class Mismatch extends Error {}
class Skip extends Error {}
const expect = (right, text) => { if (!right) throw new Mismatch(text); };
const hex = (bytes) => bytes.toString('hex');
const isError = (reply) => reply instanceof Error;

/** One scenario on an empty database, by one connection, and one more for messages. */
class Replay {
  constructor(connection, subscriber) {
    Object.assign(this, { connection, subscriber, vars: {}, heard: new Map(), scripts: {}, keys: {}, pings: 0 });
  }

  async open(file, scenario) {
    const name = scenario.lock === undefined ? Buffer.from(scenario.name) : this.value(scenario.lock);
    for (const script of manifest.scripts) {
      const [primitive, verb] = script.name.split('.');
      if (primitive !== file.primitive || script.version !== file.version) continue;
      const sha1 = await this.connection.send('SCRIPT', 'LOAD', readFileSync(new URL(script.file, dist)));
      expect(String(sha1) === script.sha1, `${verb}: the server's sha1 is not the manifest's`);
      this.scripts[verb] = script.sha1;
      const keys = keysOf(name, script.keys.map((key) => key.suffix ?? ''));
      script.keys.forEach((key, i) => { this.keys[key.name] = keys[i]; });
    }
  }

  /** The bytes that a value stands for. */
  value(v) {
    if (typeof v !== 'object') return Buffer.from(String(v));
    if ('key' in v) return this.keys[v.key];
    if ('hex' in v) return Buffer.from(v.hex, 'hex');
    if ('times' in v) return Buffer.from(v.text.repeat(v.times));
    if ('var' in v) return Buffer.from(String(this.vars[v.var]));
    if ('join' in v) return Buffer.concat(v.join.map((part) => this.value(part)));
    throw new Mismatch(`${JSON.stringify(v)} is no value`);
  }

  right(want, got) {
    if (want === null) return got === null;
    if (typeof want === 'number') return got === want;
    if (Array.isArray(want)) {
      return Array.isArray(got) && got.length === want.length && want.every((w, i) => this.right(w, got[i]));
    }
    if (typeof want === 'string') return Buffer.isBuffer(got) && got.equals(Buffer.from(want));
    if (want.any) return !isError(got);
    if ('error' in want) return isError(got) && got.message === want.error;
    if ('code' in want) return isError(got) && got.message.split(' ')[0] === want.code;
    if ('status' in want) return !isError(got) && String(got) === want.status;
    if ('var' in want) return got === this.vars[want.var];
    if ('integer' in want) {
      const { min = -Infinity, max = Infinity, above, bind } = want.integer;
      if (typeof got !== 'number' || got < min || got > max || (above && !(got > this.vars[above]))) return false;
      if (bind) this.vars[bind] = got;
      return true;
    }
    return Buffer.isBuffer(got) && got.equals(this.value(want));
  }

  match(want, got) {
    expect(this.right(want, got), `expected ${JSON.stringify(want)}, got ${isError(got) ? got : JSON.stringify(got)}`);
  }

  async now() {
    const [seconds, micros] = await this.connection.send('TIME');
    return Number(seconds) * 1000 + Number(micros) / 1000;
  }

  /** Messages come in the order of their publishing: after this one, no other is under way. */
  async settle() {
    const ping = String(++this.pings);
    const heard = new Promise((resolve) => { this.awaited = { ping, resolve }; });
    if (this.pings === 1) await this.subscriber.subscribe(sync, (message) => {
      if (message.toString() === this.awaited.ping) this.awaited.resolve();
    });
    await admin.send('PUBLISH', sync, ping);
    await heard;
  }

  async state(want) {
    const keys = (await this.connection.send('KEYS', '*')).map(hex).sort();
    const names = want.map((k) => hex(this.value(k.key))).sort();
    expect(keys.join() === names.join(), `expected the keys ${names}, got ${keys}`);
    for (const k of want) {
      const name = this.value(k.key);
      const send = (...words) => this.connection.send(...words);
      expect(String(await send('TYPE', name)) === k.type, `the type of ${name}`);
      this.match(k.pttl, await send('PTTL', name));
      if (k.value !== undefined) this.match(k.value, await send('GET', name));
      if (k.members) this.match(k.members, await send('ZRANGE', name, '0', '-1'));
      if (k.fields) this.match(k.fields, (await send('HKEYS', name)).sort(Buffer.compare));
    }
  }

  async step(s) {
    if (s.call) {
      const keys = s.keys ? s.keys.map((k) => this.value(k)) : Object.values(this.keys);
      const words = [this.scripts[s.call], String(keys.length), ...keys, ...s.args.map((a) => this.value(a))];
      this.match(s.reply, await this.connection.send('EVALSHA', ...words));
    } else if (s.do) {
      const reply = await this.connection.send(...s.do.map((word) => this.value(word)));
      this.match(s.reply === undefined ? { any: true } : s.reply, reply);
    } else if (s.advance_ms) {
      const end = await this.now() + s.advance_ms + 1;
      for (let left; (left = end - await this.now()) > 0;) await sleep(Math.ceil(left));
    } else if (s.subscribe) {
      for (const channel of s.subscribe.map((c) => this.value(c))) {
        this.heard.set(hex(channel), []);
        await this.subscriber.subscribe(channel, (message) => this.heard.get(hex(channel))?.push(message));
      }
    } else if (s.unsubscribe) {
      for (const channel of s.unsubscribe.map((c) => this.value(c))) {
        await this.subscriber.unsubscribe(channel);
        this.heard.delete(hex(channel));
      }
    } else if (s.messages) {
      await this.settle();
      const channel = hex(this.value(s.messages.channel));
      const got = this.heard.get(channel);
      this.heard.set(channel, []);
      this.match(s.messages.payloads, got);
    } else if (s.state) {
      await this.state(s.state);
    } else if (s.repeat) {
      for (this.vars[s.as] = 1; this.vars[s.as] <= s.repeat; this.vars[s.as]++) {
        for (const inner of s.steps) await this.step(inner);
      }
    } else throw new Mismatch('an unknown step');
  }
}

function namesThatGoWrong() {
  const suffixes = ['fence', 'queue', 'waiters'];
  return json(new URL('mutex/names.json', scenarios)).names.filter((n) => {
    const name = n.hex ? Buffer.from(n.hex, 'hex') : n.name.repeat(n.times ?? 1);
    try {
      const keys = keysOf(name, suffixes.map((s) => `:redilock:${s}`));
      return n.refused || !suffixes.every((s, i) => (n[`${s}_hex`] ?? (n[s] && hex(Buffer.from(n[s]))) ?? hex(keys[i])) === hex(keys[i]));
    } catch { return !n.refused; }
  });
}

const admin = await libraries[library]();
if (await admin.send('DBSIZE') !== 0) throw new Error('the database is not empty: this would delete what it holds');
let passed = 0;
let failed = 0;
const skipped = {};
const wrong = namesThatGoWrong();
wrong.forEach((n) => console.log(`FAILED names: ${JSON.stringify(n)}`));
if (wrong.length) failed++; else passed++;
const paths = readdirSync(scenarios, { withFileTypes: true }).filter((f) => f.isDirectory()).flatMap(({ name }) =>
  readdirSync(new URL(name, scenarios)).filter((f) => f.endsWith('.json')).sort().map((f) => `${name}/${f}`));
for (const path of paths) {
  const file = json(new URL(path, scenarios));
  for (const scenario of file.scenarios ?? []) {
    if (scenario.engines && !scenario.engines.includes('real')) {
      skipped[scenario.reason] = (skipped[scenario.reason] ?? 0) + 1;
      continue;
    }
    const [connection, subscriber] = [await libraries[library](), await libraries[library]()];
    const replay = new Replay(connection, subscriber);
    let at;
    try {
      await replay.open(file, scenario);
      for (at of scenario.steps) await replay.step(at);
      passed++;
    } catch (error) {
      if (error instanceof Skip) skipped[error.message] = (skipped[error.message] ?? 0) + 1;
      else failed++;
      if (!(error instanceof Skip)) {
        console.log(`FAILED ${scenario.name} (${path}): ${scenario.title}\n  ${JSON.stringify(at)}\n  ${error.stack}`);
      }
    }
    connection.close();
    subscriber.close();
    await admin.send('CONFIG', 'SET', 'maxmemory', '0'); // a scenario that ended early may have left these
    await admin.send('REPLICAOF', 'NO', 'ONE');
    await admin.send('FLUSHDB');
  }
}
for (const [reason, count] of Object.entries(skipped)) console.log(`skipped ${count}: ${reason}`);
const skips = Object.values(skipped).reduce((a, b) => a + b, 0);
console.log(`${passed} passed, ${failed} failed, ${skips} skipped`);
admin.close();
process.exitCode = failed ? 1 : 0;
