// The memory that a queue shares with native code: descriptions of a burst's packets, and where the packets
// lie.
#pragma once

#include <napi.h>

#include "util/fields.h"
#include "util/packet_table.h"

namespace vpp_punt::memif {

struct QueueTable {
  PacketTable packets;

  /// From `table`, `capacity` and `state` of NativeMemifQueueOptions in lib/native.ts.
  static QueueTable Read(napi_env env, const Fields& fields) {
    QueueTable made;
    napi_value table = fields.Get("table"), state = fields.Get("state");
    void* cells = nullptr;
    if (table == nullptr || napi_get_arraybuffer_info(env, table, &cells, nullptr) != napi_ok) return made;
    const auto words = state == nullptr ? Cells<uint32_t>() : Cells<uint32_t>::Of(env, state);
    if (words.data == nullptr) return made;
    made.packets = PacketTable(static_cast<uint32_t*>(cells), fields.Number("capacity"));
    made.state_ = words.data;
    made.table_object_ = Napi::Persistent(Napi::Object(env, table));
    made.state_object_ = Napi::Persistent(Napi::Object(env, state));
    return made;
  }

  bool usable() const { return state_ != nullptr && packets.capacity() > 0; }

  /// Reports the memory and the connection of the burst that `packets` describes.
  void Tell(uint32_t memory, uint32_t connection) {
    state_[0] = memory;
    state_[1] = connection;
  }
  /// Of a receive queue: all packets of the burst, also packets that a filter has decided about.
  void TellTaken(uint32_t packets) { state_[2] = packets; }

 private:
  uint32_t* state_ = nullptr;
  Napi::ObjectReference table_object_;  // keep the memory behind packets and state_
  Napi::ObjectReference state_object_;
};

}  // namespace vpp_punt::memif
