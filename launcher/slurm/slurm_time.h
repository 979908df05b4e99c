// Times as sbatch reads them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace convoy {

inline constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// Seconds of minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or
// days-hours:minutes:seconds, rounded up to whole minutes, as Slurm does; kUnlimited for UNLIMITED, INFINITE and zero.
// Nothing if it is none of these.
std::optional<int64_t> slurm_seconds(const std::string& text);

// "24:00:00", "2-12:00:00": a time that sbatch reads as so many seconds, rounded up to whole minutes.
std::string slurm_time(int64_t seconds);

}  // namespace convoy
