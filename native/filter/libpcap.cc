#include "filter/libpcap.h"

#include <uv.h>

#include <mutex>

namespace vpp_punt::filter {

namespace {

/// As in pcap/bpf.h.
struct bpf_program {
  unsigned int bf_len;
  Instruction* bf_insns;
};

constexpr int kSnapLength = 262144;
constexpr uint32_t kNetmaskUnknown = 0xFFFFFFFF;

/// The functions of libpcap, as pcap/pcap.h declares them.
struct Library {
  void* (*open_dead)(int link_type, int snap_length) = nullptr;
  int (*compile)(void* pcap, bpf_program* program, const char* expression, int optimize,
                 uint32_t netmask) = nullptr;
  char* (*geterr)(void* pcap) = nullptr;
  void (*freecode)(bpf_program* program) = nullptr;
  void (*close)(void* pcap) = nullptr;
  std::string error;

  bool usable() const { return open_dead && compile && geterr && freecode && close; }
};

template <typename Function>
void Find(uv_lib_t* file, const char* name, Function* function) {
  void* found = nullptr;
  if (uv_dlsym(file, name, &found) == 0) *function = reinterpret_cast<Function>(found);
}

Library LoadLibrary() {
  Library library;
  // By libuv, because dlopen() itself would tie a prebuilt addon to glibc 2.34. The library stays loaded.
  uv_lib_t file = {};
  bool is_loaded = false;
  for (const char* name : {"libpcap.so.0.8", "libpcap.so.1", "libpcap.so"}) {
    if (is_loaded) break;
    uv_dlclose(&file);
    is_loaded = uv_dlopen(name, &file) == 0;
  }
  if (!is_loaded) {
    library.error = uv_dlerror(&file);
    uv_dlclose(&file);
    return library;
  }
  Find(&file, "pcap_open_dead", &library.open_dead);
  Find(&file, "pcap_compile", &library.compile);
  Find(&file, "pcap_geterr", &library.geterr);
  Find(&file, "pcap_freecode", &library.freecode);
  Find(&file, "pcap_close", &library.close);
  if (!library.usable()) library.error = "libpcap lacks a function";
  return library;
}

std::mutex mutex;  // the compiler of libpcap before 1.8 is for one thread at a time

}  // namespace

Compiled Compile(const std::string& expression, int link_type, std::vector<Instruction>* program,
                 std::string* error) {
  std::lock_guard lock(mutex);
  static const Library library = LoadLibrary();
  *error = library.error;
  if (!library.usable()) return Compiled::kNoLibrary;
  void* pcap = library.open_dead(link_type, kSnapLength);
  if (pcap == nullptr) return Compiled::kRefused;
  bpf_program compiled = {};
  const bool done = library.compile(pcap, &compiled, expression.c_str(), 1, kNetmaskUnknown) == 0;
  if (done) {
    program->assign(compiled.bf_insns, compiled.bf_insns + compiled.bf_len);
    library.freecode(&compiled);
  } else {
    *error = library.geterr(pcap);
  }
  library.close(pcap);
  return done ? Compiled::kDone : Compiled::kRefused;
}

}  // namespace vpp_punt::filter
