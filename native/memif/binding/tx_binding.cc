#include "memif/binding/tx_binding.h"

#include "memif/binding/functions.h"
#include "memif/binding/memory_buffer.h"
#include "util/fields.h"

namespace vpp_punt::memif {

TxBinding::TxBinding(Napi::Env env, std::shared_ptr<Port> port, size_t index, napi_value options)
    : env_(env), port_(std::move(port)), queue_(port_->tx(index)) {
  table_ = QueueTable::Read(env, Fields(env, options));
}

TxBinding::~TxBinding() {
  Close();
}

Napi::Object TxBinding::Functions() {
  using Self = TxBinding;
  Napi::Object functions = Napi::Object::New(env_);
  auto self = shared_from_this();
  SetFunction(functions, "reserve", self, [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(env,
                      tx.closed_ ? 0 : tx.Reserve(UintArgument(env, info, tx.table_.packets.capacity())));
  });
  SetFunction(functions, "commit", self, [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(
        env, tx.closed_ ? 0 : tx.queue_.Commit(tx.table_.packets.lengths(), UintArgument(env, info, 0)));
  });
  SetFunction(functions, "append", self, [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(env, static_cast<uint32_t>(tx.AppendArgument(env, info)));
  });
  SetFunction(functions, "appendTable", self,
              [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
                return UintResult(env, tx.AppendTable(env, info));
              });
  SetFunction(functions, "ringDoorbell", self, [](Self& tx, napi_env, napi_callback_info) -> napi_value {
    if (!tx.closed_) tx.queue_.RingDoorbell();
    return nullptr;
  });
  SetFunction(functions, "countRefused", self,
              [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
                tx.queue_.counters().refused.Add(UintArgument(env, info, 0));
                return nullptr;
              });
  SetFunction(functions, "freeSlots", self, [](Self& tx, napi_env env, napi_callback_info) -> napi_value {
    return UintResult(env, tx.closed_ ? 0 : tx.queue_.FreeSlots());
  });
  SetFunction(functions, "memory", self, [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
    return RegionBuffer(env, tx.queue_.Memory(UintArgument(env, info, 0)));
  });
  return functions;
}

uint32_t TxBinding::Reserve(uint32_t max) {
  uint32_t count = queue_.Reserve(table_.packets, max);
  table_.Tell(queue_.memory(), queue_.connection());
  return count;
}

/// append(bytes): one packet, published.
AppendResult TxBinding::AppendArgument(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1, length = 0;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_typedarray_info(env, argument, nullptr, &length, &data, nullptr, nullptr);
  if (closed_) return AppendResult::kDown;
  AppendResult result = queue_.Append(static_cast<const uint8_t*>(data), static_cast<uint32_t>(length));
  if (result == AppendResult::kDone) queue_.Publish();
  return result;
}

/// appendTable(bytes, offsets, lengths, count): sends packets described as in a BatchTable. Returns how many
/// were taken.
uint32_t TxBinding::AppendTable(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4, size = 0, cells = 0;
  void *bytes = nullptr, *offsets = nullptr, *lengths = nullptr;
  uint32_t packets = 0, done = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[0], nullptr, &size, &bytes, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[1], nullptr, &cells, &offsets, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[2], nullptr, nullptr, &lengths, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[3], &packets);
  if (closed_) return 0;
  for (; done < packets && done < cells; done++) {
    uint32_t offset = static_cast<uint32_t*>(offsets)[done], length = static_cast<uint32_t*>(lengths)[done];
    if (uint64_t{offset} + length > size) break;
    if (queue_.Append(static_cast<const uint8_t*>(bytes) + offset, length) != AppendResult::kDone) break;
  }
  queue_.Publish();
  return done;
}

void TxBinding::Refresh() {
  if (!closed_) queue_.Refresh();
}

void TxBinding::Close() {
  if (closed_) return;
  closed_ = true;
  queue_.Unclaim();
  table_ = {};
}

}  // namespace vpp_punt::memif
