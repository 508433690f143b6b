// An RSocket client over a TCP socket: how a C program drives a connection.
//
// The library does no I/O. This program owns the socket and the clock, and does one thing over and over:
//
//   1. rsocket_connection_drive: received bytes and commands go in; events, bytes to send and a deadline come out
//   2. write what there is to send
//   3. poll(2) until the socket is ready or the deadline is there
//   4. read what came
//
// Whatever a call does not use is handed in again with the next one, so nothing here waits for anything else.

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rsocket.h>

// Exit codes: 0 when every request was answered, else one of these.
enum { FAILED = 1, USAGE = 2 };

enum {
  // Requests that may wait for their answers at once; servers bound it too.
  WINDOW = 256,
  // Requests in all: each has its number as its token, and an index of a token is below this.
  MAX_COUNT = 1 << 20,
  // Commands and events of one call.
  BATCH = 64,
  // What the library wants for its output, besides a payload that is copied there.
  OUTPUT_ROOM = 64 << 10,
  // Bytes of one read.
  READ_ROOM = 64 << 10,
};

// The code of an ERROR frame that ends a connection in good order.
enum { CONNECTION_CLOSE = 0x102 };

struct options {
  const char *data;
  // NULL for none, which is not the same as empty.
  const char *metadata;
  size_t count;
  char host[256];
  char port[6];
};

struct buffer {
  uint8_t *bytes;
  size_t len;
  size_t cap;
};

struct client {
  struct options options;
  int fd;
  rsocket_connection *connection;
  // The metadata and data of every request: what commands refer to.
  struct buffer payload;
  // Bytes of the socket that the library has not taken yet.
  struct buffer received;
  // Bytes of the library that the socket has not taken yet.
  struct buffer output;
  // When the library wants to be called next, on the clock of now_ns.
  uint64_t deadline_ns;
  // Requests that were sent, and those of them that have ended.
  size_t asked, ended;
  bool forgot;  // the fire-and-forget was sent
  bool closed;  // the connection is over
  bool failed;  // something went wrong, and was said on standard error
};

// Small things.

static void fail(struct client *client, const char *what, const char *why) {
  fprintf(stderr, "client: %s: %s\n", what, why);
  client->failed = true;
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Makes room for so many bytes in all.
static void reserve(struct buffer *buffer, size_t cap) {
  if (cap <= buffer->cap) {
    return;
  }
  uint8_t *bytes = realloc(buffer->bytes, cap);
  if (bytes == NULL) {
    fputs("client: out of memory\n", stderr);
    exit(FAILED);
  }
  buffer->bytes = bytes;
  buffer->cap = cap;
}

static void append(struct buffer *buffer, const char *text) {
  size_t len = strlen(text);
  reserve(buffer, buffer->len + len + 1);
  memcpy(buffer->bytes + buffer->len, text, len);
  buffer->len += len;
}

// Forgets the first bytes.
static void drop(struct buffer *buffer, size_t len) {
  if (len == 0) {
    return;
  }
  buffer->len -= len;
  memmove(buffer->bytes, buffer->bytes + len, buffer->len);
}

// The command line.

static void usage(FILE *to) {
  fprintf(to,
          "usage: client [-h] [--data TEXT] [--metadata TEXT] [--count N] tcp://HOST:PORT\n"
          "\n"
          "Sends N request-responses (default 1) and one fire-and-forget, all with the same\n"
          "payload, and prints the answers. Uses rsocket %s.\n",
          rsocket_version());
}

static bool parse_count(const char *text, size_t *count) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  *count = (size_t)value;
  return errno == 0 && end != text && *end == '\0' && value > 0 && value <= MAX_COUNT;
}

// Takes tcp://HOST:PORT apart, where an IPv6 address stands in brackets.
static bool parse_url(const char *url, struct options *options) {
  static const char scheme[] = "tcp://";
  if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
    return false;
  }
  const char *host = url + sizeof scheme - 1;
  const char *colon = strrchr(host, ':');
  if (colon == NULL || colon[1] == '\0' || strlen(colon + 1) >= sizeof options->port) {
    return false;
  }
  size_t host_len = (size_t)(colon - host);
  if (host_len > 1 && host[0] == '[' && host[host_len - 1] == ']') {
    host += 1;
    host_len -= 2;
  }
  if (host_len == 0 || host_len >= sizeof options->host) {
    return false;
  }
  memcpy(options->host, host, host_len);
  options->host[host_len] = '\0';
  strcpy(options->port, colon + 1);
  return true;
}

static bool parse_options(int argc, char **argv, struct options *options) {
  bool has_url = false;
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
      usage(stdout);
      exit(0);
    } else if (strcmp(argv[i], "--data") == 0 && value != NULL) {
      options->data = argv[++i];
    } else if (strcmp(argv[i], "--metadata") == 0 && value != NULL) {
      options->metadata = argv[++i];
    } else if (strcmp(argv[i], "--count") == 0 && value != NULL) {
      if (!parse_count(argv[++i], &options->count)) {
        return false;
      }
    } else if (!has_url && parse_url(argv[i], options)) {
      has_url = true;
    } else {
      return false;
    }
  }
  return has_url;
}

