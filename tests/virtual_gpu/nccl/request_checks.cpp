#include <cuda_runtime_api.h>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/request.h"
#include "tests/virtual_gpu/runtime/host_interface.h"

namespace convoy::virtual_nccl {
namespace {
struct Range {
  uint64_t begin, end;
  bool overlaps(const Range& other) const { return begin < other.end && other.begin < end; }
};

Range range_of(const void* address, uint64_t bytes) {
  const auto begin = reinterpret_cast<uint64_t>(address);
  return {begin, begin + bytes};
}

std::string check_buffer(const void* address, uint64_t bytes, const Request& request, const char* which, int device) {
  if (!bytes) return "";
  const std::string what = text(which, " of ", describe(request));
  if (!address) return text(what, " is null; wanted device memory of ", bytes, " bytes");
  if (reinterpret_cast<uint64_t>(address) % element_bytes(request.type))
    return text(what, " at ", address, " is not aligned to its elements of ", element_bytes(request.type), " bytes");
  if (!vgpu_host_pointer(address, bytes, what.c_str()))
    return text(what, " at ", address, " does not lie in one allocation of at least ", bytes, " bytes from there");
  cudaPointerAttributes attributes = {};
  cudaPointerGetAttributes(&attributes, address);
  if (attributes.type == cudaMemoryTypeDevice && attributes.device != device)
    return text(what, " lies on device ", attributes.device, ", the communicator's device is ", device);
  return "";
}

// Where NCCL lets input and output share memory: exactly in one place, named in `rule`.
const char* kInPlaceRule[] = {"recvbuff == sendbuff",
                              "recvbuff == sendbuff + rank * recvcount",
                              "sendbuff == recvbuff + rank * sendcount",
                              "recvbuff == sendbuff",
                              "recvbuff == sendbuff",
                              "none: AlltoAll has no in-place form",
                              "sendbuff == recvbuff + root * count",
                              "recvbuff == sendbuff + root * count"};

bool is_in_place(const Request& request, int rank) {
  const auto* input = static_cast<const std::byte*>(request.input);
  const auto* output = static_cast<const std::byte*>(request.output);
  const uint64_t block = request.count * element_bytes(request.type);
  if (request.kind == Kind::all_to_all) return false;
  if (input_is_blocks(request.kind)) return output == input + rank * block;
  if (output_is_blocks(request.kind)) return input == output + rank * block;
  return input == output;
}

std::string check_overlap(const Request& request, int rank, int ranks) {
  const uint64_t in = input_bytes(request, rank, ranks), out = output_bytes(request, rank, ranks);
  if (!in || !out || is_in_place(request, rank)) return "";
  if (!range_of(request.input, in).overlaps(range_of(request.output, out))) return "";
  return text("input and output of ", describe(request), " overlap on rank ", rank, "; in place it has to be ",
              kInPlaceRule[static_cast<uint32_t>(request.kind)]);
}

std::string check_values(const Request& request, int ranks) {
  const size_t bytes = element_bytes(request.type);
  if (!bytes) return text("data type ", static_cast<int>(request.type), " is none of NCCL's");
  if (request.root < 0 || request.root >= ranks)
    return text("root or peer ", request.root, " is not a rank of this communicator of ", ranks, " ranks");
  if (request.count > (uint64_t{1} << 46) / bytes / ranks)
    return text("count ", request.count, " is more than any device holds");
  if (request.reduction.premultiplied && request.reduction.scale_type != request.type)
    return text("the pre-multiplied sum was made for ", type_name(request.reduction.scale_type), ", not for ",
                type_name(request.type));
  if (reduces(request.kind) && (request.type == ncclFloat8e4m3 || request.type == ncclFloat8e5m2))
    return text("reductions of ", type_name(request.type), " are not supported; reduce in a wider type");
  return "";
}

bool writes_into(const Request& writer, const Request& other, int rank, int ranks) {
  const Range written = range_of(writer.output, output_bytes(writer, rank, ranks));
  if (written.begin == written.end) return false;
  return written.overlaps(range_of(other.input, input_bytes(other, rank, ranks))) ||
         written.overlaps(range_of(other.output, output_bytes(other, rank, ranks)));
}
}  // namespace

std::string find_mistake(const Request& request, int rank, int ranks, int device) {
  std::string mistake = check_values(request, ranks);
  if (mistake.empty())
    mistake = check_buffer(request.input, input_bytes(request, rank, ranks), request, "input", device);
  if (mistake.empty())
    mistake = check_buffer(request.output, output_bytes(request, rank, ranks), request, "output", device);
  if (mistake.empty()) mistake = check_overlap(request, rank, ranks);
  return mistake;
}

std::string find_conflict(const std::vector<Request>& group, int rank, int ranks) {
  for (size_t a = 0; a < group.size(); ++a)
    for (size_t b = 0; b < group.size(); ++b)
      if (a != b && writes_into(group[a], group[b], rank, ranks))
        return text("in one group, ", describe(group[a]), " writes into a buffer of ", describe(group[b]),
                    "; they run at the same time and need separate memory");
  return "";
}
}  // namespace convoy::virtual_nccl
