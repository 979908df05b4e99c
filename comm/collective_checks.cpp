#include "comm/collective_checks.h"

#include <fmt/format.h>

#include <functional>
#include <string>

#include "core/base/error.h"

namespace convoy {
namespace {

std::string text(const Tensor& x) { return fmt::format("{} {}", name_of(x.dtype), to_string(x.shape)); }

void require_same_dtype(const char* what, const Tensor& out, const Tensor& in) {
  if (out.dtype != in.dtype)
    throw InternalError(
        fmt::format("{}: out is {}, in is {}; both must be of one dtype: cast first", what, text(out), text(in)));
}

bool overlap(const Tensor& a, const Tensor& b) {
  const auto* first = a.as<std::byte>();
  const auto* second = b.as<std::byte>();
  const std::less<const std::byte*> before;
  return before(first, second + b.bytes()) && before(second, first + a.bytes());
}

}  // namespace

void check_all_reduce(const Tensor& x) {
  if (x.dtype != DType::f32 && x.dtype != DType::i64)
    throw InternalError(fmt::format("all_reduce: x is {}; only f32 and i64 are summed: cast first", text(x)));
}

void check_all_gather(const Tensor& out, const Tensor& in, int size) {
  require_same_dtype("all_gather", out, in);
  if (out.elements() != size * in.elements())
    throw InternalError(fmt::format("all_gather: out is {}, in is {}; out must hold {} times as many elements",
                                    text(out), text(in), size));
}

void check_all_to_all(const Tensor& out, const Tensor& in, int size) {
  require_same_dtype("all_to_all", out, in);
  if (out.elements() != in.elements() || in.elements() % size != 0)
    throw InternalError(fmt::format(
        "all_to_all: out is {}, in is {}; both must have as many elements, a multiple of {} ranks: pad the tensors",
        text(out), text(in), size));
  if (overlap(out, in)) throw InternalError("all_to_all: out overlaps in; give out memory of its own");
}

void check_reduce_scatter(const Tensor& out, const Tensor& in, int size) {
  require_same_dtype("reduce_scatter", out, in);
  if (in.dtype != DType::f32)
    throw InternalError(fmt::format("reduce_scatter: in is {}; only f32 is summed: cast first", text(in)));
  if (in.elements() != size * out.elements())
    throw InternalError(fmt::format("reduce_scatter: out is {}, in is {}; in must hold {} times as many elements",
                                    text(out), text(in), size));
  if (overlap(out, in)) throw InternalError("reduce_scatter: out overlaps in; give out memory of its own");
}

void check_root(int root, int size) {
  if (root < 0 || root >= size)
    throw InternalError(fmt::format("broadcast: root is rank {}; the group has ranks 0 to {}", root, size - 1));
}

void check_host_stream(const Stream& stream) {
  if (stream.native_handle() != nullptr)
    throw InternalError(
        "a collective on a CUDA stream: these ranks move host memory only; make_device_communicator gives them a "
        "communicator for tensors on GPUs");
}

}  // namespace convoy
