/* tcp-source - a source that accepts TCP connections. Each connection is a stream.
 *
 * KIND    source/1.0.0. The rows are pieces of byte streams, for `lines` or `length-prefixed` to cut. A connection
 *         that is closed ends its stream, and one that is reset cuts it off. Nothing can be read again.
 * CONFIG  {"port": n}         0 (the default) lets the system choose; the log has the port
 *         {"host": address}   to listen on (default 127.0.0.1, which only this machine reaches)
 *         {"connections": n}  at a time (default 256); others wait until one ends
 *
 * A source that is driven from outside. Events are read in `pull` only, so the buffers of the sockets are the bounded
 * ring, and a sender waits while the flow is full. The thread in watcher.h wakes the host. */
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include "tenon_config.h"
#include "watcher.h"

SOURCE_1_FACTS;

enum { MOST_CONNECTIONS = 4096, PIECE = 65536, RETRY_NS = 100000000 };

/* A connection, whose number is its index in `sockets`. */
typedef struct stream {
  uint64_t number, at;
} stream;

typedef struct tcp_source {
  const tenon_host *host;
  char address[64], port[8];
  size_t most;
  bool connected, draining;
  uint64_t next_stream;
  size_t count, turn;     /* connections, and the one that is read next */
  struct pollfd *sockets; /* [0] listens, then the connections */
  stream *streams;        /* of sockets[1 + i] */
  tenon_out broken;       /* tenon_resume[]: streams whose connections are gone, which have to end */
  tenon_frame_writer writer;
  watcher watcher;
} tcp_source;

/* ---- The instance ---- */

static tenon_status read_config(tcp_source *self, const uint8_t *config, size_t config_len,
                                tenon_out *error) {
  int64_t port = 0, connections = 256;
  memcpy(self->address, "127.0.0.1", 10);
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("port", &port, 0, 65535),
      TENON_CONFIG_STRING("host", self->address),
      TENON_CONFIG_INT("connections", &connections, 1, MOST_CONNECTIONS),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  self->most = (size_t)connections;
  (void)snprintf(self->port, sizeof self->port, "%d", (int)port);
  return status;
}

static void close_connections(tcp_source *self) {
  for (size_t i = 0; i < self->count; i++) (void)close(self->sockets[1 + i].fd);
  self->count = 0;
}

static void release(tcp_source *self) {
  close_connections(self);
  if (self->connected) (void)close(self->sockets[0].fd);
  tenon_frame_free(&self->writer);
  free(self->broken.data);
  free(self->sockets);
  free(self->streams);
  free(self);
}

static tenon_status tcp_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                            tenon_out *error) {
  tcp_source *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->host = host;
  self->broken = tenon_memory();
  const tenon_status status = read_config(self, config, config_len, error);
  if (status != TENON_OK) {
    free(self);
    return status;
  }
  self->sockets = calloc(self->most + 1, sizeof *self->sockets);
  self->streams = calloc(self->most, sizeof *self->streams);
  if (self->sockets == NULL || self->streams == NULL ||
      !watcher_start(&self->watcher, host, self->most + 1)) {
    release(self);
    return tenon_fail(error, TENON_FAILED, "no memory, or no thread, for an instance");
  }
  *state = self;
  return TENON_OK;
}

static void tcp_drop(void *state) {
  watcher_stop(&((tcp_source *)state)->watcher);
  release(state);
}

/* ---- Connecting ---- */

static tenon_status refuse(tcp_source *self, tenon_out *out, const char *why) {
  char message[256];
  (void)snprintf(message, sizeof message, "cannot listen on %s:%s: %s", self->address, self->port, why);
  return tenon_fail(out, TENON_CLOSED, message);
}

/* Returns a socket that listens, or -1 with the reason in errno. */
static int listen_on(const struct addrinfo *address) {
  const int on = 1;
  const int made = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  if (made < 0) return -1;
  (void)fcntl(made, F_SETFD, FD_CLOEXEC);
  (void)fcntl(made, F_SETFL, O_NONBLOCK);
  (void)setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(made, address->ai_addr, address->ai_addrlen) == 0 && listen(made, SOMAXCONN) == 0) return made;
  const int problem = errno;
  (void)close(made);
  errno = problem;
  return -1;
}

static void log_port(const tcp_source *self) {
  char message[160], port[8] = "?";
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  if (getsockname(self->sockets[0].fd, (struct sockaddr *)&name, &size) == 0)
    (void)getnameinfo((struct sockaddr *)&name, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
  const int length =
      snprintf(message, sizeof message, "tcp-source: listens on %s, port %s", self->address, port);
  self->host->log(self->host, TENON_LOG_INFO, message, (size_t)length);
}

static tenon_status tcp_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tcp_source *self = state;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST | AI_PASSIVE};
  struct addrinfo *found = NULL;
  if (in_len % sizeof(tenon_resume) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_resume[]");
  self->broken.len = 0;
  if (tenon_write(&self->broken, in, in_len) != TENON_OK)
    return tenon_fail(out, TENON_NO_MEMORY, "no memory for the streams");
  watcher_disarm(&self->watcher);
  close_connections(self); /* of streams that are in the list */
  if (!self->connected) {
    const int unknown = getaddrinfo(self->address, self->port, &hints, &found);
    if (unknown != 0) return refuse(self, out, gai_strerror(unknown));
    const struct pollfd listening = {listen_on(found), POLLIN, 0};
    const int problem = errno;
    freeaddrinfo(found);
    if (listening.fd < 0) return refuse(self, out, strerror(problem));
    self->sockets[0] = listening;
    self->next_stream = tenon_now_ns(); /* larger than any number of an earlier instance */
    self->connected = true;
    log_port(self);
  }
  return tenon_connected_write(out, 0);
}

