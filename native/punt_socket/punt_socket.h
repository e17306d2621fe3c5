// The receiving punt socket as JavaScript sees it: NativePuntSocket in lib/native.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "filter/port_filter.h"
#include "punt_socket/drain_thread.h"
#include "punt_socket/event_pump.h"
#include "punt_socket/receiver.h"
#include "util/fields.h"
#include "util/packet_table.h"

namespace vpp_punt::punt_socket {

class PuntSocket : public Napi::ObjectWrap<PuntSocket> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit PuntSocket(const Napi::CallbackInfo& info);
  ~PuntSocket() override { Shutdown(); }

 private:
  // Methods of NativePuntSocket.
  void Start(const Napi::CallbackInfo& info);
  void Stop(const Napi::CallbackInfo& info);
  void Pause(const Napi::CallbackInfo& info);
  void Resume(const Napi::CallbackInfo& info);
  void SetRef(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void SetFilter(const Napi::CallbackInfo& info);
  Napi::Value Pull(const Napi::CallbackInfo& info);
  Napi::Value Memory(const Napi::CallbackInfo& info);
  Napi::Value Reconnect(const Napi::CallbackInfo& info);
  Napi::Value SendTo(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);

  SystemError Open(const Fields& options, UniqueFd adopted);
  uint32_t PullBurst();
  Turn Serve();
  bool Deliver(uint32_t count);
  struct Slab {
    uint8_t* data;
    size_t size;
    const std::shared_ptr<Mapping>& memory;
  };

  Slab CurrentSlab() const;
  Napi::Value CopyOfBurst(Napi::Env env, const uint8_t* slab);
  void Shutdown();

  std::unique_ptr<Receiver> receiver_;  // null once closed
  std::unique_ptr<DrainThread> drain_;
  std::shared_ptr<LoopHold> hold_;
  std::shared_ptr<EventPump> pump_;
  PacketTable table_;
  filter::PortFilter filter_;
  uint32_t taken_ = 0;            // packets of the last burst, those included that the filter has dropped
  uint64_t taken_bytes_ = 0;      // likewise
  uint32_t count_ = 0;            // packets of the burst in table_
  uint32_t* location_ = nullptr;  // for lib/punt-socket: [slab of the burst, 1 if memory() gave a copy]
  bool copy_ = false;             // give copies: asked for, or the runtime refuses external memory
  Napi::Reference<Napi::Uint32Array> columns_, location_cell_;
  Napi::FunctionReference on_burst_;
  std::unique_ptr<Napi::AsyncContext> context_;
  uint64_t bursts_ = 0;
  uint64_t injected_ = 0;  // of EnvState, at the end of the last turn
};

}  // namespace vpp_punt::punt_socket