// The socket.

// A connected socket that does not block, or -1.
static int open_socket(const struct addrinfo *address) {
  int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  if (fd < 0) {
    return -1;
  }
  int on = 1;
  if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 &&
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
      fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
    return fd;
  }
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

static bool connect_to_server(struct client *client) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *addresses;
  int error = getaddrinfo(client->options.host, client->options.port, &hints, &addresses);
  if (error != 0) {
    fail(client, client->options.host, gai_strerror(error));
    return false;
  }
  for (struct addrinfo *next = addresses; next != NULL && client->fd < 0; next = next->ai_next) {
    client->fd = open_socket(next);
  }
  int why = errno;
  freeaddrinfo(addresses);
  if (client->fd < 0) {
    fail(client, "cannot connect", strerror(why));
  }
  return client->fd >= 0;
}

// Whether the call only has to be made again later.
static bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// Writes what the socket takes. False when the server has gone.
static bool write_output(struct client *client) {
  size_t written = 0;
  while (written < client->output.len) {
    ssize_t n = write(client->fd, client->output.bytes + written, client->output.len - written);
    if (n < 0 && !is_temporary(errno)) {
      fail(client, "cannot write", strerror(errno));
      return false;
    }
    if (n < 0) {
      break;
    }
    written += (size_t)n;
  }
  drop(&client->output, written);
  return true;
}

// Reads what the socket has. False when the server has gone.
static bool read_input(struct client *client) {
  struct buffer *received = &client->received;
  reserve(received, received->len + READ_ROOM);
  ssize_t n = read(client->fd, received->bytes + received->len, received->cap - received->len);
  if (n > 0) {
    received->len += (size_t)n;
    return true;
  }
  if (n < 0 && is_temporary(errno)) {
    return true;
  }
  fail(client, "connection lost", n == 0 ? "the server closed it" : strerror(errno));
  return false;
}

// Milliseconds until the deadline, as poll wants them: rounded up, -1 for never.
static int poll_timeout(const struct client *client) {
  if (client->deadline_ns == UINT64_MAX) {
    return -1;
  }
  uint64_t now = now_ns();
  if (client->deadline_ns <= now) {
    return 0;
  }
  uint64_t ms = (client->deadline_ns - now + 999999) / 1000000;
  return ms > INT_MAX ? INT_MAX : (int)ms;
}

// Waits for the socket or the deadline, and reads. False when the server has gone.
static bool wait_and_read(struct client *client) {
  struct pollfd ready = {.fd = client->fd, .events = POLLIN};
  if (client->output.len > 0) {
    ready.events |= POLLOUT;
  }
  if (poll(&ready, 1, poll_timeout(client)) < 0 && errno != EINTR) {
    fail(client, "cannot wait", strerror(errno));
    return false;
  }
  return (ready.revents & ~POLLOUT) == 0 || read_input(client);
}

// Events: what the library has to tell.

// The bytes that an event refers to: the metadata, then the data.
static const uint8_t *event_bytes(const struct client *client, const rsocket_event *event) {
  if (event->metadata_len + event->data_len == 0) {
    return (const uint8_t *)"";
  }
  if (event->flags & RSOCKET_FLAG_ARENA) {
    return rsocket_connection_arena(client->connection) + event->offset;
  }
  return client->received.bytes + event->offset;
}

static void print_answer(const struct client *client, const rsocket_event *event) {
  printf("answer %" PRIu64 ":", event->token);
  if (event->flags & RSOCKET_FLAG_NO_PAYLOAD) {
    puts(" none");
    return;
  }
  const uint8_t *metadata = event_bytes(client, event);
  printf(" data \"%.*s\"", (int)event->data_len, (const char *)metadata + event->metadata_len);
  if (event->flags & RSOCKET_FLAG_METADATA) {
    printf(" metadata \"%.*s\"", (int)event->metadata_len, (const char *)metadata);
  }
  puts("");
}

static void print_failure(struct client *client, const rsocket_event *event) {
  fprintf(stderr, "client: request %" PRIu64 " failed with code 0x%03" PRIx32 ": %.*s\n",
          event->token, event->code, (int)event->data_len,
          (const char *)event_bytes(client, event));
  client->failed = true;
}

static void note_closed(struct client *client) {
  client->closed = true;
  rsocket_close_reason reason;
  rsocket_result result = rsocket_connection_close_reason(client->connection, &reason);
  if (result != RSOCKET_RESULT_OK) {
    fail(client, "close", rsocket_result_text(result));
  } else if (reason.origin != RSOCKET_ORIGIN_USER) {
    fprintf(stderr, "client: connection closed with code 0x%03" PRIx32 ": %.*s\n", reason.code,
            (int)reason.message_len, reason.message_len > 0 ? (const char *)reason.message : "");
    client->failed = true;
  }
}

