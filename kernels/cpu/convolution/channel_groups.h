// Which channels of a result are sums of which channels of a source. A convolution of single channels ("depthwise") is
// computed channel by channel, many at a time: its groups here are so many neighbours.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/integers.h"
#include "core/ops/convolution.h"
#include "kernels/cpu/convolution/kernels.h"

namespace convoy::cpu {

struct ChannelGroups {
  bool by_channel = false;
  int64_t count = 0;
  int64_t sources = 0, results = 0;  // channels of a group; by channel the last one may have fewer
  int64_t all_results = 0;
  // Of the weight's elements: from a result's channel to the next, from a source's, from group to group.
  int64_t result_stride = 0, source_stride = 0, group_stride = 0;

  int64_t results_of(int64_t group) const { return std::min(results, all_results - group * results); }
  int64_t sources_of(int64_t group) const { return by_channel ? results_of(group) : sources; }
  // Channels that are summed over.
  int64_t summed() const { return by_channel ? 1 : sources; }
  // Columns of panels of a group.
  int64_t padded_results() const { return round_up(results, kPanelLanes); }
};

// Of the outputs from the inputs, or the other way round for the gradient of the input.
inline ChannelGroups channel_groups(const ConvolutionShape& s, bool of_input = false) {
  const int64_t taps = s.kernel_h * s.kernel_w;
  if (s.is_depthwise()) {
    const int64_t channels = std::min<int64_t>(s.Cin, 64);
    return {true, ceil_div(s.Cin, channels), channels, channels, s.Cin, taps, 0, channels * taps};
  }
  const int64_t inputs = s.group_inputs(), outputs = s.group_outputs(), group_stride = inputs * outputs * taps;
  if (of_input) return {false, s.groups, outputs, inputs, s.Cin, taps, inputs * taps, group_stride};
  return {false, s.groups, inputs, outputs, s.Cout, inputs * taps, taps, group_stride};
}

}  // namespace convoy::cpu
