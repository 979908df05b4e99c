#include "launcher/binding/decision.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>

#include "launcher/binding/hwloc_machine.h"
#include "launcher/device_choice.h"

namespace convoy {
namespace {

using Processors = std::vector<int>;

Processors range(int begin, int end) {
  Processors all(static_cast<size_t>(end - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

// Two sockets of eight cores with two threads each, as Linux numbers them: core i has processors i and i + 16.
MachineTopology two_sockets() {
  MachineTopology machine;
  for (int i = 0; i < 16; ++i) machine.cores.push_back({i, i + 16});
  return machine;
}
Processors both_threads(int first_core, int end_core) {
  Processors all = range(first_core, end_core), second = range(first_core + 16, end_core + 16);
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

std::vector<Processors> processors_of(const std::vector<RankBinding>& bindings) {
  std::vector<Processors> all;
  for (const RankBinding& binding : bindings) all.push_back(binding.processors);
  return all;
}

TEST(BindRanks, WholeCoresAreDividedAmongRanksThatShareAll) {
  const RankPlace anywhere{range(0, 32), {}};
  const auto bindings = bind_ranks(two_sockets(), {anywhere, anywhere, anywhere, anywhere});
  EXPECT_EQ(processors_of(bindings), (std::vector<Processors>{both_threads(0, 4), both_threads(4, 8),
                                                              both_threads(8, 12), both_threads(12, 16)}));
  for (const RankBinding& binding : bindings) EXPECT_EQ(binding.reason, BindingReason::share);
}

TEST(BindRanks, UnevenNumbersLeaveNoCoreOut) {
  const RankPlace anywhere{range(0, 32), {}};
  const auto bindings = bind_ranks(two_sockets(), {anywhere, anywhere, anywhere});
  size_t processors = 0;
  for (const RankBinding& binding : bindings) processors += binding.processors.size();
  EXPECT_EQ(processors, 32u);
}

// GPUs 0 to 3 hang on the second socket, 4 to 7 on the first.
TEST(BindRanks, RanksRunNearTheirGpus) {
  std::vector<RankPlace> ranks(8, {range(0, 32), both_threads(8, 16)});
  for (int rank = 4; rank < 8; ++rank) ranks[static_cast<size_t>(rank)].near_its_gpu = both_threads(0, 8);
  const auto bindings = bind_ranks(two_sockets(), ranks);
  for (int rank = 0; rank < 8; ++rank) {
    const int first = rank < 4 ? 8 + 2 * rank : 2 * (rank - 4);
    EXPECT_EQ(bindings[static_cast<size_t>(rank)].processors, both_threads(first, first + 2)) << "rank " << rank;
  }
}

TEST(BindRanks, AGpuNearTooFewCoresDoesNotCrowdThem) {
  std::vector<RankPlace> ranks(3, {range(0, 32), {0, 16}});
  const auto bindings = bind_ranks(two_sockets(), ranks);
  EXPECT_EQ(bindings[2].processors, both_threads(10, 16));
}

TEST(BindRanks, WhatTheLauncherBoundStaysSo) {
  const auto bindings = bind_ranks(two_sockets(), {{{0, 16}, {}}, {{1, 17}, {}}});
  EXPECT_EQ(processors_of(bindings), (std::vector<Processors>{{0, 16}, {1, 17}}));
  EXPECT_EQ(bindings[0].reason, BindingReason::alone);
  EXPECT_EQ(bind_ranks(two_sockets(), {{range(0, 32), both_threads(0, 8)}})[0].reason, BindingReason::alone);
}

// A job of Slurm's that was given cores 4 to 7 for two ranks.
TEST(BindRanks, OnlyAllowedProcessorsAreDivided) {
  const RankPlace inside{range(4, 8), {}};
  EXPECT_EQ(processors_of(bind_ranks(two_sockets(), {inside, inside})), (std::vector<Processors>{{4, 5}, {6, 7}}));
}

TEST(BindRanks, FewerThanTwoCoresARankAreLeftToTheSystem) {
  for (const Processors& allowed : {Processors{0, 16}, Processors{0, 1, 2, 16, 17, 18}}) {
    const RankPlace place{allowed, {}};
    const auto bindings = bind_ranks(two_sockets(), {place, place});
    EXPECT_EQ(bindings[1].processors, allowed);
    EXPECT_EQ(bindings[1].reason, BindingReason::too_few_cores);
  }
}

TEST(BindRanks, SetsThatOverlapAreLeftAlone) {
  const auto bindings = bind_ranks(two_sockets(), {{{0, 1}, {}}, {{1, 2}, {}}});
  EXPECT_EQ(bindings[0].reason, BindingReason::overlaps_others);
  EXPECT_EQ(bindings[0].processors, (Processors{0, 1}));
}

// Two sockets (1, 2), each with a bridge (10, 20) above two GPUs and one network device, and one more on the socket.
MachineTopology with_networks() {
  MachineTopology machine = two_sockets();
  machine.rdma_devices = {{"mlx5_0", {0, 1, 10}, {}}, {"mlx5_1", {0, 1}, {}}, {"mlx5_2", {0, 2, 20}, {}}};
  return machine;
}

TEST(ChooseRdmaDevice, TheNearestIsTaken) {
  EXPECT_EQ(choose_rdma_device(with_networks(), {0, 1, 10}, 0), 0);
  EXPECT_EQ(choose_rdma_device(with_networks(), {0, 2, 20}, 5), 2);
  EXPECT_EQ(choose_rdma_device(with_networks(), {0, 2, 21}, 5), 2);
}

TEST(ChooseRdmaDevice, EquallyNearOnesAreTakenInTurns) {
  EXPECT_EQ(choose_rdma_device(with_networks(), {0, 1, 11}, 0), 0);
  EXPECT_EQ(choose_rdma_device(with_networks(), {0, 1, 11}, 1), 1);
  EXPECT_EQ(choose_rdma_device(with_networks(), {}, 4), 1) << "without a GPU all are";
}

TEST(ChooseRdmaDevice, OneDeviceIsNoChoice) {
  MachineTopology machine = with_networks();
  machine.rdma_devices.resize(1);
  EXPECT_EQ(choose_rdma_device(machine, {0, 1, 10}, 0), -1);
}

TEST(HwlocMachine, DescribesSyntheticMachines) {
  const MachineTopology machine = HwlocMachine::synthetic("package:2 [numa] core:4 pu:2").describe();
  ASSERT_EQ(machine.cores.size(), 8u);
  EXPECT_EQ(machine.cores[5], (Processors{10, 11}));
  EXPECT_TRUE(machine.rdma_devices.empty());
}

TEST(HwlocMachine, FindsGpusAndTheirNetworkDevices) {
  const HwlocMachine machine =
      HwlocMachine::from_xml(std::string(CONVOY_SOURCE_DIR) + "/tests/launcher/binding/two_sockets.xml");
  const MachineTopology topology = machine.describe();
  ASSERT_EQ(topology.cores.size(), 16u);
  ASSERT_EQ(topology.rdma_devices.size(), 3u) << "the fourth has no cable";
  const auto chosen = [&](const char* address, int local_rank) {
    const int device = choose_rdma_device(topology, machine.find_pci_device(address).path, local_rank);
    return topology.rdma_devices.at(static_cast<size_t>(device)).name;
  };
  EXPECT_EQ(chosen("0000:02:00.0", 1), "mlx5_0");
  EXPECT_EQ(chosen("0000:11:00.0", 2), "mlx5_1");
  EXPECT_EQ(chosen("0000:82:00.0", 5), "mlx5_2");
  EXPECT_EQ(chosen("0000:92:00.0", 7), "mlx5_2") << "the other one of its socket";

  std::vector<RankPlace> ranks;
  for (const char* address : {"0000:81:00.0", "0000:82:00.0", "0000:01:00.0", "0000:02:00.0"})
    ranks.push_back({range(0, 16), machine.find_pci_device(address).processors});
  EXPECT_EQ(processors_of(bind_ranks(topology, ranks)),
            (std::vector<Processors>{range(8, 12), range(12, 16), range(0, 4), range(4, 8)}));
}

// In a process of its own, which stays bound.
TEST(HwlocMachineDeathTest, BindsAllThreadsOfTheProcess) {
  const auto bind_and_look = [] {
    const Processors one = {usable_processors().back()};
    const std::string refusal = HwlocMachine().bind_process(one);
    ::_exit(refusal.empty() && usable_processors() == one ? 0 : 1);
  };
  EXPECT_EXIT(bind_and_look(), testing::ExitedWithCode(0), "");
}

TEST(HwlocMachine, DescribesThisMachine) {
  const HwlocMachine machine;
  ASSERT_FALSE(machine.describe().cores.empty());
  EXPECT_EQ(machine.find_pci_device("ffff:ff:1f.7").processors, Processors{});
}

}  // namespace
}  // namespace convoy
