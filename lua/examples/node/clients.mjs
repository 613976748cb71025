// The clients of two libraries, made one: evalsha, load, and how often a connection was closed.

// To every master: SCRIPT LOAD has no key, so that a cluster's client sends it to any. One that is down serves no other's keys.
const everywhere = (nodes, load) => Promise.allSettled(nodes.map(load));

/** A client or cluster of node-redis. Type mappings of the caller's client are not used: replies come as they are. */
export function nodeRedis(client) {
  const plainly = client.withTypeMapping ? client.withTypeMapping({}) : client;
  return {
    closes: () => 0, // it never sends a call again whose reply was lost
    evalsha: (sha1, keys, args) => plainly.evalSha(sha1, { keys, arguments: args }),
    load: (source) => (client.masters
      ? everywhere(client.masters, async (master) => (await client.nodeClient(master)).scriptLoad(source))
      : client.scriptLoad(source)),
  };
}

/** A Redis or Cluster of ioredis. One with a keyPrefix is refused: the companion keys would be others than everybody else's. */
export function ioredis(client) {
  if (client.options.keyPrefix || client.options.redisOptions?.keyPrefix) {
    throw new RangeError('ioredis puts keyPrefix in front of the companion keys, outside of their hash tag: '
      + 'use a client without it, and names with the prefix');
  }
  let closes = 0; // it sends calls again whose replies were lost: then a connection was closed
  const count = (node) => node.on('close', () => { closes++; });
  if (client.isCluster) {
    client.nodes('all').forEach(count);
    client.on('+node', count);
  } else {
    count(client);
  }
  return {
    closes: () => closes,
    evalsha: (sha1, keys, args) => client.evalshaBuffer(sha1, keys.length, ...keys, ...args),
    load: (source) => (client.isCluster
      ? everywhere(client.nodes('master'), (node) => node.script('LOAD', source))
      : client.script('LOAD', source)),
  };
}
