// A libuv handle with one owner, which may go at any time: the memory is freed by libuv's close callback, as
// it must be.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>

namespace vpp_punt {

template <typename Handle>
class UvHandle {
 public:
  UvHandle() = default;
  ~UvHandle() { Close(); }
  UvHandle(const UvHandle&) = delete;
  UvHandle& operator=(const UvHandle&) = delete;

  /// Closes what was there, and makes a handle whose callbacks find `context` in `data`. `initialize` calls
  /// the uv_*_init function; when that fails there is no handle.
  template <typename Initialize>
  bool Open(void* context, Initialize initialize) {
    Close();
    auto* handle = new Handle();
    if (initialize(handle) != 0) {
      delete handle;
      return false;
    }
    handle->data = context;
    handle_ = handle;
    return true;
  }

  /// No callback comes after it.
  void Close() {
    if (handle_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(handle_),
             [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
    handle_ = nullptr;
  }

  Handle* get() const { return handle_; }
  uv_handle_t* base() const { return reinterpret_cast<uv_handle_t*>(handle_); }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  Handle* handle_ = nullptr;
};

}  // namespace vpp_punt
