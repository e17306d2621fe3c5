// Both ends of a forwarder, in one polling thread: sends into one memif and receives from another, as fast as
// it goes: libmemif_loop <socket A> <socket B> <size> <seconds> [both] [headers]. It is the server of both.
// `both`: the other way too. `headers`: writes the first 64 bytes of a packet only, as an end without a copy
// does.
#include "libmemif_common.h"

struct Way {
  struct Port* from;
  struct Port* to;
  uint64_t sent;
  uint64_t received;
  uint64_t wrong;
};

static void Send(struct Way* way, const uint8_t* packet, uint16_t written, uint16_t size) {
  uint16_t count = Reserve(way->from, BURST, size);
  for (uint16_t i = 0; i < count; i++) {
    memcpy(way->from->tx[i].data, packet, written);
    memcpy((uint8_t*)way->from->tx[i].data + 20, &way->sent, sizeof(way->sent));
    way->from->tx[i].len = size;
    way->sent++;
  }
  if (count > 0) Commit(way->from, count);
}

/// Takes a burst, and counts the packets that are not in order.
static void Take(struct Way* way) {
  static uint64_t next[2];
  uint64_t* expected = &next[way->from < way->to];
  uint16_t count = Receive(way->to);
  for (uint16_t i = 0; i < count; i++) {
    uint64_t number;
    memcpy(&number, (uint8_t*)way->to->rx[i].data + 20, sizeof(number));
    way->wrong += number < *expected;
    *expected = number + 1;
  }
  way->received += count;
  if (count > 0) Release(way->to, count);
}

/// A forwarder may connect twice: waits until both links have been up for a while.
static void AwaitBoth(struct Port* a, struct Port* b) {
  for (double since = Now(); !a->up || !b->up || Now() - since < 0.3;) {
    Control(a, 1);
    Control(b, 1);
    if (!a->up || !b->up) since = Now();
  }
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  uint16_t size = (uint16_t)atoi(argv[3]);
  double seconds = atof(argv[4]);
  int ways = 1;
  uint16_t written = size;
  for (int i = 5; i < argc; i++) {
    if (strcmp(argv[i], "both") == 0) ways = 2;
    if (strcmp(argv[i], "headers") == 0) written = 64;
  }
  uint8_t* packet = calloc(1, size);
  static struct Port ports[2];
  OpenPort(&ports[0], "server", argv[1], 1);
  OpenPort(&ports[1], "server", argv[2], 1);
  SayReady();
  AwaitBoth(&ports[0], &ports[1]);
  struct Way way[2] = {{&ports[0], &ports[1], 0, 0, 0}, {&ports[1], &ports[0], 0, 0, 0}};
  double start = Now();
  while (Now() - start < seconds && Up(&ports[0]) && Up(&ports[1])) {
    for (int i = 0; i < ways; i++) Send(&way[i], packet, written, size), Take(&way[i]);
  }
  double elapsed = Now() - start;
  uint64_t in_time = way[0].received + way[1].received;
  for (double end = Now(); Now() - end < 0.2;)
    for (int i = 0; i < ways; i++) Take(&way[i]);
  uint64_t sent = way[0].sent + way[1].sent, received = way[0].received + way[1].received;
  printf("{\"pps\":%.0f,\"lost\":%llu,\"disordered\":%llu}\n", (double)in_time / elapsed,
         (unsigned long long)(sent - received), (unsigned long long)(way[0].wrong + way[1].wrong));
  return 0;
}
