// What a program asks for: one collective, send or receive, before anything is done about it.
#pragma once
#include <nccl.h>

#include <cstdint>
#include <string>
#include <vector>

namespace convoy::virtual_nccl {
enum class Kind : uint32_t {
  all_reduce,
  reduce_scatter,
  all_gather,
  broadcast,
  reduce,
  all_to_all,
  gather,
  scatter,
  send,
  receive,
};

struct Reduction {
  ncclRedOp_t op = ncclSum;    // of the five built-in ones
  bool premultiplied = false;  // ncclRedOpCreatePreMulSum: every rank scales its own input first
  uint64_t scale_bits = 0;     // the scalar's bytes, unless it lies on the device
  const void* device_scale = nullptr;
  ncclDataType_t scale_type = ncclFloat32;
};

struct Request {
  Kind kind;
  const void* input = nullptr;  // device addresses
  void* output = nullptr;
  uint64_t count = 0;  // elements, as the call counts them: of one block
  ncclDataType_t type = ncclFloat32;
  Reduction reduction = {};
  int root = 0;  // or the peer of a send or receive
};

// Bytes of an element; 0 for what is no type.
size_t element_bytes(ncclDataType_t type);
const char* type_name(ncclDataType_t type);

inline bool is_collective(Kind kind) { return kind < Kind::send; }
bool reduces(Kind kind);
// Whether a rank's input holds one block for every rank, or its output one from every rank.
bool input_is_blocks(Kind kind);
bool output_is_blocks(Kind kind);
// Bytes that a rank's buffers hold; 0 for a buffer that the rank does not use.
uint64_t input_bytes(const Request& request, int rank, int ranks);
uint64_t output_bytes(const Request& request, int rank, int ranks);

// As in "AllReduce of 10 float32, sum" or "Send of 3 int32 to rank 1".
std::string describe(const Request& request);

// What is wrong with a request of `rank`, or an empty string: type, operation, root, null or misaligned pointers,
// ranges that leave their allocation or lie on another device, overlaps that NCCL does not allow.
std::string find_mistake(const Request& request, int rank, int ranks, int device);
// The same for requests that run at the same time because they stand in one group.
std::string find_conflict(const std::vector<Request>& group, int rank, int ranks);
}  // namespace convoy::virtual_nccl
