// Shared by the memif peers that use the system's libmemif, as a C program written on it would.
#pragma once

#include <libmemif.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BURST 256
/// First byte of the packet that ends a run, in either direction; other packets start with 0.
#define END_BYTE 0xff

static inline double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline double CpuSeconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// A libmemif interface with one queue each way.
struct Port {
  memif_socket_handle_t socket;
  memif_conn_handle_t conn;
  int polls;
  int up;
  int seen_up;
  int doorbell;
  memif_buffer_t rx[BURST];
  memif_buffer_t tx[BURST];
};

static inline void Check(int error, const char* what) {
  if (error == MEMIF_ERR_SUCCESS) return;
  fprintf(stderr, "%s: %s\n", what, memif_strerror(error));
  exit(1);
}

static inline int OnConnect(memif_conn_handle_t conn, void* context) {
  struct Port* port = context;
  Check(memif_refill_queue(conn, 0, (uint16_t)-1, 0), "memif_refill_queue");
  if (port->polls) Check(memif_set_rx_mode(conn, MEMIF_RX_MODE_POLLING, 0), "memif_set_rx_mode");
  Check(memif_get_queue_efd(conn, 0, &port->doorbell), "memif_get_queue_efd");
  port->up = port->seen_up = 1;
  return 0;
}

static inline int OnDisconnect(memif_conn_handle_t conn, void* context) {
  (void)conn;
  ((struct Port*)context)->up = 0;
  return 0;
}

/// Opens a port. A client asks for the connection until a server is there.
static inline void OpenPort(struct Port* port, const char* role, const char* path, int polls) {
  memif_socket_args_t socket_args = {0};
  snprintf(socket_args.path, sizeof(socket_args.path), "%s", path);
  snprintf(socket_args.app_name, sizeof(socket_args.app_name), "libmemif");
  socket_args.connection_request_timer.it_value.tv_nsec = 10 * 1000 * 1000;
  socket_args.connection_request_timer.it_interval.tv_nsec = 10 * 1000 * 1000;
  memset(port, 0, sizeof(*port));
  port->polls = polls;
  Check(memif_create_socket(&port->socket, &socket_args, port), "memif_create_socket");
  memif_conn_args_t args = {0};
  args.socket = port->socket;
  args.num_s2m_rings = args.num_m2s_rings = 1;
  args.buffer_size = 2048;
  args.log2_ring_size = 10;
  args.is_master = strcmp(role, "server") == 0;
  args.mode = MEMIF_INTERFACE_MODE_ETHERNET;
  snprintf((char*)args.interface_name, sizeof(args.interface_name), "peer");
  // Without a callback for interrupts libmemif leaves the doorbell to the program.
  Check(memif_create(&port->conn, &args, OnConnect, OnDisconnect, NULL, port), "memif_create");
}

/// Lets libmemif look at its control channel, for at most `timeout_ms`.
static inline void Control(struct Port* port, int timeout_ms) {
  int error = memif_poll_event(port->socket, timeout_ms);
  if (error != MEMIF_ERR_SUCCESS && error != MEMIF_ERR_AGAIN && error != MEMIF_ERR_CONNREFUSED &&
      error != MEMIF_ERR_NO_FILE && error != MEMIF_ERR_DISCONNECTED && error != MEMIF_ERR_DISCONNECT)
    Check(error, "memif_poll_event");
}

static inline void AwaitUp(struct Port* port) {
  while (!port->up) Control(port, 10);
}

/// Whether the peer is still there; looks at the control channel once in a thousand calls.
static inline int Up(struct Port* port) {
  static unsigned calls;
  if (++calls % 1000 == 0) Control(port, 0);
  return port->up;
}

/// Receives a burst; sleeps on the doorbell for at most 100 ms if there is none and the port doesn't poll.
static inline uint16_t Receive(struct Port* port) {
  uint16_t count = 0;
  memif_rx_burst(port->conn, 0, port->rx, BURST, &count);
  if (count > 0 || port->polls) return count;
  struct pollfd bell = {port->doorbell, POLLIN, 0};
  if (poll(&bell, 1, 100) == 0) Control(port, 0);
  memif_rx_burst(port->conn, 0, port->rx, BURST, &count);
  return count;
}

static inline void Release(struct Port* port, uint16_t count) {
  Check(memif_refill_queue(port->conn, 0, count, 0), "memif_refill_queue");
}

/// Reserves up to `count` buffers of `size` bytes in `port->tx`; returns how many the ring has.
static inline uint16_t Reserve(struct Port* port, uint16_t count, uint16_t size) {
  uint16_t got = 0;
  memif_buffer_alloc(port->conn, 0, port->tx, count, &got, size);
  return got;
}

/// Sends what Reserve gave.
static inline void Commit(struct Port* port, uint16_t count) {
  uint16_t sent = 0;
  while (sent < count) {
    uint16_t now = 0;
    memif_tx_burst(port->conn, 0, port->tx + sent, count - sent, &now);
    sent += now;
    if (now == 0 && !Up(port)) return;
  }
}

/// Sends one packet, however long that takes; returns 0 when the peer is gone.
static inline int SendOne(struct Port* port, const void* packet, uint16_t size) {
  while (Reserve(port, 1, size) == 0)
    if (!Up(port)) return 0;
  memcpy(port->tx[0].data, packet, size);
  port->tx[0].len = size;
  Commit(port, 1);
  return 1;
}

static inline void SayReady(void) {
  puts("ready");
  fflush(stdout);
}
