/* Receives datagrams by io_uring, without liburing: one multishot request, and buffers that the kernel takes
 * from a ring of provided ones. */
#pragma once

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "punt_common.h"

enum { URING_BUFFERS = 256, URING_COMPLETIONS = 1024, URING_GROUP = 1 };

struct uring {
  int fd, socket;
  unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
  struct io_uring_sqe* entries;
  struct io_uring_cqe* completions;
  struct io_uring_buf_ring* provided;
  char* buffers;
  unsigned short provided_tail;
  unsigned to_submit;
};

static inline void* uring_map(int fd, size_t bytes, uint64_t offset) {
  void* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)offset);
  if (at == MAP_FAILED) die("mmap of io_uring");
  return at;
}

static inline void uring_provide(struct uring* u, unsigned short id) {
  struct io_uring_buf* b = &u->provided->bufs[u->provided_tail++ & (URING_BUFFERS - 1)];
  b->addr = (uintptr_t)(u->buffers + (size_t)id * SLOT);
  b->len = SLOT;
  b->bid = id;
}

static inline void uring_publish(struct uring* u) {
  __atomic_store_n(&u->provided->tail, u->provided_tail, __ATOMIC_RELEASE);
}

/* Asks for datagrams until further notice. */
static inline void uring_arm(struct uring* u) {
  unsigned tail = *u->sq_tail, at = tail & *u->sq_mask;
  u->entries[at] = (struct io_uring_sqe){
      .opcode = IORING_OP_RECV,
      .flags = IOSQE_BUFFER_SELECT,
      .ioprio = IORING_RECV_MULTISHOT,
      .fd = u->socket,
      .buf_group = URING_GROUP,
  };
  u->sq_array[at] = at;
  __atomic_store_n(u->sq_tail, tail + 1, __ATOMIC_RELEASE);
  u->to_submit++;
}

static inline struct uring uring_open(int socket) {
  struct io_uring_params p = {
      .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
      .cq_entries = URING_COMPLETIONS,
  };
  struct uring u = {.socket = socket, .fd = (int)syscall(SYS_io_uring_setup, 8, &p)};
  if (u.fd < 0) die("io_uring_setup");
  size_t sq_bytes = p.sq_off.array + p.sq_entries * sizeof(unsigned);
  size_t cq_bytes = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  char* rings = uring_map(u.fd, sq_bytes > cq_bytes ? sq_bytes : cq_bytes, IORING_OFF_SQ_RING);
  u.entries = uring_map(u.fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
  u.sq_tail = (unsigned*)(rings + p.sq_off.tail);
  u.sq_mask = (unsigned*)(rings + p.sq_off.ring_mask);
  u.sq_array = (unsigned*)(rings + p.sq_off.array);
  u.cq_head = (unsigned*)(rings + p.cq_off.head);
  u.cq_tail = (unsigned*)(rings + p.cq_off.tail);
  u.cq_mask = (unsigned*)(rings + p.cq_off.ring_mask);
  u.completions = (struct io_uring_cqe*)(rings + p.cq_off.cqes);

  size_t bytes = URING_BUFFERS * sizeof(struct io_uring_buf);
  u.provided = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  u.buffers = calloc(URING_BUFFERS, SLOT);
  if (u.provided == MAP_FAILED || !u.buffers) die("memory for buffers");
  struct io_uring_buf_reg group = {
      .ring_addr = (uintptr_t)u.provided, .ring_entries = URING_BUFFERS, .bgid = URING_GROUP};
  if (syscall(SYS_io_uring_register, u.fd, IORING_REGISTER_PBUF_RING, &group, 1)) die("provided buffers");
  for (unsigned short id = 0; id < URING_BUFFERS; id++) uring_provide(&u, id);
  uring_publish(&u);
  uring_arm(&u);
  return u;
}

/* Lets the kernel work, and waits for `least` datagrams. */
static inline void uring_enter(struct uring* u, unsigned least) {
  long done = syscall(SYS_io_uring_enter, u->fd, u->to_submit, least, IORING_ENTER_GETEVENTS, NULL, 0);
  if (done < 0 && errno != EINTR) die("io_uring_enter");
  if (done > 0) u->to_submit -= (unsigned)done;
}

/* Calls `take` with each datagram that has come; returns their number. */
static inline int uring_take(struct uring* u, void (*take)(void*, const struct packet_desc*, size_t),
                             void* context) {
  unsigned head = *u->cq_head, tail = __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE);
  int taken = 0;
  for (; head != tail; head++) {
    const struct io_uring_cqe* c = &u->completions[head & *u->cq_mask];
    if (!(c->flags & IORING_CQE_F_MORE)) uring_arm(u);
    if (!(c->flags & IORING_CQE_F_BUFFER)) {
      errno = -c->res;
      if (c->res < 0 && c->res != -ENOBUFS) die("receive by io_uring");
      continue;
    }
    unsigned short id = (unsigned short)(c->flags >> IORING_CQE_BUFFER_SHIFT);
    take(context, (const struct packet_desc*)(u->buffers + (size_t)id * SLOT), (size_t)c->res);
    uring_provide(u, id);
    taken++;
  }
  __atomic_store_n(u->cq_head, head, __ATOMIC_RELEASE);
  uring_publish(u);
  return taken;
}
