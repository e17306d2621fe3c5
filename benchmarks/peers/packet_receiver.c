/* Reads the first byte of every frame of a device in a TPACKET_V3 ring of the size of ours, until stdin ends.
 *   packet_receiver <namespace> <device> */
#include "packet_common.h"

enum {
  BLOCK = 128 * 1024, /* the defaults of lib/packet-socket/options.ts */
  BLOCKS = 128,
  RETIRE_MS = 1,
  QUIET_MS = 100, /* after which no more frames are on their way */
};

static uint64_t packets, sum;

static void set(int fd, int option, const void* value, socklen_t size) {
  if (setsockopt(fd, SOL_PACKET, option, value, size)) die("setsockopt");
}

static char* open_ring(int fd) {
  int version = TPACKET_V3, one = 1;
  struct tpacket_req3 request = {.tp_block_size = BLOCK,
                                 .tp_block_nr = BLOCKS,
                                 .tp_frame_size = BLOCK,
                                 .tp_frame_nr = BLOCKS,
                                 .tp_retire_blk_tov = RETIRE_MS};
  set(fd, PACKET_VERSION, &version, sizeof version);
  set(fd, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  set(fd, PACKET_RX_RING, &request, sizeof request);
  char* ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (ring == MAP_FAILED) die("mmap");
  return ring;
}

/* Returns whether the kernel had handed the block over; then it gets it back. */
static int take(struct tpacket_block_desc* block) {
  if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) return 0;
  const char* at = (const char*)block + block->hdr.bh1.offset_to_first_pkt;
  for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
    const struct tpacket3_hdr* header = (const void*)at;
    sum += (uint8_t)at[header->tp_mac];
    at += header->tp_next_offset;
  }
  packets += block->hdr.bh1.num_pkts;
  __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  return 1;
}

/* Returns false when no more frames come: stdin has ended, and some time has gone by. */
static int await_block(int fd) {
  static int ended;
  struct pollfd both[] = {{.fd = fd, .events = POLLIN}, {.fd = ended ? -1 : STDIN_FILENO, .events = POLLIN}};
  int count = poll(both, 2, ended ? QUIET_MS : -1);
  if (both[1].revents) ended = 1;
  return count != 0;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int fd = packet_socket(argv[1]);
  char* ring = open_ring(fd);
  bind_to(fd, argv[2], ETH_P_ALL);
  say_ready();
  struct usage start = {0};
  uint64_t last = 0;
  for (uint32_t next = 0;;) {
    uint64_t before = packets;
    while (take((void*)(ring + (size_t)next * BLOCK))) {
      next = (next + 1) % BLOCKS;
      if (before == 0 && !start.wall_ns) start = usage_now();
    }
    if (packets != before) last = now_ns();
    if (!await_block(fd)) break;
  }
  struct usage end = usage_now();
  struct tpacket_stats_v3 kernel = {0};
  socklen_t size = sizeof kernel;
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &size);
  double cpu_us = end.user_us - start.user_us + end.system_us - start.system_us;
  printf("{\"packets\": %lu, \"dropped\": %u, \"seconds\": %f, \"cpuUs\": %f, \"sum\": %lu}\n", packets,
         kernel.tp_drops, (double)(last - start.wall_ns) / 1e9, cpu_us, sum);
  return 0;
}