static void handle_event(struct client *client, const rsocket_event *event) {
  switch (event->kind) {
  case RSOCKET_EVENT_RESPONSE:
    client->ended++;
    print_answer(client, event);
    break;
  case RSOCKET_EVENT_FAILED:
    client->ended++;
    print_failure(client, event);
    break;
  case RSOCKET_EVENT_REFUSED:
    // A fire-and-forget is refused only when requests are.
    client->ended++;
    fail(client, "not sent", rsocket_result_text(event->code));
    break;
  case RSOCKET_EVENT_CLOSED:
    note_closed(client);
    break;
  default:
    // Requests of the server, which this program does not answer, and news that change nothing for it.
    break;
  }
}

// Commands: what the program wants done.

static rsocket_command with_payload(const struct client *client, uint16_t kind, uint64_t token) {
  const struct options *options = &client->options;
  rsocket_command command = {.kind = kind, .token = token};
  if (options->metadata != NULL) {
    command.flags = RSOCKET_FLAG_METADATA;
    command.metadata_len = (uint32_t)strlen(options->metadata);
  }
  command.data_len = (uint32_t)strlen(options->data);
  return command;
}

// What is to be done next, at most BATCH commands. Nothing counts as done before drive says so.
static size_t next_commands(const struct client *client, rsocket_command *commands) {
  size_t len = 0;
  size_t next = client->asked;
  if (client->closed) {
    return 0;
  }
  while (next < client->options.count && next - client->ended < WINDOW && len < BATCH) {
    commands[len++] = with_payload(client, RSOCKET_COMMAND_REQUEST_RESPONSE, next++);
  }
  if (client->asked == client->options.count && !client->forgot) {
    commands[len++] = with_payload(client, RSOCKET_COMMAND_FIRE_AND_FORGET, 0);
  } else if (client->ended >= client->options.count && client->forgot) {
    commands[len++] = (rsocket_command){.kind = RSOCKET_COMMAND_CLOSE, .code = CONNECTION_CLOSE};
  }
  return len;
}

static void note_done(struct client *client, const rsocket_command *commands, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (commands[i].kind == RSOCKET_COMMAND_REQUEST_RESPONSE) {
      client->asked++;
    } else if (commands[i].kind == RSOCKET_COMMAND_FIRE_AND_FORGET) {
      client->forgot = true;
    }
  }
}

// The connection.

// One call of the library. True when it did anything, so that there may be more to do.
static bool drive(struct client *client) {
  rsocket_command commands[BATCH];
  rsocket_event events[BATCH];
  rsocket_progress progress;
  struct buffer *received = &client->received, *output = &client->output;
  size_t commands_len = next_commands(client, commands);
  rsocket_result result = rsocket_connection_drive(
      client->connection, now_ns(),                  // what time it is
      received->bytes, received->len,                // what came
      commands, commands_len,                        // what to do
      client->payload.bytes, client->payload.len,    // the payloads of commands
      events, BATCH,                                 // what happened
      output->bytes + output->len, output->cap - output->len,
      NULL, 0,                                       // no payload stays with us while it is sent
      &progress);
  if (result == RSOCKET_RESULT_OUTPUT_TOO_SMALL && output->len > 0) {
    // There is room as soon as the socket takes something.
    client->deadline_ns = UINT64_MAX;
    return false;
  }
  if (result != RSOCKET_RESULT_OK) {
    fail(client, "drive", rsocket_result_text(result));
    client->closed = true;
    output->len = 0;
    return false;
  }
  note_done(client, commands, progress.commands_used);
  for (size_t i = 0; i < progress.events_len; i++) {
    handle_event(client, &events[i]);
  }
  drop(received, progress.received_used);
  reserve(received, progress.received_needed);
  output->len += progress.output_len;
  client->deadline_ns = progress.deadline_ns;
  return progress.received_used + progress.commands_used + progress.events_len +
             progress.output_len > 0;
}

static void run(struct client *client) {
  for (;;) {
    while (drive(client)) {
    }
    if (!write_output(client) || (client->closed && client->output.len == 0)) {
      return;
    }
    if (!wait_and_read(client)) {
      return;
    }
  }
}

static void start(struct client *client) {
  if (client->options.metadata != NULL) {
    append(&client->payload, client->options.metadata);
  }
  append(&client->payload, client->options.data);
  reserve(&client->output, OUTPUT_ROOM + client->payload.len);
  rsocket_config *config = rsocket_config_new_client();
  client->connection = rsocket_connection_new(config, now_ns());
  rsocket_config_free(config);
}

static void finish(struct client *client) {
  rsocket_connection_free(client->connection);
  if (client->fd >= 0) {
    close(client->fd);
  }
  free(client->payload.bytes);
  free(client->received.bytes);
  free(client->output.bytes);
}

int main(int argc, char **argv) {
  struct client client = {.fd = -1, .options = {.data = "", .count = 1}};
  if (!parse_options(argc, argv, &client.options)) {
    usage(stderr);
    return USAGE;
  }
  // A server that goes away is an error of write, not the end of this program.
  signal(SIGPIPE, SIG_IGN);
  if (connect_to_server(&client)) {
    start(&client);
    run(&client);
  }
  bool answered = client.ended == client.options.count;
  finish(&client);
  return answered && !client.failed ? 0 : FAILED;
}
