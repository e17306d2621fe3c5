// A transmit queue as JavaScript has it.
#pragma once

#include <napi.h>

#include <memory>

#include "memif/engine.h"

namespace vpp_punt::memif {

class TxBinding : public std::enable_shared_from_this<TxBinding> {
 public:
  /// `table`: offsets and lengths, `capacity` each. `state`: see TxState in lib/native.ts.
  TxBinding(Napi::Env env, std::shared_ptr<Port> port, size_t index, const Napi::Object& options);
  ~TxBinding();

  /// The functions of NativeMemifTx in lib/native.ts.
  Napi::Object Functions();

  /// Lets go of a connection that has ended.
  void Refresh();
  void Close();

 private:
  uint32_t Reserve(uint32_t max);
  AppendResult AppendArgument(napi_env env, napi_callback_info info);
  uint32_t AppendTable(napi_env env, napi_callback_info info);

  Napi::Env env_;
  std::shared_ptr<Port> port_;  // keeps queue_
  TxQueue& queue_;
  BatchColumns columns_;
  uint32_t* state_;
  Napi::ObjectReference table_;
  Napi::ObjectReference state_array_;
  bool closed_ = false;
};

}  // namespace vpp_punt::memif
