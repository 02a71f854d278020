/* `tenon-runner serve`: holds one plugin for a host, until the host says so or ends. */
#ifndef TENON_RUNNER_SERVE_H
#define TENON_RUNNER_SERVE_H

namespace tenon {

/* `arguments` begins behind `serve`. Exit codes: 0 shut down, or refused with the reason in the channel; 1
 * the host is gone or broke the protocol; 2 usage. */
int Serve(int count, char **arguments);

}  // namespace tenon

#endif
