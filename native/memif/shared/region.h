// Shared memory of a connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "memif/shared/fault.h"
#include "util/unique_fd.h"

namespace vpp_punt::memif {

/// The most bytes of a region that are used: a descriptor's offset has 32 bits, and so has the end of a
/// packet in JavaScript's table.
constexpr uint64_t kMaxRegionSize = UINT32_MAX;

/// A mapped memory region. The connection shares it with every ArrayBuffer made over it: the last of them
/// unmaps it.
class Region {
 public:
  /// New memory of our own, sealed against shrinking. Returns null with errno set if there is none.
  static std::shared_ptr<Region> Create(uint64_t size);

  /// Maps a peer's memory, which must be a file of tmpfs or hugetlbfs: behind a file of any other file
  /// system, such as FUSE, another process may decide when a page fault ends. Returns null, with the reason
  /// in `fault`, if the file is of another kind or smaller than `size`. Maps kMaxRegionSize bytes at most.
  static std::shared_ptr<Region> Map(UniqueFd fd, uint64_t size, Fault* fault);

  /// `mapped`: size of the mapping, a multiple of its page size.
  Region(uint8_t* data, uint64_t size, uint64_t mapped, UniqueFd fd);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }

  /// The memory stays; its file is not needed any more. A peer may have up to 256 regions, and descriptors
  /// are few.
  void CloseFile() { fd_.Reset(); }

  /// Whether the file could no longer be truncated when it was mapped. Only informs: not every good peer
  /// seals.
  bool sealed() const { return sealed_; }

  /// Whether the peer has truncated its file, so that zero pages of ours lie where its memory was.
  bool truncated() const { return truncated_.load(std::memory_order_relaxed); }

 private:
  bool Guard();

  uint8_t* data_;
  uint64_t size_;
  uint64_t mapped_;
  UniqueFd fd_;
  bool sealed_ = false;
  std::atomic<bool> truncated_{false};
  int guard_ = -1;
};

}  // namespace vpp_punt::memif
