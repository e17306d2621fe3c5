// Sends over libmemif as fast as the ring takes it, until the sink ends the run: libmemif_source <role>
// <socket> <size> [seconds] [packets]. With `seconds` above 0 the source ends it: it sends for that long, and
// then the end packet. `packets`: how many different packets it copies from, by default one, or "flows": the
// one is UDP of a million flows, in no order.
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

/// The packets to copy from, one after the other.
struct Packets {
  uint8_t* bytes;
  uint16_t size;
  unsigned count;
  unsigned next;
};

static struct Packets MakePackets(uint16_t size, unsigned count) {
  struct Packets packets = {malloc((size_t)count * size), size, count, 0};
  // Memory that was never written, or only with zeros, may be one page for all packets.
  memset(packets.bytes, 1, (size_t)count * size);
  for (unsigned i = 0; i < count; i++) packets.bytes[(size_t)i * size] = 0;
  return packets;
}

static const uint8_t* Next(struct Packets* packets) {
  const uint8_t* packet = packets->bytes + (size_t)packets->next * packets->size;
  if (++packets->next == packets->count) packets->next = 0;
  return packet;
}

static uint16_t SendBurst(struct Port* port, struct Packets* packets, int flows) {
  const uint16_t size = packets->size;
  uint16_t count = Reserve(port, BURST, size);
  if (count == 0) return 0;
  for (uint16_t i = 0; i < count; i++) {
    memcpy(port->tx[i].data, Next(packets), size);
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
  int flows = argc > 5 && strcmp(argv[5], "flows") == 0;
  struct Packets packets = MakePackets(size, argc > 5 && !flows ? (unsigned)atoi(argv[5]) : 1);
  if (flows) WriteHeaders(packets.bytes, size);
  struct Port port;
  OpenPort(&port, argv[1], argv[2], 1);
  SayReady();
  AwaitUp(&port);
  uint64_t sent = 0;
  double start = Now();
  while (Up(&port)) {
    sent += SendBurst(&port, &packets, flows);
    if (seconds > 0 ? Now() - start > seconds : SinkSaysEnd(&port)) break;
  }
  double elapsed = Now() - start;
  packets.bytes[0] = END_BYTE;
  SendOne(&port, packets.bytes, size);
  while (seconds > 0 && Up(&port) && !SinkSaysEnd(&port)) continue;  // until the sink has all of it
  printf("{\"sent\":%llu,\"pps\":%.0f}\n", (unsigned long long)sent, (double)sent / elapsed);
  fflush(stdout);
  while (seconds <= 0 && port.up) Control(&port, 10);  // the sink reads the end packet before the ring goes
  return 0;
}
