// The scripts, as the manifest has them, and the names of their keys. `dist` is the package's own copy of lua/dist, or that folder.

import { existsSync, readFileSync } from 'node:fs';

const own = new URL('./dist/', import.meta.url);
export const dist = existsSync(own) ? own : new URL('../../dist/', import.meta.url);

const { scripts: all } = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

/** verb → sha1, source, the suffixes of its keys, the fields of its replies by their tags. */
export const scripts = Object.fromEntries(all.filter((s) => s.name.startsWith('mutex.') && s.version === 1).map((s) =>
  [s.name.slice('mutex.'.length), {
    sha1: s.sha1,
    source: readFileSync(new URL(s.file, dist), 'utf8'),
    suffixes: s.keys.map((key) => key.suffix ?? ''),
    replies: new Map(s.replies.map(({ tag, fields = [] }) => [tag, fields])),
  }]));

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