/* ---- Pulling ---- */

static void end_row(tcp_source *self, uint64_t number, uint64_t at, uint32_t mark) {
  const tenon_row row = {number, at, tenon_now_ns(), mark, {NULL, 0}};
  tenon_frame_end_row(&self->writer, &row);
}

/* Ends the streams of an earlier instance, whose connections are gone. */
static void end_broken(tcp_source *self, const tenon_credit *credit) {
  tenon_resume one;
  while (self->broken.len > 0 && tenon_frame_fits(&self->writer, credit, 0)) {
    self->broken.len -= sizeof one;
    memcpy(&one, self->broken.data + self->broken.len, sizeof one);
    end_row(self, one.stream, one.position, TENON_FLOW_BROKEN);
  }
}

/* Accepts the connections that wait. Returns whether the system has no room for one: it goes on to wait. */
static bool accept_all(tcp_source *self) {
  while (self->count < self->most) {
    const int made = accept(self->sockets[0].fd, NULL, NULL);
    if (made < 0) return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    (void)fcntl(made, F_SETFD, FD_CLOEXEC);
    (void)fcntl(made, F_SETFL, O_NONBLOCK);
    const struct pollfd one = {made, POLLIN, 0};
    const stream fresh = {self->next_stream++, 0};
    self->sockets[1 + self->count] = one;
    self->streams[self->count++] = fresh;
  }
  return false;
}

static void remove_connection(tcp_source *self, size_t i) {
  (void)close(self->sockets[1 + i].fd);
  self->count--;
  self->sockets[1 + i] = self->sockets[1 + self->count];
  self->streams[i] = self->streams[self->count];
}

/* The result of reading a connection. */
typedef enum outcome { GOT_PIECE, GOT_NOTHING, NO_ROOM } outcome;

/* Reads a piece of a connection, or its end. */
static outcome read_connection(tcp_source *self, size_t i, const tenon_credit *credit) {
  tenon_out *out = self->writer.out;
  stream *one = &self->streams[i];
  const uint64_t used = tenon_frame_size(&self->writer),
                 left = credit->bytes > used ? credit->bytes - used : 0;
  const size_t most = left < PIECE ? (size_t)left : PIECE;
  if (most == 0 || !tenon_frame_fits(&self->writer, credit, most)) return NO_ROOM;
  if (out->capacity - out->len < most && out->reserve(out, most) != TENON_OK) {
    tenon_frame_fail(&self->writer, TENON_NO_MEMORY, "no memory for a piece");
    return NO_ROOM;
  }
  const ssize_t got = recv(self->sockets[1 + i].fd, out->data + out->len, most, 0);
  if (got > 0) {
    out->len += (size_t)got;
    one->at += (uint64_t)got;
    end_row(self, one->number, one->at, TENON_FLOW_PIECE);
    return GOT_PIECE;
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return GOT_NOTHING;
  end_row(self, one->number, one->at, got == 0 ? TENON_FLOW_END : TENON_FLOW_BROKEN);
  remove_connection(self, i);
  return GOT_PIECE;
}

/* Reads all connections in turn, so that a fast one does not starve the others. Returns whether there may be more. */
static bool read_all(tcp_source *self, const tenon_credit *credit) {
  for (size_t idle = 0; idle < self->count; self->turn++) {
    const outcome read = read_connection(self, self->turn % self->count, credit);
    if (read == NO_ROOM) return true;
    idle = read == GOT_NOTHING ? idle + 1 : 0;
  }
  return self->broken.len > 0;
}

static tenon_status tcp_pull(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tcp_source *self = state;
  tenon_credit credit;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (!tenon_credit_read(&credit, in, in_len))
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_credit");
  tenon_frame_begin(&self->writer, out);
  if (self->draining) return tenon_frame_end(&self->writer, TENON_FLOW_DONE, 0);
  watcher_disarm(&self->watcher);
  end_broken(self, &credit);
  const bool scarce = accept_all(self);
  if (read_all(self, &credit)) return tenon_frame_end(&self->writer, TENON_FLOW_MORE, 0);
  /* Others wait until one ends. Without room for one, the watcher would wake the host again at once. */
  const size_t skip = scarce || self->count >= self->most;
  watcher_arm(&self->watcher, self->sockets + skip, self->count + 1 - skip);
  return tenon_frame_end(&self->writer, TENON_FLOW_IDLE, scarce ? RETRY_NS : 0);
}

static tenon_status tcp_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tcp_source *self = state;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  self->draining = self->draining || tenon_contra_has(TENON_FLOW_DRAIN, in, in_len);
  return TENON_OK;
}

static const void *tcp_extension(const char *id) {
  static const source_1 source = {TENON_KIND_HEADER(source_1), tcp_connect, tcp_pull, tcp_contraflow};
  return strcmp(id, SOURCE_1_ID) == 0 ? &source : NULL;
}

static tenon_status tcp_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kind source/1");
}

TENON_PLUGIN_WITH("tcp-source", "1.0.0", SOURCE_1_KIND, 0, tcp_new, tcp_drop, tcp_something, tcp_extension);
