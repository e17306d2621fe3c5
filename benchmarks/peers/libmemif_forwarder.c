// Copies packets between two memif peers over libmemif, both ways, in one polling thread, as a C program
// does: libmemif_forwarder <socket A> <socket B>. It is a client of both, as a CNF is of VPP. Ends when a
// peer goes.
#include "libmemif_common.h"

static void Forward(struct Port* from, struct Port* to) {
  uint16_t count = Receive(from);
  if (count == 0) return;
  uint16_t room = Reserve(to, count, 2048);
  for (uint16_t i = 0; i < room; i++) {
    memcpy(to->tx[i].data, from->rx[i].data, from->rx[i].len);
    to->tx[i].len = from->rx[i].len;
  }
  Commit(to, room);
  Release(from, count);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  static struct Port a, b;
  OpenPort(&a, "client", argv[1], 1);
  OpenPort(&b, "client", argv[2], 1);
  SayReady();
  while (!a.up || !b.up) Control(&a, 5), Control(&b, 5);
  while (Up(&a) && Up(&b)) {
    Forward(&a, &b);
    Forward(&b, &a);
  }
  return 0;
}
