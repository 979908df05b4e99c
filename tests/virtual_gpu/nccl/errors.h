// How a call of the library fails: a code for the program, a sentence for ncclGetLastError and stderr.
#pragma once
#include <nccl.h>

#include <sstream>
#include <string>

namespace convoy::virtual_nccl {
// The values one after the other, as operator<< prints them.
template <class... Values>
std::string text(const Values&... values) {
  std::ostringstream out;
  (out << ... << values);
  return out.str();
}

// Keeps the message for ncclGetLastError, prints "vgpu: NCCL: message" and returns the code.
ncclResult_t fail(ncclResult_t code, const std::string& message);

// The message of the process's last failure; valid until the thread's next call.
const char* last_error();
}  // namespace convoy::virtual_nccl
