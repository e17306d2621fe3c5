// Exact-match tables: keys that a packet has or has not, each with a value.
#pragma once

#include <memory>

#include "filter/exact_map.h"
#include "filter/flow_key.h"
#include "filter/matcher.h"

namespace vpp_punt::filter {

/// By their numbers in lib/packet/match-table.ts.
enum class TableKind : uint32_t { kFlow, kSourceMac, kDestinationMac, kVlan };

struct TableSettings {
  TableKind kind;
  bool is_ethernet;
  uint64_t capacity;
};

/// Keys as bytes: those of flow_key.h; a MAC address in 6 bytes; a VLAN in 2, in the order of the
/// host. Belongs to one thread.
class MatchTable : public Matcher {
 public:
  /// Null if there is no memory.
  static std::shared_ptr<MatchTable> New(const TableSettings& settings);

  /// False if the table is full.
  virtual bool Set(const uint8_t* key, size_t size, uint32_t value) = 0;
  /// 0: there is none.
  virtual uint32_t Get(const uint8_t* key, size_t size) = 0;
  virtual bool Remove(const uint8_t* key, size_t size) = 0;
  virtual void Clear() = 0;
  virtual uint64_t size() const = 0;

  enum class Learned : uint8_t { kDone, kNoKey, kFull };
  /// Sets the key of a packet; `reverse`: that of the answers to it.
  virtual Learned Learn(const uint8_t* packet, uint32_t length, bool reverse, uint32_t value) = 0;

  /// Writes the value of each packet's key, 0 for none.
  virtual void Lookup(const Burst& burst, const uint32_t* which, uint32_t count, uint32_t* values) = 0;

  void Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) override;

 protected:
  /// Packets whose keys are read, and whose buckets are fetched, before the first is looked up: more than a
  /// core has misses under way at a time.
  static constexpr uint32_t kChunk = 32;
};

}  // namespace vpp_punt::filter
