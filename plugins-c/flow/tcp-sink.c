/* tcp-sink - a sink that sends events over a TCP connection.
 *
 * KIND    sink/1.0.0. The bytes of the events follow each other; `lines` or `length-prefixed` as a postprocessor
 *         separates them. An answer means that the system has taken the bytes, not that the other side has read them,
 *         so the sink is not durable. If a frame cannot be sent as a whole, the connection is closed, and the frame is
 *         sent again over the next one.
 * CONFIG  {"port": n}, {"host": name}  of the server (default host 127.0.0.1)
 *         {"timeout": ms}              for connecting and for each write (default 5000) */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tenon_config.h"
#include "tenon_frame.h"

SINK_1_FACTS;

#if defined(MSG_NOSIGNAL)
#define TCP_SEND_FLAGS MSG_NOSIGNAL
#else
#define TCP_SEND_FLAGS 0 /* macOS has a socket option instead */
#endif

typedef struct tcp_sink {
  char host[256], port[8];
  int64_t timeout;
  int socket; /* -1 while there is no connection */
} tcp_sink;

static tenon_status tcp_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                            tenon_out *error) {
  (void)host;
  int64_t port = 0;
  tcp_sink *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->socket = -1;
  self->timeout = 5000;
  memcpy(self->host, "127.0.0.1", 10);
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("port", &port, 1, 65535),
      TENON_CONFIG_STRING("host", self->host),
      TENON_CONFIG_INT("timeout", &self->timeout, 1, 86400000),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  if (status == TENON_OK && port == 0)
    status = tenon_fail(error, TENON_INVALID, "config: \"port\" is missing, the port of the server");
  (void)snprintf(self->port, sizeof self->port, "%d", (int)port);
  if (status == TENON_OK)
    *state = self;
  else
    free(self);
  return status;
}

static void disconnect(tcp_sink *self) {
  if (self->socket >= 0) (void)close(self->socket);
  self->socket = -1;
}

static void tcp_drop(void *state) {
  disconnect(state);
  free(state);
}

/* Closes the connection. The host connects again, after a pause. */
static tenon_status lose(tcp_sink *self, tenon_out *out, const char *what, const char *why) {
  char message[512];
  disconnect(self);
  (void)snprintf(message, sizeof message, "%s:%s: %s: %s", self->host, self->port, what, why);
  return tenon_fail(out, TENON_CLOSED, message);
}

static int64_t steady_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the socket can be written, however many signals interrupt that. Returns 0, or -1 with the reason in
 * errno. */
static int await_room(const tcp_sink *self) {
  struct pollfd one = {self->socket, POLLOUT, 0};
  const int64_t end = steady_ms() + self->timeout;
  for (int64_t left = self->timeout; left > 0; left = end - steady_ms()) {
    const int ready = poll(&one, 1, (int)left);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return -1;
  }
  errno = ETIMEDOUT;
  return -1;
}

/* Connects to one address. Returns 0, or the reason. */
static int try_address(tcp_sink *self, const struct addrinfo *address) {
  int problem = 0;
  socklen_t size = sizeof problem;
  self->socket = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  if (self->socket < 0) return errno;
  (void)fcntl(self->socket, F_SETFD, FD_CLOEXEC);
  (void)fcntl(self->socket, F_SETFL, O_NONBLOCK);
#if defined(SO_NOSIGPIPE)
  const int on = 1;
  (void)setsockopt(self->socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  if (connect(self->socket, address->ai_addr, address->ai_addrlen) == 0) return 0;
  problem = errno;
  if (problem == EINPROGRESS || problem == EINTR) { /* it goes on after a signal, too */
    problem = await_room(self) != 0 ? errno : 0;
    if (problem == 0) (void)getsockopt(self->socket, SOL_SOCKET, SO_ERROR, &problem, &size);
  }
  if (problem != 0) disconnect(self);
  return problem;
}

static tenon_status tcp_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tcp_sink *self = state;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  (void)in;
  if (in_len != 0) return tenon_fail(out, TENON_INVALID, "the input of connect is not empty");
  disconnect(self);
  const int unknown = getaddrinfo(self->host, self->port, &hints, &found);
  if (unknown != 0) return lose(self, out, "unknown", gai_strerror(unknown));
  int problem = 0;
  for (const struct addrinfo *one = found; one != NULL && self->socket < 0; one = one->ai_next)
    problem = try_address(self, one);
  freeaddrinfo(found);
  if (self->socket < 0) return lose(self, out, "cannot connect", strerror(problem));
  return tenon_connected_write(out, 0);
}

/* Returns whether the other side has closed the connection. What it sends is ignored. */
static bool is_closed(const tcp_sink *self) {
  char ignored[512];
  for (;;) {
    const ssize_t got = recv(self->socket, ignored, sizeof ignored, MSG_DONTWAIT);
    if (got <= 0) return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
  }
}

static tenon_status tcp_write(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tcp_sink *self = state;
  tenon_frame frame;
  if (self->socket < 0) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  if (is_closed(self)) return lose(self, out, "cannot send", "the other side has closed the connection");
  const tenon_bytes bytes = tenon_frame_rows(&frame, 0, frame.head.rows);
  for (size_t done = 0; done < bytes.len;) {
    const ssize_t sent = send(self->socket, bytes.data + done, bytes.len - done, TCP_SEND_FLAGS);
    if (sent >= 0) done += (size_t)sent;
    if (sent >= 0 || errno == EINTR) continue;
    const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
    if (!full || await_room(self) != 0) return lose(self, out, "cannot send", strerror(errno));
  }
  return TENON_OK;
}

static tenon_status tcp_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in;
  if (((tcp_sink *)state)->socket < 0) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  return TENON_OK;
}

static const void *tcp_extension(const char *id) {
  static const sink_1 sink = {TENON_KIND_HEADER(sink_1), tcp_connect, tcp_write, tcp_contraflow};
  return strcmp(id, SINK_1_ID) == 0 ? &sink : NULL;
}

static tenon_status tcp_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kind sink/1");
}

TENON_PLUGIN_WITH("tcp-sink", "1.0.0", SINK_1_KIND, 0, tcp_new, tcp_drop, tcp_something, tcp_extension);
