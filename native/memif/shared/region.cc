#include "memif/shared/region.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "memif/shared/sigbus.h"

namespace vpp_punt::memif {

namespace {

uint8_t* MapShared(int fd, uint64_t size) {
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return data == MAP_FAILED ? nullptr : static_cast<uint8_t*>(data);
}

uint64_t RoundUp(uint64_t size, uint64_t page) {
  return (size + page - 1) / page * page;
}

bool IsSealed(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

/// The facts for mapping a peer's file: its size, and the size of its pages.
struct File {
  uint64_t size;
  uint64_t page;
};

Fault Inspect(int fd, uint64_t size, File* file) {
  // Only files of tmpfs and hugetlbfs have seals. Another process may have to answer the calls below for a
  // file of FUSE.
  if (fcntl(fd, F_GET_SEALS) < 0) return "region file is not of tmpfs or hugetlbfs";
  struct stat status;
  struct statfs system;
  if (fstat(fd, &status) < 0 || fstatfs(fd, &system) < 0 || status.st_size < 0)
    return "region file cannot be read";
  const auto magic = static_cast<uint32_t>(system.f_type);
  *file = {static_cast<uint64_t>(status.st_size), static_cast<uint64_t>(getpagesize())};
  // The size of hugetlbfs's pages; a mapping ends at such a page, whatever size was asked for.
  if (magic == HUGETLBFS_MAGIC) file->page = static_cast<uint64_t>(status.st_blksize);
  if (size == 0 || size > file->size)
    return "region of " + std::to_string(size) + " bytes in a file of " + std::to_string(file->size);
  return {};
}

}  // namespace

std::shared_ptr<Region> Region::Create(uint64_t size) {
  UniqueFd fd(memfd_create("memif region", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return nullptr;
  fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK);
  uint8_t* data = MapShared(fd.get(), size);
  if (data == nullptr) return nullptr;
  return std::make_shared<Region>(data, size, size, std::move(fd));
}

std::shared_ptr<Region> Region::Map(UniqueFd fd, uint64_t size, Fault* fault) {
  File file = {};
  *fault = Inspect(fd.get(), size, &file);
  if (*fault) return nullptr;
  size = std::min(size, kMaxRegionSize);
  uint8_t* data = MapShared(fd.get(), size);
  if (data == nullptr) {
    *fault = Fault::Ours(std::string("region cannot be mapped: ") + strerror(errno));
    return nullptr;
  }
  auto region = std::make_shared<Region>(data, size, RoundUp(size, file.page), std::move(fd));
  if (region->Guard()) return region;
  *fault = Fault::Ours("too many regions in this process");
  return nullptr;
}

Region::Region(uint8_t* data, uint64_t size, uint64_t mapped, UniqueFd fd)
    : data_(data), size_(size), mapped_(mapped), fd_(std::move(fd)) {
  if (fd_) sealed_ = IsSealed(fd_.get());
}

/// For foreign memory, sealed or not: a sealed file can still fail a page (no huge page left, tmpfs full).
bool Region::Guard() {
  guard_ = GuardMemory(data_, mapped_, &truncated_);
  return guard_ >= 0;
}

Region::~Region() {
  UnguardMemory(guard_);
  munmap(data_, mapped_);
}

}  // namespace vpp_punt::memif
