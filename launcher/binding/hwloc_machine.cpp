#include "launcher/binding/hwloc_machine.h"

#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

#include "core/base/error.h"

namespace convoy {
namespace {

using Bitmap = std::unique_ptr<hwloc_bitmap_s, decltype([](hwloc_bitmap_t bitmap) { hwloc_bitmap_free(bitmap); })>;

std::vector<int> members_of(hwloc_const_bitmap_t set) {
  std::vector<int> members;
  for (int i = hwloc_bitmap_next(set, -1); i != -1; i = hwloc_bitmap_next(set, i)) members.push_back(i);
  return members;
}

// The global index numbers every object of a topology.
AttachedDevice attached(hwloc_topology_t topology, hwloc_obj_t object, const std::string& name) {
  AttachedDevice device{name, {}, {}};
  for (hwloc_obj_t above = object->parent; above != nullptr; above = above->parent)
    device.path.push_back(static_cast<int>(above->gp_index));
  std::reverse(device.path.begin(), device.path.end());
  device.processors = members_of(hwloc_get_non_io_ancestor_obj(topology, object)->cpuset);
  return device;
}

// A port without a cable is no choice: MPI would find no way out.
bool is_rdma_device_in_use(hwloc_obj_t device) {
  if (device->attr->osdev.type != HWLOC_OBJ_OSDEV_OPENFABRICS) return false;
  const char* state = hwloc_obj_get_info_by_name(device, "Port1State");
  return state == nullptr || std::strcmp(state, "4") == 0;  // 4: active
}

// hwloc reads processors, PCI and network devices from Linux itself. Its plug-ins would start GPU drivers in every
// rank, and libpciaccess, for names that nobody asks for. One that is not installed cannot be left out, and need not
// be.
void leave_out_plugins(hwloc_topology_t topology) {
  for (const char* plugin : {"cuda", "gl", "levelzero", "nvml", "opencl", "pci", "rsmi"})
    hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, plugin);
}

}  // namespace

class HwlocMachine::Impl {
 public:
  explicit Impl(const std::function<int(hwloc_topology_t)>& choose_source) {
    if (hwloc_topology_init(&topology_) != 0) throw InternalError("hwloc cannot be initialised");
    leave_out_plugins(topology_);
    if (choose_source(topology_) != 0 ||
        hwloc_topology_set_io_types_filter(topology_, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) != 0 ||
        hwloc_topology_load(topology_) != 0) {
      const int error = errno;
      hwloc_topology_destroy(topology_);
      throw InternalError(
          fmt::format("hwloc cannot read this machine: {}; write parallel.bind: none", std::strerror(error)));
    }
  }
  ~Impl() { hwloc_topology_destroy(topology_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  hwloc_topology_t topology() const { return topology_; }

 private:
  hwloc_topology_t topology_ = nullptr;
};

HwlocMachine::HwlocMachine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HwlocMachine::HwlocMachine() : HwlocMachine(std::make_unique<Impl>([](hwloc_topology_t) { return 0; })) {}
HwlocMachine::HwlocMachine(HwlocMachine&&) noexcept = default;
HwlocMachine::~HwlocMachine() = default;

HwlocMachine HwlocMachine::synthetic(const std::string& description) {
  return HwlocMachine(std::make_unique<Impl>(
      [&](hwloc_topology_t topology) { return hwloc_topology_set_synthetic(topology, description.c_str()); }));
}
HwlocMachine HwlocMachine::from_xml(const std::string& path) {
  return HwlocMachine(std::make_unique<Impl>(
      [&](hwloc_topology_t topology) { return hwloc_topology_set_xml(topology, path.c_str()); }));
}

MachineTopology HwlocMachine::describe() const {
  const hwloc_topology_t topology = impl_->topology();
  MachineTopology machine;
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != nullptr;)
    machine.cores.push_back(members_of(core->cpuset));
  if (machine.cores.empty())  // some virtual machines tell processors only
    for (const int processor : members_of(hwloc_topology_get_topology_cpuset(topology)))
      machine.cores.push_back({processor});
  for (hwloc_obj_t device = nullptr; (device = hwloc_get_next_osdev(topology, device)) != nullptr;)
    if (is_rdma_device_in_use(device)) machine.rdma_devices.push_back(attached(topology, device, device->name));
  return machine;
}

AttachedDevice HwlocMachine::find_pci_device(const std::string& address) const {
  const hwloc_obj_t device = hwloc_get_pcidev_by_busidstring(impl_->topology(), address.c_str());
  if (device == nullptr) return {address, {}, {}};
  return attached(impl_->topology(), device, address);
}

std::string HwlocMachine::bind_process(const std::vector<int>& processors) const {
  const Bitmap set(hwloc_bitmap_alloc());
  for (const int processor : processors) hwloc_bitmap_set(set.get(), static_cast<unsigned>(processor));
  if (hwloc_set_cpubind(impl_->topology(), set.get(), HWLOC_CPUBIND_PROCESS) != 0)
    return fmt::format("the system refuses to bind the process: {}", std::strerror(errno));
  // On one node there is nothing to choose; containers often forbid the call.
  if (hwloc_get_nbobjs_by_type(impl_->topology(), HWLOC_OBJ_NUMANODE) < 2) return {};
  if (hwloc_set_membind(impl_->topology(), set.get(), HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_THREAD) != 0)
    return fmt::format("the system refuses to bind memory: {}", std::strerror(errno));
  return {};
}

}  // namespace convoy
