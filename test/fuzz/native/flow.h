// A ring with a queue at each end, and the model that says what each call must give.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "input.h"
#include "memif/port/rx_queue.h"
#include "memif/port/tx_queue.h"

namespace fuzz {

using namespace vpp_punt;
using namespace vpp_punt::memif;

constexpr uint32_t kPackets = 40;
using Bytes = std::vector<uint8_t>;

/// Which byte a packet has where: both ends know it.
inline uint8_t ByteAt(uint32_t number, uint32_t at) {
  return static_cast<uint8_t>(number * 7 + at * 3 + (at >> 8));
}

inline Bytes MakePacket(uint32_t number, uint32_t length) {
  Bytes bytes(length);
  for (uint32_t i = 0; i < length; i++) bytes[i] = ByteAt(number, i);
  return bytes;
}

/// A packet on its way.
struct Sent {
  uint32_t id;
  uint32_t number;  // its bytes tell; the packets of one Fill have the same
  uint32_t length;
  uint32_t slots;
  bool retained = false;
};

/// One ring with a queue at each end, and the model of it.
class Flow {
 public:
  Flow(const std::shared_ptr<LinkSlot>& from, const std::shared_ptr<LinkSlot>& to, size_t index,
       const Settings& client, bool toward_client)
      : client_(client),
        toward_client_(toward_client),
        slots_(1u << client.log2_ring_size),
        spares_(client.spare_buffers),
        to_(to),
        tx_(from, index),
        rx_(to, index) {
    rx_.SetScratch({scratch_.data(), static_cast<uint32_t>(scratch_.size()), false});
    rx_.Refresh();
    tx_.Refresh();
    Expect(tx_.connection() == 1 && rx_.connection() == 1);
  }

  void Act(Input& input) {
    switch (input.Below(11)) {
      case 0:
      case 1:
        Append(input);
        break;
      case 2:
        AppendAll(input);
        break;
      case 3:
        Reserve(input);
        break;
      case 4:
      case 5:
        Publish(input);
        break;
      case 6:
      case 7:
        Receive(1 + input.Below(kPackets));
        break;
      case 8:
        Release();
        break;
      case 9:
        Retain(input);
        break;
      default:
        input.Byte() & 1 ? GiveBack(input) : Scratch(input);
    }
    Expect(tx_.FreeSlots() == Free());
  }

  /// The peer is gone in good order: what it had sent still arrives.
  void Finish(Input& input) {
    Publish(input);
    if (next_ & 1) {
      to_->Publish(nullptr);
      Expect(rx_.Stale());
    }
    for (size_t i = 0; i <= slots_ && !published_.empty(); i++) {
      Receive(kPackets);
      Release();
    }
    Expect(published_.empty() && rx_.counters().lost.value() == 0);
    if (!rx_.Stale()) return;
    Receive(kPackets);
    Expect(rx_.connection() == 0 && rx_.memory() == kScratchMemory && rx_.doorbell() == -1);
    Expect(tx_.counters().packets.value() == published_count_ && tx_.counters().bytes.value() == bytes_);
  }

  bool toward_client() const { return toward_client_; }

  /// Sends some packets of the last burst on to a ring that our side of this one fills.
  void PassOn(Input& input, Flow& to) {
    std::vector<uint8_t> marks(handed_out_);
    uint32_t passed = 0;
    for (uint32_t i = 0; i < handed_out_; i++) {
      marks[i] = input.Byte() % 3;
      if (marks[i] != 1 || held_[i].slots > to.Free()) continue;
      to.Stage(held_[i].length);
      to.staged_.back().number = held_[i].number;
      passed++;
    }
    Expect(rx_.PassOn(in_, {marks.data(), handed_out_}, 1, to.tx_) == passed);
    handed_out_ = 0;  // their buffers may be the other ring's
    Expect(to.tx_.FreeSlots() == to.Free());
  }

 private:
  uint32_t Slots(uint32_t length) const { return (length + client_.buffer_size - 1) / client_.buffer_size; }

  uint32_t Free() const {
    uint32_t used = 0;
    for (const auto* part : {&staged_, &published_, &held_, &waiting_}) {
      for (const Sent& sent : *part) used += sent.slots;
    }
    return slots_ - used;
  }

  uint32_t SomeLength(Input& input) {
    const uint32_t size = client_.buffer_size;
    switch (input.Below(4)) {
      case 0:
        return 1 + input.Below(size);
      case 1:
        return size;
      case 2:
        return size + 1;
      default:
        return 1 + input.Below(4 * size);
    }
  }

  void Stage(uint32_t length) {
    staged_.push_back({next_, next_, length, Slots(length)});
    next_++;
  }

