/* Shared by the punt-socket peers: the wire format, sockets at a path, clocks, the result line. */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Precedes every frame on a punt socket, in host byte order. */
struct packet_desc {
  uint32_t sw_if_index;
  uint32_t action;
} __attribute__((packed));

enum {
  BURST = 64,         /* datagrams a recvmmsg or sendmmsg call */
  SLOT = 10304,       /* a jumbo frame and its descriptor, an odd number of cache lines */
  VPP_SNDBUF = 65536, /* the send buffer of VPP's punt socket */
};

/* sw_if_index of datagrams that control a trial and contain no packet. */
#define MARK_ROUND 0xfffffffeu /* all packets of this round have been sent */
#define MARK_END 0xffffffffu   /* the trial is over */

static inline void die(const char* what) {
  perror(what);
  exit(1);
}

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline struct sockaddr_un address_of(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) die("path too long");
  strcpy(address.sun_path, path);
  return address;
}

/* Opens a non-blocking datagram socket that is bound to the path. */
static inline int bound_socket(const char* path) {
  struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  unlink(path);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address)) die(path);
  return fd;
}

static inline void connect_to(int fd, const char* path) {
  struct sockaddr_un address = address_of(path);
  if (connect(fd, (struct sockaddr*)&address, sizeof address)) die(path);
}

/* Tells the peer at VPP's path that this side is ready: one empty L2 frame for interface 0. */
static inline void say_ready_to(int connected_fd) {
  char frame[sizeof(struct packet_desc) + 21] = {0};
  while (send(connected_fd, frame, sizeof frame, 0) < 0)
    if (errno != EAGAIN) die("send");
}

static inline void say_ready(void) {
  puts("ready");
  fflush(stdout);
}

struct usage {
  uint64_t wall_ns;
  double user_us, system_us;
};

static inline struct usage usage_now(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (struct usage){now_ns(), (double)r.ru_utime.tv_sec * 1e6 + (double)r.ru_utime.tv_usec,
                        (double)r.ru_stime.tv_sec * 1e6 + (double)r.ru_stime.tv_usec};
}

/* Buffers for bursts. Each slot has room for a whole datagram; the descriptor comes first. */
struct burst {
  struct mmsghdr messages[BURST];
  struct iovec vectors[BURST];
  char* slots;
};

static inline struct burst* new_burst(size_t length) {
  struct burst* b = calloc(1, sizeof *b);
  if (!b || !(b->slots = calloc(BURST, SLOT))) die("calloc");
  for (int i = 0; i < BURST; i++) {
    b->vectors[i] = (struct iovec){b->slots + (size_t)i * SLOT, length};
    b->messages[i].msg_hdr.msg_iov = &b->vectors[i];
    b->messages[i].msg_hdr.msg_iovlen = 1;
  }
  return b;
}

static inline struct packet_desc* desc_of(const struct burst* b, int i) {
  return (struct packet_desc*)(b->slots + (size_t)i * SLOT);
}
