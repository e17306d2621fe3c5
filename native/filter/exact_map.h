// Exact-match lookup: an open-addressed hash table of cache-line buckets.
#pragma once

#include <sys/random.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

#include "util/mapping.h"

namespace vpp_punt::filter {

/// Keys of `kWords` 64-bit words, with a value of 32 bits that is not 0. Its capacity is fixed: it never
/// moves entries, so that no lookup waits for a larger table. Belongs to one thread.
///
/// A bucket has as many entries as fit one cache line. An entry whose bucket is full goes to the next bucket
/// with room, and each full bucket on the way counts it: a lookup ends at the first bucket that has counted
/// none. Removing an entry counts down on the same way, so nothing is left behind.
template <size_t kWords>
class ExactMap {
 public:
  using Key = std::array<uint64_t, kWords>;

  /// Room for `capacity` entries. Check ok(). Memory is taken as it is first used.
  explicit ExactMap(uint64_t capacity)
      : capacity_(capacity),
        mask_(std::bit_ceil((capacity * 3 / 2) / kEntries + 1) - 1),
        memory_(Mapping::New((mask_ + 1) * sizeof(Bucket))),
        buckets_(memory_ ? reinterpret_cast<Bucket*>(memory_->data()) : nullptr) {
    // One miss of the address translation fewer for each lookup.
    if (memory_) madvise(memory_->data(), memory_->size(), MADV_HUGEPAGE);
    seeded_ = getrandom(seed_.data(), sizeof(seed_), 0) == static_cast<ssize_t>(sizeof(seed_));
  }
  bool ok() const { return buckets_ != nullptr && seeded_; }

  uint64_t size() const { return size_; }
  uint64_t capacity() const { return capacity_; }

  /// Multilinear hashing with a random seed of 128 bits for each word (Lemire and Kaser, "Strongly universal
  /// string hashing is fast", 2014): a sender that doesn't know the seed finds no keys that collide.
  uint64_t Hash(const Key& key) const {
    unsigned __int128 sum = seed_[0];
    for (size_t i = 0; i < kWords; i++) sum += seed_[i + 1] * key[i];
    return static_cast<uint64_t>(sum >> 64);
  }
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&buckets_[hash & mask_]); }

  /// The value of a key; 0 without one. `hash` is the key's.
  uint32_t Find(const Key& key, uint64_t hash) const {
    const uint8_t tag = TagOf(hash);
    for (uint64_t step = 0; step <= mask_; step++) {
      const Bucket& bucket = buckets_[(hash + step) & mask_];
      for (size_t i = 0; i < kEntries; i++) {
        if (bucket.tags[i] == tag && bucket.values[i] != 0 && bucket.keys[i] == key) return bucket.values[i];
      }
      if (bucket.passed == 0) break;
    }
    return 0;
  }

  /// Adds a key, or gives it another value. False if there is no room for it.
  bool Set(const Key& key, uint32_t value) {
    const uint64_t hash = Hash(key);
    if (uint32_t* found = FindCell(key, hash, nullptr)) {
      *found = value;
      return true;
    }
    if (size_ == capacity_) return false;
    for (uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
      Bucket& bucket = buckets_[at];
      for (size_t i = 0; i < kEntries; i++) {
        if (bucket.values[i] != 0) continue;
        bucket.keys[i] = key;
        bucket.tags[i] = TagOf(hash);
        bucket.values[i] = value;
        size_++;
        return true;
      }
      if (bucket.passed != kManyPassed) bucket.passed++;
    }
  }

  /// False if the key was not there.
  bool Remove(const Key& key) {
    const uint64_t hash = Hash(key);
    uint64_t bucket = 0;
    uint32_t* const found = FindCell(key, hash, &bucket);
    if (found == nullptr) return false;
    *found = 0;
    size_--;
    for (uint64_t at = hash & mask_; at != bucket; at = (at + 1) & mask_) {
      if (buckets_[at].passed != kManyPassed) buckets_[at].passed--;
    }
    return true;
  }

  void Clear() {
    memory_->Discard(0, memory_->size());
    size_ = 0;
  }

 private:
  /// A count that is not followed any more: a table that is in use for very long only looks further.
  static constexpr uint8_t kManyPassed = 0xff;
  static constexpr size_t kEntrySize = 8 * kWords + sizeof(uint32_t) + 1;
  static constexpr size_t kEntries = 63 / kEntrySize;

  struct alignas(64) Bucket {
    std::array<uint8_t, kEntries> tags;
    uint8_t passed;                         // entries that found no room here and lie further on
    std::array<uint32_t, kEntries> values;  // 0: no entry
    std::array<Key, kEntries> keys;
  };
  static_assert(sizeof(Bucket) == 64);

  static uint8_t TagOf(uint64_t hash) { return static_cast<uint8_t>(hash >> 56); }

  uint32_t* FindCell(const Key& key, uint64_t hash, uint64_t* where) {
    for (uint64_t step = 0; step <= mask_; step++) {
      Bucket& bucket = buckets_[(hash + step) & mask_];
      for (size_t i = 0; i < kEntries; i++) {
        if (bucket.values[i] == 0 || bucket.keys[i] != key) continue;
        if (where != nullptr) *where = (hash + step) & mask_;
        return &bucket.values[i];
      }
      if (bucket.passed == 0) break;
    }
    return nullptr;
  }

  uint64_t capacity_;
  uint64_t mask_;  // buckets less one
  std::shared_ptr<Mapping> memory_;
  Bucket* buckets_;
  std::array<unsigned __int128, kWords + 1> seed_;
  bool seeded_ = false;
  uint64_t size_ = 0;
};

}  // namespace vpp_punt::filter
