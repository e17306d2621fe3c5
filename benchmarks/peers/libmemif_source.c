// Sends over libmemif as fast as the ring takes it, until the sink ends the run: libmemif_source <role>
// <socket> <size> [seconds] [flows]. With `seconds` above 0 the source ends it: it sends for that long, and
// then the end packet. `flows`: the packets are UDP of a million flows, in no order.
#include "libmemif_common.h"

static int SinkSaysEnd(struct Port* port) {
  uint16_t count = Receive(port);
  if (count == 0) return 0;
  int end = *(uint8_t*)port->rx[0].data == END_BYTE;
  Release(port, count);
  return end;
}

/// Writes Ethernet, IPv4 and UDP headers of an odd flow from 10.0.0.0/12, port 1024, to 10.200.0.1, port 53.
static void WriteHeaders(uint8_t* packet, uint16_t size) {
  const uint8_t headers[] = {8, 0,  0x45, 0, 0, 0,  0,   0, 0, 0, 64, 17, 0,
                             0, 10, 0,    0, 1, 10, 200, 0, 1, 4, 0,  0,  53};
  memcpy(packet + 12, headers, sizeof(headers));
  packet[16] = (uint8_t)((size - 14) >> 8);
  packet[17] = (uint8_t)(size - 14);
}

/// Makes a packet one of the next flow.
static void SetFlow(uint8_t* packet) {
  static uint32_t number;
  uint32_t flow = number++ * 2654435761u & 0xfffff;
  packet[27] = (uint8_t)(flow >> 16);
  packet[28] = (uint8_t)(flow >> 8);
  packet[29] = (uint8_t)flow;
}

static uint16_t SendBurst(struct Port* port, const uint8_t* packet, uint16_t size, int flows) {
  uint16_t count = Reserve(port, BURST, size);
  if (count == 0) return 0;
  for (uint16_t i = 0; i < count; i++) {
    memcpy(port->tx[i].data, packet, size);
    if (flows) SetFlow(port->tx[i].data);
    port->tx[i].len = size;
  }
  Commit(port, count);
  return count;
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  uint16_t size = (uint16_t)atoi(argv[3]);
  double seconds = argc > 4 ? atof(argv[4]) : 0;
  int flows = argc > 5;
  uint8_t* packet = calloc(1, size);
  if (flows) WriteHeaders(packet, size);
  struct Port port;
  OpenPort(&port, argv[1], argv[2], 1);
  SayReady();
  AwaitUp(&port);
  uint64_t sent = 0;
  double start = Now();
  while (Up(&port)) {
    sent += SendBurst(&port, packet, size, flows);
    if (seconds > 0 ? Now() - start > seconds : SinkSaysEnd(&port)) break;
  }
  double elapsed = Now() - start;
  packet[0] = END_BYTE;
  SendOne(&port, packet, size);
  while (seconds > 0 && Up(&port) && !SinkSaysEnd(&port)) continue;  // until the sink has all of it
  printf("{\"sent\":%llu,\"pps\":%.0f}\n", (unsigned long long)sent, (double)sent / elapsed);
  fflush(stdout);
  while (seconds <= 0 && port.up) Control(&port, 10);  // the sink reads the end packet before the ring goes
  return 0;
}
