/** The NATS server of the tests and the benchmark: that of the system, or one that is built from the Go module proxy. */
import { fetchGo, findFetchedGo, findGo } from './fetched.mjs';
import { findCommand } from './tools.mjs';

const SPEC = 'github.com/nats-io/nats-server/v2@v2.15.3';

/** Returns the path of the server: the value of `NATS_SERVER`, that of the system, or the one that was built. */
export const findNatsServer = (path = `${process.env.PATH}:/usr/sbin`) =>
  process.env.NATS_SERVER || (findCommand(['nats-server'], path) ?? findFetchedGo(SPEC, 'nats-server'));

/** Builds the server if the system has none, but Go. Returns a word about that for a step. */
export async function provideNatsServer() {
  if (findNatsServer() !== undefined) return 'found';
  if (findGo() === undefined)
    return 'SKIPPED: neither nats-server nor Go is installed, so the tests of JetStream are skipped';
  try {
    await fetchGo(SPEC);
    return 'built with Go';
  } catch (error) {
    return `SKIPPED, and so are the tests of JetStream. ${error.message}`;
  }
}
