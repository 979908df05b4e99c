#include "tests/virtual_gpu/nccl/request.h"

#include <iterator>

#include "tests/virtual_gpu/nccl/errors.h"

namespace convoy::virtual_nccl {
namespace {
struct TypeFacts {
  size_t bytes;
  const char* name;
};
constexpr TypeFacts kTypes[] = {{1, "int8"},    {1, "uint8"},    {4, "int32"},      {4, "uint32"},
                                {8, "int64"},   {8, "uint64"},   {2, "float16"},    {4, "float32"},
                                {8, "float64"}, {2, "bfloat16"}, {1, "float8e4m3"}, {1, "float8e5m2"}};
static_assert(std::size(kTypes) == ncclNumTypes);

const TypeFacts* facts(ncclDataType_t type) { return type >= 0 && type < ncclNumTypes ? &kTypes[type] : nullptr; }

const char* kind_name(Kind kind) {
  constexpr const char* kNames[] = {"AllReduce", "ReduceScatter", "AllGather", "Broadcast", "Reduce",
                                    "AlltoAll",  "Gather",        "Scatter",   "Send",      "Recv"};
  return kNames[static_cast<uint32_t>(kind)];
}

bool has_root(Kind kind) {
  return kind == Kind::broadcast || kind == Kind::reduce || kind == Kind::gather || kind == Kind::scatter;
}
}  // namespace

size_t element_bytes(ncclDataType_t type) { return facts(type) ? facts(type)->bytes : 0; }
const char* type_name(ncclDataType_t type) { return facts(type) ? facts(type)->name : "an unknown type"; }

bool reduces(Kind kind) { return kind == Kind::all_reduce || kind == Kind::reduce_scatter || kind == Kind::reduce; }

bool input_is_blocks(Kind kind) {
  return kind == Kind::reduce_scatter || kind == Kind::all_to_all || kind == Kind::scatter;
}

bool output_is_blocks(Kind kind) {
  return kind == Kind::all_gather || kind == Kind::all_to_all || kind == Kind::gather;
}

uint64_t input_bytes(const Request& request, int rank, int ranks) {
  if (request.kind == Kind::receive) return 0;
  if ((request.kind == Kind::broadcast || request.kind == Kind::scatter) && rank != request.root) return 0;
  return request.count * element_bytes(request.type) * (input_is_blocks(request.kind) ? ranks : 1);
}

uint64_t output_bytes(const Request& request, int rank, int ranks) {
  if (request.kind == Kind::send) return 0;
  if ((request.kind == Kind::reduce || request.kind == Kind::gather) && rank != request.root) return 0;
  return request.count * element_bytes(request.type) * (output_is_blocks(request.kind) ? ranks : 1);
}

std::string describe(const Request& request) {
  constexpr const char* kOps[] = {"sum", "product", "maximum", "minimum", "average"};
  std::string result = text(kind_name(request.kind), " of ", request.count, " ", type_name(request.type));
  if (reduces(request.kind))
    result += text(", ", request.reduction.premultiplied ? "scaled " : "", kOps[request.reduction.op]);
  if (has_root(request.kind)) result += text(", root ", request.root);
  if (request.kind == Kind::send) result += text(" to rank ", request.root);
  if (request.kind == Kind::receive) result += text(" from rank ", request.root);
  return result;
}
}  // namespace convoy::virtual_nccl
