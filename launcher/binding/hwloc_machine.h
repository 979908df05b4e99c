// The machine as hwloc sees it, and what binds this process to parts of it. hwloc's own header stays in the source
// file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "launcher/binding/decision.h"

namespace convoy {

class HwlocMachine {
 public:
  HwlocMachine();                                                 // this machine
  static HwlocMachine synthetic(const std::string& description);  // "package:2 core:4 pu:2"
  static HwlocMachine from_xml(const std::string& path);          // as `lstopo FILE.xml` writes it
  HwlocMachine(HwlocMachine&&) noexcept;
  ~HwlocMachine();

  MachineTopology describe() const;
  // By its PCI address, "0000:07:00.0". Path and processors are empty where hwloc sees no such device.
  AttachedDevice find_pci_device(const std::string& address) const;

  // All threads of this process run on these processors, and its memory comes from near them where there is some left.
  // Returns what the system refuses, or nothing.
  std::string bind_process(const std::vector<int>& processors) const;

 private:
  class Impl;
  explicit HwlocMachine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace convoy
