// One owner per HDF5 identifier.
#pragma once

#include <hdf5.h>

#include <utility>

namespace convoy::hdf5 {

class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Close how) : id_(id), close_(how) {}
  Handle(Handle&& other) noexcept { *this = std::move(other); }
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() { close(); }

  hid_t get() const { return id_; }

  // Closes now. Negative if that failed: the last bytes of a written file go out here.
  herr_t close() {
    if (id_ < 0) return 0;
    return close_(std::exchange(id_, H5I_INVALID_HID));
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

}  // namespace convoy::hdf5
