// Measures the limit of VPP's API socket: sends control_ping as fast as one C loop can, with a window of
// requests in flight.
//   binapi_raw SOCKET WINDOW SECONDS    prints { "rate": requests a second }
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAME_HEADER 16
#define SOCKCLNT_CREATE 15
#define TABLE_ENTRY 66

static int fd;
static uint8_t in[1 << 20];
static size_t have;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void put32(uint8_t* at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const uint8_t* at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void put16(uint8_t* at, uint16_t value) {
  at[0] = value >> 8;
  at[1] = value & 0xff;
}

static void send_all(const uint8_t* bytes, size_t size) {
  while (size > 0) {
    ssize_t sent = write(fd, bytes, size);
    if (sent < 0) die("write");
    bytes += sent;
    size -= sent;
  }
}

static void receive(void) {
  ssize_t size = read(fd, in + have, sizeof(in) - have);
  if (size <= 0) die("read");
  have += size;
}

static void drop(size_t size) {
  memmove(in, in + size, have - size);
  have -= size;
}

// Registers; returns the id of control_ping and our client index.
static void handshake(uint16_t* ping, uint32_t* client) {
  uint8_t create[FRAME_HEADER + 70] = {0};
  put32(create + 8, 70);
  put16(create + FRAME_HEADER, SOCKCLNT_CREATE);
  strcpy((char*)create + FRAME_HEADER + 6, "binapi_raw");
  send_all(create, sizeof(create));
  while (have < FRAME_HEADER || have < FRAME_HEADER + get32(in + 8)) receive();
  const uint8_t* reply = in + FRAME_HEADER;
  *client = get32(reply + 14);
  int count = reply[18] << 8 | reply[19];
  for (int i = 0; i < count; i++) {
    const uint8_t* entry = reply + 20 + i * TABLE_ENTRY;
    if (strncmp((const char*)entry + 2, "control_ping_51077d14", 64) == 0) *ping = entry[0] << 8 | entry[1];
  }
  drop(FRAME_HEADER + get32(in + 8));
}

// Counts the complete replies in the buffer.
static int replies(void) {
  size_t at = 0;
  int count = 0;
  while (have - at >= FRAME_HEADER && have - at >= FRAME_HEADER + get32(in + at + 8)) {
    at += FRAME_HEADER + get32(in + at + 8);
    count++;
  }
  drop(at);
  return count;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int window = atoi(argv[2]);
  double seconds = atof(argv[3]);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof(address)) < 0) die(argv[1]);
  uint16_t ping = 0;
  uint32_t client = 0;
  handshake(&ping, &client);

  enum { SIZE = FRAME_HEADER + 10 };
  uint8_t* out = calloc(window, SIZE);
  for (int i = 0; i < window; i++) {
    put32(out + i * SIZE + 8, 10);
    put16(out + i * SIZE + FRAME_HEADER, ping);
    put32(out + i * SIZE + FRAME_HEADER + 2, client);
  }
  long total = 0;
  double start = now();
  send_all(out, (size_t)window * SIZE);
  while (now() - start < seconds) {
    receive();
    int count = replies();
    total += count;
    send_all(out, (size_t)count * SIZE);
  }
  printf("{ \"rate\": %.0f }\n", total / (now() - start));
  return 0;
}
