// VPP's binary API socket (AF_UNIX stream) for lib/binapi/socket-transport.ts, which does the framing. Node's
// own net.Socket copies every read into a new buffer, and runs several turns of JavaScript for each write:
// 25-40 us in a round trip that takes VPP 30.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <string>

#include "util/loop_hold.h"
#include "util/unique_fd.h"

namespace vpp_punt {

class ApiSocket : public Napi::ObjectWrap<ApiSocket> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);

  /// new ApiSocket(path, onReady): connects, or throws; a number instead of a path is a connected socket to
  /// take over. Calls `onReady(writable, broken)` when the socket has bytes or room, whichever Watch asked
  /// for; bytes at first.
  explicit ApiSocket(const Napi::CallbackInfo& info);
  ~ApiSocket() override { Shutdown(); }

 private:
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  void Watch(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  bool Connect(Napi::Env env, const std::string& path);
  int WatchFor(int events);
  void OnEvents(int status, int events);

  /// Lets go of the loop, of JavaScript's callback (which refers back to this object) and of the socket.
  void Shutdown();

  UniqueFd fd_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<HeldHandle<uv_poll_t>> poll_;
  Napi::FunctionReference on_ready_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace vpp_punt
