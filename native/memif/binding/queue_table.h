// The memory that a queue shares with native code: descriptions of a burst's packets, and where the packets
// lie.
#pragma once

#include <napi.h>

#include "memif/port/batch.h"
#include "util/fields.h"

namespace vpp_punt::memif {

struct QueueTable {
  BatchColumns columns = {nullptr, nullptr, 0};

  /// From `table`, `capacity` and `state` of NativeMemifQueueOptions in lib/native.ts.
  static QueueTable Read(napi_env env, const Fields& fields) {
    QueueTable made;
    napi_value table = fields.Get("table"), state = fields.Get("state");
    void *cells = nullptr, *words = nullptr;
    if (table == nullptr || napi_get_arraybuffer_info(env, table, &cells, nullptr) != napi_ok) return made;
    if (state == nullptr ||
        napi_get_typedarray_info(env, state, nullptr, nullptr, &words, nullptr, nullptr) != napi_ok)
      return made;
    uint32_t capacity = fields.Number("capacity");
    made.columns = {static_cast<uint32_t*>(cells), static_cast<uint32_t*>(cells) + capacity, capacity};
    made.state_ = static_cast<uint32_t*>(words);
    made.table_object_ = Napi::Persistent(Napi::Object(env, table));
    made.state_object_ = Napi::Persistent(Napi::Object(env, state));
    return made;
  }

  bool usable() const { return state_ != nullptr && columns.capacity > 0; }

  /// Reports the memory and the connection of the burst that `columns` describes.
  void Tell(uint32_t memory, uint32_t connection) {
    state_[0] = memory;
    state_[1] = connection;
  }

 private:
  uint32_t* state_ = nullptr;
  Napi::ObjectReference table_object_;  // keep the memory behind columns and state_
  Napi::ObjectReference state_object_;
};

}  // namespace vpp_punt::memif
