#include "filter/match_table.h"

#include <algorithm>
#include <cstring>

namespace vpp_punt::filter {

namespace {

template <typename Key>
Key KeyOf(const uint8_t* bytes, size_t size) {
  Key key = {};
  memcpy(key.data(), bytes, std::min(size, sizeof(key)));
  return key;
}

class FlowTable : public MatchTable {
 public:
  explicit FlowTable(const TableSettings& settings)
      : ip4_(settings.capacity), ip6_(settings.capacity), is_ethernet_(settings.is_ethernet) {}
  bool ok() const { return ip4_.ok() && ip6_.ok(); }

  bool Set(const uint8_t* key, size_t size, uint32_t value) override {
    return size == sizeof(FlowKey4) ? Put(ip4_, KeyOf<FlowKey4>(key, size), value)
                                    : Put(ip6_, KeyOf<FlowKey6>(key, size), value);
  }
  uint32_t Get(const uint8_t* key, size_t size) override {
    if (size != sizeof(FlowKey4)) {
      const auto ip6 = KeyOf<FlowKey6>(key, size);
      return ip6_.Find(ip6, ip6_.Hash(ip6));
    }
    const auto ip4 = KeyOf<FlowKey4>(key, size);
    return ip4_.Find(ip4, ip4_.Hash(ip4));
  }
  bool Remove(const uint8_t* key, size_t size) override {
    return size == sizeof(FlowKey4) ? ip4_.Remove(KeyOf<FlowKey4>(key, size))
                                    : ip6_.Remove(KeyOf<FlowKey6>(key, size));
  }
  void Clear() override {
    ip4_.Clear();
    ip6_.Clear();
  }
  uint64_t size() const override { return ip4_.size() + ip6_.size(); }

  Learned Learn(const uint8_t* packet, uint32_t length, bool reverse, uint32_t value) override {
    FlowKey key;
    ReadFlow(packet, length, is_ethernet_, &key);
    if (key.family == FlowFamily::kNone) return Learned::kNoKey;
    if (reverse) Reverse(&key);
    const bool done = key.family == FlowFamily::kIp4 ? Put(ip4_, key.ip4, value) : Put(ip6_, key.ip6, value);
    return done ? Learned::kDone : Learned::kFull;
  }

  void Lookup(const Burst& burst, const uint32_t* which, uint32_t count, uint32_t* values) override {
    FlowKey keys[kChunk];
    uint64_t hashes[kChunk];
    for (uint32_t first = 0; first < count; first += kChunk) {
      const uint32_t size = std::min(kChunk, count - first);
      for (uint32_t k = 0; k < size; k++) {
        const uint32_t i = which[first + k];
        ReadFlow(burst.data(i), burst.length(i), is_ethernet_, &keys[k]);
        hashes[k] = Fetch(keys[k]);
      }
      for (uint32_t k = 0; k < size; k++) values[first + k] = Find(keys[k], hashes[k]);
    }
  }

 private:
  /// The capacity is that of both families together.
  template <size_t kWords>
  bool Put(ExactMap<kWords>& map, const std::array<uint64_t, kWords>& key, uint32_t value) {
    if (size() == map.capacity() && map.Find(key, map.Hash(key)) == 0) return false;
    return map.Set(key, value);
  }
  uint64_t Fetch(const FlowKey& key) const {
    if (key.family == FlowFamily::kIp4) return Fetch(ip4_, key.ip4);
    return key.family == FlowFamily::kIp6 ? Fetch(ip6_, key.ip6) : 0;
  }
  template <size_t kWords>
  static uint64_t Fetch(const ExactMap<kWords>& map, const std::array<uint64_t, kWords>& key) {
    const uint64_t hash = map.Hash(key);
    map.Prefetch(hash);
    return hash;
  }
  uint32_t Find(const FlowKey& key, uint64_t hash) const {
    if (key.family == FlowFamily::kIp4) return ip4_.Find(key.ip4, hash);
    return key.family == FlowFamily::kIp6 ? ip6_.Find(key.ip6, hash) : 0;
  }

  ExactMap<2> ip4_;
  ExactMap<5> ip6_;
  bool is_ethernet_;
};

/// Keys of the Ethernet header: an address, or a VLAN.
class LinkTable : public MatchTable {
 public:
  explicit LinkTable(const TableSettings& settings) : map_(settings.capacity), kind_(settings.kind) {}
  bool ok() const { return map_.ok(); }

  bool Set(const uint8_t* key, size_t size, uint32_t value) override {
    return map_.Set(KeyOf<Key>(key, size), value);
  }
  uint32_t Get(const uint8_t* key, size_t size) override {
    const Key words = KeyOf<Key>(key, size);
    return map_.Find(words, map_.Hash(words));
  }
  bool Remove(const uint8_t* key, size_t size) override { return map_.Remove(KeyOf<Key>(key, size)); }
  void Clear() override { map_.Clear(); }
  uint64_t size() const override { return map_.size(); }

  Learned Learn(const uint8_t* packet, uint32_t length, bool, uint32_t value) override {
    Key key;
    if (!Read(packet, length, &key)) return Learned::kNoKey;
    return map_.Set(key, value) ? Learned::kDone : Learned::kFull;
  }

  void Lookup(const Burst& burst, const uint32_t* which, uint32_t count, uint32_t* values) override {
    Key keys[kChunk];
    uint64_t hashes[kChunk];
    bool found[kChunk];
    for (uint32_t first = 0; first < count; first += kChunk) {
      const uint32_t size = std::min(kChunk, count - first);
      for (uint32_t k = 0; k < size; k++) {
        const uint32_t i = which[first + k];
        found[k] = Read(burst.data(i), burst.length(i), &keys[k]);
        hashes[k] = map_.Hash(keys[k]);
        map_.Prefetch(hashes[k]);
      }
      for (uint32_t k = 0; k < size; k++) values[first + k] = found[k] ? map_.Find(keys[k], hashes[k]) : 0;
    }
  }

 private:
  using Key = std::array<uint64_t, 1>;

  bool Read(const uint8_t* packet, uint32_t length, Key* key) const {
    *key = {};
    if (kind_ == TableKind::kVlan) {
      const int vlan = ReadVlan(packet, length);
      if (vlan >= 0) (*key)[0] = static_cast<uint64_t>(vlan);
      return vlan >= 0;
    }
    if (length < 12) return false;
    memcpy(key->data(), packet + (kind_ == TableKind::kSourceMac ? 6 : 0), 6);
    return true;
  }

  ExactMap<1> map_;
  TableKind kind_;
};

template <typename Table>
std::shared_ptr<MatchTable> Usable(std::shared_ptr<Table> table) {
  return table->ok() ? table : nullptr;
}

}  // namespace

std::shared_ptr<MatchTable> MatchTable::New(const TableSettings& settings) {
  if (settings.kind == TableKind::kFlow) return Usable(std::make_shared<FlowTable>(settings));
  return Usable(std::make_shared<LinkTable>(settings));
}

void MatchTable::Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) {
  uint32_t values[kChunk];
  for (uint32_t first = 0; first < count; first += kChunk) {
    const uint32_t size = std::min(kChunk, count - first);
    Lookup(burst, which + first, size, values);
    for (uint32_t k = 0; k < size; k++) hits[first + k] = values[k] != 0;
  }
}

}  // namespace vpp_punt::filter
