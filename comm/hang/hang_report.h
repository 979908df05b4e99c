// The full comparison of all ranks, for a person to read.
#pragma once

#include <string>
#include <vector>

#include "comm/hang/diagnosis.h"

namespace convoy::hang {

// heading: who writes it. lane, now_us: as of diagnose().
std::string hang_report(const std::string& heading, const Diagnosis& diagnosis, const std::vector<Sight>& ranks,
                        std::string_view lane, int64_t now_us);

}  // namespace convoy::hang
