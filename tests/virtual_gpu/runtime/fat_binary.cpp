// nvcc's container of device code: a header, then entries of machine code or PTX for one architecture each.
#include <dlfcn.h>

#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/images.h"

namespace convoy::vgpu {
namespace {
constexpr uint32_t kContainerMagic = 0xBA55ED50, kZstdMagic = 0xfd2fb528;
constexpr uint16_t kPtxEntry = 1;
constexpr uint64_t kCompressedFlags = 0xa000;
constexpr size_t kEntryHeaderBytes = 64;  // at least

template <class T>
T read_at(const uint8_t* p) {
  T value;
  memcpy(&value, p, sizeof value);
  return value;
}

struct Entry {
  const uint8_t* payload;
  uint16_t kind;
  uint64_t payload_bytes, compressed_bytes, text_bytes, flags;
  int architecture;
  explicit Entry(const uint8_t* p)
      : payload(p + read_at<uint32_t>(p + 4)),
        kind(read_at<uint16_t>(p)),
        payload_bytes(read_at<uint64_t>(p + 8)),
        compressed_bytes(read_at<uint32_t>(p + 16)),
        text_bytes(read_at<uint64_t>(p + 56)),
        flags(read_at<uint64_t>(p + 40)),
        architecture(static_cast<int>(read_at<uint32_t>(p + 28))) {}
  const uint8_t* next() const { return payload + payload_bytes; }
};

std::string decompress(const Entry& entry) {
  using Decompress = size_t (*)(void*, size_t, const void*, size_t);
  if (entry.compressed_bytes >= 4 && read_at<uint32_t>(entry.payload) == kZstdMagic)
    if (void* library = dlopen("libzstd.so.1", RTLD_NOW))
      if (const auto zstd = reinterpret_cast<Decompress>(dlsym(library, "ZSTD_decompress"))) {
        std::string text(entry.text_bytes, '\0');
        const size_t bytes = zstd(text.data(), text.size(), entry.payload, entry.compressed_bytes);
        if (bytes <= text.size()) return text.substr(0, bytes);
      }
  complain("the program's PTX is compressed; build it with nvcc --no-compress");
  return "";
}
}  // namespace

void FatBinary::read(const uint8_t* container) {
  if (read_at<uint32_t>(container) != kContainerMagic) return complain("unknown fat binary format");
  const uint8_t* p = container + read_at<uint16_t>(container + 6);
  const uint8_t* end = p + read_at<uint64_t>(container + 8);
  while (p + kEntryHeaderBytes <= end) {
    const Entry entry(p);
    p = entry.next();
    if (entry.kind != kPtxEntry) continue;
    std::string text = entry.flags & kCompressedFlags
                           ? decompress(entry)
                           : std::string(reinterpret_cast<const char*>(entry.payload), entry.payload_bytes);
    text.resize(std::min(text.size(), text.find('\0')));
    if (text.find(".version") == std::string::npos) continue;
    ptx.emplace_back(entry.architecture, std::move(text));
    found_ptx(entry.architecture);
  }
}
}  // namespace convoy::vgpu
