// A transmit queue in JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "memif/binding/queue_table.h"
#include "memif/port/port.h"

namespace vpp_punt::memif {

class TxBinding : public std::enable_shared_from_this<TxBinding> {
 public:
  /// `options`: NativeMemifQueueOptions of lib/native.ts.
  TxBinding(Napi::Env env, std::shared_ptr<Port> port, size_t index, napi_value options);
  ~TxBinding();

  /// False if the options could not be read, because the thread is being terminated.
  bool usable() const { return table_.usable(); }

  /// The functions of NativeMemifTx in lib/native.ts.
  Napi::Object Functions();

  /// Drops a connection that has ended.
  void Refresh();
  void Close();

 private:
  uint32_t Reserve(uint32_t max);
  void Publish(napi_env env, napi_value now);
  uint32_t Commit(napi_env env, napi_callback_info info);
  AppendResult AppendArgument(napi_env env, napi_callback_info info);
  uint32_t FillArgument(napi_env env, napi_callback_info info);
  uint32_t AppendTable(napi_env env, napi_callback_info info);

  Napi::Env env_;
  std::shared_ptr<Port> port_;  // keeps queue_
  TxQueue& queue_;
  QueueTable table_;
  bool closed_ = false;
};

}  // namespace vpp_punt::memif
