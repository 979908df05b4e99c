#include "tests/virtual_gpu/nccl/errors.h"

#include <cstdio>
#include <mutex>

namespace convoy::virtual_nccl {
namespace {
std::mutex mutex;
std::string& message_of_last() {
  static auto& message = *new std::string;  // never destroyed: threads of the library may fail at exit
  return message;
}
}  // namespace

ncclResult_t fail(ncclResult_t code, const std::string& message) {
  const std::lock_guard lock(mutex);
  message_of_last() = message;
  fprintf(stderr, "vgpu: NCCL: %s\n", message.c_str());
  return code;
}

const char* last_error() {
  thread_local std::string copy;
  const std::lock_guard lock(mutex);
  copy = message_of_last();
  return copy.c_str();
}
}  // namespace convoy::virtual_nccl
