#include "kernels/cuda/peak_flops.h"

namespace convoy::cuda {

namespace {
struct Known {
  std::string_view part;  // of the name; more specific ones first
  PeakFlops teraflops;
};
constexpr Known kKnown[] = {
    {"A100", {19.5, 156, 312}},      {"A10", {31.2, 62.5, 125}},    {"H100 PCIe", {51.2, 378, 756}},
    {"H100 NVL", {60, 417.5, 835}},  {"H100", {66.9, 494.7, 989}},  {"H200", {66.9, 494.7, 989}},
    {"GH200", {66.9, 494.7, 989}},   {"B200", {75, 1125, 2250}},    {"B100", {60, 900, 1800}},
    {"L40S", {91.6, 183, 362}},      {"L40", {90.5, 90.5, 181}},    {"L4", {30.3, 60, 121}},
    {"RTX 4090", {82.6, 82.6, 165}}, {"RTX 3090", {35.6, 35.6, 71}}};
}  // namespace

PeakFlops peak_flops_of(std::string_view device_name) {
  for (const Known& known : kKnown)
    if (device_name.find(known.part) != std::string_view::npos)
      return {known.teraflops.f32 * 1e12, known.teraflops.tf32 * 1e12, known.teraflops.bf16 * 1e12};
  return {};
}

}  // namespace convoy::cuda
