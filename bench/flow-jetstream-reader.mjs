/** A host that reads a JetStream consumer and reports how many events it has. Part of flow-jetstream.mjs. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist = '', servers = ''] = process.argv.slice(2);
const { World, flow } = await import(pathToFileURL(join(dist, 'flow', 'index.js')).href);
let events = 0;
const world = new World();
world
  .define('in', { plugin: 'jetstream', config: { servers, stream: 'events', consumer: 'readers' } })
  .define('out', {
    plugin: class {
      connect() {
        return { durable: true };
      }
      write(/** @type {{rows: number}} */ { rows }) {
        events += rows;
        process.send?.(events);
      }
    },
  });
await world.deploy(flow('read').from('in').to('out'));
process.send?.(0);
