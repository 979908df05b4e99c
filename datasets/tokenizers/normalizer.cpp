#include "datasets/tokenizers/normalizer.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <new>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/base/owned.h"
#include "core/base/utf8.h"

namespace convoy {
namespace {

constexpr size_t kMostPendingBytes = size_t{16} << 20;

struct CodePoints {
  char32_t first, last;
};

// What tests/reference/unicode_tables.py finds: up to Unicode 18 newer tables treat these otherwise than the library,
// to which they are characters that neither change nor combine nor move.
constexpr CodePoints kInert[] = {
    {0x558, 0x558},     {0x58B, 0x58C},     {0x5C8, 0x5C9},     {0x7FD, 0x7FD},     {0x897, 0x89F},
    {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},
    {0x1715, 0x1715},   {0x1ABF, 0x1AF0},   {0x1DF6, 0x1DFA},   {0x209D, 0x209F},   {0x32FF, 0x32FF},
    {0xA7F1, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x105C9, 0x105C9}, {0x105D2, 0x105D2},
    {0x105DA, 0x105DA}, {0x105E4, 0x105E4}, {0x10781, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BF},
    {0x10D24, 0x10D27}, {0x10D69, 0x10D6D}, {0x10EAB, 0x10EAC}, {0x10ECB, 0x10ECF}, {0x10EF0, 0x10EFB},
    {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B},
    {0x11382, 0x11385}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x11391}, {0x113B8, 0x113B8},
    {0x113BB, 0x113BB}, {0x113C2, 0x113C2}, {0x113C5, 0x113C5}, {0x113C7, 0x113C9}, {0x113CE, 0x113D0},
    {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x11935, 0x11935}, {0x11938, 0x11938},
    {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47},
    {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
    {0x1611E, 0x16129}, {0x1612F, 0x1612F}, {0x16D63, 0x16D63}, {0x16D67, 0x16D6A}, {0x16FF0, 0x16FF1},
    {0x1B123, 0x1B126}, {0x1CCD6, 0x1CCF9}, {0x1D127, 0x1D128}, {0x1D250, 0x1D252}, {0x1D25B, 0x1D25C},
    {0x1D25F, 0x1D25F}, {0x1D280, 0x1D281}, {0x1D6A6, 0x1D6A6}, {0x1DF95, 0x1DF95}, {0x1DFCD, 0x1DFFF},
    {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF},
    {0x1E4EC, 0x1E4EF}, {0x1E5EE, 0x1E5EF}, {0x1E6E3, 0x1E6E3}, {0x1E6E6, 0x1E6E6}, {0x1E6EE, 0x1E6EF},
    {0x1E6F5, 0x1E6F5}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9},
};
static_assert(std::ranges::is_sorted(kInert, {}, &CodePoints::first));

// Characters before which a text may be cut in every form: they never combine with what is before them.
constexpr CodePoints kBeginners[] = {{0x0, 0x7F},      {0x3001, 0x3020}, {0x3041, 0x3096}, {0x30A1, 0x30FA},
                                     {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}, {0xFF01, 0xFF5E}};
static_assert(std::ranges::is_sorted(kBeginners, {}, &CodePoints::first));

bool is_among(std::span<const CodePoints> sorted, char32_t c) {
  const auto after = std::ranges::upper_bound(sorted, c, {}, &CodePoints::first);
  return after != sorted.begin() && c <= std::prev(after)->last;
}

int options_of(NormalForm form) {
  switch (form) {
    case NormalForm::nfc:
      return UTF8PROC_COMPOSE;
    case NormalForm::nfd:
      return UTF8PROC_DECOMPOSE;
    case NormalForm::nfkc:
      return UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    case NormalForm::nfkd:
      return UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  }
  return 0;
}

void free_utf8(utf8proc_uint8_t* text) noexcept { std::free(text); }

void append_by_utf8proc(std::string_view text, NormalForm form, std::string& out) {
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &result, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | options_of(form)));
  const Owned<utf8proc_uint8_t*, free_utf8> owned(result);
  if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (size < 0) throw DataError(fmt::format("the text cannot be normalized: {}", utf8proc_errmsg(size)));
  out.append(reinterpret_cast<const char*>(result), static_cast<size_t>(size));
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_normalized(std::string_view text, NormalForm form, std::string& out) {
  if (is_ascii(text)) {
    out.append(text);
    return;
  }
  size_t done = 0;
  for (size_t position = 0; position < text.size();) {
    const size_t begin = position;
    if (static_cast<unsigned char>(text[position]) < 0xD0) {  // below U+0400 none is inert
      ++position;
      continue;
    }
    if (!is_among(kInert, next_code_point(text, position))) continue;
    if (begin > done) append_by_utf8proc(text.substr(done, begin - done), form, out);
    out.append(text.substr(begin, position - begin));
    done = position;
  }
  if (done < text.size()) append_by_utf8proc(text.substr(done), form, out);
}

// The last place where the text may be cut; 0: nowhere.
size_t last_cut(std::string_view text) {
  for (size_t end = text.size(); end > 0;) {
    do --end;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u);
    size_t position = end;
    if (is_among(kBeginners, next_code_point(text, position))) return end;
  }
  return 0;
}

void require_known_version() {
  const long major = std::strtol(utf8proc_unicode_version(), nullptr, 10);
  if (major < 14 || major > 18)
    throw DataError(
        fmt::format("the linked utf8proc has tables of Unicode {}, wanted 14 to 18: it might normalize otherwise than "
                    "Hugging Face's library",
                    utf8proc_unicode_version()));
}

}  // namespace

Normalizer::Normalizer(NormalForm form, Visit visit) : form_(form), visit_(std::move(visit)) {
  require_known_version();
}

void Normalizer::add(std::string_view text, bool ends) {
  const size_t before = pending_.size();
  pending_.append(text);
  const size_t found = ends ? pending_.size() : last_cut(std::string_view(pending_).substr(before));
  const size_t cut = ends ? found : found == 0 ? 0 : before + found;
  if (cut == 0 && !ends) {
    if (pending_.size() > kMostPendingBytes)
      throw DataError("more than 16 MiB of text without a place to normalize it in parts; break it up with line ends");
    return;
  }
  normalized_.clear();
  append_normalized(std::string_view(pending_).substr(0, cut), form_, normalized_);
  pending_.erase(0, cut);
  visit_(normalized_, ends);
}

std::string normalized(std::string_view text, NormalForm form) {
  std::string out;
  append_normalized(text, form, out);
  return out;
}

}  // namespace convoy
