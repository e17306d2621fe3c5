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
    return UintResult(env, tx.Commit(env, info));
  });
  SetFunction(functions, "append", self, [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(env, static_cast<uint32_t>(tx.AppendArgument(env, info)));
  });
  SetFunction(functions, "appendTable", self,
              [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
                return UintResult(env, tx.AppendTable(env, info));
              });
  SetFunction(functions, "fill", self, [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(env, tx.FillArgument(env, info));
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
  SetFunction(functions, "isTooLong", self,
              [](Self& tx, napi_env env, napi_callback_info info) -> napi_value {
                return BooleanResult(env, !tx.closed_ && tx.queue_.IsTooLong(UintArgument(env, info, 0)));
              });
  SetFunction(functions, "close", self, [](Self& tx, napi_env, napi_callback_info) -> napi_value {
    tx.Close();
    return nullptr;
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

/// The packets written so far are the peer's; `now`: it gets its doorbell with them.
void TxBinding::Publish(napi_env env, napi_value now) {
  bool rings = false;
  napi_get_value_bool(env, now, &rings);
  queue_.Publish();
  if (rings) queue_.RingDoorbell();
}

/// commit(count, now)
uint32_t TxBinding::Commit(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t size = 2;
  uint32_t count = 0;
  napi_get_cb_info(env, info, &size, arguments, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[0], &count);
  if (closed_) return 0;
  const uint32_t done = queue_.Commit(table_.packets.lengths(), count);
  if (done == count) Publish(env, arguments[1]);
  return done;
}

/// append(bytes, now): one packet.
AppendResult TxBinding::AppendArgument(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2, length = 0;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[0], nullptr, &length, &data, nullptr, nullptr);
  if (closed_) return AppendResult::kDown;
  AppendResult result = queue_.Append(static_cast<const uint8_t*>(data), static_cast<uint32_t>(length));
  if (result == AppendResult::kDone) Publish(env, arguments[1]);
  return result;
}

/// fill(bytes, count)
uint32_t TxBinding::FillArgument(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t size = 2, length = 0;
  void* data = nullptr;
  uint32_t count = 0;
  napi_get_cb_info(env, info, &size, arguments, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[0], nullptr, &length, &data, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[1], &count);
  if (closed_ || count > table_.packets.capacity()) return 0;
  return queue_.Fill(table_.packets, static_cast<const uint8_t*>(data), static_cast<uint32_t>(length), count);
}

/// appendTable(bytes, table, count, now): sends packets described as in a BatchTable. Returns how many were
/// taken.
uint32_t TxBinding::AppendTable(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4, size = 0, table_size = 0;
  void *bytes = nullptr, *table = nullptr;
  uint32_t packets = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[0], nullptr, &size, &bytes, nullptr, nullptr);
  napi_get_arraybuffer_info(env, arguments[1], &table, &table_size);
  napi_get_value_uint32(env, arguments[2], &packets);
  const auto capacity = static_cast<uint32_t>(table_size / kPacketTableRow);
  if (closed_ || bytes == nullptr || table == nullptr || packets > capacity) return 0;
  const PacketTable described(static_cast<uint32_t*>(table), capacity);
  for (uint32_t i = 0; i < packets; i++) {
    const bool inside = uint64_t{described.offset(i)} + described.length(i) <= size;
    if (!inside || described.length(i) == 0) packets = i;
  }
  const uint32_t done = queue_.AppendAll(
      {static_cast<const uint8_t*>(bytes), described.offsets(), described.lengths(), packets});
  if (done > 0) Publish(env, arguments[3]);
  return done;
}

void TxBinding::Refresh() {
  if (!closed_) queue_.Refresh();
}

void TxBinding::Close() {
  if (closed_) return;
  closed_ = true;
  queue_.Unlock();
  table_ = {};
}

}  // namespace vpp_punt::memif
