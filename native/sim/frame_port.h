// Frames in bursts over one non-blocking descriptor that keeps message boundaries: what the embedded VPP's
// punt socket, TAPs and af_packet interfaces have in common.
#pragma once

#include <napi.h>
#include <sys/un.h>
#include <uv.h>

#include <string>
#include <vector>

#include "sim/open_device.h"
#include "util/unique_fd.h"

namespace vpp_punt::sim {

/// Where received frames go: `count` slots of `slot_size` bytes, and a length for each.
struct ReceiveSlab {
  uint8_t* bytes = nullptr;
  uint32_t* lengths = nullptr;
  uint32_t slot_size = 0;
  uint32_t slots = 0;
};

class FramePort : public Napi::ObjectWrap<FramePort> {
 public:
  static Napi::Function Define(Napi::Env env);

  /// new SimFramePort({ kind, name, netns, sendBuffer }): kind "punt", "tap", "tun" or "packet".
  explicit FramePort(const Napi::CallbackInfo& info);
  ~FramePort() override;

 private:
  /// Lives until libuv has let go of it; the descriptor is closed after that.
  struct Poll;

  Napi::Value Name(const Napi::CallbackInfo& info);
  Napi::Value IfIndex(const Napi::CallbackInfo& info);
  /// start(slab, lengths, slotSize, onBurst(count))
  void Start(const Napi::CallbackInfo& info);
  /// addPeer(path): index
  Napi::Value AddPeer(const Napi::CallbackInfo& info);
  /// send(arena, table, count, accepted): table has offset, length and peer for each frame (peer is ignored
  /// but on a punt socket), accepted gets 1 or 0 for each. Returns how many the kernel took.
  Napi::Value Send(const Napi::CallbackInfo& info);
  /// unref(): lets the process end while the port is open
  void Background(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void OnReadable();
  uint32_t ReceiveBurst();
  bool SendOne(const uint8_t* bytes, size_t length, uint32_t peer);
  void Shut();

  Poll* poll_ = nullptr;
  std::string name_;
  int if_index_ = 0;
  bool is_punt_ = false;
  std::vector<sockaddr_un> peers_;
  ReceiveSlab slab_;
  Napi::Reference<Napi::Uint8Array> slab_reference_;
  Napi::Reference<Napi::Uint32Array> lengths_reference_;
  Napi::FunctionReference on_burst_;
};

}  // namespace vpp_punt::sim
