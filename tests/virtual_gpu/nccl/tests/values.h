// Elements of every type that NCCL reduces, with values whose reductions are exact.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <nccl.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace convoy {
template <class T>
inline constexpr bool is_small_float = std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16>;

template <class T>
constexpr ncclDataType_t nccl_type() {
  if constexpr (std::is_same_v<T, int8_t>) return ncclInt8;
  if constexpr (std::is_same_v<T, uint8_t>) return ncclUint8;
  if constexpr (std::is_same_v<T, int32_t>) return ncclInt32;
  if constexpr (std::is_same_v<T, uint32_t>) return ncclUint32;
  if constexpr (std::is_same_v<T, int64_t>) return ncclInt64;
  if constexpr (std::is_same_v<T, uint64_t>) return ncclUint64;
  if constexpr (std::is_same_v<T, __half>) return ncclFloat16;
  if constexpr (std::is_same_v<T, float>) return ncclFloat32;
  if constexpr (std::is_same_v<T, double>) return ncclFloat64;
  return ncclBfloat16;
}

template <class T>
T to_element(double x) {
  if constexpr (is_small_float<T>)
    return T(static_cast<float>(x));
  else
    return static_cast<T>(x);
}

template <class T>
double to_double(T x) {
  if constexpr (is_small_float<T>)
    return static_cast<float>(x);
  else
    return static_cast<double>(x);
}

// 1 or 2: products of up to seven ranks, and sums of more, are exact in every type.
inline double value(int rank, size_t i) {
  return static_cast<double>((i * 2654435761u >> 7 ^ (static_cast<unsigned>(rank) * i >> 2)) % 2 + 1);
}

template <class T>
std::vector<T> values(int rank, size_t count, size_t begin = 0) {
  std::vector<T> result(count);
  for (size_t i = 0; i < count; ++i) result[i] = to_element<T>(value(rank, begin + i));
  return result;
}

// What a reduction of value(rank, i) over the ranks gives.
template <class T>
double reduced(ncclRedOp_t op, int ranks, size_t i) {
  double result = value(0, i);
  for (int r = 1; r < ranks; ++r) {
    const double x = value(r, i);
    result = op == ncclProd  ? result * x
             : op == ncclMax ? std::max(result, x)
             : op == ncclMin ? std::min(result, x)
                             : result + x;
  }
  if (op != ncclAvg) return result;
  if constexpr (std::is_same_v<T, double>) return result / ranks;
  if constexpr (std::is_integral_v<T>) return static_cast<double>(static_cast<int>(result) / ranks);
  return to_double(to_element<T>(static_cast<float>(result) / static_cast<float>(ranks)));
}
}  // namespace convoy
