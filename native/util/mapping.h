// Anonymous memory in whole pages.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace vpp_punt {

/// The last owner gives the memory back.
class Mapping {
 public:
  /// nullptr, with errno set, when the kernel refuses. A page takes memory once it is touched.
  static std::shared_ptr<Mapping> New(size_t size) {
    void* data =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) return nullptr;
    return std::shared_ptr<Mapping>(new Mapping(static_cast<uint8_t*>(data), size));
  }

  ~Mapping() { munmap(data_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

  /// Gives the memory of whole pages back to the system; they then read as zeros.
  void Discard(size_t offset, size_t length) { madvise(data_ + offset, length, MADV_DONTNEED); }

 private:
  Mapping(uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t* data_;
  size_t size_;
};

}  // namespace vpp_punt
