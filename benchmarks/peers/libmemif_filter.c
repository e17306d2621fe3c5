// Receives over libmemif, drops some packets, and reads the first byte of the others, in one polling thread:
// libmemif_filter <role> <socket> <seconds> [expression]. It drops the packets whose 5-tuple is in a table of
// half a million; it reads the keys of a burst and fetches their entries before it looks up the first. With
// an expression of tcpdump's it drops those for which libpcap's interpreter says so.
#include <dlfcn.h>

#include "libmemif_common.h"

/// As in pcap/bpf.h, which not every machine has beside the library.
struct Program {
  unsigned length;
  void* instructions;
};

static struct Program program;
static unsigned (*bpf_filter)(const void* instructions, const uint8_t* packet, unsigned wire,
                              unsigned length);

static void Require(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void Compile(const char* expression) {
  void* library = dlopen("libpcap.so.0.8", RTLD_NOW);
  Require(library != NULL, "there is no libpcap.so.0.8");
  void* (*open_dead)(int, int) = dlsym(library, "pcap_open_dead");
  int (*compile)(void*, struct Program*, const char*, int, uint32_t) = dlsym(library, "pcap_compile");
  bpf_filter = dlsym(library, "bpf_filter");
  Require(compile(open_dead(1, 262144), &program, expression, 1, ~0u) == 0, "libpcap refuses the expression");
}

#define FLOWS (1u << 20)
#define SLOTS (1u << 21)

struct Key {
  uint64_t addresses;
  uint64_t rest;
};

struct Entry {
  struct Key key;
  uint64_t used;
};

static struct Entry* table;

static uint64_t Hash(struct Key key) {
  uint64_t hash = (key.addresses ^ key.rest * 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
  return hash ^ hash >> 32;
}

static struct Entry* Find(struct Key key, uint64_t hash) {
  for (uint64_t at = hash & (SLOTS - 1);; at = (at + 1) & (SLOTS - 1)) {
    struct Entry* entry = &table[at];
    if (!entry->used || (entry->key.addresses == key.addresses && entry->key.rest == key.rest)) return entry;
  }
}

/// The 5-tuple of a frame of IPv4 with UDP or TCP. Returns 0 for another frame.
static int Read(const uint8_t* frame, uint32_t length, struct Key* key) {
  if (length < 34 || frame[12] != 8 || frame[13] != 0) return 0;
  uint32_t header = (frame[14] & 15u) * 4;
  if (frame[14] >> 4 != 4 || header < 20 || length < 14 + header + 4) return 0;
  if ((frame[20] & 0x1f) != 0 || frame[21] != 0 || (frame[23] != 6 && frame[23] != 17)) return 0;
  uint32_t ports;
  memcpy(&key->addresses, frame + 26, 8);
  memcpy(&ports, frame + 14 + header, 4);
  key->rest = ports | (uint64_t)frame[23] << 32;
  return 1;
}

static void Fill(void) {
  table = calloc(SLOTS, sizeof(*table));
  for (uint32_t flow = 0; flow < FLOWS; flow += 2) {
    const uint8_t addresses[8] = {10, flow >> 16, flow >> 8, flow, 10, 200, 0, 1};
    const uint8_t ports[4] = {4, 0, 0, 53};
    struct Key key = {0, 17ull << 32};
    uint32_t word;
    memcpy(&key.addresses, addresses, 8);
    memcpy(&word, ports, 4);
    key.rest |= word;
    struct Entry* entry = Find(key, Hash(key));
    entry->key = key;
    entry->used = 1;
  }
}

/// Looks at a burst by the program. Returns the same.
static uint16_t DecideByProgram(struct Port* port, uint16_t count, uint64_t* sum, uint8_t* last) {
  uint16_t dropped = 0;
  for (uint16_t i = 0; i < count; i++) {
    memif_buffer_t* packet = &port->rx[i];
    if (bpf_filter(program.instructions, packet->data, packet->len, packet->len))
      dropped++;
    else
      *sum += *last = *(uint8_t*)packet->data;
  }
  return dropped;
}

/// Looks at a burst. Returns how many packets it drops; the first byte of the last one is in `last`.
static uint16_t Decide(struct Port* port, uint16_t count, uint64_t* sum, uint8_t* last) {
  static struct Key keys[BURST];
  static uint64_t hashes[BURST];
  static int found[BURST];
  for (uint16_t i = 0; i < count; i++) {
    found[i] = Read(port->rx[i].data, port->rx[i].len, &keys[i]);
    hashes[i] = found[i] ? Hash(keys[i]) : 0;
    __builtin_prefetch(&table[hashes[i] & (SLOTS - 1)]);
  }
  uint16_t dropped = 0;
  for (uint16_t i = 0; i < count; i++) {
    if (found[i] && Find(keys[i], hashes[i])->used)
      dropped++;
    else
      *sum += *last = *(uint8_t*)port->rx[i].data;
  }
  return dropped;
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  double seconds = atof(argv[3]), start = 0, elapsed = 0;
  const int by_program = argc > 4;
  if (by_program)
    Compile(argv[4]);
  else
    Fill();
  struct Port port;
  OpenPort(&port, argv[1], argv[2], 1);
  SayReady();
  AwaitUp(&port);
  uint8_t end[60];
  memset(end, END_BYTE, sizeof(end));
  uint64_t received = 0, dropped = 0, sum = 0, in_time = 0;
  uint8_t last = 0;
  for (int told = 0; last != END_BYTE && Up(&port);) {
    uint16_t count = Receive(&port);
    if (count == 0) continue;
    if (start == 0) start = Now();
    dropped += (by_program ? DecideByProgram : Decide)(&port, count, &sum, &last);
    received += count;
    Release(&port, count);
    if (told || Now() - start <= seconds) continue;
    elapsed = Now() - start, in_time = received, told = 1;
    SendOne(&port, end, sizeof(end));
  }
  printf("{\"received\":%llu,\"dropped\":%llu,\"pps\":%.0f,\"sum\":%llu}\n",
         (unsigned long long)(received - 1), (unsigned long long)dropped, (double)in_time / elapsed,
         (unsigned long long)sum);
  return 0;
}
