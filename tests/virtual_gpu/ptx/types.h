// The types that PTX instructions and variables name, and short names for C++'s integers.
#pragma once

#include <cstdint>
#include <string>

namespace convoy::vgpu {

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i8 = int8_t;
using i16 = int16_t;
using i32 = int32_t;
using i64 = int64_t;

enum class Type : u8 {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F16X2,
  BF16X2,
  F32,
  F64,
  TF32,
  U16X2,
  S16X2,
  E4M3,
  E5M2,
  E4M3X2,
  E5M2X2
};

Type parse_type(const std::string& name);  // "f32" -> Type::F32; None when it names no type
int type_size(Type type);                  // bytes in memory
bool is_signed(Type type);                 // a signed integer
bool is_float(Type type);                  // one floating-point number that registers compute with: f16, bf16, f32, f64
bool is_half(Type type);                   // f16 or bf16, alone or two packed in a register
bool is_packed_half(Type type);            // f16x2 or bf16x2

}  // namespace convoy::vgpu
