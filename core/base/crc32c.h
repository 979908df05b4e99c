// CRC-32C (Castagnoli), as iSCSI, ext4 and TFRecord use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace convoy {

uint32_t crc32c(std::string_view data);

}  // namespace convoy
