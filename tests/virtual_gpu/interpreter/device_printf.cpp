// printf in a kernel: each lane's text at once, through the host's own formatting.
#include <cstdio>

#include "tests/virtual_gpu/interpreter/device_library.h"

namespace convoy::vgpu {
namespace {

constexpr size_t kLongestConversion = 512;  // characters; strings are not cut

// The arguments as the compiler packs them: each aligned to its own size, float as double.
class PackedArguments {
 public:
  PackedArguments(Warp& w, int lane, u64 address) : memory_(address ? memory_at(w, lane, address) : Readable{}) {}

  u64 next(u32 bytes) {
    position_ = (position_ + bytes - 1) / bytes * bytes;
    u64 value = 0;
    if (position_ + bytes <= memory_.bytes) std::memcpy(&value, memory_.data + position_, bytes);
    position_ += bytes;
    return value;
  }

 private:
  Readable memory_{};
  u64 position_ = 0;
};

struct Conversion {
  std::string flags;  // "%" with flags, width and precision, without length and letter
  bool is_long = false;
  char letter = 0;  // 0: the format ended
};

bool one_of(const char* set, char c) { return c && std::strchr(set, c); }

// Reads what stands behind a '%' at format[position]; leaves position at the conversion's letter.
Conversion parse_conversion(const std::string& format, size_t& position, PackedArguments& arguments) {
  Conversion parsed;
  parsed.flags = "%";
  for (++position; position < format.size() && one_of("-+ #0123456789.*hljzt", format[position]); ++position) {
    const char c = format[position];
    if (c == '*')
      parsed.flags += std::to_string(static_cast<i32>(arguments.next(4)));
    else if (one_of("ljzt", c))
      parsed.is_long = true;
    else if (c != 'h')
      parsed.flags += c;
  }
  if (position < format.size()) parsed.letter = format[position];
  return parsed;
}

template <class T>
std::string print(const std::string& spec, T value) {
  char text[kLongestConversion];
  std::snprintf(text, sizeof text, spec.c_str(), value);
  return text;
}

std::string convert(Warp& w, int lane, const Conversion& c, PackedArguments& arguments) {
  const std::string spec = c.flags + c.letter, long_spec = c.flags + "ll" + c.letter;
  if (one_of("di", c.letter)) {
    const u64 bits = arguments.next(c.is_long ? 8 : 4);
    return print(long_spec, c.is_long ? static_cast<long long>(bits) : static_cast<i32>(bits));
  }
  if (one_of("ouxX", c.letter)) return print(long_spec, static_cast<long long>(arguments.next(c.is_long ? 8 : 4)));
  if (c.letter == 'c') return print(spec, static_cast<int>(arguments.next(4)));
  if (c.letter == 's' && c.flags == "%") return string_at(w, lane, arguments.next(8));
  if (c.letter == 's') return print(spec, string_at(w, lane, arguments.next(8)).c_str());
  if (c.letter == 'p') return print(spec, reinterpret_cast<void*>(arguments.next(8)));
  if (!one_of("eEfFgGaA", c.letter)) return spec;
  const u64 bits = arguments.next(8);
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return print(spec, value);
}

std::string formatted(Warp& w, int lane, const std::string& format, PackedArguments arguments) {
  std::string text;
  for (size_t k = 0; k < format.size(); ++k) {
    if (format[k] != '%') {
      text += format[k];
    } else if (k + 1 < format.size() && format[k + 1] == '%') {
      text += format[k++];
    } else {
      const Conversion conversion = parse_conversion(format, k, arguments);
      if (conversion.letter) text += convert(w, lane, conversion, arguments);
    }
  }
  return text;
}

}  // namespace

void device_printf(Warp& w, const Inst& i, u32 m) {  // (format, packed arguments)
  for_lanes(m, [&](int l) {
    const std::string format = string_at(w, l, call_argument<u64>(w, i, l, 0));
    const std::string text = formatted(w, l, format, PackedArguments(w, l, call_argument<u64>(w, i, l, 1)));
    std::fputs(text.c_str(), stdout);
    call_result<i32>(w, i, l, static_cast<i32>(text.size()));
  });
}

}  // namespace convoy::vgpu
