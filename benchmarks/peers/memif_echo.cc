// Sends every packet back, until its peer goes: memif_echo <role> <socket> poll|sleep.
#include "memif_common.h"

using namespace bench;

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  bool sleeps = strcmp(argv[3], "sleep") == 0;
  Peer peer(RoleOf(argv[1]), argv[2]);
  peer.rx().SetFollow(!sleeps);
  SayReady();
  peer.AwaitUp();
  while (peer.Up()) {
    uint32_t count = peer.rx().Burst(peer.table(), kBurst);
    if (count == 0 && sleeps) peer.Sleep();
    if (count == 0) continue;
    for (uint32_t i = 0; i < count; i++) peer.tx().Append(peer.Packet(i), peer.table().lengths()[i]);
    peer.rx().Release();
    peer.tx().Publish();
    peer.tx().RingDoorbell();
  }
}
