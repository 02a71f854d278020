/** Sends back what it gets, for the benchmark of Node's own channel between processes. */
process.on('message', (message) => process.send?.(message));
