#include "comm/mpi/mpi_check.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "core/base/error.h"

namespace convoy::mpi {

void throw_mpi_error(int code, const char* call) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw InternalError(fmt::format("{} failed: {}", call, std::string_view(text.data(), static_cast<size_t>(length))));
}

}  // namespace convoy::mpi
