// The HDF5 library this process runs with.
#pragma once

#include <string>

namespace convoy {

std::string hdf5_version();  // "1.10.8"

}  // namespace convoy
