#include "memif/shared/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "memif/shared/sigbus.h"

namespace vpp_punt::memif {

static uint8_t* MapShared(int fd, uint64_t size) {
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return data == MAP_FAILED ? nullptr : static_cast<uint8_t*>(data);
}

std::shared_ptr<Region> Region::Create(uint64_t size) {
  UniqueFd fd(memfd_create("memif region", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return nullptr;
  fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK);
  uint8_t* data = MapShared(fd.get(), size);
  if (data == nullptr) return nullptr;
  return std::make_shared<Region>(data, size, std::move(fd), false);
}

std::shared_ptr<Region> Region::Anonymous(uint64_t size) {
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  return std::make_shared<Region>(static_cast<uint8_t*>(data), size, UniqueFd(), false);
}

std::shared_ptr<Region> Region::Map(UniqueFd fd, uint64_t size, std::string* fault) {
  struct stat status;
  if (fstat(fd.get(), &status) < 0 || status.st_size < 0) {
    *fault = "region file cannot be read";
  } else if (size == 0 || size > static_cast<uint64_t>(status.st_size)) {
    *fault = "region of " + std::to_string(size) + " bytes in a file of " + std::to_string(status.st_size);
  } else if (uint8_t* data = MapShared(fd.get(), size)) {
    auto region = std::make_shared<Region>(data, size, std::move(fd), true);
    if (region->guard_ >= 0) return region;
    *fault = "too many regions in this process";
  } else {
    *fault = std::string("region cannot be mapped: ") + strerror(errno);
  }
  return nullptr;
}

Region::Region(uint8_t* data, uint64_t size, UniqueFd fd, bool foreign)
    : data_(data), size_(size), fd_(std::move(fd)) {
  // Sealed or not: a sealed file can still fail a page (no huge page left, tmpfs full).
  if (foreign) guard_ = GuardMemory(data, size, &truncated_);
}

bool Region::SealedAgainstShrinking() const {
  int seals = fcntl(fd_.get(), F_GET_SEALS);  // fails for hugetlb files, which carry no seals
  return seals >= 0 && (seals & F_SEAL_SHRINK);
}

Region::~Region() {
  UnguardMemory(guard_);
  munmap(data_, size_);
}

}  // namespace vpp_punt::memif
