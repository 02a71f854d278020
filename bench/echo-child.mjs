/** Returns every message to its sender, for the benchmark of the IPC channel of Node.js. */
process.on('message', (message) => process.send?.(message));
