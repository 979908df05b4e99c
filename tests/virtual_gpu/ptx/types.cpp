#include "tests/virtual_gpu/ptx/types.h"

#include <map>

namespace convoy::vgpu {

Type parse_type(const std::string& name) {
  static const std::map<std::string, Type> types = {
      {"pred", Type::Pred},   {"b8", Type::B8},         {"b16", Type::B16},      {"b32", Type::B32},
      {"b64", Type::B64},     {"b128", Type::B128},     {"u8", Type::U8},        {"u16", Type::U16},
      {"u32", Type::U32},     {"u64", Type::U64},       {"s8", Type::S8},        {"s16", Type::S16},
      {"s32", Type::S32},     {"s64", Type::S64},       {"f16", Type::F16},      {"bf16", Type::BF16},
      {"f16x2", Type::F16X2}, {"bf16x2", Type::BF16X2}, {"f32", Type::F32},      {"f64", Type::F64},
      {"tf32", Type::TF32},   {"u16x2", Type::U16X2},   {"s16x2", Type::S16X2},  {"e4m3", Type::E4M3},
      {"e5m2", Type::E5M2},   {"e4m3x2", Type::E4M3X2}, {"e5m2x2", Type::E5M2X2}};
  auto it = types.find(name);
  return it == types.end() ? Type::None : it->second;
}

int type_size(Type type) {
  switch (type) {
    case Type::Pred:
    case Type::B8:
    case Type::U8:
    case Type::S8:
    case Type::E4M3:
    case Type::E5M2:
      return 1;
    case Type::B16:
    case Type::U16:
    case Type::S16:
    case Type::F16:
    case Type::BF16:
    case Type::E4M3X2:
    case Type::E5M2X2:
      return 2;
    case Type::B64:
    case Type::U64:
    case Type::S64:
    case Type::F64:
      return 8;
    case Type::B128:
      return 16;
    default:
      return 4;
  }
}

bool is_signed(Type type) { return type == Type::S8 || type == Type::S16 || type == Type::S32 || type == Type::S64; }

bool is_float(Type type) { return type == Type::F16 || type == Type::BF16 || type == Type::F32 || type == Type::F64; }

bool is_half(Type type) { return type == Type::F16 || type == Type::BF16 || is_packed_half(type); }

bool is_packed_half(Type type) { return type == Type::F16X2 || type == Type::BF16X2; }

}  // namespace convoy::vgpu
