// The scripts, as the manifest has them, and the names of their keys. `dist` is the package's own copy of lua/dist, or that folder.

import { existsSync, readFileSync } from 'node:fs';

const own = new URL('./dist/', import.meta.url);
export const dist = existsSync(own) ? own : new URL('../../dist/', import.meta.url);

const { scripts: all } = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

/** primitive → verb → sha1, source, the suffixes of its keys, its arguments, the fields of its replies by their tags. */
export const primitives = {};
for (const s of all.filter((one) => one.version === 1)) {
  const [primitive, verb] = s.name.split('.');
  (primitives[primitive] ??= {})[verb] = {
    sha1: s.sha1,
    source: readFileSync(new URL(s.file, dist), 'utf8'),
    suffixes: s.keys.map((key) => key.suffix ?? ''),
    args: s.args,
    replies: new Map(s.replies.map(({ tag, fields = [] }) => [tag, fields])),
  };
}

/** ARGV of the values that are given by their names. What is left out behind the last of them has its default. */
export function argv({ args }, values) {
  const last = args.findLastIndex(({ name }) => values[name] !== undefined);
  return args.slice(0, last + 1).map(({ name, default: other = '' }) => {
    const value = values[name] ?? other;
    return Buffer.isBuffer(value) ? value : String(value);
  });
}

/** The reply as an object of its tag and fields, or undefined where it is none that the manifest lists. */
export function read({ replies }, reply) {
  const fields = Array.isArray(reply) ? replies.get(String(reply[0])) : undefined;
  const values = fields && row(fields, reply.slice(1));
  return values && { tag: String(reply[0]), ...values };
}

function row(fields, values) {
  if (!Array.isArray(values) || values.length !== fields.length) return undefined;
  const got = fields.map((field, i) => [field.name, kinds[field.type](values[i], field)]);
  return got.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(got);
}

// Clients give Buffers for strings, and text for numbers, if they are told to.
const kinds = {
  integer: (value) => (value !== null && Number.isSafeInteger(Number(value)) ? Number(value) : undefined),
  string: (value) => (typeof value === 'string' || Buffer.isBuffer(value) ? String(value) : undefined),
  boolean: (value) => (value === null || Number(value) === 0 ? false : Number(value) === 1 || undefined),
  list: (value, { rows }) => {
    const all = Array.isArray(value) ? value.map((one) => row(rows, one)) : [undefined];
    return all.includes(undefined) ? undefined : all;
  },
};

/** The lock's key is its name; the companions have a hash tag that puts them into the same cluster slot. */
export function keysOf(name, suffixes) {
  const bytes = Buffer.from(name).toString('latin1'); // one character for each byte
  const open = bytes.indexOf('{');
  const tagged = open >= 0 && bytes.indexOf('}', open) > open + 1;
  const alone = open === 0 && bytes.indexOf('}') === bytes.length - 1; // {x} would have the companions of x
  const reserved = tagged && /:redilock:[a-z]+$/.test(bytes); // the form of a companion key
  if (bytes.length < 1 || bytes.length > 1024 || (bytes.includes('}') && !tagged) || alone || reserved) {
    throw new RangeError('a name has 1 to 1024 bytes, no } except in a hash tag like {this}:lock, and is no companion key');
  }
  return suffixes.map((suffix) => Buffer.from((tagged || !suffix ? bytes : `{${bytes}}`) + suffix, 'latin1'));
}
