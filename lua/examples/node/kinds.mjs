// What waiting, renewing and releasing have to know of a primitive.

import { primitives } from './scripts.mjs';

/** The limit of a readers–writer lock, and the weight of its writer. */
export const most = 2 ** 31 - 1;

/** One holder. A grant keeps the other callers of its process out, and owns numbers for as many turns. */
export const mutex = {
  id: 'mutex', scripts: primitives.mutex, exclusive: true, fences: 64, weight: 1, permits: {},
  probe: ['inspect', {}],
  stands: (token, reply) => reply.holder === String(token),
};

/** Some of the permits of a semaphore. */
export function permits(limit, weight) {
  if (!Number.isInteger(limit) || limit < 1 || limit > most) throw new RangeError('a limit is an integer, 1 to 2^31 - 1');
  if (!Number.isInteger(weight) || weight < 1 || weight > limit) throw new RangeError(`a weight is an integer, 1 to the limit of ${limit}`);
  return {
    id: 'semaphore', scripts: primitives.semaphore, exclusive: false, fences: 1, limit, weight, permits: { limit, weight },
    probe: ['extend', { lease: 1 }], // it never shortens; inspect lists the first holders only
    stands: (token, reply) => reply.tag !== 'NOTHELD',
  };
}
