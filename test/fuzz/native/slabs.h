// The slab ring alone, filled and emptied by one thread, and the model of where each packet comes to lie.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include "input.h"
#include "punt_socket/slab_ring.h"
#include "util/packet_table.h"

namespace fuzz {

using namespace vpp_punt;
using namespace vpp_punt::punt_socket;

constexpr size_t kDesc = sizeof(punt_packetdesc_t);
constexpr uint32_t kBatch = 16;
using Bytes = std::vector<uint8_t>;

/// A datagram whose bytes its number tells.
inline Bytes MakeDatagram(uint32_t number, size_t length) {
  static const Bytes pattern = [] {
    Bytes bytes(200'000);
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i * 3 + (i >> 8));
    return bytes;
  }();
  const auto first = pattern.begin() + number % 997;
  Bytes bytes(first, first + length);
  if (length >= sizeof number) memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

/// Whether row `i` of the table, in that memory, is the packet of the datagram.
inline void Look(const PacketTable& table, uint32_t i, const uint8_t* memory, size_t size,
                 const Bytes& sent) {
  Expect(table.length(i) == sent.size() - kDesc);
  Expect(uint64_t{table.offset(i)} + table.length(i) <= size);
  uint32_t sw_if_index;
  memcpy(&sw_if_index, sent.data(), sizeof sw_if_index);
  Expect(table.sw_if_index(i) == sw_if_index);
  Expect(memcmp(memory + table.offset(i), sent.data() + kDesc, table.length(i)) == 0);
}

/// The ring alone, filled and emptied by one thread.
class Slabs {
 public:
  explicit Slabs(Input& input) : slabs_(2 + input.Below(5)), ring_(slabs_) { Expect(ring_.ok()); }

  void Act(Input& input) {
    switch (input.Below(6)) {
      case 0:
      case 1:
        for (uint32_t i = 1 + input.Below(12); i > 0; i--) Append(SomeLength(input));
        return;
      case 2:
      case 3:
        return Peek(1 + input.Below(kBatch));
      case 4:
        Release();
        break;
      default:
        if (!queue_.empty()) return;
        ring_.Rewind();
        Expect(ring_.Backlog() == 0);
        position_ = tail_ = 0;
    }
    Expect(ring_.Empty() == queue_.empty());
    Expect((ring_.Backlog() == 0) == queue_.empty());
  }

  void Finish() {
    Release();
    while (!queue_.empty()) {
      Peek(kBatch);
      Expect(shown_ > 0);
      Release();
    }
    Peek(kBatch);
    Expect(shown_ == 0);
  }

 private:
  static constexpr uint64_t kSlab = SlabRing::kSlab;

  static size_t SomeLength(Input& input) {
    if (input.Byte() & 1) return kDesc + 1 + input.Below(3000);
    // A number of them that is a part of the slab fills it to the last byte.
    return (input.Byte() & 1 ? 1 << (10 + input.Below(7)) : 30'000 + input.Half()) - kDesc;
  }

  /// Where the datagram must come to lie, and whether there is room: the consumer's slab is never written.
  void Append(size_t length) {
    const uint64_t needed = (kDesc + length + 7) / 8 * 8;
    uint64_t start = position_;
    if (start % kSlab + needed > kSlab) start = (start / kSlab + 1) * kSlab;
    const bool room = start + needed <= tail_ / kSlab * kSlab + slabs_ * kSlab;
    const Bytes datagram = MakeDatagram(next_++, length);
    Expect(ring_.Append(datagram.data(), length) == room);
    if (!room) return;
    queue_.push_back({datagram, start, start + needed});
    position_ = start + needed;
  }

  void Release() {
    ring_.Release();
    for (; shown_ > 0; shown_--) {
      tail_ = queue_.front().end;
      queue_.pop_front();
    }
  }

  void Peek(uint32_t most) {
    uint32_t columns[3 * kBatch];
    PacketTable table(columns, most);
    uint32_t slab = 0;
    shown_ = ring_.Peek(&table, &slab);
    Expect(slab < slabs_);
    Expect(shown_ <= queue_.size());
    size_t same = 0;
    while (same < queue_.size() && same < most && queue_[same].start / kSlab == queue_[0].start / kSlab)
      same++;
    Expect(shown_ == same);
    Expect(ring_.AllShown() == (shown_ == queue_.size()));
    for (uint32_t i = 0; i < shown_; i++) Look(table, i, ring_.slab(slab), kSlab, queue_[i].datagram);
  }

  struct Waiting {
    Bytes datagram;
    uint64_t start;
    uint64_t end;
  };

  const size_t slabs_;
  SlabRing ring_;
  std::deque<Waiting> queue_;
  uint32_t shown_ = 0;
  uint32_t next_ = 1;
  uint64_t position_ = 0;
  uint64_t tail_ = 0;
};

/// A slab whose memory is given back was left: packets behind the first ones of a later slab stay.
inline void FullSlabs() {
  constexpr uint32_t kRows = 64;
  constexpr size_t kRecord = SlabRing::kSlab / kRows;
  SlabRing ring(6);
  uint32_t columns[3 * kRows];
  PacketTable table(columns, kRows), one(columns, 1);
  uint32_t slab = 0;
  for (uint32_t full = 0; full < 12; full++) {
    const Bytes large = MakeDatagram(full, kRecord - kDesc);
    for (uint32_t i = 0; i < kRows; i++) Expect(ring.Append(large.data(), large.size()));
    const Bytes first = MakeDatagram(100, 50), second = MakeDatagram(101, 60);
    Expect(ring.Append(first.data(), 50) && ring.Append(second.data(), 60));
    Expect(ring.Peek(&table, &slab) == kRows && slab == (full * 2) % 6);
    for (uint32_t i = 0; i < kRows; i++) Look(table, i, ring.slab(slab), SlabRing::kSlab, large);
    ring.Release();
    Expect(ring.Peek(&one, &slab) == 1 && slab == (full * 2 + 1) % 6);
    Look(one, 0, ring.slab(slab), SlabRing::kSlab, first);
    ring.Release();
    Expect(ring.Peek(&one, &slab) == 1 && ring.AllShown());
    Look(one, 0, ring.slab(slab), SlabRing::kSlab, second);
    ring.Release();
    Expect(ring.Empty() && ring.Backlog() == 0);
    // The rest of this slab, to the last byte.
    for (uint32_t i = 1; i < kRows; i++) Expect(ring.Append(large.data(), large.size()));
    const Bytes rest = MakeDatagram(102, kRecord - 64 - 72 - kDesc);
    Expect(ring.Append(rest.data(), rest.size()));
    Expect(ring.Peek(&table, &slab) == kRows && ring.AllShown());
    Look(table, kRows - 1, ring.slab(slab), SlabRing::kSlab, rest);
    ring.Release();
  }
}

}  // namespace fuzz
