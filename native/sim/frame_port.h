// Frames in bursts over one non-blocking descriptor that keeps message boundaries: the embedded VPP's punt
// socket, TAPs and af_packet interfaces. NativeSimFramePort in lib/native.ts.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/open_device.h"
#include "util/fd_poll.h"
#include "util/fields.h"
#include "util/loop_hold.h"
#include "util/unique_fd.h"
#include "util/unix_address.h"

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
  ~FramePort() override { Shutdown(); }

 private:
  Napi::Value Name(const Napi::CallbackInfo& info);
  Napi::Value IfIndex(const Napi::CallbackInfo& info);
  /// start(slab, lengths, slotSize, onBurst(count))
  void Start(const Napi::CallbackInfo& info);
  /// addPeer(path): index
  Napi::Value AddPeer(const Napi::CallbackInfo& info);
  /// send(arena, table, count, accepted): table has offset, length and peer for each frame (only a punt
  /// socket uses the peer), accepted gets 1 or 0 for each. Returns how many the kernel took.
  Napi::Value Send(const Napi::CallbackInfo& info);
  /// unref(): lets the process end while the port is open
  void Unreference(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  SystemError Open(const std::string& kind, const Fields& options);
  int OpenPoll();
  void OnReadable();
  uint32_t ReceiveBurst();
  bool SendOne(const uint8_t* bytes, size_t length, uint32_t peer);
  void Shutdown();

  UniqueFd fd_;
  BoundPath bound_;  // of a punt socket
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<FdPoll> poll_;  // null once closed
  std::string name_;
  int if_index_ = 0;
  bool is_punt_ = false;
  bool started_ = false;
  std::vector<UnixAddress> peers_;
  ReceiveSlab slab_;
  Napi::Reference<Napi::Uint8Array> slab_reference_;
  Napi::Reference<Napi::Uint32Array> lengths_reference_;
  Napi::FunctionReference on_burst_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace vpp_punt::sim
