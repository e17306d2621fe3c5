// Shared memory of a connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "util/unique_fd.h"

namespace vpp_punt::memif {

/// A mapped memory region. Shared by the connection and by every ArrayBuffer made over it: unmapped with the
/// last of them.
class Region {
 public:
  /// New memory of our own, sealed against shrinking. Null with errno set when there is none.
  static std::shared_ptr<Region> Create(uint64_t size);

  /// Private memory, for what cannot be handed out in place.
  static std::shared_ptr<Region> Anonymous(uint64_t size);

  /// Maps a peer's memory. Null, with the reason in `fault`, when its file is smaller than `size`.
  static std::shared_ptr<Region> Map(UniqueFd fd, uint64_t size, std::string* fault);

  Region(uint8_t* data, uint64_t size, UniqueFd fd, bool foreign);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }

  /// Whether the file can no longer be truncated. Only informs: not every good peer seals.
  bool SealedAgainstShrinking() const;

  /// The peer has truncated its file, and zero pages of ours lie where its memory was.
  bool truncated() const { return truncated_.load(std::memory_order_relaxed); }

 private:
  uint8_t* data_;
  uint64_t size_;
  UniqueFd fd_;
  std::atomic<bool> truncated_{false};
  int guard_ = -1;
};

}  // namespace vpp_punt::memif
