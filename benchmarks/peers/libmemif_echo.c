// Sends back what it receives over libmemif, until its peer goes: libmemif_echo <role> <socket> poll|sleep.
#include "libmemif_common.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  struct Port port;
  OpenPort(&port, argv[1], argv[2], strcmp(argv[3], "poll") == 0);
  SayReady();
  AwaitUp(&port);
  while (Up(&port)) {
    uint16_t count = Receive(&port);
    if (count == 0) continue;
    uint16_t room = Reserve(&port, count, 2048);
    for (uint16_t i = 0; i < room; i++) {
      memcpy(port.tx[i].data, port.rx[i].data, port.rx[i].len);
      port.tx[i].len = port.rx[i].len;
    }
    Release(&port, count);
    Commit(&port, room);
  }
  return 0;
}
