// A fixed exchange between a client and a server of the engine in one process, through the C ABI as Go calls it: no sockets, no clock, no
// threads. So it executes the same instructions every time, which callgrind counts.
//
// usage: scripted SCRIPT N     does N requests, or items

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rsocket.h>

enum {
  DATA_LEN = 64,
  // Requests or items that go in one call.
  BATCH = 64,
  EVENTS = 4 * BATCH,
  OUTPUT_ROOM = 64 << 10,
  // Credit of a stream, given in halves.
  CREDIT = 4 * BATCH,
};

// One end. What one writes the other receives.
struct side {
  rsocket_connection *connection;
  rsocket_command commands[EVENTS];
  size_t commands_len;
  rsocket_event events[EVENTS];
  size_t events_len;
  uint8_t output[OUTPUT_ROOM];
  size_t output_len;
};

// The data of every request, answer and item.
static uint8_t data[DATA_LEN];

static void fail(const char *what) {
  fprintf(stderr, "scripted: %s\n", what);
  exit(1);
}

// Gives a side its commands and what the other one has written.
static void drive(struct side *side, struct side *from) {
  rsocket_segment segments[2];
  rsocket_progress progress;
  size_t received_len = from == NULL ? 0 : from->output_len;
  rsocket_result result = rsocket_connection_drive(side->connection, 0, from == NULL ? NULL : from->output, received_len, side->commands,
                                                   side->commands_len, data, sizeof data, side->events, EVENTS, side->output,
                                                   sizeof side->output, segments, 2, &progress);
  if (result != RSOCKET_RESULT_OK) {
    fail(rsocket_result_text(result));
  }
  if (progress.received_used != received_len || progress.commands_used != side->commands_len || progress.segments_len != 0) {
    fail("one call did not do all");
  }
  side->commands_len = 0;
  side->events_len = progress.events_len;
  side->output_len = progress.output_len;
  if (from != NULL) {
    from->output_len = 0;
  }
}

static void add(struct side *side, uint16_t kind, uint64_t token, uint32_t stream, uint32_t code, uint32_t data_len, uint16_t flags) {
  side->commands[side->commands_len++] = (rsocket_command){
      .token = token, .stream = stream, .code = code, .data_len = data_len, .kind = kind, .flags = flags};
}

static rsocket_connection *connection(rsocket_config *config) {
  rsocket_connection *made = rsocket_connection_new(config, 0);
  rsocket_config_free(config);
  return made;
}

static void connect(struct side *client, struct side *server) {
  client->connection = connection(rsocket_config_new_client());
  server->connection = connection(rsocket_config_new_server());
  drive(client, NULL);
  drive(server, client);
  if (server->events_len != 1 || server->events[0].kind != RSOCKET_EVENT_SETUP) {
    fail("the server saw no SETUP");
  }
  add(server, RSOCKET_COMMAND_ACCEPT_SETUP, 0, 0, 0, 0, 0);
  drive(server, NULL);
  drive(client, server);
}

// So many requests at a time, each answered with its own data.
static void request_response(struct side *client, struct side *server, uint64_t n, uint64_t batch) {
  for (uint64_t done = 0; done < n; done += batch) {
    for (uint64_t i = 0; i < batch; i++) {
      add(client, RSOCKET_COMMAND_REQUEST_RESPONSE, done << 32 | i, 0, 0, DATA_LEN, 0);
    }
    drive(client, NULL);
    drive(server, client);
    for (size_t i = 0; i < server->events_len; i++) {
      if (server->events[i].kind != RSOCKET_EVENT_REQUEST_RESPONSE || server->events[i].data_len != DATA_LEN) {
        fail("the server saw something else than a request");
      }
      add(server, RSOCKET_COMMAND_RESPOND, 0, server->events[i].stream, 0, DATA_LEN, 0);
    }
    drive(server, NULL);
    drive(client, server);
    if (client->events_len != batch) {
      fail("not every request was answered");
    }
    for (uint64_t i = 0; i < batch; i++) {
      if (client->events[i].kind != RSOCKET_EVENT_RESPONSE || client->events[i].data_len != DATA_LEN) {
        fail("the client saw something else than an answer");
      }
    }
  }
}

static void fire_and_forget(struct side *client, struct side *server, uint64_t n) {
  for (uint64_t done = 0; done < n; done += BATCH) {
    for (uint64_t i = 0; i < BATCH; i++) {
      add(client, RSOCKET_COMMAND_FIRE_AND_FORGET, 0, 0, 0, DATA_LEN, 0);
    }
    drive(client, NULL);
    drive(server, client);
    if (server->events_len != BATCH || server->events[0].kind != RSOCKET_EVENT_FIRE_AND_FORGET) {
      fail("the server did not see every fire-and-forget");
    }
  }
}

// One stream, whose client asks for more when half of what it asked for is there.
static void request_stream(struct side *client, struct side *server, uint64_t n) {
  add(client, RSOCKET_COMMAND_REQUEST_STREAM, 0, 0, CREDIT, DATA_LEN, 0);
  drive(client, NULL);
  drive(server, client);
  if (server->events_len != 1 || server->events[0].kind != RSOCKET_EVENT_REQUEST_STREAM) {
    fail("the server saw no request for a stream");
  }
  uint32_t stream = server->events[0].stream;
  uint64_t credit = server->events[0].code;
  for (uint64_t sent = 0; sent < n; sent += BATCH) {
    if (credit < BATCH) {
      fail("the credit has run out");
    }
    credit -= BATCH;
    for (uint64_t i = 0; i < BATCH; i++) {
      add(server, RSOCKET_COMMAND_ITEM, 0, stream, 0, DATA_LEN, 0);
    }
    drive(server, NULL);
    drive(client, server);
    if (client->events_len != BATCH || client->events[0].kind != RSOCKET_EVENT_RESPONSE) {
      fail("the client did not see every item");
    }
    if ((sent + BATCH) % (CREDIT / 2) == 0) {
      add(client, RSOCKET_COMMAND_REQUEST_N, 0, stream, CREDIT / 2, 0, 0);
      drive(client, NULL);
      drive(server, client);
      if (server->events_len != 1 || server->events[0].kind != RSOCKET_EVENT_GRANTED) {
        fail("the server saw no credit");
      }
      credit += server->events[0].code;
    }
  }
}

int main(int argc, char **argv) {
  uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
  if (n == 0 || n % BATCH != 0) {
    fprintf(stderr, "usage: scripted SCRIPT N, a multiple of %d\n", BATCH);
    return 2;
  }
  static struct side client, server;
  connect(&client, &server);
  if (strcmp(argv[1], "request-response") == 0) {
    request_response(&client, &server, n, BATCH);
  } else if (strcmp(argv[1], "request-response-alone") == 0) {
    request_response(&client, &server, n, 1);
  } else if (strcmp(argv[1], "fire-and-forget") == 0) {
    fire_and_forget(&client, &server, n);
  } else if (strcmp(argv[1], "request-stream") == 0) {
    request_stream(&client, &server, n);
  } else {
    fail("there is no such script");
  }
  rsocket_connection_free(client.connection);
  rsocket_connection_free(server.connection);
  return 0;
}