  void Append(Input& input) {
    const uint32_t length = SomeLength(input);
    const Bytes bytes = MakePacket(next_, length);
    const bool fits = Slots(length) <= Free();
    Expect(tx_.Append(bytes.data(), length) == (fits ? AppendResult::kDone : AppendResult::kFull));
    if (fits) Stage(length);
  }

  void AppendAll(Input& input) {
    const uint32_t count = 1 + input.Below(8);
    Bytes all;
    std::vector<uint32_t> offsets, lengths;
    for (uint32_t i = 0; i < count; i++) {
      const Bytes bytes = MakePacket(next_ + i, input.Byte() & 3 ? 1 + input.Below(60) : SomeLength(input));
      offsets.push_back(static_cast<uint32_t>(all.size()));
      lengths.push_back(static_cast<uint32_t>(bytes.size()));
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    uint32_t fit = 0;
    for (uint32_t free = Free(); fit < count && Slots(lengths[fit]) <= free; fit++)
      free -= Slots(lengths[fit]);
    Expect(tx_.AppendAll({all.data(), offsets.data(), lengths.data(), count}) == fit);
    for (uint32_t i = 0; i < fit; i++) Stage(lengths[i]);
  }

  /// Fills reserved slots one by one, or all with one packet.
  void Reserve(Input& input) {
    const uint32_t wanted = 1 + input.Below(kPackets);
    const uint32_t count = tx_.Reserve(out_, wanted);
    Expect(count == std::min({wanted, Free(), kPackets}));
    if (count == 0) return;
    Expect(tx_.memory() < 2);
    const std::shared_ptr<Region> region = tx_.Memory(tx_.memory());
    const uint32_t used = 1 + input.Below(count);
    std::vector<uint32_t> lengths;
    const bool fill = input.Byte() & 1;
    const uint32_t one = 1 + input.Below(client_.buffer_size);
    for (uint32_t i = 0; i < used; i++) {
      Expect(out_.length(i) == client_.buffer_size);
      lengths.push_back(fill ? one : 1 + input.Below(client_.buffer_size));
      const Bytes bytes = MakePacket(next_ + i, lengths[i]);
      if (!fill) memcpy(region->data() + out_.offset(i), bytes.data(), bytes.size());
    }
    if (fill) {
      Refuse(used, one, count);
      const Bytes bytes = MakePacket(next_, one);
      Expect(tx_.Fill(out_, bytes.data(), one, used) == used);
      for (uint32_t i = 0; i < used; i++) Expect(out_.length(i) == one);
    }
    if (input.Rarely()) return RefuseLength(lengths, input);
    Expect(tx_.Commit(lengths.data(), used) == used);
    for (uint32_t i = 0; i < used; i++) {
      Stage(lengths[i]);
      if (fill) staged_.back().number -= i;
    }
  }

  /// More slots than there are, or a packet that is too long.
  void Refuse(uint32_t used, uint32_t length, uint32_t count) {
    const Bytes bytes = MakePacket(0, client_.buffer_size + 1);
    Expect(tx_.Fill(out_, bytes.data(), client_.buffer_size + 1, used) == 0);
    Expect(tx_.Fill(out_, bytes.data(), length, count + 1) == count);
  }

  /// A length that is bad refuses all of them.
  void RefuseLength(std::vector<uint32_t> lengths, Input& input) {
    const uint32_t bad = input.Below(static_cast<uint32_t>(lengths.size()));
    lengths[bad] = input.Byte() & 1 ? 0 : client_.buffer_size + 1;
    Expect(tx_.Commit(lengths.data(), static_cast<uint32_t>(lengths.size())) == bad);
  }

  void Publish(Input& input) {
    const uint64_t bursts = tx_.counters().bursts.value() + (staged_.empty() ? 0 : 1);
    for (const Sent& sent : staged_) {
      published_.push_back(sent);
      published_count_++;
      bytes_ += sent.length;
    }
    staged_.clear();
    tx_.Publish();
    Expect(tx_.counters().packets.value() == published_count_ && tx_.counters().bytes.value() == bytes_);
    Expect(tx_.counters().bursts.value() == bursts);
    if (rx_.Stale()) return;
    const bool masked = input.Byte() & 1;
    rx_.SetMaskInt(masked);
    const uint64_t rung = tx_.counters().doorbells.value();
    tx_.RingDoorbell();
    Expect(tx_.counters().doorbells.value() == rung + (masked ? 0 : 1));
    Expect(masked || Rung());
    rx_.DrainDoorbell();
    Expect(!Rung());
  }

  bool Rung() const {
    pollfd doorbell = {rx_.doorbell(), POLLIN, 0};
    return poll(&doorbell, 1, 0) > 0;
  }

  void Receive(uint32_t most) {
    Release();
    const RxCounters& counters = rx_.counters();
    const uint64_t chained = counters.chained.value(), copied = counters.copied.value();
    const uint32_t count = rx_.Burst(in_, most);
    Expect(count <= most && count <= published_.size());
    Expect(count > 0 || published_.empty() || most == 0);
    uint64_t chains = 0;
    for (uint32_t i = 0; i < count; i++) {
      Look(i, published_.front());
      if (published_.front().slots > 1) chains++;
      held_.push_back(published_.front());
      published_.pop_front();
    }
    Expect(counters.chained.value() == chained + chains);
    const bool scratch = count > 0 && rx_.memory() == kScratchMemory;
    Expect(counters.copied.value() == copied + (scratch ? count : 0));
    Expect(!scratch || copies_ || chains > 0);
    Expect(count == 0 || !copies_ || scratch);
    handed_out_ = count;
  }

  void Look(uint32_t i, const Sent& sent) {
    Expect(in_.length(i) == sent.length);
    const BurstMemory memory = rx_.bytes();
    Expect(uint64_t{in_.offset(i)} + sent.length <= memory.size);
    for (uint32_t at = 0; at < sent.length; at++)
      Expect(memory.data[in_.offset(i) + at] == ByteAt(sent.number, at));
  }

  /// A server's slots go back in their order, up to a retained one. A client has spares.
  void Release() {
    rx_.Release();
    for (const Sent& sent : held_) waiting_.push_back(sent);
    held_.clear();
    handed_out_ = 0;
    Settle();
  }

  void Settle() {
    while (!waiting_.empty() && (toward_client_ || !waiting_.front().retained)) waiting_.pop_front();
  }

  void Retain(Input& input) {
    if (handed_out_ == 0) return;
    const uint32_t i = input.Below(handed_out_);
    Sent& sent = held_[i];
    Retained kept;
    const RetainResult result = rx_.Retain(i, &kept);
    Expect(result == Expected(i));
    if (result != RetainResult::kDone) return;
    sent.retained = true;
    if (toward_client_) spares_--;
    Expect(kept.region == rx_.Memory(rx_.memory()));
    kept.offset = in_.offset(i);
    retained_.push_back({kept, sent});
  }

  RetainResult Expected(uint32_t i) const {
    if (rx_.memory() == kScratchMemory) return RetainResult::kScattered;
    if (held_[i].retained) return RetainResult::kAlready;
    if (toward_client_) {
      if (held_[i].slots > 1) return RetainResult::kScattered;
      return spares_ == 0 ? RetainResult::kNoSpare : RetainResult::kDone;
    }
    uint32_t before = 0;
    for (const Sent& sent : waiting_) before += sent.slots;
    for (uint32_t k = 0; k < i; k++) before += held_[k].slots;
    return before >= slots_ / 2 ? RetainResult::kNoSpare : RetainResult::kDone;
  }

  void GiveBack(Input& input) {
    if (retained_.empty()) return;
    const auto chosen = retained_.begin() + input.Below(static_cast<uint32_t>(retained_.size()));
    const auto [kept, sent] = *chosen;
    retained_.erase(chosen);
    for (uint32_t at = 0; at < sent.length; at++)
      Expect(kept.region->data()[kept.offset + at] == ByteAt(sent.number, at));
    rx_.GiveBack(kept.token);
    rx_.GiveBack(kept.token + (uint64_t{1} << 32));  // of another connection
    if (toward_client_) {
      spares_++;  // the slot has another buffer: its packet cannot be kept again
      return;
    }
    for (auto* part : {&held_, &waiting_}) {
      for (Sent& other : *part) other.retained = other.retained && other.id != sent.id;
    }
    Settle();
  }

  void Scratch(Input& input) {
    Release();
    copies_ = input.Byte() & 1;
    rx_.SetScratch({scratch_.data(), static_cast<uint32_t>(scratch_.size()), copies_});
  }

  const Settings& client_;
  const bool toward_client_;
  const uint32_t slots_;
  uint32_t spares_;
  const std::shared_ptr<LinkSlot> to_;
  TxQueue tx_;
  RxQueue rx_;
  Bytes scratch_ = Bytes(kMaxPacket);
  bool copies_ = false;
  uint32_t columns_in_[3 * kPackets] = {};
  uint32_t columns_out_[3 * kPackets] = {};
  PacketTable in_{columns_in_, kPackets};
  PacketTable out_{columns_out_, kPackets};
  uint32_t next_ = 0;
  uint32_t handed_out_ = 0;
  uint64_t published_count_ = 0;
  uint64_t bytes_ = 0;
  std::deque<Sent> staged_, published_, held_, waiting_;
  std::vector<std::pair<Retained, Sent>> retained_;
};

}  // namespace fuzz
