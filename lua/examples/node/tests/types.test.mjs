// index.d.ts says what index.mjs has, and the compiler accepts what users write: types.mts.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import * as everything from '../index.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test('tsc --strict', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, here('../index.d.ts'), here('types.mts')], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('every export and every method has its type', () => {
  const types = readFileSync(here('../index.d.ts'), 'utf8');
  for (const [name, value] of Object.entries(everything)) {
    const at = types.search(new RegExp(`^export (class|function) ${name}\\b`, 'm'));
    assert.ok(at >= 0, name);
    const body = types.slice(at, types.indexOf('\n}', at));
    for (const member of /^class/.test(String(value)) ? Object.getOwnPropertyNames(value.prototype) : []) {
      const internal = member === 'constructor' || member.startsWith('_')
        || value.prototype instanceof Error;
      assert.ok(internal || new RegExp(`^  (readonly )?${member}[<(:]`, 'm').test(body), `${name}.${member}`);
    }
  }
});
