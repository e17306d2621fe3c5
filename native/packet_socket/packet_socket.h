// A packet socket as JavaScript sees it: NativePacketSocket in lib/native.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "filter/port_filter.h"
#include "packet_socket/device.h"
#include "packet_socket/rx_ring.h"
#include "packet_socket/sender.h"
#include "util/fd_poll.h"
#include "util/fields.h"
#include "util/unique_fd.h"

namespace vpp_punt::packet_socket {

class PacketSocket : public Napi::ObjectWrap<PacketSocket> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit PacketSocket(const Napi::CallbackInfo& info);
  ~PacketSocket() override { Shutdown(); }

 private:
  // Methods of NativePacketSocket.
  void Start(const Napi::CallbackInfo& info);
  void Stop(const Napi::CallbackInfo& info);
  void SetRef(const Napi::CallbackInfo& info);
  void WatchRoom(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void SetFilter(const Napi::CallbackInfo& info);
  uint32_t Next(uint32_t* taken);
  Napi::Value Pull(const Napi::CallbackInfo& info);
  Napi::Value Memory(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Link(const Napi::CallbackInfo& info);
  Napi::Value Name(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);

  SystemError Open(const Fields& options);
  void Watch();
  void OnEvents(int events);
  void Serve();
  bool Deliver(uint32_t count);
  void Tell(const Napi::FunctionReference& whom);
  void ReadKernelCounters();
  void Shutdown();

  UniqueFd fd_;
  Device device_;
  RxRing ring_;
  Sender sender_;
  PacketTable table_;
  filter::PortFilter filter_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<FdPoll> poll_;  // null once closed
  bool receiving_ = false, wants_room_ = false;
  uint64_t starts_ = 0;  // moves with every Start() and Stop()
  uint64_t batches_ = 0, dropped_ = 0, freezes_ = 0;
  Napi::Reference<Napi::Uint32Array> columns_;
  Napi::FunctionReference on_burst_, on_room_, on_link_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace vpp_punt::packet_socket
