#include "filter/table_binding.h"

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "filter/handle.h"
#include "filter/match_table.h"
#include "util/error.h"
#include "util/fields.h"

namespace vpp_punt::filter {

namespace {

using Self = std::shared_ptr<MatchTable>;
using Call = Napi::CallbackInfo;

/// The burst that arguments `first` and `first + 1` describe: memory, and the buffer of a BatchTable.
Burst BurstOf(const Call& call, size_t first) {
  const auto memory = Cells<uint8_t>::Of(call.Env(), call[first]);
  void* cells = nullptr;
  size_t size = 0;
  napi_get_arraybuffer_info(call.Env(), call[first + 1], &cells, &size);
  const auto capacity = static_cast<uint32_t>(size / kPacketTableRow);
  return {memory.data, memory.length, PacketTable(static_cast<uint32_t*>(cells), capacity)};
}

/// set(key, value): false if the table is full.
Napi::Value Set(const Self& table, const Call& call) {
  const auto key = Cells<uint8_t>::Of(call.Env(), call[0]);
  const uint32_t value = call[1].As<Napi::Number>();
  return Napi::Boolean::New(call.Env(), table->Set(key.data, key.length, value));
}

Napi::Value Get(const Self& table, const Call& call) {
  const auto key = Cells<uint8_t>::Of(call.Env(), call[0]);
  return Napi::Number::New(call.Env(), table->Get(key.data, key.length));
}

Napi::Value Remove(const Self& table, const Call& call) {
  const auto key = Cells<uint8_t>::Of(call.Env(), call[0]);
  return Napi::Boolean::New(call.Env(), table->Remove(key.data, key.length));
}

Napi::Value Clear(const Self& table, const Call& call) {
  table->Clear();
  return call.Env().Undefined();
}

Napi::Value Size(const Self& table, const Call& call) {
  return Napi::Number::New(call.Env(), static_cast<double>(table->size()));
}

/// lookup(memory, table, count, values)
Napi::Value Lookup(const Self& table, const Call& call) {
  const Burst burst = BurstOf(call, 0);
  const uint32_t count = call[2].As<Napi::Number>();
  const auto values = Cells<uint32_t>::Of(call.Env(), call[3]);
  std::vector<uint32_t> which;
  std::vector<uint32_t> found(count);
  which.reserve(count);
  for (uint32_t i = 0; i < count && i < burst.table.capacity() && i < values.length; i++) {
    values.data[i] = 0;
    if (burst.Contains(i)) which.push_back(i);
  }
  table->Lookup(burst, which.data(), static_cast<uint32_t>(which.size()), found.data());
  for (size_t k = 0; k < which.size(); k++) values.data[which[k]] = found[k];
  return call.Env().Undefined();
}

/// learn(memory, table, packet, reverse, value): the number of MatchTable::Learned.
Napi::Value Learn(const Self& table, const Call& call) {
  const Burst burst = BurstOf(call, 0);
  const uint32_t i = call[2].As<Napi::Number>();
  auto learned = MatchTable::Learned::kNoKey;
  if (i < burst.table.capacity() && burst.Contains(i)) {
    const bool reverse = call[3].As<Napi::Boolean>();
    learned = table->Learn(burst.data(i), burst.length(i), reverse, call[4].As<Napi::Number>());
  }
  return Napi::Number::New(call.Env(), static_cast<int>(learned));
}

}  // namespace

Napi::Value OpenTable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto capacity = static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value());
  const auto kind = static_cast<TableKind>(info[0].As<Napi::Number>().Uint32Value());
  const Self table = MatchTable::New({kind, info[1].As<Napi::Boolean>(), capacity});
  if (!table) {
    ThrowErrno(env, "table.new", "memory for " + std::to_string(capacity) + " entries", ENOMEM);
    return env.Undefined();
  }
  Napi::Object functions = Napi::Object::New(env);
  const auto set = [&](const char* name, Napi::Value (*function)(const Self&, const Call&)) {
    functions.Set(name, Napi::Function::New(
                            env, [table, function](const Call& call) { return function(table, call); }));
  };
  set("set", Set);
  set("get", Get);
  set("remove", Remove);
  set("clear", Clear);
  set("size", Size);
  set("lookup", Lookup);
  set("learn", Learn);
  functions.Set("matcher", NewMatcherHandle(env, table));
  return functions;
}

}  // namespace vpp_punt::filter
