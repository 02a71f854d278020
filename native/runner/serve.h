/* `tenon-runner serve`: holds one plugin for a host, until the host stops it or ends. */
#ifndef TENON_RUNNER_SERVE_H
#define TENON_RUNNER_SERVE_H

namespace tenon {

/* Serves a plugin. `arguments` begins after `serve`. Returns the exit code:
 *
 *     0   it was shut down, or refused the plugin and sent the reason over the channel
 *     1   the host is gone or violated the protocol
 *     2   usage */
int Serve(int count, char **arguments);

}  // namespace tenon

#endif
